import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { writeDefinition } from "../../src/config/definition-writer.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import type { Definition } from "../../src/model/definition.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";

const ETC = join(import.meta.dirname, "../../etc");

/** Everything that a Pacemaker CIB may hold, in our words. */
const RICH = `cluster: rich
nodes:
  a: { addresses: [10.0.0.1], votes: 2, attributes: { rack: a, standby: "off" }, utilization: { cpu: 8 } }
  b: { addresses: [10.0.0.2] }
  w: { addresses: [10.0.0.3], role: witness }
  far: { role: remote, id: "17" }
properties:
  - { id: main, values: { no-quorum-policy: freeze, fencing-enabled: true, fencing-watchdog-timeout: 10s } }
  - { id: nightly, score: 5, rule: "date spec hours=0-5", values: { batch-limit: 1 } }
defaults:
  resource: { resource-stickiness: INFINITY }
  operation: [ { id: slow, rule: "resource ocf:heartbeat:Filesystem and op start", values: { timeout: 2min } } ]
templates:
  base: { agent: ocf:heartbeat:Dummy, meta: { priority: 3 }, operations: [ { name: monitor, interval: 7s } ] }
resources:
  p1: { template: base, params: { state: "0644", odd: "a: b # c", empty: "", multi: "x\\ny" } }
  p2: { template: base, description: "two words", operations: [ { name: start, timeout: 5s, on-fail: fence } ] }
  g: { group: [p1, p2], meta: { target-role: Stopped } }
  gs: { clone: g, meta: { interleave: true, clone-max: 2 } }
  db: { agent: systemd:postgresql, operations: [], utilization: { cpu: 2 } }
  vip: { agent: vip, params: { ip: "10.0.0.9/24" } }
  st: { agent: stateful, params: [ { id: s1, rule: "#uname eq a", score: 2, values: { state: /x } }, { id: s2, values: { state: /y } } ] }
  sts: { clone: st, meta: { promotable: true, notify: true } }
  web: { bundle: { podman: { image: httpd, replicas: 2 }, network: { control-port: 3121 }, ports: [ { port: 80 } ], storage: [ { source-dir: /a, target-dir: /b } ], primitive: httpd } }
  httpd: { agent: ocf:heartbeat:apache }
tags: { all: [db, vip] }
constraints:
  location:
    - { resource: db, node: a, score: -INFINITY, discovery: never }
    - { pattern: "^v", rules: [ { rule: "not_defined p or (p number:lt 3 and site eq 'new york')", score: -5, role: Started }, { rule: "defined q", score-attribute: q } ] }
    - { sets: [ [db, vip] ], node: b, score: 7, expires: 2030-01-01T00:00Z }
  colocation:
    - { resource: db, with: "sts:Promoted", score: 20, influence: false, node-attribute: rack }
    - { id: chain, sets: [ [vip, db], { members: [gs], sequential: false, role: Started } ] }
  order:
    - { first: "sts:promote", then: "db:start", kind: Optional, symmetrical: false }
    - { sets: [ { members: [vip, db], action: start, require-all: false }, [gs] ] }
  ticket:
    - { ticket: T, resource: "sts:Promoted", loss-policy: demote }
`;

function load(text: string): Definition {
  const { definition, diagnostics } = loadDefinition(text);
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return definition!;
}

/** Made-up ids of operations are made anew. */
function withoutOperationIds(policy: PolicyDefinition): unknown {
  return JSON.parse(
    JSON.stringify(policy, (_key, value: unknown) => {
      if (value instanceof Map) return Object.fromEntries(value);
      const isOperation = typeof value === "object" && value !== null && "interval" in value;
      return isOperation ? { ...value, id: "" } : value;
    }),
  );
}

describe("writing a definition", () => {
  test.each([
    ["everything", RICH],
    ["the full example", readFileSync(join(ETC, "full.yaml"), "utf8")],
    ["the three-node example", readFileSync(join(ETC, "cluster.yaml"), "utf8")],
    ["the short form", readFileSync(join(ETC, "two-nodes.yaml"), "utf8")],
  ])("%s comes back as it was", (_name, text) => {
    const { cluster, policy, nodes } = load(text);
    // Devices are not part of the policy, so their topology dangles in what is read back.
    const written = writeDefinition({ cluster, policy, nodes });
    const { definition } = loadDefinition(written, { simulation: true });
    const { hasFencingDevices: _devices, ...rest } = policy;
    expect(withoutOperationIds(definition!.policy)).toEqual(withoutOperationIds(rest));
    expect(definition!.nodes).toEqual(nodes);
    expect(writeDefinition({ cluster, policy: definition!.policy, nodes })).toBe(written);
  });

  test("one line for each node, resource and constraint, remarks on top", () => {
    const { cluster, policy, nodes } = load(readFileSync(join(ETC, "two-nodes.yaml"), "utf8"));
    expect(
      writeDefinition({ cluster, policy, nodes, remarks: ["from a test"] }),
    ).toBe(`# from a test

cluster: edge
nodes:
  node1: { addresses: [ 10.0.0.1 ] }
  node2: { addresses: [ 10.0.0.2 ] }
properties:
  no-quorum-policy: ignore
  fencing-enabled: false
resources:
  vip: { agent: vip, params: { ip: 10.0.0.100/24 }, operations: [ { name: monitor, interval: 10s } ] }
`);
  });

  test("Pacemaker's defaults are written down where they are not ours", () => {
    const { policy } = load(RICH);
    const text = writeDefinition({ cluster: "c", policy: { ...policy, properties: [] } });
    expect(text).toContain("properties:\n  no-quorum-policy: stop\n  fencing-enabled: true\n");
  });

  test("any parameter survives", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (value) => {
        const { policy } = load(
          "cluster: c\nnodes: { a: 10.0.0.1 }\nresources: { r: { agent: ocf:x:y, params: { p: 1 } } }\n",
        );
        const [resource] = policy.resources;
        const params = [{ id: "r-params", score: 0, values: new Map([["p", value]]) }];
        const changed = {
          ...policy,
          resources: [{ ...resource!, params }] as PolicyDefinition["resources"],
        };
        const text = writeDefinition({ cluster: "c", policy: changed });
        const { definition } = loadDefinition(text, { simulation: true });
        expect(definition!.policy.resources[0]!.params[0]!.values.get("p")).toBe(value);
      }),
    );
  });
});
