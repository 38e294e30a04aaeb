import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { diffDefinitions } from "../../src/config/diff-definitions.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";

const full = readFileSync(join(import.meta.dirname, "../../etc/full.yaml"), "utf8");

function load(text: string) {
  const { definition, diagnostics } = loadDefinition(text);
  expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
  return definition!;
}

/** Each: what to replace in the full example by what, and the lines that say so. */
const EDITS: readonly (readonly [edit: string, from: string, to: string, lines: string[]])[] = [
  ["a comment", "# or unicast", "# always", []],
  ["layout", "alerts: {}", "alerts:\n", []],
  [
    "a cluster's name",
    "cluster: shop",
    "cluster: mall",
    ["cluster: name changes from shop to mall"],
  ],
  ["votes", "votes: 1", "votes: 3", ["node node1: votes changes from 1 to 3"]],
  [
    "a node's attribute and capacity",
    "{ rack: a }, utilization: { cpu: 8 }",
    "{ rack: b, row: 1 }, utilization: {}",
    [
      "node node1: attributes: rack changes from a to b",
      "node node1: attributes: row is set to 1",
      "node node1: utilization: cpu is removed (was 8)",
    ],
  ],
  [
    "an address",
    "[10.77.0.3]",
    "[10.77.0.4]",
    ["node wit1: addresses changes from [10.77.0.3] to [10.77.0.4]"],
  ],
  [
    "a further node",
    "  wit1:",
    "  node4: [10.77.0.4, 10.78.0.4]\n  wit1:",
    ["node node4 is added"],
  ],
  [
    "the interval of advertisements",
    "advert-interval: 100ms",
    "advert-interval: 1s",
    ["messaging: advert-interval changes from 100ms to 1s"],
  ],
  [
    "quorum",
    "wait-for-all: true",
    "wait-for-all: false, ping-targets: [10.77.0.254]",
    [
      "quorum: wait-for-all changes from true to false",
      "quorum: ping-targets changes from [] to [10.77.0.254]",
    ],
  ],
  [
    "properties",
    "no-quorum-policy: stop",
    "no-quorum-policy: freeze\n  batch-limit: 5",
    ["property: no-quorum-policy changes from stop to freeze", "property: batch-limit is set to 5"],
  ],
  [
    "defaults",
    "migration-threshold: 3, ",
    "",
    ["default of resources: migration-threshold is removed (was 3)"],
  ],
  [
    "parameters and operations",
    "nic: eth0 }, operations: { monitor: { interval: 10s } }",
    "nic: eth1 }, operations: { monitor: 5s, start: { timeout: 5s } }",
    [
      "resource web-ip: params: nic changes from eth0 to eth1",
      "resource web-ip: operation monitor every 10s is removed",
      "resource web-ip: operation monitor every 5s is added",
      "resource web-ip: operation start is added",
    ],
  ],
  [
    "an option of an operation",
    "on-fail: restart",
    "on-fail: fence",
    [
      "resource web-server: operation monitor every 10s: options: on-fail changes from restart to fence",
    ],
  ],
  [
    "an agent",
    "agent: systemd:nginx",
    "agent: systemd:apache2",
    ["resource web-server: agent changes from systemd:nginx to systemd:apache2"],
  ],
  [
    "a group's members, and a new resource",
    "web:        { group: [web-ip, web-server]",
    "extra: { agent: dummy }\n  web: { group: [web-ip, web-server, extra]",
    [
      "resource web: members changes from [web-ip, web-server] to [web-ip, web-server, extra]",
      "resource extra is added (ocf:paceline:dummy)",
    ],
  ],
  [
    "a constraint's score",
    "node: node1, score: 100",
    "node: node1, score: INFINITY",
    ["constraint location-web-node1: score changes from 100 to INFINITY"],
  ],
  [
    "a constraint less",
    '[ { first: "cache-set:promote", then: "web:start", kind: Mandatory } ]',
    "[]",
    ["constraint order-cache-set-web is removed"],
  ],
  ["a check", "fall: 3", "fall: 5", ["check gateway: fall changes from 3 to 5"]],
  [
    "a device's parameter",
    "address: 10.79.0.1",
    "address: 10.79.0.9",
    ["fencing device bmc1: params: address changes from 10.79.0.1 to 10.79.0.9"],
  ],
  [
    "a secret, which is not told",
    "password-file: /etc/paceline/bmc1.pass",
    "password: open sesame",
    [
      "fencing device bmc1: params: password-file is removed (was /etc/paceline/bmc1.pass)",
      "fencing device bmc1: params: password is set to ******",
    ],
  ],
  ["no topology", "topology: { node1: [[bmc1]] }", "", ["fencing topology of node1 is removed"]],
];

describe("the difference of two definitions in words", () => {
  test.each(EDITS)("%s", (_name, from, to, lines) => {
    expect(full).toContain(from);
    expect(diffDefinitions(load(full), load(full.replace(from, to)))).toEqual(lines);
  });

  test("says how much a first definition has", () => {
    expect(diffDefinitions(undefined, load(full))).toEqual([
      "first definition of cluster shop: 3 nodes, 2 resources, 4 constraints",
    ]);
  });

  test("there is none between a definition and itself", () => {
    expect(diffDefinitions(load(full), load(full))).toEqual([]);
  });
});
