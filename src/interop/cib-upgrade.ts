import { attribute, child, type XmlElement } from "./xml-element.ts";

/**
 * Brings a CIB of an older schema (1.x, 2.x) to the forms of 3.x, as Pacemaker does when it loads
 * one: renamed cluster options, defaults that were cluster options once, `requires` of operations.
 * New forms pass unchanged. The old elements stay at their offsets, so positions hold.
 */
export function upgradeCib(cib: XmlElement): XmlElement {
  const schema = /^pacemaker-(\d+)\.(\d+)$/.exec(attribute(cib, "validate-with") ?? "");
  if (schema === null || Number(schema[1]) >= 3) return cib;
  const configuration = child(cib, "configuration");
  if (configuration === undefined) return cib;
  return replaceChild(cib, configuration, upgradeConfiguration(configuration));
}

function replaceChild(parent: XmlElement, old: XmlElement, by: XmlElement): XmlElement {
  return { ...parent, children: parent.children.map((each) => (each === old ? by : each)) };
}

interface Rename {
  /** Empty: the option is gone. */
  readonly name: string;
  readonly section?: "rsc_defaults" | "op_defaults";
}

/** What became of cluster options at 3.0, dashes for underscores (which 2.x took as well). */
const RENAMED: Readonly<Record<string, Rename>> = {
  "default-action-timeout": { name: "timeout", section: "op_defaults" },
  "default-migration-threshold": { name: "" },
  "default-resource-stickiness": { name: "resource-stickiness", section: "rsc_defaults" },
  "is-managed-default": { name: "is-managed", section: "rsc_defaults" },
  "expected-quorum-votes": { name: "" },
  "notification-agent": { name: "" },
  "notification-recipient": { name: "" },
  "transition-idle-timeout": { name: "cluster-delay" },
};

/** Options that were once written with underscores and kept their name. */
const UNDERSCORED = new Set([
  "cluster-recheck-interval",
  "dc-deadtime",
  "election-timeout",
  "no-quorum-policy",
  "remove-after-stop",
  "shutdown-escalation",
  "startup-fencing",
  "stonith-action",
  "stonith-enabled",
  "stop-orphan-actions",
  "stop-orphan-resources",
  "symmetric-cluster",
]);

interface Moved {
  readonly rsc_defaults: XmlElement[];
  readonly op_defaults: XmlElement[];
}

function upgradeConfiguration(configuration: XmlElement): XmlElement {
  const moved: Moved = { rsc_defaults: [], op_defaults: [] };
  const children = configuration.children.map((section) => {
    if (section.name === "crm_config") return upgradeOptions(section, moved);
    if (section.name === "resources") return upgradeResources(section);
    return section;
  });
  let upgraded: XmlElement = { ...configuration, children };
  for (const name of ["rsc_defaults", "op_defaults"] as const) {
    if (moved[name].length > 0) upgraded = addDefaults(upgraded, name, moved[name]);
  }
  return upgraded;
}

function upgradeOptions(section: XmlElement, moved: Moved): XmlElement {
  const children = section.children.map((set) => ({
    ...set,
    children: set.children.flatMap((pair) => upgradeOption(pair, moved)),
  }));
  return { ...section, children };
}

function upgradeOption(pair: XmlElement, moved: Moved): XmlElement[] {
  const name = attribute(pair, "name");
  const dashed = name?.replaceAll("_", "-");
  if (pair.name !== "nvpair" || name === undefined || dashed === undefined) return [pair];
  if (dashed === "default-resource-failure-stickiness") {
    // Only "never again on this node" can be said as a migration threshold.
    const value = attribute(pair, "value");
    if (value === "-INFINITY") {
      moved.rsc_defaults.push(withPair(pair, "migration-threshold", "1"));
    }
    return [];
  }
  const rename = RENAMED[dashed];
  if (rename === undefined) return [UNDERSCORED.has(dashed) ? withPair(pair, dashed) : pair];
  if (rename.name === "") return [];
  const renamed = withPair(pair, rename.name);
  if (rename.section === undefined) return [renamed];
  moved[rename.section].push(renamed);
  return [];
}

