import { describe, expect, test } from "vitest";
import type { LocalOutput } from "../../src/lrm/local-events.ts";
import { LocalManager } from "../../src/lrm/local-manager.ts";
import type { ClusterStatus, OperationRecord } from "../../src/model/cluster-status.ts";
import { OCF } from "../../src/model/exit-code.ts";
import type { OperationRequest } from "../../src/model/operation.ts";
import type { Plan, PlanAction } from "../../src/model/plan.ts";
import type { PolicyDefinition } from "../../src/model/policy-definition.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { buildCommand } from "../../src/transition/requests.ts";

/**
 * From a changed parameter to the agent and back: the engine plans, its actions become requests as
 * the transition engine makes them, the local manager runs a fake agent and records, and the
 * engine reads that record.
 */

const NOW = 1_800_000_000_000;

const META_DATA = `<?xml version="1.0"?>
<resource-agent name="Fake" version="1.0">
  <version>1.1</version>
  <parameters>
    <parameter name="workers" reloadable="1"><content type="integer" default="4"/></parameter>
    <parameter name="port" unique="1"><content type="integer"/></parameter>
  </parameters>
  <actions>
    <action name="start" timeout="20s"/><action name="stop" timeout="20s"/>
    <action name="monitor" timeout="20s" interval="10s"/>RELOAD
  </actions>
</resource-agent>`;

const RELOADS = META_DATA.replace("RELOAD", '<action name="reload-agent" timeout="20s"/>');
const DOES_NOT = META_DATA.replace("RELOAD", "");

/** One node with one resource, its agent a fake, and the engine. */
class OneNode {
  readonly calls: string[] = [];
  readonly #metaData: string;
  readonly #manager: LocalManager;
  #now = 0;
  #transition = 0;

  constructor(metaData: string) {
    this.#metaData = metaData;
    this.#manager = new LocalManager({
      node: "node1",
      incarnation: 1,
      wallClock: () => NOW,
      environment: { ocfRoot: "/usr/lib/ocf", askAgents: true },
    });
  }

  /** Plans and carries out, until a plan has nothing to do; answers with the last that had. */
  settle(params: Record<string, string>, reloadFails = false): void {
    for (let rounds = 0; rounds < 10; rounds++) {
      const next = this.plan(params);
      if (next.actions.every(({ kind }) => kind === "pseudo")) return;
      this.#transition++;
      for (const action of next.actions) this.#carryOut(action, reloadFails);
    }
    throw new Error("there is always something left to do");
  }

  plan(params: Record<string, string>): Plan {
    return plan(definition(params), this.#status(), NOW);
  }

  records(): readonly OperationRecord[] {
    return this.#manager.status().history.flatMap(({ operations }) => operations);
  }

  #carryOut(action: PlanAction, reloadFails: boolean): void {
    const key = `1.${this.#transition}:${action.id}`;
    const command = buildCommand(action, { key, term: 1, startFailureIsFatal: true });
    if (command?.kind === "execute") this.#execute(command.request, reloadFails);
    else if (command?.kind === "cancel-recurring") {
      const { resource, operation, intervalMs } = command;
      this.#manager.step(++this.#now, { kind: "cancel", resource, operation, intervalMs });
    }
  }

  #execute(request: OperationRequest, reloadFails: boolean): void {
    this.#follow(this.#manager.step(++this.#now, { kind: "execute", request }), reloadFails);
  }

  #follow(outputs: readonly LocalOutput[], reloadFails: boolean): void {
    for (const output of outputs) {
      if (output.kind !== "run") continue;
      const { runId, action, env } = output.command;
      const probe = action === "monitor" && env["OCF_RESKEY_CRM_meta_interval"] === "0";
      this.calls.push(probe ? "probe" : action);
      const failed = reloadFails && action === "reload-agent";
      const rc = probe ? OCF.notRunning : failed ? OCF.genericError : OCF.success;
      const stdout = action === "meta-data" ? this.#metaData : "";
      const outcome = { rc, reason: "exited", stdout, stderr: "", durationMs: 1 } as const;
      const next = this.#manager.step(++this.#now, { kind: "agent-done", runId, outcome });
      this.#follow(next, reloadFails);
    }
  }

  #status(): ClusterStatus {
    const { attributes, history } = this.#manager.status();
    const node = {
      name: "node1",
      member: true,
      daemonOnline: true,
      join: "member",
      expected: "member",
      attributes: new Map(Object.entries(attributes)),
      history,
    } as const;
    return { quorate: true, dcNode: "node1", nodes: [node], tickets: [] };
  }
}

