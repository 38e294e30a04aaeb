import { describe, expect, test, vi } from "vitest";
import type { NodeOptions } from "../../src/controller/node-core.ts";
import type { NodeInput } from "../../src/controller/node-io.ts";
import { AssertionFailure } from "../../src/core/assert.ts";
import type { PlanAction } from "../../src/model/plan.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { ReplayWindow } from "../../src/wire/replay-window.ts";
import { InvariantViolation } from "./checkers/checker.ts";
import { type Profile, simulateCluster } from "./cluster-simulation.ts";
import type { NodeLayer } from "./composed-daemon.ts";
import type { FaultKind } from "./fault-schedule.ts";
import { PROFILES } from "./profiles.ts";
import type { ReplicaNode } from "./replica-node.ts";
import { type ReplicaRun, simulateReplicas } from "./replica-simulation.ts";
import { simplePlanner } from "./simple-planner.ts";

/*
 * Checkers that can't fail prove nothing. Each test plants a fault that a cluster manager could
 * really have, and expects that a few seeds find it; the same seeds find nothing without it.
 */

const TIMEOUT_MS = 300_000;

/** The checkers that cry when these seeds are run. */
function caughtBy(run: (seed: number) => void, seeds: number, enough: number): string[] {
  const caught: string[] = [];
  for (let seed = 1; seed <= seeds && caught.length < enough; seed++) {
    try {
      run(seed);
    } catch (error) {
      // The product's own assertions are checkers too.
      if (error instanceof AssertionFailure) caught.push("assertion");
      else if (error instanceof InvariantViolation) caught.push(error.checker);
      else throw error;
    }
  }
  return caught;
}

const CRASHES: readonly FaultKind[] = ["power-cycle", "daemon-restart", "isolate"];
const PAUSES: readonly FaultKind[] = ["pause", "main-blocked", "isolate"];

function replicas(seed: number, planted: Partial<ReplicaRun>): void {
  simulateReplicas({ seed, kinds: CRASHES, isFierce: true, ...planted });
}

describe("elections and replication", () => {
  test("sound as they are", { timeout: TIMEOUT_MS }, () => {
    expect(caughtBy((seed) => replicas(seed, {}), 10, 1)).toEqual([]);
    expect(caughtBy((seed) => replicas(seed, { kinds: PAUSES }), 10, 1)).toEqual([]);
  });

  test("a vote that is not persisted is caught", { timeout: TIMEOUT_MS }, () => {
    const prepare: ReplicaRun["prepare"] = (cluster) => {
      for (const { disk } of cluster.hosts) disk.lies = (key) => key === "raft-hard";
    };
    const caught = caughtBy((seed) => replicas(seed, { prepare }), 60, 1);
    expect(caught).not.toEqual([]);
  });

  test("a log entry that is not persisted is caught", { timeout: TIMEOUT_MS }, () => {
    const prepare: ReplicaRun["prepare"] = (cluster) => {
      for (const { disk } of cluster.hosts) disk.forgets = (key) => key.startsWith("raft-log-");
    };
    const caught = caughtBy((seed) => replicas(seed, { prepare }), 60, 1);
    expect(caught).not.toEqual([]);
  });

  test("a stale term that is accepted is caught", { timeout: TIMEOUT_MS }, () => {
    const caught = caughtBy(
      (seed) => replicas(seed, { kinds: PAUSES, wrap: acceptStaleTerms }),
      60,
      1,
    );
    expect(caught).not.toEqual([]);
  });
});

/** Nobody compares the terms of what leaders and followers say to each other: an old leader goes on. */
function acceptStaleTerms(node: NodeLayer): NodeLayer {
  const term = () => (node as ReplicaNode).observe().term;
  const refresh = (input: NodeInput): NodeInput => {
    if (input.kind !== "peer" || input.event.kind !== "message") return input;
    const body = JSON.parse(new TextDecoder().decode(input.event.payload));
    if (!/append|snapshot/.test(body.kind)) return input;
    const payload = new TextEncoder().encode(JSON.stringify({ ...body, term: term() }));
    return { kind: "peer", event: { ...input.event, payload } };
  };
  return {
    step: (now, input) => node.step(now, refresh(input)),
    nextDeadline: () => node.nextDeadline(),
  };
}

describe("resources", () => {
  const profile = PROFILES.find(({ name }) => name === "fencing")!;

  test("a start while the resource may still run elsewhere is caught", {
    timeout: TIMEOUT_MS,
  }, () => {
    const planner = simplePlanner({ fencing: true, trustsLost: true });
    const caught = caughtBy(
      (seed) => simulateCluster({ seed, profile, planner, isShort: true }),
      40,
      3,
    );
    expect(caught).toHaveLength(3);
    expect(["unknown-is-not-stopped", "active-once"]).toEqual(expect.arrayContaining(caught));
  });

  test("a lucky guess is caught: nothing was active twice, and nobody could know that", {
    timeout: TIMEOUT_MS,
  }, () => {
    const planner = simplePlanner({ fencing: true, trustsLost: true });
    const lucky: Profile = { ...profile, kinds: ["power-off"] };
    const caught = caughtBy(
      (seed) => simulateCluster({ seed, profile: lucky, planner, isShort: true }),
      20,
      2,
    );
    expect(caught).toEqual(["unknown-is-not-stopped", "unknown-is-not-stopped"]);
  });

  test("fencing a node that has left cleanly is caught", { timeout: TIMEOUT_MS }, () => {
    const leaving: Profile = { ...profile, kinds: ["leave"] };
    const caught = caughtBy(
      (seed) => simulateCluster({ seed, profile: leaving, planner: fencesAbsent, isShort: true }),
      20,
      2,
    );
    expect(caught).toContain("left-is-not-fenced");
  });
});

