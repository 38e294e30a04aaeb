import { describe, expect, test } from "vitest";
import type { ClusterStatus, NodeStatus } from "../../src/model/cluster-status.ts";
import { pendingRecord, unansweredRecord, withPending } from "../../src/transition/pending.ts";
import type { InFlightAction } from "../../src/transition/transition-events.ts";
import { parseAction } from "./runner-scenario.ts";

function status(nodes: readonly Partial<NodeStatus>[]): ClusterStatus {
  return {
    quorate: true,
    tickets: [],
    nodes: nodes.map((node) => ({ name: "?", attributes: new Map(), history: [], ...node })),
  };
}

function flight(line: string, key = "1.1:0"): InFlightAction {
  return { key, action: parseAction(line), since: 0, deadline: 1, carried: false };
}

describe("withPending", () => {
  test("shows a start in flight as pending, on its node only", () => {
    const seen = withPending(status([{ name: "node1" }, { name: "node2" }]), [
      flight("0 start web node1"),
    ]);
    expect(seen.nodes[0]!.history).toMatchObject([
      {
        resource: "web",
        agentType: "dummy",
        operations: [{ rc: 193, status: -1, operation: "start" }],
      },
    ]);
    expect(seen.nodes[1]!.history).toEqual([]);
  });

  test("adds to a history that is there, and leaves the original alone", () => {
    const known = { ...pendingRecord(flight("9 monitor web node1", "0.0:9")), rc: 7, status: 0 };
    const history = [
      { resource: "web", agentClass: "ocf", agentType: "dummy", operations: [known] },
    ];
    const before = status([{ name: "node1", history }]);
    const seen = withPending(before, [flight("0 start web node1")]);
    expect(seen.nodes[0]!.history[0]!.operations).toHaveLength(2);
    expect(before.nodes[0]!.history[0]!.operations).toHaveLength(1);
  });

  test("a node's own record of the same request stands", () => {
    const inFlight = flight("0 start web node1");
    const once = withPending(status([{ name: "node1" }]), [inFlight]);
    expect(withPending(once, [inFlight])).toEqual(once);
  });

  test("fencing and commands without an agent are no history", () => {
    const before = status([{ name: "node1" }]);
    expect(withPending(before, [flight("0 reboot node1"), flight("1 lrm_delete web node1")])).toBe(
      before,
    );
  });
});

test("an operation that was never answered counts as timed out", () => {
  const record = unansweredRecord(parseAction("0 stop web node1"), "1.1:0");
  expect(record).toMatchObject({ operation: "stop", rc: 1, status: 2, transitionKey: "1.1:0" });
});