function withPair(pair: XmlElement, name: string, newValue?: string): XmlElement {
  const value = newValue ?? attribute(pair, "value");
  const attributes = ["id", attribute(pair, "id") ?? "", "name", name];
  return {
    ...pair,
    attributes: value === undefined ? attributes : [...attributes, "value", value],
  };
}

/** Adds what moved as a last block; what the defaults say already stays in force. */
function addDefaults(
  configuration: XmlElement,
  name: "rsc_defaults" | "op_defaults",
  pairs: readonly XmlElement[],
): XmlElement {
  const existing = child(configuration, name);
  const known = new Set(
    (existing?.children ?? [])
      .filter((set) => child(set, "rule") === undefined)
      .flatMap((set) => set.children.map((pair) => attribute(pair, "name"))),
  );
  const fresh = pairs.filter((pair) => !known.has(attribute(pair, "name")));
  const block: XmlElement = {
    name: "meta_attributes",
    attributes: ["id", `upgraded-${name}`],
    children: fresh,
    offset: pairs[0]!.offset,
  };
  if (existing !== undefined) {
    const extended = { ...existing, children: [...existing.children, block] };
    return replaceChild(configuration, existing, extended);
  }
  const section: XmlElement = { name, attributes: [], children: [block], offset: block.offset };
  return { ...configuration, children: [...configuration.children, section] };
}

function upgradeResources(element: XmlElement): XmlElement {
  const children = element.children.map(upgradeResources);
  const unchanged = children.every((each, i) => each === element.children[i]);
  const upgraded = unchanged ? element : { ...element, children };
  return /^(primitive|template)$/.test(element.name) ? moveRequires(upgraded) : upgraded;
}

/** `requires` of a start or promote operation became a meta attribute of the resource. */
function moveRequires(resource: XmlElement): XmlElement {
  const operations = child(resource, "operations");
  if (operations === undefined) return resource;
  let requires: string | undefined;
  const kept = operations.children.map((op) => {
    const own = requiresOf(op);
    if (own === undefined) return op;
    if (/^(start|promote)$/.test(attribute(op, "name") ?? "")) requires = own;
    return withoutRequires(op);
  });
  const changed = replaceChild(resource, operations, { ...operations, children: kept });
  if (requires === undefined || hasMeta(resource, "requires")) return changed;
  const block: XmlElement = {
    name: "meta_attributes",
    attributes: ["id", `upgraded-${attribute(resource, "id")}-meta`],
    children: [
      {
        name: "nvpair",
        attributes: ["id", "upgraded-requires", "name", "requires", "value", requires],
        children: [],
        offset: operations.offset,
      },
    ],
    offset: operations.offset,
  };
  return { ...changed, children: [...changed.children, block] };
}

function requiresOf(op: XmlElement): string | undefined {
  const own = attribute(op, "requires");
  if (own !== undefined) return own;
  for (const set of op.children) {
    const pair = set.children.find((each) => attribute(each, "name") === "requires");
    if (set.name === "meta_attributes" && pair !== undefined) return attribute(pair, "value");
  }
  return undefined;
}

function withoutRequires(op: XmlElement): XmlElement {
  const attributes: string[] = [];
  for (let i = 0; i < op.attributes.length; i += 2) {
    if (op.attributes[i] !== "requires") attributes.push(op.attributes[i]!, op.attributes[i + 1]!);
  }
  const children = op.children.map((set) =>
    set.name === "meta_attributes"
      ? {
          ...set,
          children: set.children.filter((each) => attribute(each, "name") !== "requires"),
        }
      : set,
  );
  return { ...op, attributes, children };
}

function hasMeta(resource: XmlElement, name: string): boolean {
  return resource.children.some(
    (set) =>
      set.name === "meta_attributes" &&
      child(set, "rule") === undefined &&
      set.children.some((pair) => attribute(pair, "name") === name),
  );
}
