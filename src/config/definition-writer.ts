import { isMap, isSeq, type Node, type Scalar, visit, Document as YamlDocument } from "yaml";
import type { AlertSettings, FencingDevice, NodeSettings } from "../model/definition.ts";
import type {
  OperationDefinition,
  PolicyDefinition,
  PolicyNode,
  PrimitiveDefinition,
  ResourceDefinition,
  TopologyLevel,
} from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { writeRule } from "../model/rule-text.ts";
import { formatScore } from "../model/score.ts";
import { formatAgentName, OWN_AGENTS } from "./agent-words.ts";
import { defined } from "./constraint-parts.ts";
import { plainConstraints } from "./constraint-writer.ts";

type Plain = Record<string, unknown>;

export interface WrittenDefinition {
  readonly cluster: string;
  readonly policy: PolicyDefinition;
  /** Addresses, votes and roles, where they are known: a CIB does not have them. */
  readonly nodes?: readonly NodeSettings[];
  /** What stands under `fencing: devices:`; the policy engine knows only that there are some. */
  readonly devices?: readonly FencingDevice[];
  readonly alerts?: readonly AlertSettings[];
  /** Put on top, as comments. */
  readonly remarks?: readonly string[];
}

/**
 * Writes cluster.yaml for what the policy engine knows: the import of a CIB. Read back, it gives
 * the same plans. Ids of operations and of plain attribute sets are made anew by the loader.
 */
