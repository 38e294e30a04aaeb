import type { FrameCipher } from "../../../src/wire/seal.ts";
import type { Checker } from "./checker.ts";

/** Where the counter stands in a nonce, after the salt of its session. */
const COUNTER = { at: 6, bytes: 6 } as const;

/**
 * No daemon accepts a frame twice, whatever the network repeats, at once or much later. A frame counts
 * as accepted when it was opened, for all checks but that of its tag come before.
 */
export class FrameOnce implements Checker {
  readonly name = "frame-once";
  #problem: string | undefined;

  /** The cipher of one daemon, watched. */
  watch(cipher: FrameCipher, receiver: string): FrameCipher {
    const accepted = new Map<string, Set<number>>();
    return {
      sessionKey: (secret, clusterId, session) => {
        const key = cipher.sessionKey(secret, clusterId, session);
        const name = `${session.sender} ${session.incarnation} ${session.salt}`;
        const counters = accepted.get(name) ?? new Set();
        accepted.set(name, counters);
        return {
          seal: (nonce, header, body) => key.seal(nonce, header, body),
          open: (nonce, header, sealed) => {
            const body = key.open(nonce, header, sealed);
            if (body === undefined) return undefined;
            const counter = Buffer.from(nonce).readUIntBE(COUNTER.at, COUNTER.bytes);
            if (counters.has(counter)) {
              this.#problem ??= `${receiver} accepted frame ${counter} of ${session.sender} twice`;
            }
            counters.add(counter);
            return body;
          },
        };
      },
    };
  }

  afterStep(): string | undefined {
    return this.#problem;
  }

  atEnd(): string | undefined {
    return this.#problem;
  }
}
