import type { NodeInput } from "../../src/controller/node-io.ts";
import type { NodeMachine } from "../../src/controller/node-machine.ts";
import { decodeMessage, type NodeMessage } from "../../src/controller/node-message.ts";
import type { Cib } from "../../src/model/cib.ts";
import type { AgentCommand } from "../../src/model/operation.ts";
import type { AdvertBody } from "../../src/model/peer.ts";
import { newNodeMachine } from "./new-node-machine.ts";

/** OCF 1.1, exit codes. */
const OCF_NOT_RUNNING = 7;

/**
 * The nodes node1 and node2 of a cluster: all words between them arrive, and are kept. Where more are
 * defined they have no quorum, and node1 coordinates.
 */
export class NodePair {
  readonly said: string[] = [];
  now = 0;
  readonly #machines = new Map<string, NodeMachine>();
  readonly #adverts = new Map<string, AdvertBody>();
  readonly #inbox: { readonly to: string; readonly input: NodeInput }[] = [];

  constructor(text: string, cib?: Cib) {
    for (const self of ["node1", "node2"]) {
      this.#machines.set(self, newNodeMachine(text, self, { cib }));
    }
    this.runFor(10);
    for (const self of ["node1", "node2"]) this.hear(self);
  }

  /** A node begins to hear the other one. */
  hear(self: string): void {
    const advert = this.#adverts.get(other(self));
    if (advert === undefined) throw new Error(`${other(self)} has not advertised`);
    const facts = { node: other(self), incarnation: 1, advert, at: this.now };
    this.#put(self, { kind: "peer", event: { kind: "peer-up", ...facts } });
    this.#advertised(other(self));
  }

  /** A node hears the other one no more; that one still hears it. */
  loseOther(self: string): void {
    const facts = { node: other(self), incarnation: 1, at: this.now, lastHeard: this.now };
    this.#put(self, { kind: "peer", event: { kind: "peer-down", reason: "silent", ...facts } });
  }

  runFor(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      for (const name of this.#machines.keys()) this.#put(name, { kind: "tick" });
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        this.#step(next.to, next.input);
      }
    }
  }

  /** Whom a node takes for the coordinator. */
  follows(name: string): string | undefined {
    return this.#machines.get(name)?.observe().follows;
  }

  #put(to: string, input: NodeInput): void {
    this.#inbox.push({ to, input });
  }

  #advertised(name: string): void {
    const advert = this.#adverts.get(name);
    if (advert === undefined) return;
    const facts = { node: name, incarnation: 1, advert, hears: [other(name)], at: this.now };
    this.#put(other(name), { kind: "peer", event: { kind: "peer-advert", ...facts } });
  }

  #step(name: string, input: NodeInput): void {
    for (const output of this.#machines.get(name)?.step(this.now, input) ?? []) {
      if (output.kind === "persist") this.#put(name, { kind: "stored", token: output.token });
      if (output.kind === "run") this.#put(name, agentDone(output.command));
      if (output.kind !== "messaging") continue;
      const { command } = output;
      if (command.kind === "advertise") {
        this.#adverts.set(name, command.body);
        this.#advertised(name);
      }
      if (command.kind !== "send" || command.to !== other(name)) continue;
      this.said.push(`${name}: ${wordOf(decodeMessage(command.payload))}`);
      const { payload } = command;
      const event = { kind: "message", node: name, incarnation: 1, payload, at: this.now } as const;
      this.#put(command.to, { kind: "peer", event });
    }
  }
}

function other(name: string): string {
  return name === "node1" ? "node2" : "node1";
}

/** Nothing runs at first, and whatever is started or stopped is. */
function agentDone({ runId, action }: AgentCommand): NodeInput {
  const rc = action === "monitor" ? OCF_NOT_RUNNING : 0;
  const outcome = { rc, reason: "exited", stdout: "", stderr: "", durationMs: 1 } as const;
  return { kind: "agent-done", runId, outcome };
}

/** What kind of message it is; of an order, which. */
function wordOf(message: NodeMessage | undefined): string {
  if (message?.t !== "order") return String(message?.t);
  const { order } = message;
  return order.kind === "execute"
    ? `${order.request.operation} ${order.request.resource}`
    : order.kind;
}
