import { expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { NodePair } from "./node-pair.ts";

const TEXT = `cluster: goodbyes
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3, node4: 10.0.0.4, node5: 10.0.0.5 }
messaging: { key-file: /k }
properties: { fencing-enabled: false, no-quorum-policy: ignore, symmetric-cluster: false }
resources: { r: { agent: dummy } }
constraints: { location: [ { resource: r, node: node2, score: 10 } ] }
`;

function saidAfterStart(departures: readonly { node: string; incarnation: number; at: number }[]) {
  const pair = new NodePair(TEXT, { ...emptyCib(), departures });
  pair.runFor(2_000);
  return pair.said;
}

test("a coordinator starts nothing on a member whose leave is recorded, though it was not told of it", () => {
  const said = saidAfterStart([{ node: "node2", incarnation: 1, at: 0 }]);
  expect(said).toContain("node1: shutdown");
  expect(said).not.toContain("node1: start r");
});

test("the record of an earlier life says nothing about this one", () => {
  const said = saidAfterStart([{ node: "node2", incarnation: 0, at: 0 }]);
  expect(said).toContain("node1: start r");
  expect(said).not.toContain("node1: shutdown");
});
