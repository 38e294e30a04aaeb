import { expect, test } from "vitest";
import type { NodeInput } from "../../src/controller/node-io.ts";
import { newNodeMachine } from "./new-node-machine.ts";

/** A node that starts and hears nobody: when it begins to act, in milliseconds. */
function actsAt(nodes: string, quorum = ""): number | undefined {
  const machine = newNodeMachine(`cluster: alone
nodes: ${nodes}
messaging: { key-file: /k }
${quorum}properties: { fencing-enabled: false }
resources: { r: { agent: dummy } }
`);
  for (let now = 0; now < 10_000; now += 10) {
    const inputs: NodeInput[] = [{ kind: "tick" }];
    for (let input = inputs.shift(); input !== undefined; input = inputs.shift()) {
      for (const output of machine.step(now, input)) {
        if (output.kind === "persist") inputs.push({ kind: "stored", token: output.token });
        if (output.kind === "run") return now;
      }
    }
  }
  return undefined;
}

const TWO = "{ node1: 10.0.0.1, node2: 10.0.0.2 }";

test("the tie-breaker's node listens first: the other one may be alive, and run everything", () => {
  expect(actsAt(TWO, "quorum: { auto-tie-breaker: true }\n")).toBeGreaterThan(1_000);
});

test("a node without others has nobody to listen for", () => {
  expect(actsAt("{ node1: 10.0.0.1 }")).toBeLessThan(500);
});
