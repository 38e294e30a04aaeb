import { expect, test } from "vitest";
import { NodePair } from "./node-pair.ts";

const TEXT = `cluster: stray
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3, node4: 10.0.0.4, node5: 10.0.0.5 }
messaging: { key-file: /k }
properties: { fencing-enabled: false, no-quorum-policy: ignore }
resources: { r: { agent: dummy } }
`;

test("a member that coordinated itself, unnoticed by its coordinator, is asked anew", () => {
  const pair = new NodePair(TEXT);
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
