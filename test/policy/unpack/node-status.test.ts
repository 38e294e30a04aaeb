import { describe, expect, test } from "vitest";
import { compareNodeNames } from "../../../src/policy/unpack/config-nodes.ts";
import type { Node } from "../../../src/policy/working-set.ts";
import { NOW, options, unpacked } from "./unpacked.ts";

function words(node: Node): string {
  const flags = ["online", "unclean", "pending", "standby", "maintenance", "shutdown"] as const;
  return flags.filter((flag) => node[flag]).join(" ");
}

function nodeState(nodeState: string, fencing: boolean, more: Record<string, string> = {}): string {
  const device = `<primitive id="f" class="stonith" type="fence_x"/>`;
  const ws = unpacked({
    options: options({ "fencing-enabled": String(fencing), ...more }),
    nodes: `<node id="1" uname="node1"/>`,
    resources: device,
    status: nodeState,
  });
  return words(ws.nodes[0]!);
}

const UP = 'in_ccm="true" crmd="online" join="member" expected="member"';

function withAttribute(name: string, value: string): string {
  return `<node_state id="1" uname="node1" ${UP}><transient_attributes id="1">
    <instance_attributes id="t"><nvpair id="x" name="${name}" value="${value}"/>
    </instance_attributes></transient_attributes></node_state>`;
}

describe("the state of a node", () => {
  test.each([
    ["never heard of", "", "unclean", ""],
    ["a healthy member", `<node_state id="1" uname="node1" ${UP}/>`, "online", "online"],
    [
      "since times",
      '<node_state id="1" uname="node1" in_ccm="9" crmd="9" join="member" expected="member"/>',
      "online",
      "online",
    ],
    [
      "left cleanly",
      '<node_state id="1" uname="node1" in_ccm="false" crmd="offline" join="down" expected="down"/>',
      "",
      "",
    ],
    [
      "lost",
      '<node_state id="1" uname="node1" in_ccm="false" crmd="offline" join="down" expected="member"/>',
      "unclean",
      "",
    ],
    [
      "its daemon gone",
      '<node_state id="1" uname="node1" in_ccm="true" crmd="offline" join="down" expected="member"/>',
      "online unclean",
      "unclean",
    ],
    [
      "coming up",
      '<node_state id="1" uname="node1" in_ccm="true" crmd="online" join="down"/>',
      "online pending standby",
      "",
    ],
    [
      "joining",
      '<node_state id="1" uname="node1" in_ccm="true" crmd="online" join="pending" expected="member"/>',
      "online pending standby",
      "",
    ],
    [
      "refused",
      '<node_state id="1" uname="node1" in_ccm="true" crmd="online" join="banned" expected="member"/>',
      "online unclean",
      "",
    ],
    [
      "membership unknown",
      '<node_state id="1" uname="node1" crmd="online" join="member" expected="member"/>',
      "unclean",
      "",
    ],
    ["standby", withAttribute("standby", "on"), "online standby", "online standby"],
    [
      "maintenance",
      withAttribute("maintenance", "true"),
      "online maintenance",
      "online maintenance",
    ],
    [
      "shutting down",
      withAttribute("shutdown", "1700000000"),
      "online shutdown",
      "online shutdown",
    ],
    ["no shutdown after all", withAttribute("shutdown", "0"), "online", "online"],
    ["to be terminated", withAttribute("terminate", "true"), "online unclean", "online"],
  ])("%s", (_name, status, fencing, noFencing) => {
    expect(nodeState(status, true)).toBe(fencing);
    expect(nodeState(status, false)).toBe(noFencing);
  });

  test("startup-fencing=false trusts nodes that were never heard of", () => {
    expect(nodeState("", true, { "startup-fencing": "false" })).toBe("");
  });

  test("node-pending-timeout fences a member that does not join in time", () => {
    const since = (seconds: number) =>
      `<node_state id="1" uname="node1" in_ccm="${NOW - seconds}" crmd="0" join="down"/>`;
    const limit = { "node-pending-timeout": "2h" };
    expect(nodeState(since(7199), true, limit)).toBe("online pending standby");
    expect(nodeState(since(7200), true, limit)).toBe("online unclean");
  });
});

describe("cluster options", () => {
  test.each([
    [
      {},
      { symmetric: true, fencingEnabled: true, noQuorumPolicy: "stop", concurrentFencing: true },
    ],
    [{ "stonith-enabled": "false" }, { fencingEnabled: false }],
    [{ "stonith-enabled": "true", "fencing-enabled": "false" }, { fencingEnabled: false }],
    [{ "no-quorum-policy": "suicide", "fencing-enabled": "true" }, { noQuorumPolicy: "suicide" }],
    [{ "no-quorum-policy": "fence", "fencing-enabled": "false" }, { noQuorumPolicy: "stop" }],
    [{ "no-quorum-policy": "whatever" }, { noQuorumPolicy: "stop" }],
    [{ "symmetric-cluster": "maybe" }, { symmetric: true }],
    [{ "stop-orphan-resources": "no" }, { stopOrphanResources: false }],
    [{ "node-health-strategy": "only-green" }, { nodeHealthYellow: -1_000_000 }],
    [
      {
        "node-health-strategy": "progressive",
        "node-health-yellow": "-5",
        "node-health-base": "9",
      },
      { nodeHealthYellow: -5, nodeHealthRed: -1_000_000, nodeHealthBase: 9 },
    ],
    [{ "shutdown-lock-limit": "PT5M" }, { shutdownLockLimitMs: 300_000 }],
  ])("%j", (values, expected) => {
    expect(unpacked({ options: options(values as Record<string, string>) }).options).toMatchObject(
      expected,
    );
  });
});

test("a policy that needs fencing, and has none, is told by the word that was written", () => {
  const values = { "no-quorum-policy": "suicide", "fencing-enabled": "false" };
  expect(unpacked({ options: options(values) }).notices).toMatchObject([
    { message: "no-quorum-policy: suicide needs fencing: it acts like stop" },
  ]);
});

test("nodes are ordered by name, numbers by value", () => {
  const names = ["node10", "Node2", "a", "node1", "node1b"];
  expect(names.sort(compareNodeNames)).toEqual(["a", "node1", "node1b", "Node2", "node10"]);
});
