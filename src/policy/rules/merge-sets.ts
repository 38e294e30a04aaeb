import type { AttributeSet } from "../../model/rule.ts";
import { evaluateRule, type RuleInput } from "./evaluate.ts";

/**
 * Merges blocks of attributes into a map: blocks with the highest score first, among equals the
 * later first (so that a resource's own blocks win over its template's). The first mention of a
 * name wins, what the map held before above all. A block whose rule is not met is left out.
 * `first` names a block that precedes all (Pacemaker's cib-bootstrap-options).
 */
export function mergeSets(
  into: Map<string, string>,
  sets: readonly AttributeSet[],
  input: RuleInput,
  first?: string,
): void {
  for (const set of inOrder(sets, first)) {
    if (set.rule !== undefined && !evaluateRule(set.rule, input)) continue;
    for (const [name, value] of set.values) {
      if (!into.has(name) && !/^#default$/i.test(value)) into.set(name, value);
    }
  }
}

function inOrder(sets: readonly AttributeSet[], first: string | undefined) {
  if (sets.length < 2) return sets;
  const rank = (set: AttributeSet) => (set.id === first ? Infinity : set.score);
  return sets.toReversed().sort((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)));
}
