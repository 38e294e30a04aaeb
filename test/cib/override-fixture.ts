import type { Override } from "../../src/model/cib.ts";
import type { Definition } from "../../src/model/definition.ts";
import { overrideId } from "../../src/model/override-id.ts";
import type {
  PolicyDefinition,
  PrimitiveDefinition,
  ResourceDefinition,
} from "../../src/model/policy-definition.ts";
import type { AttributeSet } from "../../src/model/rule.ts";

export function set(id: string, values: Record<string, string>): AttributeSet {
  return { id, score: 0, values: new Map(Object.entries(values)) };
}

export function primitive(id: string, meta: Record<string, string> = {}): PrimitiveDefinition {
  return {
    kind: "primitive",
    id,
    agent: { class: "ocf", provider: "paceline", type: "dummy" },
    meta: Object.keys(meta).length === 0 ? [] : [set(`${id}-meta`, meta)],
    params: [],
    operations: [],
    utilization: [],
  };
}

const RESOURCES: readonly ResourceDefinition[] = [
  primitive("db", { "target-role": "Stopped" }),
  {
    kind: "group",
    id: "web",
    meta: [],
    params: [],
    members: [primitive("web-ip"), primitive("web-server", { "target-role": "Started" })],
  },
  {
    kind: "clone",
    id: "cache-set",
    meta: [set("m", { promotable: "true" })],
    params: [],
    child: primitive("cache"),
  },
  { kind: "clone", id: "ping-set", meta: [], params: [], child: primitive("ping") },
];

/** Two nodes and a witness; a stopped database, a group, a promotable clone and a plain one. */
export const POLICY: PolicyDefinition = {
  properties: [],
  resourceDefaults: [],
  operationDefaults: [],
  nodes: ["node1", "node2"].map((name) => ({
    id: name,
    name,
    type: "member",
    attributes: name === "node1" ? [set("a", { rack: "a", standby: "off" })] : [],
    utilization: [],
  })),
  resources: RESOURCES,
  templates: [],
  tags: new Map(),
  constraints: [],
  fencingTopology: [],
};

/** Only what overrides look at. */
export const DEFINITION = {
  cluster: "shop",
  nodes: [
    { name: "node1", addresses: ["10.0.0.1"], votes: 1, role: "full" },
    { name: "node2", addresses: ["10.0.0.2"], votes: 1, role: "full" },
    { name: "wit1", addresses: ["10.0.0.3"], votes: 1, role: "witness" },
  ],
  policy: POLICY,
} as unknown as Definition;

export function override(
  kind: Override["kind"],
  target: string,
  more: Partial<Override> = {},
): Override {
  const id = overrideId(kind, target, more.node);
  return { id, kind, target, author: "ann", at: 1000, ...more };
}
