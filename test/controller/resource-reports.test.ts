import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { type ResourceSource, resourceReports } from "../../src/controller/resource-reports.ts";
import type { NodeStatus } from "../../src/model/cluster-status.ts";
import { plan } from "../../src/policy/make-plan.ts";

function source(text: string, online: readonly string[]): ResourceSource {
  const { definition } = loadDefinition(`cluster: reports\nmessaging: { key-file: /k }\n${text}`);
  if (definition === undefined) throw new Error("the definition is wrong");
  const { policy } = definition;
  const nodes = policy.nodes.map(({ name }): NodeStatus => {
    const up = online.includes(name);
    return {
      name,
      member: up,
      daemonOnline: up,
      join: up ? "member" : "down",
      expected: up ? "member" : "down",
      attributes: new Map(),
      history: [],
    };
  });
  return {
    self: "node1",
    definition,
    policy,
    plan: plan(policy, { quorate: true, nodes, tickets: [] }, 0, { explain: true }),
    dc: "node1",
    acting: null,
    quorum: {
      quorate: true,
      votes: 2,
      expected: 3,
      needed: 2,
      options: [],
      policy: "stop",
      tieBreaker: null,
      waitingFor: null,
    },
    stateOf: (name) => (online.includes(name) ? "online" : "offline"),
    collected: undefined,
    activeHere: [],
    transition: {
      state: "idle",
      id: null,
      startedAt: null,
      done: 0,
      total: 0,
      running: [],
      waitingFor: null,
    },
  };
}

const NODES = "nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }";
const FENCING = "properties: { fencing-enabled: false }";

test("an instance of a clone that no node is left for is not missing", () => {
  const rows = resourceReports(
    source(
      `${NODES}\n${FENCING}\nresources:\n  ping: { agent: dummy }\n  ping-set: { clone: ping }`,
      ["node1", "node2"],
    ),
  );
  expect(rows.map((row) => [row.id, row.stoppedReason])).toEqual([
    ["ping:0", "is to start on node1"],
    ["ping:1", "is to start on node2"],
    ["ping:2", null],
  ]);
});

test("where none of them has a node, every one is missing", () => {
  const rows = resourceReports(
    source(
      `${NODES}\n${FENCING}\nresources:\n  ping: { agent: dummy }\n  ping-set: { clone: ping }\nconstraints:\n  location: [ { resource: ping-set, rule: "not_defined room", score: -INFINITY } ]`,
      ["node1", "node2"],
    ),
  );
  expect(rows.every((row) => row.stoppedReason?.startsWith("no node may run it"))).toBe(true);
  expect(rows.length).toBeGreaterThan(0);
});

test("that no node may run it comes with why", () => {
  const constraints = "constraints:\n  ticket: [ { ticket: site-a, resource: web } ]";
  const web = `${NODES}\n${FENCING}\nresources:\n  web: { agent: dummy }\n`;
  const reasonOf = (text: string, online: readonly string[]) =>
    resourceReports(source(text, online))[0]?.stoppedReason;
  expect(reasonOf(`${web}${constraints}`, ["node1", "node2"])).toBe(
    "no node may run it: ticket site-a not granted",
  );
  expect(reasonOf(web, [])).toBe("no node may run it: every node is offline");
});

test.each(["true", "yes", "on"])("promotable: %s", (word) => {
  const clone = `db-set: { clone: db, meta: { promotable: ${word} } }`;
  const text = `${NODES}\n${FENCING}\nresources:\n  db: { agent: stateful }\n  ${clone}`;
  expect(resourceReports(source(text, ["node1"]))[0]?.promotable).toBe(true);
});
