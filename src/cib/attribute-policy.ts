import type { AttributeRecord } from "../model/cib.ts";
import type { PolicyDefinition, PolicyNode } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";

/** Above what the file says, below what an operator overrides by hand. */
const SCORE = 900_000;

/** The policy with the permanent node attributes that agents keep in the CIB. */
export function withPermanentAttributes(
  policy: PolicyDefinition,
  attributes: readonly AttributeRecord[],
): PolicyDefinition {
  const sets = new Map<string, Map<string, string>>();
  for (const { node, name, value } of attributes) {
    if (node === undefined) continue;
    const values = sets.get(node) ?? new Map<string, string>();
    sets.set(node, values.set(name, value));
  }
  if (sets.size === 0) return policy;
  return { ...policy, nodes: policy.nodes.map((node) => withSet(node, sets.get(node.name))) };
}

function withSet(node: PolicyNode, values: ReadonlyMap<string, string> | undefined): PolicyNode {
  if (values === undefined) return node;
  const set: AttributeSet = { id: `paceline-kept-${node.name}`, score: SCORE, values };
  return { ...node, attributes: [set, ...node.attributes] };
}
