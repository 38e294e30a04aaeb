import type { SafetyChoices } from "../model/definition.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { readAttributeSets } from "./attribute-sets.ts";
import { CLUSTER_OPTIONS } from "./cluster-options.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { CLONE_META, OPERATION_OPTIONS } from "./resource-options.ts";
import type { Span } from "./source-text.ts";
import { readMap } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/** Pacemaker's name of the set that wins over all others of the cluster options. */
const MAIN_PROPERTIES = "cib-bootstrap-options";

const DEFAULTS_EXAMPLE = "defaults: { resource: { resource-stickiness: 100 } }";

export interface PropertiesSource {
  readonly sets: readonly AttributeSet[];
  /** Where each option is set. */
  readonly spans: ReadonlyMap<string, Span>;
}

/** Reads `properties`: the cluster options. */
export function readProperties(
  context: LoadContext,
  entry: YamlEntry | undefined,
): PropertiesSource {
  const spans = new Map<string, Span>();
  if (entry === undefined) return { sets: [], spans };
  const sets = readAttributeSets(context, entry.value, {
    id: MAIN_PROPERTIES,
    label: "properties",
    example: "properties: { no-quorum-policy: stop }",
    span: entry.keySpan,
    table: CLUSTER_OPTIONS,
    visit: (name, _value, at) => spans.set(name, at.keySpan),
  });
  return { sets, spans };
}

/** Reads `defaults`: what resources and operations have unless they say otherwise. */
export function readDefaults(
  context: LoadContext,
  entry: YamlEntry | undefined,
): Pick<PolicyDefinition, "resourceDefaults" | "operationDefaults"> {
  const map = entry && readMap(context, entry.value, "defaults", DEFAULTS_EXAMPLE);
  if (entry === undefined || map === undefined) {
    return { resourceDefaults: [], operationDefaults: [] };
  }
  const fields = new MapFields(context, map, "defaults", entry.keySpan);
  const span = entry.keySpan;
  const resourceDefaults = readAttributeSets(context, fields.value("resource"), {
    id: "resource-defaults",
    label: "the defaults of resources",
    example: "resource: { resource-stickiness: 100 }",
    span,
    table: CLONE_META,
  });
  const operationDefaults = readAttributeSets(context, fields.value("operation"), {
    id: "operation-defaults",
    label: "the defaults of operations",
    example: "operation: { timeout: 30s }",
    span,
    table: OPERATION_OPTIONS,
  });
  fields.finish();
  return { resourceDefaults, operationDefaults };
}

/** Writes the choices in force into the options, so that the policy engine has no defaults of its own. */
export function resolveProperties(
  sets: readonly AttributeSet[],
  choices: SafetyChoices,
): AttributeSet[] {
  const missing = new Map<string, string>();
  if (choices.noQuorumPolicyIsDefault) missing.set("no-quorum-policy", choices.noQuorumPolicy);
  if (choices.fencingEnabledIsDefault) {
    missing.set("fencing-enabled", String(choices.fencingEnabled));
  }
  if (missing.size === 0) return [...sets];
  const main = sets.findIndex((set) => set.rule === undefined);
  if (main < 0) return [{ id: MAIN_PROPERTIES, score: 0, values: missing }, ...sets];
  return sets.map((set, index) => {
    return index === main ? { ...set, values: new Map([...set.values, ...missing]) } : set;
  });
}
