import type { NodeSettings } from "../model/definition.ts";
import type { PolicyNode } from "../model/policy-definition.ts";
import { readAttributeSets } from "./attribute-sets.ts";
import { canonicalIp, type IpLiteral, isMulticast, isUnspecified, parseIp } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import type { Span } from "./source-text.ts";
import { UTILIZATION_EXAMPLE, UTILIZATION_HINT } from "./value-hints.ts";
import { quote, readItems, readMap, readWords, type Word } from "./value-readers.ts";
import type { YamlEntry, YamlMap, YamlValue } from "./yaml-tree.ts";

/** DESIGN 12 tries 64 nodes; the size of views and votes is made for that. */
const NODES_MAX = 64;
const LINKS_MAX = 8;
/** A host name as in RFC 1123, which is what `pacelined` takes for its own name by default. */
const NODE_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

export interface NodeSource {
  readonly name: string;
  readonly span: Span;
  readonly addresses: readonly (Word & { readonly ip: IpLiteral })[];
  /** Undefined for a remote node, which is no member of the cluster. */
  readonly settings: NodeSettings | undefined;
  readonly policy: PolicyNode;
}

/** Reads `nodes`. Each is an address, a list of addresses, or a map. */
export function readNodes(context: LoadContext, map: YamlMap, span: Span): NodeSource[] {
  if (map.entries.length === 0) {
    context.report.error("NO_NODES", span, "there are no nodes", "nodes: { node1: 10.0.0.1 }");
  }
  const nodes = map.entries.flatMap((entry) => readNode(context, entry) ?? []);
  if (nodes.length > NODES_MAX) {
    const message = `${nodes.length} nodes are more than the ${NODES_MAX} that are supported`;
    context.report.error("TOO_MANY_NODES", span, message, "make several clusters of them");
  }
  return nodes;
}

function readNode(context: LoadContext, entry: YamlEntry): NodeSource | undefined {
  const name = entry.key;
  if (!NODE_NAME.test(name)) {
    const hint = "letters, digits, hyphens and dots, at most 64, as in a host name";
    const message = `${quote(name)} is no name for a node`;
    context.report.error("BAD_NODE_NAME", entry.keySpan, message, hint);
    return undefined;
  }
  const short =
    entry.value.kind === "list" || (entry.value.kind === "scalar" && !entry.value.isNull);
  const map = short
    ? undefined
    : readMap(context, entry.value, `node ${name}`, `${name}: 10.0.0.1`);
  const fields = new MapFields(context, map ?? EMPTY, `node ${name}`, entry.keySpan);
  const role = fields.choice("role", ["full", "witness", "remote"]) ?? "full";
  const addresses = readAddresses(context, name, short ? entry.value : fields.value("addresses"));
  const votes = fields.integer("votes", { min: 0, max: 1000 });
  const id = fields.text("id") ?? name;
  const attributes = readAttributeSets(context, fields.value("attributes"), {
    label: `attributes of ${name}`,
    example: "attributes: { rack: a }",
    id: `nodes-${name}`,
    span: entry.keySpan,
  });
  const utilization = readAttributeSets(context, fields.value("utilization"), {
    label: `utilization of ${name}`,
    example: UTILIZATION_EXAMPLE,
    id: `nodes-${name}-utilization`,
    span: entry.keySpan,
    visit: (key, value, at) => checkUtilization(context, name, key, value, at),
  });
  fields.finish();
  const given = readItems((short ? entry.value : fields.value("addresses")) ?? NOTHING);
  if (given.length === 0 && role !== "remote" && !context.simulation) {
    const hint = `${name}: 10.0.0.1, or ${name}: { addresses: [10.0.0.1, 10.1.0.1] }`;
    context.report.error("NO_ADDRESS", entry.keySpan, `node ${name} has no address`, hint);
  }
  return {
    name,
    span: entry.keySpan,
    addresses,
    settings:
      role === "remote"
        ? undefined
        : { name, addresses: addresses.map(({ text }) => text), votes: votes ?? 1, role },
    policy: { id, name, type: POLICY_TYPES[role], attributes, utilization },
  };
}

/** What they are to the policy engine. */
const POLICY_TYPES = { full: "member", witness: "witness", remote: "remote" } as const;

const EMPTY: YamlMap = { kind: "map", entries: [], span: { start: 0, end: 0 }, weight: 1 };

const NOTHING: YamlValue = {
  kind: "scalar",
  text: "",
  isNull: true,
  span: { start: 0, end: 0 },
  weight: 1,
};

function readAddresses(
  context: LoadContext,
  node: string,
  value: YamlValue | undefined,
): (Word & { ip: IpLiteral })[] {
  if (value === undefined) return [];
  const words = readWords(context, value, `address of ${node}`);
  if (words.length > LINKS_MAX) {
    const message = `node ${node} has ${words.length} addresses; ${LINKS_MAX} links are supported`;
    const hint = "keep those of the networks that fail least together";
    context.report.error("TOO_MANY_LINKS", value.span, message, hint);
  }
  return words.flatMap((word) => {
    const ip = readNodeAddress(context, node, word);
    return ip === undefined ? [] : { ...word, ip };
  });
}

function readNodeAddress(context: LoadContext, node: string, word: Word): IpLiteral | undefined {
  const ip = parseIp(word.text);
  if (ip === undefined) {
    const message = `${quote(word.text)} is no IP address (node ${node})`;
    context.report.error("BAD_ADDRESS", word.span, message, addressHint(word.text));
    return undefined;
  }
  if (isMulticast(ip) || isUnspecified(ip) || canonicalIp(ip) === "255.255.255.255") {
    const message = `${word.text} is not the address of one node`;
    const hint = `the address that ${node} itself has on a network of all nodes`;
    context.report.error("BAD_ADDRESS", word.span, message, hint);
    return undefined;
  }
  return ip;
}

function addressHint(text: string): string {
  if (text.includes("/")) return "without the prefix length";
  if (/^\d+(\.\d+){3}:\d+$/.test(text)) return "without a port: that is messaging.port";
  if (/[g-z]/i.test(text)) return "names are not resolved: write the address itself";
  return "an IPv4 address like 10.0.0.1, or an IPv6 address like fd00::1";
}

function checkUtilization(
  context: LoadContext,
  node: string,
  name: string,
  value: string,
  entry: YamlEntry,
): void {
  if (/^\d+$/.test(value)) return;
  const message = `utilization ${name} of ${node} is a whole number, not ${quote(value)}`;
  context.report.error("BAD_NUMBER", entry.value.span, message, UTILIZATION_HINT);
}
