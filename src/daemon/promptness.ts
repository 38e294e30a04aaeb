import { getPriority, setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";

/** As in the systemd unit, for a daemon that is started by hand. Agents get ordinary priority. */
const NICE = -10;

/**
 * Makes the main thread prompt in the one moment that counts, the loss of a node after days of
 * idling: it goes before ordinary work, where it may, and V8 keeps the compiled form of code that
 * was not used for a while, which it would otherwise drop and compile anew in the takeover.
 */
export function bePrompt(): void {
  setFlagsFromString("--no-flush-bytecode");
  try {
    if (getPriority() > NICE) setPriority(0, NICE);
  } catch {
    // Without the right to do so it is as prompt as others.
  }
}
