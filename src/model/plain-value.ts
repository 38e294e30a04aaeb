import type { AttributeSet } from "./rule.ts";

/** The value that holds unless a rule says otherwise: of the sets without a rule, highest score first. */
export function plainValue(sets: readonly AttributeSet[], name: string): string | undefined {
  const plain = sets.filter((set) => set.rule === undefined && set.values.has(name));
  plain.sort((a, b) => b.score - a.score);
  return plain[0]?.values.get(name);
}
