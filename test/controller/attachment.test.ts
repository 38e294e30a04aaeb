import { expect, test } from "vitest";
import type { NodeInput } from "../../src/controller/node-io.ts";
import type { NodeMachine } from "../../src/controller/node-machine.ts";
import { decodeMessage } from "../../src/controller/node-message.ts";
import type { AdvertBody } from "../../src/model/peer.ts";
import { newNodeMachine } from "./new-node-machine.ts";

const TEXT = `cluster: stray
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3, node4: 10.0.0.4, node5: 10.0.0.5 }
messaging: { key-file: /k }
properties: { fencing-enabled: false, no-quorum-policy: ignore }
resources: { r: { agent: dummy } }
`;

/** Two nodes of five, so that the first by name coordinates; all words between them are kept. */
class Pair {
  readonly said: string[] = [];
  now = 0;
  readonly #machines = new Map<string, NodeMachine>();
  readonly #adverts = new Map<string, AdvertBody>();
  readonly #inbox: { readonly to: string; readonly input: NodeInput }[] = [];

  constructor() {
    for (const self of ["node1", "node2"]) {
      this.#machines.set(self, newNodeMachine(TEXT, self));
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
      if (output.kind !== "messaging") continue;
      const { command } = output;
      if (command.kind === "advertise") {
        this.#adverts.set(name, command.body);
        this.#advertised(name);
      }
      if (command.kind !== "send" || command.to !== other(name)) continue;
      this.said.push(`${name}: ${decodeMessage(command.payload)?.t}`);
      const { payload } = command;
      const event = { kind: "message", node: name, incarnation: 1, payload, at: this.now } as const;
      this.#put(command.to, { kind: "peer", event });
    }
  }
}

function other(name: string): string {
  return name === "node1" ? "node2" : "node1";
}

test("a member that coordinated itself, unnoticed by its coordinator, is asked anew", () => {
  const pair = new Pair();
  pair.runFor(2_000);
  expect([pair.follows("node1"), pair.follows("node2")]).toEqual(["node1", "node1"]);
  expect(pair.said).toContain("node1: collect");

  pair.loseOther("node2");
  pair.runFor(30);
  expect(pair.follows("node2")).toBe("node2");
  pair.hear("node2");
  pair.runFor(100);
  expect([pair.follows("node1"), pair.follows("node2")]).toEqual(["node1", "node1"]);

  pair.said.length = 0;
  pair.runFor(1_000);
  const words = pair.said.filter((word) => /ask-me|collect|status/.test(word));
  expect(words).toEqual(["node2: ask-me", "node1: collect", "node2: status"]);
});
