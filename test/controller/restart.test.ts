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

describe("a node whose daemon crashed and was heard again in a later life", () => {
  const advert = {
    priority: 100,
    viewId: "1@node2",
    dc: "",
    term: 0,
    quorate: true,
    definitionVersion: 0,
    activeDigest: "",
    load: 0,
  };
  const at = 0;

  function up(node: string, incarnation: number): NodeInput[] {
    const heard = { node, incarnation, advert, at } as const;
    const hears = ["node1", "node2", "node3"].filter((name) => name !== node);
    return [
      { kind: "peer", event: { kind: "peer-up", ...heard } },
      { kind: "peer", event: { kind: "peer-advert", ...heard, hears } },
    ];
  }

  function down(node: string, reason: "restarted" | "silent"): NodeInput {
    const event = { kind: "peer-down", node, incarnation: 7, reason, lastHeard: 0, at } as const;
    return { kind: "peer", event };
  }

  function overdueAt(reason: "restarted" | "silent", isBack: boolean): number | undefined {
    const step = newNode();
    for (const input of [...up("node2", 7), ...up("node3", 7)]) step(10, input);
    step(100, { kind: "tick" });
    step(200, down("node2", reason));
    if (isBack) for (const input of up("node2", 8)) step(210, input);
    for (let now = 220; now < 5_000; now += 10) {
      const outputs = step(now, { kind: "tick" });
      if (outputs.some((each) => each.kind === "note" && each.event === "restart-overdue")) {
        return now;
      }
    }
    return undefined;
  }

  test("is waited for, for a second: nothing is planned without it", () => {
    expect(overdueAt("restarted", false)).toBe(1_200);
  });

  test("is not waited for any more once it is a member again", () => {
    expect(overdueAt("restarted", true)).toBe(undefined);
  });

  test("one that fell silent is not waited for", () => {
    expect(overdueAt("silent", false)).toBe(undefined);
  });
});
