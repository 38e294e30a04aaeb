import { assert } from "../core/assert.ts";
import type { Entry, Snapshot } from "./raft-types.ts";
import type { VoterSet } from "./voters.ts";

/** A voter set and where it is in the log. */
export interface LatestVoters {
  readonly index: number;
  readonly voters: VoterSet;
  readonly founding: string;
}

/**
 * The log in memory: a snapshot (or nothing), then entries without gaps. Indexes count from 1;
 * index 0 is the empty beginning with term 0.
 */
export class RaftLog {
  #snapshot: Snapshot | undefined;
  #entries: Entry[];
  readonly #initialVoters: VoterSet;
  #latest: LatestVoters | undefined;

  constructor(snapshot: Snapshot | undefined, entries: readonly Entry[], initialVoters: VoterSet) {
    this.#snapshot = snapshot;
    this.#entries = [...entries];
    this.#initialVoters = initialVoters;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Index of the last entry that is only in the snapshot. */
  get baseIndex(): number {
    return this.#snapshot?.index ?? 0;
  }

  get lastIndex(): number {
    return this.baseIndex + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#snapshot?.term ?? 0;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The term at an index; undefined if it is beyond the end or swallowed by the snapshot. */
  termAt(index: number): number | undefined {
    if (index === 0) return 0;
    if (index === this.baseIndex) return this.#snapshot?.term;
    return this.entryAt(index)?.term;
  }

  entryAt(index: number): Entry | undefined {
    return index > this.baseIndex ? this.#entries[index - this.baseIndex - 1] : undefined;
  }

  /** Entries from `index` on, as many as fit the bounds; at least one if there is one. */
  entriesFrom(index: number, maxCount: number): readonly Entry[] {
    assert(index > this.baseIndex, "entries before the snapshot are gone");
    const from = index - this.baseIndex - 1;
    return this.#entries.slice(from, from + maxCount);
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, "the log has no gaps");
    assert(entry.term >= this.lastTerm, "terms in a log never go down");
    this.#entries.push(entry);
    if (entry.kind === "voters") this.#latest = undefined;
  }

  /** Drops `index` and all after it. Returns the indexes dropped. */
  truncateFrom(index: number): readonly number[] {
    assert(index > this.baseIndex, "what a snapshot holds is committed and never dropped");
    this.#latest = undefined;
    const dropped = this.#entries.splice(index - this.baseIndex - 1);
    return dropped.map((entry) => entry.index);
  }

  /** Replaces everything up to the snapshot by it; entries after it stay if they continue it. */
  installSnapshot(snapshot: Snapshot): { readonly dropped: readonly number[] } {
    this.#latest = undefined;
    const continues = this.termAt(snapshot.index) === snapshot.term;
    const kept = continues ? this.#entries.filter((e) => e.index > snapshot.index) : [];
    const dropped = this.#entries.filter((e) => !kept.includes(e)).map((e) => e.index);
    this.#snapshot = snapshot;
    this.#entries = kept;
    return { dropped };
  }

  /** The latest voter set in the log (committed or not), where it is, and its founding. */
  latestVoters(): LatestVoters {
    this.#latest ??= this.#findVoters();
    return this.#latest;
  }

  #findVoters(): LatestVoters {
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const entry = this.#entries[i];
      if (entry?.kind === "voters") {
        return { index: entry.index, voters: entry.voters, founding: entry.founding };
      }
    }
    const base = this.#snapshot;
    if (base !== undefined) {
      return { index: base.index, voters: base.voters, founding: base.founding };
    }
    return { index: 0, voters: this.#initialVoters, founding: "" };
  }

  /** The voter set as of `index`, for a snapshot taken there. */
  votersAt(index: number): { readonly voters: VoterSet; readonly founding: string } {
    for (let at = Math.min(index, this.lastIndex); at > this.baseIndex; at--) {
      const entry = this.entryAt(at);
      if (entry?.kind === "voters") return { voters: entry.voters, founding: entry.founding };
    }
    const base = this.#snapshot;
    if (base !== undefined) return { voters: base.voters, founding: base.founding };
    return { voters: this.#initialVoters, founding: "" };
  }

  /** Raft §5.4.1: whether a log that ends so is at least as complete as this one. */
  isUpToDate(lastIndex: number, lastTerm: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }
}
