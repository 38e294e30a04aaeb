import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What a node's processes have used and hold. */
export interface Cost {
  readonly cpuMs: number;
  readonly pssMb: number;
  readonly rssMb: number;
}

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** The sum over some processes; threads are part of their process. */
export function costOf(pids: readonly number[]): Cost {
  const costs = pids.map(costOfOne);
  const sum = (pick: (cost: Cost) => number): number =>
    costs.reduce((total, cost) => total + pick(cost), 0);
  return {
    cpuMs: sum((cost) => cost.cpuMs),
    pssMb: sum((cost) => cost.pssMb),
    rssMb: sum((cost) => cost.rssMb),
  };
}

function costOfOne(pid: number): Cost {
  const memory = memoryOf(pid);
  // An agent's run that has ended since it was listed.
  if (memory === undefined) return { cpuMs: 0, pssMb: 0, rssMb: 0 };
  return {
    cpuMs: cpuMsOf(pid),
    pssMb: kilobytes(memory, "Pss") / 1024,
    rssMb: kilobytes(memory, "Rss") / 1024,
  };
}

function memoryOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * The scheduler's own account is exact to the nanosecond where the kernel keeps one; the ticks of
 * `stat` miss or invent whole work slices of short wake-ups.
 */
function cpuMsOf(pid: number): number {
  let total = 0;
  for (const thread of threadsOf(pid)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended between listing and reading.
    }
  }
  return total > 0 ? total / 1e6 : (tickCount(pid) * 1000) / TICKS_PER_SECOND;
}

function threadsOf(pid: number): string[] {
  return execFileSync("ls", [`/proc/${pid}/task`], { encoding: "utf8" })
    .split("\n")
    .filter(Boolean);
}

/** Fields 14 and 15 of /proc/PID/stat, counted from behind the command's name. */
function tickCount(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0);
}
