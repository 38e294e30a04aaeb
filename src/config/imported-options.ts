import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { CLUSTER_OPTIONS } from "./cluster-options.ts";

export interface ImportedOptions {
  readonly policy: PolicyDefinition;
  /** What the operator should know. */
  readonly remarks: readonly string[];
}

/**
 * The cluster options of a CIB by the names that are in use now. Those that nobody knows (agents and
 * administrators keep notes among them) mean nothing to a cluster; a definition refuses them, so they
 * are left out. Values stay as they are: of one that cannot be read, `config check` tells the line.
 */
export function importOptions(policy: PolicyDefinition): ImportedOptions {
  const given = new Set(policy.properties.flatMap(({ values }) => [...values.keys()]));
  const unknown = new Set<string>();
  const properties = policy.properties.flatMap((set) => {
    const values = currentValues(set, given, unknown);
    return values.size === 0 ? [] : [{ ...set, values }];
  });
  const names = [...unknown].sort().join(", ");
  const remarks =
    unknown.size === 0 ? [] : [`- left out, for paceline knows no such option: ${names}`];
  return { policy: { ...policy, properties }, remarks };
}

/** As the policy engine has it: a former name counts where the one in use is not given. */
function currentValues(
  set: AttributeSet,
  given: ReadonlySet<string>,
  unknown: Set<string>,
): Map<string, string> {
  const { kinds, formerNames = {} } = CLUSTER_OPTIONS;
  const values = new Map<string, string>();
  for (const [name, value] of set.values) {
    const current = Object.hasOwn(formerNames, name) ? formerNames[name]! : name;
    if (!Object.hasOwn(kinds, current)) unknown.add(name);
    else if (current === name || !given.has(current)) values.set(current, value);
  }
  return values;
}
