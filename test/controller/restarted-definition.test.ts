import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { loadRaftState } from "../../src/consensus/raft-codec.ts";
import type { NodeInput, NodeOutput } from "../../src/controller/node-io.ts";
import { NodeMachine } from "../../src/controller/node-machine.ts";
import { plan } from "../../src/policy/make-plan.ts";

/** A node of its own with a disk that outlives its daemon. */
class LoneNode {
  readonly #disk = new Map<string, Uint8Array>();
  #machine: NodeMachine | undefined;
  #life = 0;
  #now = 0;

  /** Starts a daemon: what it says of definitions in its first second. */
  start(text: string): string[] {
    const { definition } = loadDefinition(text);
    const loaded = loadRaftState(this.#disk);
    if (definition === undefined || !loaded.ok) throw new Error("it cannot start");
    this.#life += 1;
    this.#machine = new NodeMachine({
      self: "node1",
      incarnation: this.#life,
      definition,
      stored: loaded.state,
      planner: plan,
      environment: { ocfRoot: "/usr/lib/ocf" },
      version: "0.0.0",
      now: this.#now,
      wall: this.#now,
    });
    return this.runOn();
  }

  /** A second passes: what was committed is noted on the disk as well. */
  runOn(): string[] {
    const end = this.#now + 1_000;
    const outputs: NodeOutput[] = [];
    for (; this.#now < end; this.#now += 10) outputs.push(...this.#step({ kind: "tick" }));
    return this.#definitions(outputs);
  }

  apply(text: string): string[] {
    const request = { method: "config-apply", text, author: "t" } as const;
    return this.#definitions(this.#step({ kind: "request", requestId: 1, request }));
  }

  #step(first: NodeInput): NodeOutput[] {
    const all: NodeOutput[] = [];
    const inputs = [first];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      const outputs = this.#machine?.step(this.#now, input) ?? [];
      for (const output of outputs) {
        if (output.kind !== "persist") continue;
        for (const { key, bytes } of output.writes) {
          if (bytes === undefined) this.#disk.delete(key);
          else this.#disk.set(key, bytes);
        }
        inputs.push({ kind: "stored", token: output.token });
      }
      all.push(...outputs);
    }
    return all;
  }

  #definitions(outputs: readonly NodeOutput[]): string[] {
    return outputs.flatMap((output) =>
      output.kind === "definition"
        ? [`${output.version} ${output.isCurrent ? "written" : "known"}`]
        : [],
    );
  }
}

function text(comment: string): string {
  return `cluster: alone # ${comment}
nodes: { node1: 10.0.0.1 }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { r: { agent: dummy } }
`;
}

test("a node that died before it noted the newest definition as committed does not write the one before", () => {
  const node = new LoneNode();
  node.start(text("first"));
  expect(node.apply(text("second"))).toEqual(["2 written"]);
  expect(node.start(text("second"))).toEqual(["1 known", "2 written"]);
});

test("a node whose newest definition is noted as committed writes it once it leads", () => {
  const node = new LoneNode();
  node.start(text("first"));
  node.apply(text("second"));
  node.runOn();
  expect(node.start(text("edited meanwhile"))).toEqual(["2 known", "2 written"]);
});
