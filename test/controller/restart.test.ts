import { describe, expect, test } from "vitest";
import type { NodeInput, NodeOutput } from "../../src/controller/node-io.ts";
import {
  decodeMessage,
  encodeMessage,
  type NodeMessage,
} from "../../src/controller/node-message.ts";
import { newNodeMachine } from "./new-node-machine.ts";

const TEXT = `cluster: restarts
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { r: { agent: dummy } }
`;

function newNode(): (now: number, input: NodeInput) => readonly NodeOutput[] {
  const machine = newNodeMachine(TEXT);
  machine.step(0, { kind: "tick" });
  return (now, input) => machine.step(now, input);
}

function from(node: string, message: NodeMessage): NodeInput {
  const payload = encodeMessage(message);
  return { kind: "peer", event: { kind: "message", node, incarnation: 7, payload, at: 0 } };
}

function told(outputs: readonly NodeOutput[]): { to: string; message: NodeMessage | undefined }[] {
  return outputs.flatMap((output) =>
    output.kind === "messaging" && output.command.kind === "send"
      ? [{ to: output.command.to, message: decodeMessage(output.command.payload) }]
      : [],
  );
}

const exitOf = (outputs: readonly NodeOutput[]) => outputs.find(({ kind }) => kind === "exit");

describe("a daemon that is to end and leave its resources running", () => {
  test("alone it ends at once, and its guardian waits for the next one", () => {
    const step = newNode();
    const outputs = step(10, { kind: "shutdown", mode: "stop" });
    expect(exitOf(outputs)).toMatchObject({ code: 0, guardMs: 6_000 });
  });
});

describe("a node that says it will be back soon", () => {
  test("is told that it is waited for, and told of in the log", () => {
    const step = newNode();
    const outputs = step(10, from("node2", { t: "back-soon", forMs: 10_000 }));
    expect(told(outputs)).toEqual([{ to: "node2", message: { t: "back-soon-noted" } }]);
    expect(outputs).toContainEqual(expect.objectContaining({ event: "restart-awaited" }));
  });

  test("is waited for no longer than it said, and no longer than a minute", () => {
    const step = newNode();
    step(10, from("node2", { t: "back-soon", forMs: 10_000 }));
    step(10, from("node3", { t: "back-soon", forMs: 1e9 }));
    const overdue = (now: number) =>
      step(now, { kind: "tick" }).filter(
        (output) => output.kind === "note" && output.event === "restart-overdue",
      ).length;
    expect([overdue(10_009), overdue(10_010), overdue(60_009), overdue(60_010)]).toEqual([
      0, 1, 0, 1,
    ]);
  });
});
