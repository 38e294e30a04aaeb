import type { GuardEntry } from "../../src/model/operation.ts";

interface GuardedHost {
  /** No daemon has come back, and the host has power. */
  readonly mayStop: () => boolean;
  readonly stop: (resource: string) => void;
}

/** The guardian of a host: it outlives the daemon, and stops what that one left. */
export class SimulatedGuardian {
  /** What it has to stop, in that order. */
  entries: readonly GuardEntry[] = [];
  readonly #host: GuardedHost;

  constructor(host: GuardedHost) {
    this.#host = host;
  }

  stopAll(): void {
    for (const { resource } of [...this.entries]) {
      if (this.#host.mayStop()) this.#host.stop(resource);
    }
  }
}