export function writeDefinition(written: WrittenDefinition): string {
  const { policy } = written;
  const plain = withoutEmpty({
    cluster: written.cluster,
    nodes: plainNodes(policy.nodes, written.nodes ?? []),
    properties: plainSets(withPacemakerDefaults(policy.properties)),
    defaults: withoutEmpty({
      resource: plainSets(policy.resourceDefaults),
      operation: plainSets(policy.operationDefaults),
    }),
    templates: Object.fromEntries(
      policy.templates.map((template) => [template.id, plainPrimitive(template, true)]),
    ),
    resources: plainResources(policy.resources),
    tags: Object.fromEntries(policy.tags),
    constraints: plainConstraints(policy.constraints),
    fencing: withoutEmpty({
      devices: plainDevices(written.devices ?? []),
      topology: plainTopology(policy.fencingTopology),
    }),
    alerts: plainAlerts(written.alerts ?? []),
  });
  const document = new YamlDocument(plain, {
    aliasDuplicateObjects: false,
    // The loader takes scalars as they are written, so false and 5 need no quotes.
    schema: "failsafe",
  });
  visit(document, { Scalar: (_key, scalar) => quoteIfNeeded(scalar) });
  if (written.remarks !== undefined && written.remarks.length > 0) {
    document.commentBefore = written.remarks.map((remark) => ` ${remark}`).join("\n");
  }
  useFlowStyle(document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

/** Unquoted, these would read as nothing, and lines as one. */
function quoteIfNeeded(scalar: Scalar): void {
  if (typeof scalar.value !== "string") return;
  if (/^(|~|null|Null|NULL)$|\n/.test(scalar.value)) scalar.type = "QUOTE_DOUBLE";
}

/** What we decide by other rules where the file is silent, as Pacemaker decides it. */
const PACEMAKER_DEFAULTS = { "no-quorum-policy": "stop", "fencing-enabled": "true" };

function withPacemakerDefaults(sets: readonly AttributeSet[]): AttributeSet[] {
  const silent = Object.entries(PACEMAKER_DEFAULTS).filter(([name]) => {
    return !sets.some((set) => set.values.has(name));
  });
  const main = sets.findIndex((set) => set.rule === undefined);
  if (main < 0) return [{ id: "properties", score: 0, values: new Map(silent) }, ...sets];
  return sets.map((set, index) => {
    return index === main ? { ...set, values: new Map([...set.values, ...silent]) } : set;
  });
}

/** One line per node, resource and constraint. */
function useFlowStyle(document: YamlDocument): void {
  if (!isMap(document.contents)) return;
  for (const section of document.contents.items) {
    const name = String(section.key);
    const lists = name === "constraints" || name === "defaults" || name === "fencing";
    flowBelow(section.value as Node | null, lists ? 2 : 1);
  }
}

function flowBelow(node: Node | null, depth: number): void {
  if (isMap(node)) {
    if (depth <= 0) node.flow = true;
    for (const pair of node.items) flowBelow(pair.value as Node | null, depth - 1);
  } else if (isSeq(node)) {
    if (depth <= 0) node.flow = true;
    for (const item of node.items) flowBelow(item as Node | null, depth - 1);
  }
}

const ROLES = { member: undefined, witness: "witness", ping: "witness", remote: "remote" } as const;

function plainNodes(nodes: readonly PolicyNode[], settings: readonly NodeSettings[]): Plain {
  const known = new Map(settings.map((each) => [each.name, each]));
  return Object.fromEntries(
    nodes.map((node) => {
      const setting = known.get(node.name);
      const plain = withoutEmpty({
        id: node.id === node.name ? undefined : node.id,
        addresses: setting?.addresses,
        role: ROLES[node.type],
        votes: setting === undefined || setting.votes === 1 ? undefined : String(setting.votes),
        attributes: plainSets(node.attributes),
        utilization: plainSets(node.utilization),
      });
      return [node.name, plain];
    }),
  );
}

/** A single plain set as a map, everything else as a list of sets. */
function plainSets(sets: readonly AttributeSet[]): unknown {
  const full = sets.filter((set) => set.values.size > 0);
  const [only] = full;
  if (only === undefined) return undefined;
  if (full.length === 1 && only.rule === undefined && only.score === 0) {
    return Object.fromEntries(only.values);
  }
  return full.map((set) =>
    defined({
      id: set.id,
      score: set.score === 0 ? undefined : formatScore(set.score),
      rule: set.rule === undefined ? undefined : writeRule(set.rule),
      values: Object.fromEntries(set.values),
    }),
  );
}

/** Members stand in front of what holds them. */
function plainResources(resources: readonly ResourceDefinition[]): Plain {
  const plain = new Map<string, Plain>();
  const add = (resource: ResourceDefinition) => {
    if (resource.kind === "group") for (const member of resource.members) add(member);
    if ((resource.kind === "clone" || resource.kind === "bundle") && resource.child) {
      add(resource.child);
    }
    plain.set(resource.id, plainResource(resource));
  };
  for (const resource of resources) add(resource);
  return Object.fromEntries(plain);
}

function plainResource(resource: ResourceDefinition): Plain {
  switch (resource.kind) {
    case "primitive":
      return plainPrimitive(resource, false);
    case "group":
      return { group: resource.members.map((member) => member.id), ...plainCommon(resource) };
    case "clone":
      return { clone: resource.child.id, ...plainCommon(asPromotable(resource)) };
    case "bundle": {
      const { type, options } = resource.container;
      const bundle = withoutEmpty({
        [type]: Object.fromEntries(options),
        network: resource.network && Object.fromEntries(resource.network),
        ports: resource.portMappings.map((each) => Object.fromEntries(each)),
        storage: resource.storageMappings.map((each) => Object.fromEntries(each)),
        primitive: resource.child?.id,
      });
      return { bundle, ...plainCommon(resource) };
    }
  }
}

/** The old element `master` says by its name what a clone says by a meta attribute. */
function asPromotable(clone: ResourceDefinition & { kind: "clone" }) {
  if (!clone.legacyMaster || clone.meta.some((set) => set.values.has("promotable"))) return clone;
  const promotable = {
    id: `${clone.id}-promotable`,
    score: 0,
    values: new Map([["promotable", "true"]]),
  };
  const plain = clone.meta.findIndex((set) => set.rule === undefined);
  if (plain < 0) return { ...clone, meta: [promotable, ...clone.meta] };
  const meta = clone.meta.map((set, index) => {
    return index === plain
      ? { ...set, values: new Map([...set.values, ["promotable", "true"]]) }
      : set;
  });
  return { ...clone, meta };
}

function plainPrimitive(primitive: PrimitiveDefinition, isTemplate: boolean): Plain {
  const { agent, template, operations } = primitive;
  // Without `operations` the loader would add a monitor, unless the template says something.
  const silent = operations.length === 0 && template !== undefined && !isTemplate;
  return {
    ...defined({ agent: agent && writeAgent(formatAgentName(agent)), template }),
    ...plainCommon(primitive),
    ...(silent ? {} : { operations: operations.map(plainOperation) }),
    ...withoutEmpty({ utilization: plainSets(primitive.utilization) }),
  };
}

function writeAgent(name: string): string {
  const own = /^ocf:paceline:(.+)$/.exec(name)?.[1];
  return own !== undefined && OWN_AGENTS.includes(own) ? own : name;
}

function plainCommon(resource: ResourceDefinition): Plain {
  return withoutEmpty({
    description: resource.description,
    params: plainSets(resource.params),
    meta: plainSets(resource.meta),
  });
}

function plainOperation(operation: OperationDefinition): Plain {
  return withoutEmpty({
    name: operation.name,
    interval: operation.interval === "0" ? undefined : operation.interval,
    ...Object.fromEntries(operation.options),
    params: plainSets(operation.params),
    meta: plainSets(operation.meta),
  });
}

function plainDevices(devices: readonly FencingDevice[]): Plain {
  return Object.fromEntries(
    devices.map(({ name, agent, targets, params, options }) => {
      const plain = {
        targets,
        params: Object.fromEntries(params),
        options: Object.fromEntries(options),
      };
      return [name, { agent, ...withoutEmpty(plain) }];
    }),
  );
}

function plainTopology(levels: readonly TopologyLevel[]): Plain {
  const byTarget = new Map<string, TopologyLevel[]>();
  for (const level of levels) {
    const target =
      level.target ??
      (level.targetPattern === undefined
        ? `${level.targetAttribute}=${level.targetValue}`
        : `/${level.targetPattern}/`);
    byTarget.set(target, [...(byTarget.get(target) ?? []), level]);
  }
  return Object.fromEntries(
    [...byTarget].map(([target, list]) => {
      const ordered = [...list].sort((a, b) => a.index - b.index);
      return [target, ordered.map((level) => level.devices)];
    }),
  );
}

/** Options that the loader keeps as words with spaces between. */
const ALERT_LISTS = ["select", "attributes", "recipients"];

function plainAlerts(alerts: readonly AlertSettings[]): Plain {
  return Object.fromEntries(
    alerts.map(({ name, command, url, options }) => {
      const [lists, others] = partition([...options], ([option]) => ALERT_LISTS.includes(option));
      const [environment, rest] = partition(others, ([option]) => option.startsWith("env."));
      const plain = {
        command,
        url,
        ...Object.fromEntries(lists.map(([option, words]) => [option, words.split(" ")])),
        options: Object.fromEntries(rest),
        env: Object.fromEntries(environment.map(([key, value]) => [key.slice(4), value])),
      };
      return [name, withoutEmpty(plain)];
    }),
  );
}

function partition<T>(list: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((each) => !isFirst(each))];
}

/** Drops what says nothing: undefined, and empty maps and lists. */
function withoutEmpty(plain: Plain): Plain {
  return Object.fromEntries(
    Object.entries(plain).filter(([, value]) => {
      if (value === undefined) return false;
      return typeof value !== "object" || value === null || Object.keys(value).length > 0;
    }),
  );
}
