import { Raft } from "../../src/consensus/raft.ts";
import { loadRaftState, parseRaftMessage } from "../../src/consensus/raft-codec.ts";
import { type Peer, RAFT_DEFAULTS, type RaftOutput } from "../../src/consensus/raft-types.ts";
import type { NodeInput, NodeOutput } from "../../src/controller/node-io.ts";
import type { Machine } from "../../src/core/machine.ts";
import { note } from "../../src/core/note.ts";
import type { Instant } from "../../src/core/units.ts";
import type { AdvertBody, PeerEvent } from "../../src/model/peer.ts";
import type { NodeObservation } from "./checkers/checker.ts";

/**
 * The smallest node that elects and replicates: Raft over the messaging layer, and as the state machine
 * the list of all commands. It finds faults of the two without anything else in the way.
 */
export class ReplicaNode implements Machine<NodeInput, NodeOutput> {
  readonly #self: string;
  readonly #raft: Raft;
  readonly #alive = new Map<string, Peer>();
  readonly #whenDurable = new Map<number, readonly RaftOutput[]>();
  readonly #requests = new Map<string, number>();
  #applied: string[] = [];
  #index = 0;
  #advertised = false;
  #now: Instant = 0;

  constructor(
    self: string,
    names: readonly string[],
    incarnation: number,
    stored: ReadonlyMap<string, Uint8Array>,
    pulse: { readonly heartbeatMs: number; readonly leaseMs: number },
  ) {
    this.#self = self;
    const loaded = loadRaftState(stored);
    if (!loaded.ok) throw new Error(`${self} finds its state damaged: ${loaded.key}`);
    const quorum = {
      twoNode: false,
      autoTieBreaker: false,
      autoTieBreakerNode: [],
      lastManStanding: false,
      lastManStandingWindowMs: 10_000,
    };
    const rules = { nodes: names.map((name) => ({ name, votes: 1 })), quorum };
    const options = { ...RAFT_DEFAULTS, self, incarnation, rules, ...pulse, snapshotEntries: 20 };
    this.#raft = new Raft(options, loaded.state);
  }

  nextDeadline(): Instant | undefined {
    return this.#raft.nextDeadline();
  }

  step(now: Instant, input: NodeInput): readonly NodeOutput[] {
    this.#now = now;
    const outputs: NodeOutput[] = [];
    if (!this.#advertised) {
      this.#advertised = true;
      outputs.push({ kind: "messaging", command: { kind: "advertise", body: advert() } });
    }
    return [...outputs, ...this.#handle(now, input)];
  }

  #handle(now: Instant, input: NodeInput): NodeOutput[] {
    switch (input.kind) {
      case "tick":
        return this.#perform(this.#raft.step(now, { kind: "tick" }));
      case "peer":
        return this.#onPeer(now, input.event);
      case "stored": {
        const held = this.#whenDurable.get(input.token) ?? [];
        this.#whenDurable.delete(input.token);
        const outputs = this.#perform(held);
        return [
          ...outputs,
          ...this.#perform(this.#raft.step(now, { kind: "stored", id: input.token })),
        ];
      }
      case "store-failed":
        return this.#perform(
          this.#raft.step(now, { kind: "storage-trouble", on: true, message: input.message }),
        );
      case "request":
        return this.#propose(now, input.requestId, JSON.stringify(input.request));
      default:
        return [];
    }
  }

  #propose(now: Instant, requestId: number, command: string): NodeOutput[] {
    const id = String(requestId);
    this.#requests.set(id, requestId);
    return this.#perform(this.#raft.step(now, { kind: "propose", id, command }));
  }

  #onPeer(now: Instant, event: PeerEvent): NodeOutput[] {
    const { node } = event as { node: string };
    if (event.kind === "peer-up") {
      const { incarnation, advert: body } = event;
      this.#alive.set(node, { name: node, incarnation, priority: body.priority });
    } else if (event.kind === "peer-down") {
      this.#alive.delete(node);
    } else if (event.kind === "message") {
      const body = parseRaftMessage(JSON.parse(new TextDecoder().decode(event.payload)));
      if (body === undefined) return [note("error", "bad-message", `bad message from ${node}`)];
      const { incarnation } = event;
      return this.#perform(
        this.#raft.step(now, { kind: "message", from: node, incarnation, body }),
      );
    } else {
      return [];
    }
    const alive = [...this.#alive.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#perform(this.#raft.step(now, { kind: "peers", alive }));
  }

  #perform(outputs: readonly RaftOutput[]): NodeOutput[] {
    return outputs.flatMap((output) => this.#performOne(output));
  }

  #performOne(output: RaftOutput): NodeOutput[] {
    switch (output.kind) {
      case "note":
        return [output];
      case "send": {
        const payload = new TextEncoder().encode(JSON.stringify(output.body));
        return [{ kind: "messaging", command: { kind: "send", to: output.to, payload } }];
      }
      case "persist":
        this.#whenDurable.set(output.id, output.whenDurable);
        return [{ kind: "persist", token: output.id, writes: output.writes }];
      case "apply":
        this.#index = output.index;
        this.#applied.push(String(output.command));
        return [];
      case "restore":
        this.#restore(output.data);
        return [];
      case "snapshot-wanted": {
        // The index of the last command, not of the last entry: a no-op changes nothing.
        const data = JSON.stringify({ index: this.#index, applied: this.#applied });
        const { index } = output;
        return this.#perform(this.#raft.step(this.#now, { kind: "snapshot-taken", index, data }));
      }
      case "proposal-result":
        return this.#reply(output);
      default:
        return [];
    }
  }

  #restore(data: string): void {
    const state = JSON.parse(data) as { index: number; applied: string[] };
    this.#index = state.index;
    this.#applied = state.applied;
  }

  #reply({ id, result }: Extract<RaftOutput, { kind: "proposal-result" }>): NodeOutput[] {
    const requestId = this.#requests.get(id) ?? 0;
    this.#requests.delete(id);
    const reply = result.ok
      ? { ok: true as const, result: { index: result.index } }
      : { ok: false as const, code: result.reason, message: result.reason };
    return [{ kind: "reply", requestId, reply }];
  }

  observe(): NodeObservation {
    const { role, term, leader } = this.#raft;
    return {
      term,
      leads: role === "leader",
      dc: leader ?? "",
      quorate: this.#raft.hasLiveQuorum(),
      members: [...this.#alive.keys(), this.#self].sort(),
      cibIndex: this.#index,
      cibText: () => this.#applied.join("\n"),
      settled: true,
    };
  }
}

function advert(): AdvertBody {
  return {
    priority: 100,
    viewId: "",
    dc: "",
    term: 0,
    quorate: false,
    definitionVersion: 0,
    activeDigest: "",
    load: 0,
  };
}
