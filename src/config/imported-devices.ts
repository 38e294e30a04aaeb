import { parseDuration } from "../core/written-duration.ts";
import type { FencingDevice } from "../model/definition.ts";
import type {
  Constraint,
  PolicyDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
  ResourceSet,
} from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { DEVICE_OPTIONS } from "./fencing-options.ts";
import { topologyOf } from "./imported-topology.ts";
import { currentOption } from "./option-table.ts";

export interface ImportedDevices {
  /** The definition without the resources that have become devices, and what was said of those. */
  readonly policy: PolicyDefinition;
  readonly devices: readonly FencingDevice[];
  /** What the operator should know, or has to do. */
  readonly remarks: readonly string[];
}

/** Agents of this name are no programs: Pacemaker does what they stand for. */
const NO_PROGRAM = ["fence_watchdog"];

/** Parameters that Pacemaker takes for itself although their names do not say so. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  action: "pcmk_reboot_action",
  "stonith-timeout": "timeout",
};

/**
 * Makes devices (`fencing: devices:`) of Pacemaker's resources of the class stonith, as far as they
 * are fence agents that can be run by their names: they fence the same nodes, by the same actions and
 * parameters. What cannot be said that way stays a resource, which `config check` refuses.
 */
export function importDevices(policy: PolicyDefinition): ImportedDevices {
  const found = new Map<string, FencingDevice>();
  const remarks: string[] = [];
  const nodes = nodeNames(policy);
  for (const primitive of policy.resources.flatMap(primitivesIn)) {
    const whole = withTemplate(primitive, policy);
    if (whole.agent?.class !== "stonith") continue;
    const device = readDevice(whole, nodes, remarks);
    if (device !== undefined) found.set(device.name, device);
  }
  if (found.size === 0) return { policy, devices: [], remarks };
  const devices = [...found.values()];
  const agents = [...new Set(devices.map(({ agent }) => agent))].sort();
  remarks.unshift(
    `- install on every node that may fence: ${agents.join(", ")}`,
    "- devices are no resources here: among nodes that score the same, the choice may differ",
  );
  const fencingTopology = topologyOf(policy, nodes, found);
  return { policy: { ...without(policy, found), fencingTopology }, devices, remarks };
}

function primitivesIn(resource: ResourceDefinition): readonly PrimitiveDefinition[] {
  if (resource.kind === "primitive") return [resource];
  if (resource.kind === "group") return resource.members;
  return resource.child === undefined ? [] : primitivesIn(resource.child);
}

function withTemplate(primitive: PrimitiveDefinition, policy: PolicyDefinition) {
  const template = policy.templates.find(({ id }) => id === primitive.template);
  if (template === undefined) return primitive;
  const own = primitive.operations.map(({ name, interval }) => `${name} ${interval}`);
  const inherited = template.operations.filter(
    ({ name, interval }) => !own.includes(`${name} ${interval}`),
  );
  return {
    ...primitive,
    ...(template.agent === undefined ? {} : { agent: template.agent }),
    params: [...primitive.params, ...template.params],
    meta: [...primitive.meta, ...template.meta],
    operations: [...primitive.operations, ...inherited],
  };
}

function readDevice(
  primitive: PrimitiveDefinition,
  nodes: ReadonlySet<string>,
  remarks: string[],
): FencingDevice | undefined {
  const agent = primitive.agent?.type ?? "";
  const meta = valuesOf(primitive.meta);
  const refusal = whyNot(primitive, agent, meta);
  if (refusal !== undefined) {
    remarks.push(`- see to the fencing device ${primitive.id} by hand: ${refusal}`);
    return undefined;
  }
  const params = new Map<string, string>();
  const options = new Map<string, string>();
  const leaveOut = (name: string, why: string) =>
    remarks.push(`- ${name} of ${primitive.id} is left out: ${why}`);
  let targets: readonly string[] = [];
  for (const [name, value] of valuesOf(primitive.params)) {
    if (name === "pcmk_host_list") targets = knownNodes(value, nodes, leaveOut);
    else if (!name.startsWith("pcmk_") && OTHER_NAMES[name] === undefined) params.set(name, value);
    else setOption(options, OTHER_NAMES[name] ?? name, value, (why) => leaveOut(name, why));
  }
  if (meta.get("provides") === "unfencing") options.set("provides", "unfencing");
  const check = primitive.operations.find(({ name }) => name === "monitor")?.interval ?? "0";
  if ((parseDuration(check) ?? 0) > 0) options.set("check-interval", check);
  return { name: primitive.id, agent, targets, params, options };
}

/** Why a resource cannot become a device; undefined: it can. */
function whyNot(
  { params, meta: sets }: PrimitiveDefinition,
  agent: string,
  meta: ReadonlyMap<string, string>,
): string | undefined {
  if (!/^fence_[\w-]+$/.test(agent) || NO_PROGRAM.includes(agent)) {
    return `stonith:${agent} is no fence agent that can be run by its name`;
  }
  if ([...params, ...sets].some(({ rule }) => rule !== undefined)) return "it has rules";
  if (meta.get("target-role")?.toLowerCase() === "stopped") return "its target-role is Stopped";
  return undefined;
}

