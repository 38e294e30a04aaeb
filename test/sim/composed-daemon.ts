import type { NodeInput, NodeOutput } from "../../src/controller/node-io.ts";
import type { Machine } from "../../src/core/machine.ts";
import type { Note } from "../../src/core/note.ts";
import type { Instant, Millis } from "../../src/core/units.ts";
import type { MessagingCommand, PeerEvent } from "../../src/model/peer.ts";

/** What the messaging layer puts on the network. */
export interface Transmit {
  readonly kind: "transmit";
  readonly link: number;
  readonly to: { readonly address: string; readonly port: number } | "group";
  readonly bytes: Uint8Array;
}

export interface Datagram {
  readonly kind: "datagram";
  readonly link: number;
  readonly from: { readonly address: string; readonly port: number };
  readonly bytes: Uint8Array;
}

export type MessagingLayer = Machine<
  { readonly kind: "tick" } | Datagram | MessagingCommand,
  Transmit | PeerEvent | Note
>;

export type NodeLayer = Machine<NodeInput, NodeOutput>;

export type DaemonInput = Exclude<NodeInput, { kind: "peer" }> | Datagram;
export type DaemonOutput = Exclude<NodeOutput, { kind: "messaging" }> | Transmit;

/** As the real driver: how often the main thread tells the messaging thread that it lives. */
const BEACON_MS: Millis = 500;

/** A main thread that waits for nothing still has its beacon to send. */
type Work =
  | { readonly layer: "messaging"; readonly input: Parameters<MessagingLayer["step"]>[1] }
  | { readonly layer: "node"; readonly input: NodeInput };

/**
 * One daemon process: the messaging thread and the main thread, composed as the real daemon
 * composes them. The main thread may be blocked while the messaging thread goes on.
 */
export class ComposedDaemon implements Machine<DaemonInput, DaemonOutput> {
  readonly messaging: MessagingLayer;
  readonly node: NodeLayer;
  #blockedInputs: NodeInput[] | undefined;
  #beaconAt: Instant = Number.NEGATIVE_INFINITY;
  #isNodeDue = false;
  /** As of the last step of each layer: nothing else moves them. */
  #messagingDue: Instant | undefined;
  #nodeDue: Instant | undefined;
  /** How often the main thread was handed something: what it believes has not changed between. */
  nodeSteps = 0;
  /** Told of every event that the main thread is handed, and every command it gives. */
  onPeerEvent: (event: PeerEvent) => void = () => {};
  onCommand: (command: MessagingCommand) => void = () => {};

  constructor(messaging: MessagingLayer, node: NodeLayer) {
    this.messaging = messaging;
    this.node = node;
    this.#messagingDue = messaging.nextDeadline();
    this.#nodeDue = node.nextDeadline();
  }

  step(now: Instant, input: DaemonInput): readonly DaemonOutput[] {
    const outputs: DaemonOutput[] = [];
    // A reading of the clock moves the node's time, and with it what is due.
    if (input.kind === "clock") this.#isNodeDue ||= isDue(this.#nodeDue, now);
    if (input.kind === "datagram") this.#work(now, { layer: "messaging", input }, outputs);
    else if (input.kind === "tick") this.#tick(now, outputs);
    else this.#work(now, { layer: "node", input }, outputs);
    return outputs;
  }

  #tick(now: Instant, outputs: DaemonOutput[]): void {
    if (isDue(this.#messagingDue, now)) {
      this.#work(now, { layer: "messaging", input: { kind: "tick" } }, outputs);
    }
    if (this.#blockedInputs !== undefined) return;
    if (this.#isNodeDue || isDue(this.#nodeDue, now)) {
      this.#isNodeDue = false;
      this.#work(now, { layer: "node", input: { kind: "tick" } }, outputs);
    }
    if (now >= this.#beaconAt + BEACON_MS) {
      this.#beaconAt = now;
      this.#work(now, { layer: "messaging", input: { kind: "main-alive" } }, outputs);
    }
  }

  #work(now: Instant, first: Work, outputs: DaemonOutput[]): void {
    const queue: Work[] = [first];
    for (let work = queue.shift(); work !== undefined; work = queue.shift()) {
      if (work.layer === "messaging") this.#stepMessaging(now, work.input, queue, outputs);
      else if (this.#blockedInputs !== undefined) this.#blockedInputs.push(work.input);
      else this.#stepNode(now, work.input, queue, outputs);
    }
  }

  #stepMessaging(
    now: Instant,
    input: Parameters<MessagingLayer["step"]>[1],
    queue: Work[],
    outputs: DaemonOutput[],
  ): void {
    const outs = this.messaging.step(now, input);
    this.#messagingDue = this.messaging.nextDeadline();
    for (const output of outs) {
      if (output.kind === "transmit" || output.kind === "note") outputs.push(output);
      else queue.push({ layer: "node", input: { kind: "peer", event: output } });
    }
  }

  #stepNode(now: Instant, input: NodeInput, queue: Work[], outputs: DaemonOutput[]): void {
    if (input.kind === "peer") this.onPeerEvent(input.event);
    const outs = this.node.step(now, input);
    this.#nodeDue = this.node.nextDeadline();
    this.nodeSteps++;
    for (const output of outs) {
      if (output.kind !== "messaging") {
        outputs.push(output);
        continue;
      }
      this.onCommand(output.command);
      queue.push({ layer: "messaging", input: output.command });
    }
  }

  get isBlocked(): boolean {
    return this.#blockedInputs !== undefined;
  }

  /** The main thread stops taking inputs; they queue up. */
  blockMain(): void {
    this.#blockedInputs ??= [];
  }

  /** It takes all that queued up, in order. */
  unblockMain(now: Instant): readonly DaemonOutput[] {
    const inputs = this.#blockedInputs ?? [];
    this.#blockedInputs = undefined;
    const outputs: DaemonOutput[] = [];
    for (const input of inputs) this.#work(now, { layer: "node", input }, outputs);
    return outputs;
  }

  nextDeadline(): Instant | undefined {
    const messaging = this.#messagingDue ?? Number.POSITIVE_INFINITY;
    if (this.#blockedInputs !== undefined) return messaging;
    const node = this.#nodeDue ?? Number.POSITIVE_INFINITY;
    const beacon = Number.isFinite(this.#beaconAt) ? this.#beaconAt + BEACON_MS : 0;
    return Math.min(messaging, node, beacon);
  }
}

function isDue(deadline: Instant | undefined, now: Instant): boolean {
  return deadline !== undefined && deadline <= now;
}
