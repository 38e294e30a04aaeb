import { readdirSync } from "node:fs";
import { getPriority, setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";

/** As in the systemd unit, for a daemon that is started by hand. Agents get ordinary priority. */
const NICE = -10;

/**
 * Makes the daemon prompt in the one moment that counts, the loss of a node after days of idling: it
 * goes before ordinary work, where it may, and V8 keeps the compiled form of code that was not used
 * for a while, which it would otherwise drop and compile anew in the takeover.
 *
 * That goes for all its threads. Those that compile for V8 look like the first to give way, but the
 * garbage collection of any thread waits until they stop for it: with a lower priority than the hogs
 * beside them they kept the messaging thread, real-time priority and all, silent for seconds.
 */
export function bePrompt(): void {
  setFlagsFromString("--no-flush-bytecode");
  try {
    if (getPriority() <= NICE) return;
    // On Linux a priority belongs to a thread.
    for (const thread of readdirSync("/proc/self/task")) setPriority(Number(thread), NICE);
  } catch {
    // Without the right to do so it is as prompt as others.
  }
}
