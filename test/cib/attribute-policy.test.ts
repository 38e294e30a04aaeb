import { expect, test } from "vitest";
import { withPermanentAttributes } from "../../src/cib/attribute-policy.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";

const TEXT = `cluster: kept
nodes:
  a: { addresses: [10.0.0.1], attributes: { zone: east } }
  b: { addresses: [10.0.0.2] }
messaging: { key-file: /k }
resources: { r: { agent: dummy } }
`;

test("what agents keep of a node beats the file, and the cluster's own is no node's", () => {
  const policy = loadDefinition(TEXT).definition?.policy;
  if (policy === undefined) throw new Error("the definition is wrong");
  expect(withPermanentAttributes(policy, [{ name: "x", value: "1" }])).toBe(policy);
  const changed = withPermanentAttributes(policy, [
    { node: "a", name: "zone", value: "west" },
    { node: "gone", name: "zone", value: "north" },
  ]);
  const [a, b] = changed.nodes;
  const best = [...(a?.attributes ?? [])].sort((x, y) => y.score - x.score)[0];
  expect(best?.values.get("zone")).toBe("west");
  expect(b).toBe(policy.nodes[1]);
  expect(policy.nodes[0]?.attributes).toHaveLength(1);
});
