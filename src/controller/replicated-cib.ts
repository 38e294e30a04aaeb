import { applyCommand, emptyCib } from "../cib/apply-command.ts";
import { decodeCib, encodeCib } from "../cib/cib-codec.ts";
import { Raft } from "../consensus/raft.ts";
import type {
  LoadedRaft,
  RaftInput,
  RaftMessage,
  RaftOptions,
  RaftOutput,
  RaftRole,
} from "../consensus/raft-types.ts";
import { type Note, note } from "../core/note.ts";
import type { Instant } from "../core/units.ts";
import type { Cib, CibCommand, CibResult } from "../model/cib.ts";
import type { StoredWrite } from "./node-io.ts";

export type ReplicatedCibOutput =
  | { readonly kind: "send"; readonly to: string; readonly body: RaftMessage }
  | { readonly kind: "persist"; readonly token: number; readonly writes: readonly StoredWrite[] }
  | {
      readonly kind: "role";
      readonly role: RaftRole;
      readonly term: number;
      readonly leader: string | undefined;
      readonly ready: boolean;
    }
  | { readonly kind: "cib-changed"; readonly before: Cib; readonly command: CibCommand | undefined }
  | { readonly kind: "proposed"; readonly id: string; readonly result: CibResult }
  | { readonly kind: "left" }
  /** The voters changed: ask `excused` again. */
  | { readonly kind: "voters" }
  | Note;

const REFUSALS: Readonly<Record<string, string>> = {
  "not-leader": "this node is not the DC any more: ask again",
  "not-ready": "the DC has only just been elected: ask again in a moment",
  "too-many": "too many changes are waiting to be committed: ask again in a moment",
  unknown: "the DC was lost before the change was confirmed: look whether it is in force",
};

/** How many results of applied commands are remembered for their proposers. */
const RESULTS_KEPT = 1_024;

/**
 * The CIB on top of Raft: applies what is committed, keeps what may only be said once it is
 * durable, and tells the proposer what its command did.
 */
export class ReplicatedCib {
  readonly #raft: Raft;
  readonly #whenDurable = new Map<number, readonly RaftOutput[]>();
  readonly #results = new Map<number, CibResult>();
  readonly #awaiting = new Map<number, string>();
  #cib: Cib = emptyCib();

  constructor(options: RaftOptions, loaded: LoadedRaft) {
    this.#raft = new Raft(options, loaded);
  }

  /** Nodes whose votes do not count at present. */
  excused(): readonly string[] {
    return this.#raft.excused();
  }

  /** As the leader with all counting voters here: whose votes could count now. */
  electorate(): readonly string[] | undefined {
    return this.#raft.electorate();
  }

  /** Its log is known to be complete, and it may be elected. */
  get inSync(): boolean {
    return this.#raft.inSync;
  }

  /** The CIB is no older than it ever was here, in earlier lives too. */
  get isCurrent(): boolean {
    return this.#raft.isCurrent;
  }

  get cib(): Cib {
    return this.#cib;
  }

  nextDeadline(): Instant | undefined {
    return this.#raft.nextDeadline();
  }

  step(now: Instant, input: RaftInput): ReplicatedCibOutput[] {
    return this.#perform(now, this.#raft.step(now, input));
  }

  /** The write of that token is on the disk: what it held back may be said. */
  stored(now: Instant, token: number): ReplicatedCibOutput[] {
    const held = this.#whenDurable.get(token) ?? [];
    this.#whenDurable.delete(token);
    return [...this.#perform(now, held), ...this.step(now, { kind: "stored", id: token })];
  }

  propose(now: Instant, id: string, command: CibCommand): ReplicatedCibOutput[] {
    return this.step(now, { kind: "propose", id, command });
  }

  #perform(now: Instant, outputs: readonly RaftOutput[]): ReplicatedCibOutput[] {
    return outputs.flatMap((output) => this.#performOne(now, output));
  }

  #performOne(now: Instant, output: RaftOutput): ReplicatedCibOutput[] {
    switch (output.kind) {
      case "persist":
        this.#whenDurable.set(output.id, output.whenDurable);
        return [{ kind: "persist", token: output.id, writes: output.writes }];
      case "apply":
        return this.#apply(output.index, output.command as CibCommand);
      case "restore":
        return this.#restore(output.data);
      case "snapshot-wanted":
        return this.step(now, {
          kind: "snapshot-taken",
          index: output.index,
          data: encodeCib(this.#cib),
        });
      case "proposal-result":
        return this.#proposalResult(output);
      case "voters":
        return [{ kind: "voters" }];
      case "role":
      case "send":
      case "left":
      case "note":
        return [output];
      default:
        return [];
    }
  }

  #apply(index: number, command: CibCommand): ReplicatedCibOutput[] {
    const before = this.#cib;
    const { cib, result } = applyCommand(before, index, command);
    this.#cib = cib;
    this.#results.set(index, result);
    if (this.#results.size > RESULTS_KEPT) {
      const oldest = this.#results.keys().next().value;
      if (oldest !== undefined) this.#results.delete(oldest);
    }
    const outputs: ReplicatedCibOutput[] = [{ kind: "cib-changed", before, command }];
    const id = this.#awaiting.get(index);
    if (id !== undefined) {
      this.#awaiting.delete(index);
      outputs.push({ kind: "proposed", id, result });
    }
    return outputs;
  }

  #restore(data: string): ReplicatedCibOutput[] {
    const before = this.#cib;
    const decoded = decodeCib(data);
    if (!decoded.ok) {
      return [
        note("error", "cib-unreadable", `a snapshot of the CIB cannot be read: ${decoded.message}`),
      ];
    }
    this.#cib = decoded.cib;
    return [{ kind: "cib-changed", before, command: undefined }];
  }

  #proposalResult(output: Extract<RaftOutput, { kind: "proposal-result" }>): ReplicatedCibOutput[] {
    const { id, result } = output;
    if (!result.ok) {
      const message = REFUSALS[result.reason] ?? result.reason;
      const code = result.reason === "not-leader" ? "NO_DC" : "NOT_COMMITTED";
      return [{ kind: "proposed", id, result: { ok: false, code, message } }];
    }
    const applied = this.#results.get(result.index);
    if (applied !== undefined) return [{ kind: "proposed", id, result: applied }];
    this.#awaiting.set(result.index, id);
    return [];
  }
}
