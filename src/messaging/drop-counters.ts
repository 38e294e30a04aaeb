import { type Note, type NoteLevel, note } from "../core/note.ts";
import type { Instant } from "../core/units.ts";
import type { DropReason } from "../wire/frame.ts";
import { describeVersions } from "../wire/frame-header.ts";

/** One note per reason in this time: a flood must not become a flood of log lines. */
const NOTE_EVERY_MS = 60_000;

interface Advice {
  readonly level: NoteLevel;
  readonly text: string;
}

/** What an operator should know of a dropped frame; reasons without an entry are everyday. */
const ADVICE: Partial<Record<DropReason, Advice>> = {
  noise: {
    level: "info",
    text: "Datagrams that are no paceline frames arrive on the cluster's port",
  },
  "too-long": {
    level: "info",
    text: "Datagrams that are no paceline frames arrive on the cluster's port",
  },
  version: {
    level: "warn",
    text: "It is kept out, and no harm is done: upgrade one release at a time",
  },
  "foreign-cluster": {
    level: "info",
    text: "Another cluster uses the same group and port: harmless, but give each its own",
  },
  "unknown-sender": {
    level: "warn",
    text: "A node that the definition does not name sends as part of this cluster",
  },
  "unknown-key": {
    level: "warn",
    text: "Frames are sealed with a key that this node does not have: compare the key files",
  },
  "not-authentic": {
    level: "warn",
    text: "Frames do not match the key of that id: compare the key files (`id:key` per line)",
  },
  "old-incarnation": {
    level: "warn",
    text: "Frames of an earlier life of a node arrive: replayed, or that node's clock and state went back",
  },
  malformed: {
    level: "warn",
    text: "An authentic frame cannot be read: a defect, please report it",
  },
  replayed: { level: "debug", text: "Frames arrive twice: replayed, or duplicated by the network" },
};

/** Counts dropped frames by reason and now and then says so. */
export class DropCounters {
  readonly #counts = new Map<DropReason, number>();
  readonly #notedAt = new Map<DropReason, Instant>();

  /** Returns a note if it is time for one; `bytes`: the frame, if it could not even be read. */
  count(now: Instant, reason: DropReason, from: string, bytes?: Uint8Array): Note | undefined {
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    const advice = ADVICE[reason];
    if (advice === undefined) return undefined;
    const notedAt = this.#notedAt.get(reason);
    if (notedAt !== undefined && now - notedAt < NOTE_EVERY_MS) return undefined;
    this.#notedAt.set(reason, now);
    const versions =
      reason === "version" && bytes !== undefined
        ? `The node at ${from} ${describeVersions(bytes)}. `
        : "";
    const text = `${versions}${advice.text}.`;
    return note(advice.level, "frames-dropped", text, { reason, from, count });
  }

  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