function knownNodes(
  list: string,
  nodes: ReadonlySet<string>,
  leaveOut: (name: string, why: string) => void,
): string[] {
  const names = list.split(/[\s,;]+/).filter((name) => name !== "");
  for (const name of names) if (!nodes.has(name)) leaveOut(name, "the CIB has no such node");
  return names.filter((name) => nodes.has(name));
}

function nodeNames(policy: PolicyDefinition): ReadonlySet<string> {
  const made = policy.resources.flatMap(primitivesIn).flatMap(nodesMadeBy);
  return new Set([...policy.nodes.map(({ name }) => name), ...made]);
}

/** The remote or guest node that is there by the word of a resource. */
function nodesMadeBy({ id, agent, meta }: PrimitiveDefinition): string[] {
  const guest = valuesOf(meta).get("remote-node");
  const isRemote = agent?.provider === "pacemaker" && agent.type === "remote";
  return [...(isRemote ? [id] : []), ...(guest === undefined ? [] : [guest])];
}

function setOption(
  options: Map<string, string>,
  name: string,
  value: string,
  leaveOut: (why: string) => void,
): void {
  const option = currentOption(DEVICE_OPTIONS, name, value);
  if (option === undefined) {
    leaveOut(DEVICE_OPTIONS.elsewhere?.[name] ?? `a device has no option like it, or not ${value}`);
    return;
  }
  const before = options.get(option.name);
  if (before === undefined) options.set(option.name, option.value);
  else if (before !== option.value) leaveOut(`${option.name} is ${before} for all actions`);
}

/** Of plain sets, the first that names something says what it is. */
function valuesOf(sets: readonly AttributeSet[]): Map<string, string> {
  return new Map([...sets].reverse().flatMap(({ values }) => [...values]));
}

function without(
  policy: PolicyDefinition,
  devices: ReadonlyMap<string, FencingDevice>,
): PolicyDefinition {
  const resources = policy.resources.flatMap((each) => withoutDevices(each, devices) ?? []);
  const left = new Set(resources.flatMap(idsIn));
  const gone = new Set(policy.resources.flatMap(idsIn).filter((id) => !left.has(id)));
  const inUse = resources.flatMap(primitivesIn).map(({ template }) => template);
  const templates = policy.templates.filter(
    ({ id, agent }) => agent?.class !== "stonith" || inUse.includes(id),
  );
  const tags = [...policy.tags].map(
    ([tag, members]) => [tag, members.filter((id) => !gone.has(id))] as const,
  );
  const full = tags.filter(([, members]) => members.length > 0);
  for (const [tag, members] of tags) if (members.length === 0) gone.add(tag);
  for (const { id } of policy.templates)
    if (!templates.some((each) => each.id === id)) gone.add(id);
  const constraints = policy.constraints.flatMap((each) => withoutGone(each, gone) ?? []);
  return { ...policy, resources, templates, tags: new Map(full), constraints };
}

function withoutDevices(
  resource: ResourceDefinition,
  devices: ReadonlyMap<string, FencingDevice>,
): ResourceDefinition | undefined {
  switch (resource.kind) {
    case "primitive":
      return devices.has(resource.id) ? undefined : resource;
    case "group": {
      const members = resource.members.filter(({ id }) => !devices.has(id));
      return members.length === 0 ? undefined : { ...resource, members };
    }
    case "clone": {
      const child = withoutDevices(resource.child, devices);
      if (child?.kind !== "primitive" && child?.kind !== "group") return undefined;
      return { ...resource, child };
    }
    case "bundle":
      return resource;
  }
}

function idsIn(resource: ResourceDefinition): string[] {
  if (resource.kind === "primitive") return [resource.id];
  if (resource.kind === "group") return [resource.id, ...resource.members.flatMap(idsIn)];
  return [resource.id, ...(resource.child === undefined ? [] : idsIn(resource.child))];
}

/** Every node may use every device: what said where one runs has no meaning any more. */
function withoutGone(constraint: Constraint, gone: ReadonlySet<string>): Constraint | undefined {
  if (namesIn(constraint).some((name) => name !== undefined && gone.has(name))) return undefined;
  if (constraint.sets === undefined) return constraint;
  const sets: ResourceSet[] = constraint.sets
    .map((set) => ({ ...set, members: set.members.filter((id) => !gone.has(id)) }))
    .filter(({ members }) => members.length > 0);
  return sets.length === 0 ? undefined : { ...constraint, sets };
}

function namesIn(constraint: Constraint): readonly (string | undefined)[] {
  switch (constraint.kind) {
    case "colocation":
      return [constraint.resource, constraint.with];
    case "order":
      return [constraint.first, constraint.then];
    default:
      return [constraint.resource];
  }
}
