import type { AttributeSet } from "../model/rule.ts";
import { freeId, type LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { type OptionTable, readOption } from "./option-table.ts";
import { RULE_EXAMPLE, readRule } from "./rule-expression.ts";
import type { Span } from "./source-text.ts";
import { readMap, readScalar, readText } from "./value-readers.ts";
import type { YamlEntry, YamlMap, YamlValue } from "./yaml-tree.ts";

export interface AttributeBlock {
  /** `params of web`. */
  readonly label: string;
  /** Wanted id of the set: `web-params`. */
  readonly id: string;
  readonly span: Span;
  /** How such a block is written, for a hint. */
  readonly example: string;
  /** Known names and their values; without it any name goes. */
  readonly table?: OptionTable;
  /** Sees each pair, for checks of its own. */
  readonly visit?: (name: string, value: string, entry: YamlEntry) => void;
}

const SET_EXAMPLE = "{ rule: …, values: { name: value } }";

/**
 * Reads a block of `name: value`: one map, or a list of sets `{ rule, score, id, values }` of
 * which each applies where its rule is met.
 */
export function readAttributeSets(
  context: LoadContext,
  value: YamlValue | undefined,
  block: AttributeBlock,
): AttributeSet[] {
  if (value === undefined) return [];
  if (value.kind === "list") {
    return value.items.flatMap((item) => readSet(context, item, block) ?? []);
  }
  const map = readMap(context, value, block.label, block.example);
  if (map === undefined || map.entries.length === 0) return [];
  const id = freeId(context, block.id, block.span);
  return [{ id, score: 0, values: readPairs(context, map, block) }];
}

function readSet(
  context: LoadContext,
  item: YamlValue,
  block: AttributeBlock,
): AttributeSet | undefined {
  const map = readMap(context, item, `each of ${block.label}`, SET_EXAMPLE);
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, `a set in ${block.label}`, item.span);
  const id = freeId(context, fields.text("id") ?? block.id, item.span);
  const score = fields.score("score") ?? 0;
  const ruleEntry = fields.entry("rule");
  const ruleText =
    ruleEntry && readText(context, ruleEntry.value, `rule of ${block.label}`, RULE_EXAMPLE);
  const rule =
    ruleText === undefined
      ? undefined
      : readRule(context, { text: ruleText, span: ruleEntry!.value.span }, id);
  const valuesEntry = fields.entry("values");
  if (valuesEntry === undefined) fields.missing("values", SET_EXAMPLE);
  fields.finish();
  const label = `values of ${block.label}`;
  const values = valuesEntry && readMap(context, valuesEntry.value, label, SET_EXAMPLE);
  if (values === undefined) return undefined;
  const pairs = readPairs(context, values, block);
  return { id, score, ...(rule === undefined ? {} : { rule }), values: pairs };
}

function readPairs(context: LoadContext, map: YamlMap, block: AttributeBlock): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const entry of map.entries) {
    const pair = readPair(context, entry, block);
    if (pair === undefined) continue;
    pairs.set(pair.name, pair.value);
    block.visit?.(pair.name, pair.value, entry);
  }
  return pairs;
}

function readPair(context: LoadContext, entry: YamlEntry, block: AttributeBlock) {
  if (block.table !== undefined) return readOption(context, block.table, entry);
  const scalar = readScalar(context, entry.value, `${entry.key} in ${block.label}`);
  return scalar === undefined ? undefined : { name: entry.key, value: scalar.text };
}
