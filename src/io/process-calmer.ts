import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * Takes from agents what only the daemon is to have: real-time scheduling, a negative nice value,
 * protection from the OOM killer. A service that an agent starts would keep them for its life.
 */
export class ProcessCalmer {
  readonly #inheritsRealTime: boolean;
  readonly #isNiced: boolean;
  readonly #isProtected: boolean;

  constructor() {
    this.#inheritsRealTime = inheritsRealTime();
    this.#isNiced = getPriority() < 0;
    this.#isProtected = oomAdjustment() < 0;
  }

  /** What is to be run so that the program has ordinary scheduling. */
  program(file: string, args: readonly string[]): [string, ...string[]] {
    if (!this.#inheritsRealTime) return [file, ...args];
    return ["/usr/bin/chrt", "--other", "0", file, ...args];
  }

  /** Called with a process that has just been started. */
  calm(pid: number): void {
    try {
      if (this.#isNiced) setPriority(pid, 0);
      if (this.#isProtected) writeFileSync(`/proc/${pid}/oom_score_adj`, "0");
    } catch {
      // It has ended already.
    }
  }
}

/** Field 41 of /proc/PID/stat is the policy (proc(5)); 1 and 2 are the real-time ones. */
const POLICY_FIELD = 41;

/**
 * Whether a child would have a real-time policy. Asked by trying, since the flag that resets it on
 * fork (CPUSchedulingResetOnFork=) can't be read from /proc.
 */
function inheritsRealTime(): boolean {
  if (!isRealTime(readOwn("/proc/self/stat"))) return false;
  const child = spawnSync("/bin/cat", ["/proc/self/stat"], { encoding: "utf8" });
  return isRealTime(child.stdout ?? "");
}

function isRealTime(stat: string): boolean {
  // The second field is the program's name in brackets and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const policy = fields[POLICY_FIELD - 3];
  return policy === "1" || policy === "2";
}

function oomAdjustment(): number {
  return Number(readOwn("/proc/self/oom_score_adj").trim() || "0");
}

function readOwn(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
