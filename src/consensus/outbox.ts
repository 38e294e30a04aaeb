import type { RaftOutput, Write } from "./raft-types.ts";

/** What becomes durable with a write, for the machine's own count. */
export interface WriteMark {
  /** The log's end after it. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The term in which this node voted for itself by it. */
  readonly voteTerm: number | undefined;
}

/**
 * What a step says and writes. All writes of a step become one persist; a promise (vote,
 * acknowledgement) is tied to the last write there is: to this step's, or to an earlier one that is
 * still under way, or it leaves at once if everything is durable.
 */
export class Outbox {
  #outputs: RaftOutput[] = [];
  #writes: Write[] = [];
  #promises: RaftOutput[] = [];
  #nextId = 1;
  #lastStored = 0;
  readonly #marks: { readonly id: number; readonly mark: WriteMark }[] = [];
  readonly #held: { readonly id: number; readonly outputs: readonly RaftOutput[] }[] = [];

  emit(output: RaftOutput): void {
    this.#outputs.push(output);
  }

  promise(output: RaftOutput): void {
    this.#promises.push(output);
  }

  write(write: Write): void {
    this.#writes.push(write);
  }

  /** That write and all before it are durable: what they held back leaves. */
  stored(id: number): readonly WriteMark[] {
    this.#lastStored = Math.max(this.#lastStored, id);
    const done: WriteMark[] = [];
    while (this.#marks.length > 0 && this.#marks[0]!.id <= id) done.push(this.#marks.shift()!.mark);
    while (this.#held.length > 0 && this.#held[0]!.id <= id) {
      this.#outputs.push(...this.#held.shift()!.outputs);
    }
    return done;
  }

  /** Ends the step. */
  flush(mark: WriteMark): readonly RaftOutput[] {
    if (this.#writes.length > 0) {
      const id = this.#nextId++;
      this.#marks.push({ id, mark });
      // First of all: whoever performs the outputs may step the machine again in between (a snapshot
      // taken at once), and writes must reach the storage in the order of their ids.
      const [writes, whenDurable] = [this.#writes, this.#promises];
      this.#outputs.unshift({ kind: "persist", id, writes, whenDurable });
    } else if (this.#promises.length > 0) {
      const last = this.#nextId - 1;
      if (last > this.#lastStored) this.#held.push({ id: last, outputs: this.#promises });
      else this.#outputs.push(...this.#promises);
    }
    const outputs = this.#outputs;
    this.#outputs = [];
    this.#writes = [];
    this.#promises = [];
    return outputs;
  }
}
