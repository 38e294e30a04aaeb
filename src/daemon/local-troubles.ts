import type { Note } from "../core/note.ts";
import type { Millis, WallTime } from "../core/units.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { StatusWarning } from "../model/status-report.ts";

/** Dropped frames are told of once a minute while they arrive: after two they have ceased. */
const FRAMES_CEASE_MS: Millis = 2 * 60_000;

/** What a dropped frame may mean for who wonders why a node is not heard; KEYFILE: the one here. */
const FRAMES: Readonly<Record<string, { readonly message: string; readonly hint: string }>> = {
  "unknown-key": {
    message: "is sealed with a key that this node does not have",
    hint: "copy KEYFILE from a node that is well to the other, mode 0600, and restart that one",
  },
  "not-authentic": {
    message: "is sealed with another key of the same number",
    hint: "copy KEYFILE from a node that is well to the other, mode 0600, and restart that one",
  },
  "unknown-sender": {
    message: "comes from a node that the definition does not name",
    hint: "add it to `nodes` (paceline config apply), or stop its daemon",
  },
  version: {
    message: "comes from a release that is too far from this one",
    hint: "upgrade one release at a time",
  },
};

const LINKS: readonly (readonly [error: string, hint: string])[] = [
  [
    "EADDRNOTAVAIL",
    "no interface of this host has that address: compare `ip addr` with `nodes` in cluster.yaml",
  ],
  ["EADDRINUSE", "another program, or another daemon, has that port: see `ss -ulpn`"],
  ["EACCES", "the daemon may not open that port: run it as root, or choose a port above 1023"],
];
const LINK_HINT = "look at the interface and its address: `ip addr`";

/**
 * What is wrong with this node itself and known to nobody else: a link that cannot be used, frames that it
 * cannot read, a disk that takes nothing. Whoever asks this node for the status is told first.
 */
export class LocalTroubles {
  readonly #node: string;
  readonly #keyFile: string;
  readonly #links = new Map<unknown, StatusWarning>();
  readonly #frames = new Map<unknown, { readonly warning: StatusWarning; readonly at: WallTime }>();
  #storage: StatusWarning | undefined;

  constructor(node: string, keyFile: string) {
    this.#node = node;
    this.#keyFile = keyFile;
  }

  /** What the messaging layer notes. */
  overhear(entry: Note, at: WallTime): void {
    const { link, reason, from } = entry.fields ?? {};
    if (entry.event === "link-usable") this.#links.delete(link);
    else if (entry.event === "link-unusable") {
      const hint = LINKS.find(([error]) => entry.message.includes(error))?.[1] ?? LINK_HINT;
      const message = `${this.#node} hears and says nothing on a link: ${entry.message}`;
      this.#links.set(link, this.#warning("LINK_UNUSABLE", "error", message, hint));
    } else if (entry.event === "frames-dropped") {
      const known = FRAMES[String(reason)];
      if (known === undefined) return;
      const message = `what ${from} sends is not heard by ${this.#node}: it ${known.message}`;
      const hint = known.hint.replace("KEYFILE", this.#keyFile);
      const warning = this.#warning("FRAMES_DROPPED", "error", message, hint);
      this.#frames.set(reason, { warning, at });
    }
  }

  /** A node is heard that was not: it may be the one whose frames were dropped. If not, they are told of again. */
  peerHeard(): void {
    this.#frames.clear();
  }

  /** Writing state fails, or (undefined) succeeds again. */
  storage(problem: Diagnostic | undefined): void {
    if (problem === undefined) this.#storage = undefined;
    else {
      const message = `${this.#node} cannot write its state, and takes no part in decisions: ${problem.message}`;
      const hint = problem.hint ?? null;
      this.#storage = this.#warning("STATE_NOT_WRITTEN", "error", message, hint);
    }
  }

  warnings(at: WallTime): readonly StatusWarning[] {
    const frames = [...this.#frames.values()].filter((each) => at - each.at < FRAMES_CEASE_MS);
    const storage = this.#storage === undefined ? [] : [this.#storage];
    return [...storage, ...this.#links.values(), ...frames.map(({ warning }) => warning)];
  }

  #warning(
    code: string,
    severity: StatusWarning["severity"],
    message: string,
    hint: string | null,
  ): StatusWarning {
    return { code, severity, message, hint, node: this.#node };
  }
}
