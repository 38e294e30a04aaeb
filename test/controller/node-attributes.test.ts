import { describe, expect, test } from "vitest";
import type { AttributeRequest, ControlReply } from "../../src/model/control.ts";
import { newNodeMachine } from "./new-node-machine.ts";

const TEXT = `cluster: attributes
nodes:
  node1: { addresses: [10.0.0.1], attributes: { zone: east } }
  node2: 10.0.0.2
messaging: { key-file: /k }
resources: { r: { agent: dummy } }
`;

type Wish = Omit<AttributeRequest, "method">;

/** A node that has just started: it has no coordinator yet. */
function startedNode(): (wish: Wish) => ControlReply | undefined {
  const planner = () => {
    throw new Error("nothing is to be planned");
  };
  const machine = newNodeMachine(TEXT, "node1", { planner });
  machine.step(0, { kind: "tick" });
  return (wish) => {
    const request = { method: "attribute", ...wish } as const;
    const outputs = machine.step(1, { kind: "request", requestId: 7, request });
    const reply = outputs.find((output) => output.kind === "reply");
    return reply?.kind === "reply" ? reply.reply : undefined;
  };
}

function code(reply: ControlReply | undefined): string {
  return reply === undefined ? "none" : reply.ok ? "ok" : reply.code;
}

describe("node attributes without a coordinator", () => {
  test("a node's own transient ones are set, read and deleted all the same", () => {
    const ask = startedNode();
    const score = { name: "master-r", scope: "transient" } as const;
    const at = (value: string | null) => ({
      ok: true,
      result: { name: "master-r", node: "node1", value },
    });
    expect(ask({ ...score, action: "get" })).toEqual(at(null));
    expect(ask({ ...score, action: "set", value: "5" })).toEqual(at("5"));
    expect(ask({ ...score, action: "get", node: "node1" })).toEqual(at("5"));
    expect(ask({ ...score, action: "delete" })).toEqual(at(null));
    expect(ask({ ...score, action: "delete" })).toEqual(at(null));
    expect(ask({ ...score, action: "get" })).toEqual(at(null));
  });

  test("those of others, and changes of permanent ones, wait for one", () => {
    const ask = startedNode();
    const wishes: Wish[] = [
      { action: "get", name: "a", scope: "transient", node: "node2" },
      { action: "set", name: "a", value: "1", scope: "permanent" },
      { action: "delete", name: "a", scope: "cluster" },
    ];
    expect(wishes.map((wish) => code(ask(wish)))).toEqual(["NO_DC", "NO_DC", "NO_DC"]);
  });

  test("permanent ones can be read: the definition's, as long as no agent has set any", () => {
    const ask = startedNode();
    expect(ask({ action: "get", name: "zone", scope: "permanent" })).toEqual({
      ok: true,
      result: { name: "zone", node: "node1", value: "east" },
    });
    const wish = { action: "get", name: "zone", scope: "permanent" } as const;
    expect(code(ask({ ...wish, node: "nowhere" }))).toBe("UNKNOWN_NODE");
    expect(ask({ ...wish, scope: "cluster" })).toMatchObject({
      result: { node: null, value: null },
    });
  });

  test.each<[string, Partial<Wish>]>([
    ["no name", { name: "" }],
    ["a name with a line break", { name: "a\nb" }],
    ["a name without end", { name: "n".repeat(256) }],
    ["a value without end", { value: "v".repeat(16_385) }],
    ["no value", { value: undefined as unknown as string }],
  ])("%s is refused", (_what, part) => {
    const wish: Wish = { action: "set", name: "a", value: "1", scope: "transient", ...part };
    expect(code(startedNode()(wish))).toBe("BAD_REQUEST");
  });
});
