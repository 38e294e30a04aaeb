import { Raft } from "../../src/consensus/raft.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import {
  RAFT_DEFAULTS,
  type RaftMessage,
  type RaftOptions,
  type RaftOutput,
  type Write,
} from "../../src/consensus/raft-types.ts";
import type { VotingRules } from "../../src/consensus/voters.ts";
import { SeededRandom } from "../../src/core/random.ts";
import { EventQueue } from "../sim/event-queue.ts";
import { RaftChecker } from "./raft-checker.ts";
import { PLAIN_QUORUM, type RaftSimOptions } from "./raft-sim-options.ts";

interface PendingWrite {
  readonly id: number;
  readonly writes: readonly Write[];
  readonly whenDurable: readonly RaftOutput[];
}

interface SimNode {
  readonly name: string;
  incarnation: number;
  raft: Raft | undefined;
  disk: Map<string, Uint8Array>;
  pending: PendingWrite[];
  /** Applied commands by index: the state machine. */
  applied: Map<number, string>;
  appliedIndex: number;
  /** What the failure detector says now. */
  sees: Map<string, number>;
  wakeAt: number | undefined;
  fsyncMs: number;
  left: boolean;
}

/** A cluster of Raft machines on virtual time, a faulty network and crashing disks. */
export class RaftSimulation {
  readonly random: SeededRandom;
  readonly checker = new RaftChecker();
  readonly nodes = new Map<string, SimNode>();
  readonly trace: string[] = [];
  readonly #options: RaftSimOptions;
  readonly #queue = new EventQueue();
  readonly #cuts = new Set<string>();
  rules: VotingRules;
  #loss: number;
  #duplicates: number;
  #proposals = 0;

  constructor(options: RaftSimOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.rules = { nodes: options.nodes, quorum: { ...PLAIN_QUORUM, ...options.quorum } };
    this.#loss = options.loss ?? 0;
    this.#duplicates = options.duplicates ?? 0;
    for (const { name } of options.nodes) this.add(name);
  }

  add(name: string): void {
    const node: SimNode = {
      name,
      incarnation: 0,
      raft: undefined,
      disk: new Map(),
      pending: [],
      applied: new Map(),
      appliedIndex: 0,
      sees: new Map(),
      wakeAt: undefined,
      fsyncMs: this.#options.fsyncMs ?? 1,
      left: false,
    };
    this.nodes.set(name, node);
    this.start(name);
  }

  // --- Time.

  get now(): number {
    return this.#queue.now;
  }

  after(ms: number, run: () => void): void {
    this.#queue.after(ms, run);
  }

  runFor(ms: number): void {
    const end = this.now + ms;
    while (this.#queue.runNext(end));
  }

  // --- Nodes.

  start(name: string): void {
    const node = this.nodes.get(name)!;
    if (node.raft !== undefined) return;
    node.incarnation += 1;
    const loaded = loadRaftState(node.disk);
    if (!loaded.ok) throw new Error(`${name}: ${loaded.key} ${loaded.message}`);
    const options: RaftOptions = {
      ...RAFT_DEFAULTS,
      self: name,
      incarnation: node.incarnation,
      rules: this.rules,
      snapshotEntries: 12,
      leaseMs: this.#options.leaseMs ?? 0,
      heartbeatMs: this.#options.leaseMs ? this.#options.leaseMs / 3 : 200,
      leaderSilenceMs: 2000,
    };
    node.raft = new Raft(options, loaded.state);
    node.applied = new Map();
    node.appliedIndex = 0;
    node.sees = new Map();
    node.pending = [];
    node.left = false;
    node.wakeAt = undefined;
    this.#log(`${name} starts as incarnation ${node.incarnation}`);
    this.#input(node, { kind: "tick" });
    this.#connectivityChanged();
  }

  /** Power off: unsynced writes are lost, up to a random point of the queue. */
  crash(name: string, loseDisk = false): void {
    const node = this.nodes.get(name)!;
    if (node.raft === undefined) return;
    const reached = this.random.below(node.pending.length + 1);
    for (const write of node.pending.slice(0, reached)) this.#writeDisk(node, write.writes);
    node.pending = [];
    node.raft = undefined;
    this.checker.forget(name);
    if (loseDisk) node.disk = new Map();
    this.#log(`${name} crashes${loseDisk ? " and loses its disk" : ""}`);
    this.#connectivityChanged();
  }

  isUp(name: string): boolean {
    return this.nodes.get(name)!.raft !== undefined;
  }

  setFsync(name: string, ms: number): void {
    this.nodes.get(name)!.fsyncMs = ms;
  }

  // --- Network.

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
    this.#log(`cut ${from} -> ${to}`);
    this.#connectivityChanged();
  }