function definition(params: Record<string, string>): PolicyDefinition {
  const set = (values: Record<string, string>) => {
    return [{ id: "set", score: 0, values: new Map(Object.entries(values)) }];
  };
  const monitor = { id: "monitor", name: "monitor", interval: "10s", meta: [], params: [] };
  return {
    properties: set({ "fencing-enabled": "false" }),
    resourceDefaults: [],
    operationDefaults: [],
    nodes: [{ id: "1", name: "node1", type: "member", attributes: [], utilization: [] }],
    resources: [
      {
        kind: "primitive",
        id: "web",
        agent: { class: "ocf", provider: "test", type: "Fake" },
        meta: [],
        params: set(params),
        operations: [{ ...monitor, options: new Map() }],
        utilization: [],
      },
    ],
    templates: [],
    tags: new Map(),
    constraints: [],
    fencingTopology: [],
  };
}

function started(metaData: string): OneNode {
  const node = new OneNode(metaData);
  node.settle({ workers: "4", port: "80" });
  return node;
}

describe("a parameter changes", () => {
  test("an agent is asked for its meta-data once, beside its first operation", () => {
    expect(started(RELOADS).calls).toEqual(["meta-data", "probe", "start", "monitor"]);
  });

  test("that is reloadable: the agent reloads, and nothing stops", () => {
    const node = started(RELOADS);
    node.calls.length = 0;
    expect(node.plan({ workers: "8", port: "80" }).summary).toMatchObject([
      { action: "reload", resource: "web" },
    ]);
    node.settle({ workers: "8", port: "80" });
    expect(node.calls).toEqual(["reload-agent", "monitor"]);
  });

  test("that is reloadable, twice: a reloaded resource is as if just started", () => {
    const node = started(RELOADS);
    node.settle({ workers: "8", port: "80" });
    node.calls.length = 0;
    node.settle({ workers: "9", port: "80" });
    expect(node.calls).toEqual(["reload-agent", "monitor"]);
  });

  test("that is not reloadable: it restarts", () => {
    const node = started(RELOADS);
    node.calls.length = 0;
    node.settle({ workers: "8", port: "81" });
    expect(node.calls).toEqual(["stop", "start", "monitor"]);
  });

  test("a reloadable one of an agent without the action: it restarts", () => {
    const node = started(DOES_NOT);
    node.calls.length = 0;
    node.settle({ workers: "8", port: "80" });
    expect(node.calls).toEqual(["stop", "start", "monitor"]);
  });

  test("a reload that fails is a failure: it is recovered by a restart", () => {
    const node = started(RELOADS);
    node.calls.length = 0;
    node.settle({ workers: "8", port: "80" }, true);
    expect(node.calls.slice(0, 1)).toEqual(["reload-agent"]);
    expect(node.calls.slice(-3)).toEqual(["stop", "start", "monitor"]);
  });

  test("meta-data that makes no sense is no meta-data: it restarts", () => {
    const node = started("Segmentation fault");
    node.calls.length = 0;
    node.settle({ workers: "8", port: "80" });
    expect(node.calls).toEqual(["stop", "start", "monitor"]);
  });

  test("what is recorded is laid out as Pacemaker does", () => {
    const start = started(RELOADS)
      .records()
      .find(({ operation }) => operation === "start");
    expect(start?.forceRestart).toBe(" port ");
    // md5 of ' <parameters port="80"/>' and a line break
    expect(start?.restartDigest).toBe("a0d9bead8ea0934bc3bfeff28e5fbe07");
  });
});
