import { Raft } from "../../src/consensus/raft.ts";
import {
  type LoadedRaft,
  RAFT_DEFAULTS,
  type RaftInput,
  type RaftMessage,
  type RaftOptions,
  type RaftOutput,
} from "../../src/consensus/raft-types.ts";
import { PLAIN_QUORUM } from "./raft-sim-options.ts";

/** A disk with nothing on it. */
export const EMPTY: LoadedRaft = { hard: undefined, snapshot: undefined, entries: [] };

/** Three nodes with a vote each. */
export const three = ["a", "b", "c"].map((name) => ({ name, votes: 1 }));

/** Options of a node, one of three where nothing else is said. */
export function optionsOf(self: string, more: Partial<RaftOptions> = {}): RaftOptions {
  const rules = { nodes: three, quorum: PLAIN_QUORUM };
  return { ...RAFT_DEFAULTS, self, incarnation: 1, rules, ...more };
}

/** A machine whose writes are durable when the test says so. */
export class Bench {
  readonly raft: Raft;
  readonly sent: { to: string; body: RaftMessage }[] = [];
  readonly pending: Extract<RaftOutput, { kind: "persist" }>[] = [];
  readonly disk = new Map<string, Uint8Array>();
  readonly other: RaftOutput[] = [];
  now = 0;

  constructor(options: RaftOptions, loaded = EMPTY) {
    this.raft = new Raft(options, loaded);
  }

  step(input: RaftInput): void {
    this.perform(this.raft.step(this.now, input));
  }

  perform(outputs: readonly RaftOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "send") this.sent.push(output);
      else if (output.kind === "persist") this.pending.push(output);
      else this.other.push(output);
    }
  }

  sync(): void {
    for (const write of this.pending.splice(0)) {
      for (const { key, bytes } of write.writes) {
        if (bytes === undefined) this.disk.delete(key);
        else this.disk.set(key, bytes);
      }
      this.perform(write.whenDurable);
      this.step({ kind: "stored", id: write.id });
    }
    if (this.pending.length > 0) this.sync();
  }

  hear(...names: string[]): void {
    const alive = names.map((name) => ({ name, incarnation: 1, priority: 100 }));
    this.step({ kind: "peers", alive });
  }

  receive(from: string, body: Record<string, unknown>, incarnation = 1): void {
    const message = { founding: "", ...body } as unknown as RaftMessage;
    this.step({ kind: "message", from, incarnation, body: message });
  }

  takeSent(kind: RaftMessage["kind"]) {
    return this.sent.splice(0).filter(({ body }) => body.kind === kind);
  }
}

/** A request for a vote by a candidate whose log is as long as any. */
export const vote = (term: number, more: object = {}) => {
  return { kind: "vote", term, lastIndex: 9, lastTerm: 0, digest: "", transfer: false, ...more };
};
