import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";

/** As in the systemd unit, for a daemon that is started by hand. Agents get ordinary priority. */
const NICE = -10;

/** Compiling is never urgent. */
const COMPILER_NICE = 19;

/** Those that Node makes for V8, before any other: one for what is delayed, and four that work. */
const COMPILER_THREADS = 5;

/**
 * Makes the main thread prompt in the one moment that counts, the loss of a node after days of
 * idling: it goes before ordinary work, where it may, and V8 keeps the compiled form of code that
 * was not used for a while, which it would otherwise drop and compile anew in the takeover. V8's own
 * threads, which make code faster that has just begun to run often, give way to the agents then.
 */
export function bePrompt(): void {
  setFlagsFromString("--no-flush-bytecode");
  try {
    const [compilers, others] = threadsBeside();
    for (const thread of compilers) setPriority(thread, COMPILER_NICE);
    if (getPriority() > NICE) for (const thread of [0, ...others]) setPriority(thread, NICE);
  } catch {
    // Without the right to do so, or without /proc, it is as prompt as others.
  }
}

/** V8's threads, and those that read and write files. On Linux each has a priority of its own. */
function threadsBeside(): [compilers: number[], others: number[]] {
  const threads = readdirSync("/proc/self/task")
    .map(Number)
    .filter((thread) => thread !== process.pid)
    .sort((a, b) => a - b);
  return [threads.slice(0, COMPILER_THREADS), threads.slice(COMPILER_THREADS)];
}
