import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { InterimFrames } from "../messaging/interim-frames.ts";

/**
 * Between the death of a daemon and the first word of the next. Theory of operation:
 *
 * 1. A running daemon leaves frames in its run directory, sealed beforehand (`interimFrames`).
 * 2. When it dies without a word, its guardian has them sent (agents/lib/bash/interim-speaker), round by
 *    round, for as long as it leaves alone what ran here. So nobody takes over before the addresses
 *    are down here: the guardian falls silent first, acts, and then the peers miss the node.
 * 3. A daemon that starts says so before it does anything else. The guardian waits for it, while that
 *    process is there and frames are left, some seconds. So the peers go on counting on this node, and
 *    find its resources running when the new daemon speaks for itself.
 *
 * `interim` is what was left; `interim.used` is there while somebody speaks.
 */
const FILE = "interim";

/**
 * What a daemon leaves, from the first word of a peer on. Nobody misses a node that has heard nobody;
 * and one that was started under the name of another node, on a host that has not got its address, would
 * be the later life of that name to the peers, once its guardian spoke for it.
 */
export class Interim {
  readonly #runDir: string;
  #frames: InterimFrames | undefined;
  #isHeard = false;

  constructor(runDir: string) {
    this.#runDir = runDir;
  }

  sealed(frames: InterimFrames): void {
    this.#frames = frames;
    if (this.#isHeard) leaveInterim(this.#runDir, frames);
  }

  /** A peer was heard. */
  heard(): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    if (this.#frames !== undefined) leaveInterim(this.#runDir, this.#frames);
  }
}

/** Leaves frames for the guardian. Without them this node is missed when it crashes, and no more. */
export function leaveInterim(runDir: string, { everyMs, rounds }: InterimFrames): void {
  const lines = rounds.flatMap((round) => [
    ...round.map(({ address, port, bytes }) => `${address} ${port} ${escaped(bytes)}`),
    "-",
  ]);
  const text = [(everyMs / 1000).toFixed(3), ...lines, ""].join("\n");
  try {
    writeFileSync(`${runDir}/${FILE}.new`, text, { mode: 0o600 });
    renameSync(`${runDir}/${FILE}.new`, `${runDir}/${FILE}`);
  } catch {
    removeInterim(runDir);
  }
}

/** Whoever ends in good order is not spoken for. */
export function removeInterim(runDir: string): void {
  rmSync(`${runDir}/${FILE}`, { force: true });
}

/** From now on this node speaks for itself. */
export function endInterim(runDir: string): void {
  rmSync(`${runDir}/${FILE}.used`, { force: true });
}

/** Tells the guardian of the daemon before this one that this one is on its way. */
export function announceStart(runDir: string): void {
  try {
    writeFileSync(`${runDir}/guardian.coming`, `${process.pid}\n`, { mode: 0o600 });
  } catch {
    // A first start: there is nobody to be told.
  }
}

/** As printf of a shell reads it. */
function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
