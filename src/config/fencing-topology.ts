import { compilePattern } from "../core/posix-pattern.ts";
import type { FencingDevice } from "../model/definition.ts";
import { plainValue } from "../model/plain-value.ts";
import type { TopologyLevel } from "../model/policy-definition.ts";
import type { LoadContext } from "./load-context.ts";
import { reportPattern } from "./location-constraint.ts";
import type { NodeSource } from "./nodes-section.ts";
import { quote, readItems, readMap, readWords, type Word } from "./value-readers.ts";
import type { YamlEntry, YamlValue } from "./yaml-tree.ts";

export interface Topology {
  readonly byNode: Map<string, string[][]>;
  readonly levels: TopologyLevel[];
}

/** Reads `topology`: `NODE: [[first, devices], [second]]`; also /PATTERN/ and ATTRIBUTE=VALUE. */
export function readTopology(
  context: LoadContext,
  value: YamlValue | undefined,
  nodes: readonly NodeSource[],
  devices: readonly FencingDevice[],
): Topology {
  const topology: Topology = { byNode: new Map(), levels: [] };
  const map = value && readMap(context, value, "fencing topology", "topology: { node1: [[bmc1]] }");
  const entries = map?.entries ?? [];
  // A node's own levels go before those of a pattern or an attribute, wherever they stand.
  const ownTargets = new Set(entries.map(({ key }) => key));
  for (const entry of entries) {
    const target = readTarget(context, entry, nodes);
    const levels = readItems(entry.value).map((item) => readLevel(context, entry.key, item));
    for (const [index, words] of levels.entries()) {
      const names = words.map((word) => word.text);
      const id = `fencing-${entry.key}-${index + 1}`;
      topology.levels.push({ id, index: index + 1, ...target.level, devices: names });
    }
    for (const node of target.nodes) {
      const hasOwn = ownTargets.has(node) && target.level.target === undefined;
      if (hasOwn || topology.byNode.has(node)) continue;
      topology.byNode.set(
        node,
        levels.map((words) => words.map((word) => word.text)),
      );
      checkTargets(context, node, levels.flat(), devices);
    }
  }
  return topology;
}

type TopologyTarget = Pick<
  TopologyLevel,
  "target" | "targetPattern" | "targetAttribute" | "targetValue"
>;

function readTarget(
  context: LoadContext,
  entry: YamlEntry,
  nodes: readonly NodeSource[],
): { level: TopologyTarget; nodes: string[] } {
  const { key, keySpan } = entry;
  const pattern = /^\/(.*)\/$/.exec(key)?.[1];
  if (pattern !== undefined) {
    const compiled = compilePattern(pattern);
    if ("problem" in compiled) {
      reportPattern(context, keySpan, pattern, compiled.problem, "fencing topology");
      return { level: { targetPattern: pattern }, nodes: [] };
    }
    const matching = nodes.filter((node) => compiled.expression.test(node.name));
    return {
      level: { targetPattern: pattern },
      nodes: named(context, entry, matching, knownNodes(nodes)),
    };
  }
  const [attribute, wanted] = /^([^=]+)=(.*)$/.exec(key)?.slice(1) ?? [];
  if (attribute !== undefined && wanted !== undefined) {
    const matching = nodes.filter((node) => {
      return plainValue(node.policy.attributes, attribute) === wanted;
    });
    const level = { targetAttribute: attribute, targetValue: wanted };
    const hint = `give the nodes that are meant attributes: { ${attribute}: ${wanted} }`;
    return { level, nodes: named(context, entry, matching, hint) };
  }
  context.references.push({ kind: "node", name: key, span: keySpan, by: "fencing topology" });
  return { level: { target: key }, nodes: [key] };
}

function knownNodes(nodes: readonly NodeSource[]): string {
  const names = nodes.slice(0, 5).map((node) => node.name);
  return `the nodes are ${names.join(", ")}${nodes.length > 5 ? ", …" : ""}`;
}

function named(
  context: LoadContext,
  { key, keySpan }: YamlEntry,
  nodes: readonly NodeSource[],
  hint: string,
): string[] {
  if (nodes.length === 0) {
    const message = `${quote(key)} in the topology matches no node`;
    context.report.warning("NO_MATCH", keySpan, message, hint);
  }
  return nodes.map((node) => node.name);
}

function readLevel(context: LoadContext, target: string, item: YamlValue): Word[] {
  const by = `fencing topology of ${target}`;
  const words = readWords(context, item, by);
  if (words.length === 0) {
    const message = `a level in the ${by} names no device`;
    context.report.error("EMPTY_LEVEL", item.span, message, "[[bmc1], [pdu1, pdu2]]");
  }
  for (const { text: name, span } of words) {
    context.references.push({ kind: "device", name, span, by });
  }
  return words;
}

function checkTargets(
  context: LoadContext,
  node: string,
  words: readonly Word[],
  devices: readonly FencingDevice[],
): void {
  for (const word of words) {
    const device = devices.find((each) => each.name === word.text);
    if (device === undefined || device.targets.length === 0) continue;
    if (device.targets.includes(node)) continue;
    const message = `device ${device.name} is for ${device.targets.join(", ")}, not for ${node}`;
    context.report.error("WRONG_DEVICE", word.span, message, `add ${node} to its targets`);
  }
}
