import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";

test("a target of the topology is a POSIX pattern, an attribute or, before these, a node", () => {
  const { definition, diagnostics } = loadDefinition(`cluster: c
nodes:
  n1: 10.0.0.1
  n2: 10.0.0.2
  nx: { addresses: 10.0.0.3, attributes: { rack: z } }
fencing:
  devices:
    one: { agent: fence_x, targets: [n1, n2, nx] }
    two: { agent: fence_x, targets: [n1, n2, nx] }
  topology:
    /^n[[:digit:]]$/: [[one], [two]]
    rack=z: [[two]]
    n2: [[one, two]]
`);
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  expect(definition!.fencing.topology).toEqual(
    new Map([
      ["n1", [["one"], ["two"]]],
      ["n2", [["one", "two"]]],
      ["nx", [["two"]]],
    ]),
  );
});