  heal(): void {
    this.#cuts.clear();
    this.#log("heal");
    this.#connectivityChanged();
  }

  calm(): void {
    this.#loss = 0;
    this.#duplicates = 0;
    this.heal();
    for (const node of this.nodes.values()) node.fsyncMs = 1;
  }

  #isOpen(from: string, to: string): boolean {
    return !this.#cuts.has(`${from}>${to}`);
  }

  /** Lines of the trace since the last call, messages left out. */
  takeLog(): readonly string[] {
    return this.trace.splice(0).filter((line) => !line.includes(" -> "));
  }

  /** The failure detectors of all nodes notice, each after its own time. */
  #connectivityChanged(): void {
    for (const observer of this.nodes.values()) {
      this.after(20 + this.random.below(60), () => this.#observe(observer));
    }
  }

  #observe(observer: SimNode): void {
    if (observer.raft === undefined) return;
    const sees = new Map<string, number>();
    for (const peer of this.nodes.values()) {
      if (peer === observer || peer.raft === undefined || peer.left) continue;
      const mutual =
        this.#isOpen(peer.name, observer.name) && this.#isOpen(observer.name, peer.name);
      if (mutual) sees.set(peer.name, peer.incarnation);
    }
    if (JSON.stringify([...sees]) === JSON.stringify([...observer.sees])) return;
    observer.sees = sees;
    this.#log(`${observer.name} sees ${[...sees.keys()].join(" ") || "nobody"}`);
    const alive = [...sees].map(([name, incarnation]) => ({ name, incarnation, priority: 100 }));
    this.#input(observer, { kind: "peers", alive });
  }

  /** What is certain not to act any more, as fencing would know it. */
  dismiss(at: string, node: string, why: "fenced" | "left"): void {
    const target = this.nodes.get(at)!;
    this.#log(`${at} is told that ${node} is ${why}`);
    if (target.raft !== undefined) this.#input(target, { kind: "peer-dismissed", node, why });
  }

  #send(from: SimNode, to: string, body: RaftMessage): void {
    const copies = this.random.next() < this.#duplicates ? 2 : 1;
    const incarnation = from.incarnation;
    for (let i = 0; i < copies; i++) {
      if (this.random.next() < this.#loss) continue;
      const slow = this.random.next() < this.#loss ? 300 : 5;
      this.after(1 + this.random.below(slow), () =>
        this.#deliver(from.name, incarnation, to, body),
      );
    }
  }

  #deliver(from: string, incarnation: number, to: string, sent: RaftMessage): void {
    const node = this.nodes.get(to);
    if (node?.raft === undefined || !this.#isOpen(from, to)) return;
    let body = JSON.parse(JSON.stringify(sent)) as RaftMessage;
    if (this.#options.bug === "stale-term-accepted" && body.kind === "append") {
      body = { ...body, term: Math.max(body.term, node.raft.term) };
    }
    this.#log(`${from} -> ${to} ${summary(body)}`);
    this.#input(node, { kind: "message", from, incarnation, body });
  }

  // --- Machines.

  #input(node: SimNode, input: Parameters<Raft["step"]>[1]): void {
    if (node.raft === undefined) return;
    this.#perform(node, node.raft.step(this.now, input));
    if (node.raft !== undefined) this.#arm(node);
  }

  #arm(node: SimNode): void {
    const deadline = node.raft?.nextDeadline();
    if (deadline === undefined || (node.wakeAt !== undefined && node.wakeAt <= deadline)) return;
    node.wakeAt = deadline;
    const { incarnation } = node;
    this.after(Math.max(0, deadline - this.now), () => {
      if (node.incarnation === incarnation) node.wakeAt = undefined;
      if (node.incarnation === incarnation) this.#input(node, { kind: "tick" });
    });
  }

  #perform(node: SimNode, outputs: readonly RaftOutput[]): void {
    for (const output of outputs) {
      if (node.raft === undefined) return;
      this.#performOne(node, output);
    }
  }

  #performOne(node: SimNode, output: RaftOutput): void {
    switch (output.kind) {
      case "send":
        this.#send(node, output.to, output.body);
        return;
      case "persist":
        this.#persist(node, output);
        return;
      case "apply":
        node.applied.set(output.index, JSON.stringify([output.term, output.command]));
        node.appliedIndex = output.index;
        this.checker.applied(
          node.name,
          output.index,
          JSON.stringify([output.term, output.command]),
        );
        return;
      case "restore":
        node.applied = new Map(JSON.parse(output.data));
        node.appliedIndex = output.index;
        for (const [index, value] of node.applied) this.checker.applied(node.name, index, value);
        return;
      case "snapshot-wanted": {
        const data = JSON.stringify([...node.applied]);
        this.#input(node, { kind: "snapshot-taken", index: output.index, data });
        return;
      }
      case "proposal-result":
        if (output.result.ok) this.checker.acknowledged(output.id, output.result.index);
        return;
      case "role":
        this.#log(
          `${node.name} ${output.role} term ${output.term} leader ${output.leader}${output.ready ? " ready" : ""}`,
        );
        this.checker.role(node.name, output, node.raft!.commitIndex);
        return;
      case "note":
        this.#log(`${node.name} ${output.event}: ${output.message}`);
        this.checker.note(node.name, output.event);
        return;
      case "left":
        node.left = true;
        for (const other of this.nodes.keys())
          if (other !== node.name) this.dismiss(other, node.name, "left");
        this.#connectivityChanged();
        return;
      case "voters":
        this.#log(
          `${node.name} voters ${output.voters.map((v) => `${v.name}=${v.weight}@${v.disk}`).join(" ")}`,
        );
    }
  }

  #persist(node: SimNode, output: Extract<RaftOutput, { kind: "persist" }>): void {
    node.pending.push(output);
    const { incarnation } = node;
    if (this.#options.bug === "ack-before-durable") this.#perform(node, output.whenDurable);
    if (node.pending.length > 1) return;
    this.after(node.fsyncMs, () => this.#synced(node, incarnation));
  }

  /** Group commit: one sync makes everything queued durable. */
  #synced(node: SimNode, incarnation: number): void {
    if (node.incarnation !== incarnation || node.raft === undefined) return;
    const done = node.pending;
    node.pending = [];
    for (const write of done) this.#writeDisk(node, write.writes);
    for (const write of done) {
      if (this.#options.bug !== "ack-before-durable") this.#perform(node, write.whenDurable);
      this.#input(node, { kind: "stored", id: write.id });
    }
  }

  #writeDisk(node: SimNode, writes: readonly Write[]): void {
    for (const { key, bytes } of writes) {
      if (bytes === undefined) node.disk.delete(key);
      else if (this.#options.bug === "vote-not-persisted" && key === "raft-hard") {
        const hard = JSON.parse(new TextDecoder().decode(bytes));
        hard.vote = undefined;
        hard.term = Math.max(0, hard.term - 1);
        node.disk.set(key, new TextEncoder().encode(JSON.stringify(hard)));
      } else node.disk.set(key, bytes);
    }
  }

  // --- What tests ask.

  leader(): SimNode | undefined {
    const leaders = [...this.nodes.values()].filter((n) => n.raft?.isReady(this.now));
    leaders.sort((a, b) => b.raft!.term - a.raft!.term);
    return leaders[0];
  }

  propose(name: string, command?: string): string {
    const node = this.nodes.get(name)!;
    const id = `p${this.#proposals++}`;
    this.#input(node, { kind: "propose", id, command: command ?? id });
    return id;
  }

  input(name: string, input: Parameters<Raft["step"]>[1]): void {
    this.#input(this.nodes.get(name)!, input);
  }

  /** Changes the rules everywhere, as a committed definition would. */
  setRules(rules: VotingRules): void {
    this.rules = rules;
    for (const node of this.nodes.values()) this.#input(node, { kind: "rules", rules });
  }

  #log(line: string): void {
    if (this.#options.trace) this.trace.push(`${this.now.toFixed(0).padStart(7)} ${line}`);
  }
}

function summary(m: RaftMessage): string {
  const parts: string[] = [m.kind, `t${m.term}`];
  if (m.kind === "append")
    parts.push(`prev ${m.prevIndex}/${m.prevTerm} +${m.entries.length} c${m.commit}`);
  if (m.kind === "append-reply") parts.push(`${m.ok ? "ok" : "no"} ${m.match}`);
  if (m.kind === "pre-vote-reply" || m.kind === "vote-reply") parts.push(m.granted ? "yes" : "no");
  return parts.join(" ");
}