/** The real plan, and every node that is not there is fenced, however it went. */
const fencesAbsent: NodeOptions["planner"] = (definition, status, now) => {
  const real = plan(definition, status, now);
  const absent = status.nodes.filter((node) => node.member !== true);
  const actions = absent.map((node, i): PlanAction => {
    const id = 100_000 + i;
    const timing = { after: [], timeoutMs: 60_000, intervalMs: 0, priority: 0, expectedRc: 0 };
    return { id, kind: "fence", operation: "off", node: node.name, ...timing };
  });
  return { ...real, actions: [...real.actions, ...actions] };
};

describe("promotable clones, and finding back", () => {
  const options = PROFILES.find(({ name }) => name === "options")!;
  const quiet: Profile = { ...options, kinds: ["bad-weather"], nodes: [3, 5] };

  test("a promotion of every instance is caught", { timeout: TIMEOUT_MS }, () => {
    // These draw fencing and a promotable clone.
    const seeds = [20, 36, 38];
    const run = (at: number) => {
      const seed = seeds[at - 1]!;
      simulateCluster({ seed, profile: quiet, planner: promotesAll, isShort: true });
    };
    expect(caughtBy(run, seeds.length, 1)).toEqual(["promoted-once"]);
  });

  test("a resource that nobody starts is caught", { timeout: TIMEOUT_MS }, () => {
    const slow: Profile = { ...quiet, recoveryMaxMs: 5_000 };
    const run = (seed: number) =>
      simulateCluster({ seed, profile: slow, planner: startsAllButOne, isShort: true });
    expect(caughtBy(run, 3, 1)).toEqual(["convergence"]);
  });
});

/** The real plan, and every instance of a promotable clone that is started is promoted as well. */
const promotesAll: NodeOptions["planner"] = (definition, status, now) => {
  const real = plan(definition, status, now);
  const starts = real.actions.filter(
    ({ kind, operation, resource }) =>
      kind === "resource" && operation === "start" && resource?.startsWith("s:"),
  );
  const promotions = starts.map((start, i): PlanAction => {
    return { ...start, id: 100_000 + i, operation: "promote", after: [start.id] };
  });
  return { ...real, actions: [...real.actions, ...promotions] };
};

/** The real plan without the first resource. */
const startsAllButOne: NodeOptions["planner"] = (definition, status, now) => {
  const real = plan(definition, status, now);
  const isForgotten = ({ kind, resource, operation }: PlanAction) =>
    kind === "resource" && resource === "r1" && operation !== "monitor";
  const gone = new Set(real.actions.filter(isForgotten).map(({ id }) => id));
  const actions = real.actions
    .filter(({ id }) => !gone.has(id))
    .map((action) => ({ ...action, after: action.after.filter((id) => !gone.has(id)) }));
  return { ...real, actions };
};

describe("the CIB", () => {
  test("a compare-and-swap that does not compare is caught", { timeout: TIMEOUT_MS }, () => {
    const profile = PROFILES.find(({ name }) => name === "writes")!;
    const caught = caughtBy(
      (seed) => simulateCluster({ seed, profile, isShort: true, wrap: appliesBlindly }),
      10,
      1,
    );
    expect(caught).toEqual(["cib-linearizable"]);
  });
});

/** The version on which a change was made is forgotten on the way. */
function appliesBlindly(node: NodeLayer): NodeLayer {
  const forget = (input: NodeInput): NodeInput => {
    if (input.kind !== "request" || input.request.method !== "config-apply") return input;
    const { baseVersion: _, ...request } = input.request;
    return { ...input, request };
  };
  return {
    step: (now, input) => node.step(now, forget(input)),
    nextDeadline: () => node.nextDeadline(),
  };
}

describe("messaging", () => {
  test("a frame that is accepted again when the network repeats it is caught", {
    timeout: TIMEOUT_MS,
  }, () => {
    const isFresh = vi.spyOn(ReplayWindow.prototype, "isFresh").mockReturnValue(true);
    const kinds: readonly FaultKind[] = ["bad-weather"];
    const caught = caughtBy((seed) => replicas(seed, { kinds }), 3, 1);
    isFresh.mockRestore();
    expect(caught).toEqual(["frame-once"]);
    expect(caughtBy((seed) => replicas(seed, { kinds }), 3, 1)).toEqual([]);
  });

  test("a message that is delivered twice is caught", { timeout: TIMEOUT_MS }, () => {
    const caught = caughtBy((seed) => replicas(seed, { doublesMessages: true }), 3, 1);
    expect(caught).toEqual(["channel-order"]);
  });
});
