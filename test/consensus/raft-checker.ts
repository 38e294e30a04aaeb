import type { RaftOutput } from "../../src/consensus/raft-types.ts";

/** A broken promise of Raft. */
export class RaftViolation extends Error {
  override readonly name = "RaftViolation";
}

/**
 * Raft's invariants, checked at every step of a simulation: one leader per term (election safety),
 * the same command at the same index everywhere (state machine safety, and by it log matching),
 * nothing committed is missing at a ready leader (leader completeness), nothing acknowledged is lost.
 */
export class RaftChecker {
  readonly #leaders = new Map<number, string>();
  readonly #committed = new Map<number, string>();
  readonly #acknowledged = new Map<string, number>();
  readonly #terms = new Map<string, number>();
  #highest = 0;
  elections = 0;

  applied(node: string, index: number, value: string): void {
    const known = this.#committed.get(index);
    if (known !== undefined && known !== value) {
      throw new RaftViolation(`${node} applied ${value} at ${index}, where ${known} was committed`);
    }
    this.#committed.set(index, value);
    this.#highest = Math.max(this.#highest, index);
  }

  role(node: string, output: Extract<RaftOutput, { kind: "role" }>, commit: number): void {
    const before = this.#terms.get(node) ?? 0;
    if (output.term < before) throw new RaftViolation(`${node} went from term ${before} back`);
    this.#terms.set(node, output.term);
    if (output.role !== "leader") return;
    const leader = this.#leaders.get(output.term);
    if (leader !== undefined && leader !== node) {
      throw new RaftViolation(`${leader} and ${node} both lead term ${output.term}`);
    }
    if (leader === undefined) this.elections += 1;
    this.#leaders.set(output.term, node);
    if (output.ready && commit < this.#highest) {
      throw new RaftViolation(`${node} leads without the entry ${this.#highest} (has ${commit})`);
    }
  }

  /** The proposer was told that its command is in force. */
  acknowledged(id: string, index: number): void {
    if (!this.#committed.has(index)) throw new RaftViolation(`${id} at ${index} was never applied`);
    this.#acknowledged.set(id, index);
  }

  /** A node restarted: its term is what its disk says. */
  forget(node: string): void {
    this.#terms.delete(node);
  }

  note(node: string, event: string): void {
    if (event === "log-conflict" || event === "two-leaders" || event === "foreign-founding") {
      throw new RaftViolation(`${node} noticed ${event}`);
    }
  }

  get committedCount(): number {
    return this.#committed.size;
  }

  /** All that nodes hold must be all that was ever acknowledged. */
  finish(applied: ReadonlyMap<number, string>): void {
    for (const [id, index] of this.#acknowledged) {
      const value = applied.get(index);
      if (value === undefined || value !== this.#committed.get(index)) {
        throw new RaftViolation(`${id}, acknowledged at ${index}, is lost`);
      }
    }
  }
}
