import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Millis } from "../core/units.ts";

/** Set for every agent: the program it was started as. */
export const AGENT_FILE_VARIABLE = "PACELINE_AGENT_FILE";

/** An agent run that a daemon before this one began and did not see the end of. */
export interface OrphanedRun {
  readonly pid: number;
  /** The program and its arguments. */
  readonly command: string;
}

export interface SettledOrphan extends OrphanedRun {
  readonly killed: boolean;
}

/** Monitors end by themselves in this time; what takes longer is known again after a probe. */
const WAIT_MS = 5000;
const POLL_MS = 20;

/**
 * Lets agent runs of an earlier daemon end, and kills those that do not, with their whole group. To be
 * called before the first probe: else a start that is still under way and a new one could overlap,
 * and a probe could see a resource half started.
 */
export async function settleOrphans(
  runDir: string,
  waitMs: Millis = WAIT_MS,
): Promise<SettledOrphan[]> {
  const orphans = findOrphans(runDir);
  const deadline = performance.now() + waitMs;
  let left = orphans;
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(POLL_MS);
    left = left.filter((each) => isSameRun(each, runDir));
  }
  for (const { pid } of left) {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  return orphans.map((each) => ({ ...each, killed: left.includes(each) }));
}

/** The agent runs under way that were begun by a daemon with this run directory. */
export function findOrphans(runDir: string): OrphanedRun[] {
  const found: OrphanedRun[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = agentCommandOf(pid, runDir);
    if (command !== undefined) found.push({ pid, command });
  }
  return found;
}

function isSameRun(orphan: OrphanedRun, runDir: string): boolean {
  return agentCommandOf(orphan.pid, runDir) === orphan.command;
}

/**
 * The command line, if the process is an agent of ours. A service that an agent has started has
 * inherited the variables, but runs another program; a background job of an agent runs the same
 * program, but leads no session.
 */
function agentCommandOf(pid: number, runDir: string): string | undefined {
  const environ = read(`/proc/${pid}/environ`).split("\0");
  if (!environ.includes(`PACELINE_RUN_DIR=${runDir}`)) return undefined;
  const prefix = `${AGENT_FILE_VARIABLE}=`;
  const file = environ.find((each) => each.startsWith(prefix))?.slice(prefix.length);
  const args = read(`/proc/${pid}/cmdline`).split("\0");
  if (file === undefined || !args.includes(file) || !leadsSession(pid)) return undefined;
  return args.filter(Boolean).join(" ");
}

/** Fields 1 and 6 of /proc/PID/stat: the process and its session (proc(5)). */
function leadsSession(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[3] === String(pid) && fields[0] !== "Z";
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
