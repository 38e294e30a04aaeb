import { describe, expect, test } from "vitest";
import type { PlanAction } from "../../src/model/plan.ts";
import {
  agentMeta,
  buildCommand,
  operationKey,
  startDelay,
} from "../../src/transition/requests.ts";

const CONTEXT = { key: "4.9:2", term: 4, startFailureIsFatal: true };

function action(changes: Partial<PlanAction>): PlanAction {
  return {
    id: 2,
    kind: "resource",
    resource: "web",
    operation: "start",
    intervalMs: 0,
    node: "node1",
    after: [],
    priority: 0,
    timeoutMs: 20_000,
    expectedRc: 0,
    agent: { class: "ocf", provider: "heartbeat", type: "nginx" },
    ...changes,
  };
}

function request(changes: Partial<PlanAction>, startFailureIsFatal = true) {
  const command = buildCommand(action(changes), { ...CONTEXT, startFailureIsFatal });
  if (command?.kind !== "execute") throw new Error("not an operation");
  return command.request;
}

describe("an operation", () => {
  test("carries term, key, parameters and digests", () => {
    const params = { port: "80" };
    expect(request({ params, digest: "abc", restartDigest: "def" })).toMatchObject({
      key: "4.9:2",
      term: 4,
      resource: "web",
      params,
      digest: "abc",
      restartDigest: "def",
      expectedRc: 0,
    });
  });

  test.each([
    ["start", true, true],
    ["start", false, false],
    ["stop", false, true],
    ["monitor", true, false],
    ["promote", true, false],
  ])("a failed %s, start-failure-is-fatal %s: fatal %s", (operation, isFatal, expected) => {
    expect(request({ operation }, isFatal).fatalFailure).toBe(expected);
  });

  test("waits for its start delay", () => {
    expect(request({ meta: { "start-delay": "1500" } }).startDelayMs).toBe(1500);
    expect(startDelay(action({ meta: { CRM_meta_start_delay: "200" } }))).toBe(200);
    expect(startDelay(action({ meta: { "start-delay": "soon" } }))).toBe(0);
  });

  test("without an agent there is nothing to run", () => {
    const { agent: _, ...bare } = action({});
    expect(buildCommand(bare, CONTEXT)).toBeUndefined();
    const { resource: __, ...nameless } = action({});
    expect(buildCommand(nameless, CONTEXT)).toBeUndefined();
  });
});

describe("the agent's meta variables", () => {
  test("are spelled as agents read them", () => {
    const meta = { "clone-max": "2", CRM_meta_notify_start_resource: "web:0 web:1" };
    expect(agentMeta(action({ meta }))).toEqual({
      CRM_meta_clone_max: "2",
      CRM_meta_notify_start_resource: "web:0 web:1",
      CRM_meta_timeout: "20000",
      CRM_meta_interval: "0",
      CRM_meta_name: "start",
      CRM_meta_on_node: "node1",
    });
  });

  test("tell a probe from a recurring monitor", () => {
    const probe = agentMeta(action({ operation: "monitor" }));
    expect(probe["CRM_meta_interval"]).toBe("0");
    const recurring = agentMeta(action({ operation: "monitor", intervalMs: 10_000 }));
    expect(recurring["CRM_meta_interval"]).toBe("10000");
  });
});

describe("the managers' own commands", () => {
  const key = "4.9:2";
  test.each([
    [
      { operation: "cancel", intervalMs: 10_000 },
      {
        kind: "cancel-recurring",
        key,
        term: 4,
        resource: "web",
        operation: "monitor",
        intervalMs: 10_000,
      },
    ],
    [
      { operation: "cancel", meta: { operation: "check", interval: "5000" } },
      {
        kind: "cancel-recurring",
        key,
        term: 4,
        resource: "web",
        operation: "check",
        intervalMs: 5000,
      },
    ],
    [{ operation: "clear_failcount" }, { kind: "clear-failcount", key, term: 4, resource: "web" }],
    [
      { operation: "delete", recordedAs: "other" },
      { kind: "forget", key, term: 4, resource: "other" },
    ],
    [{ operation: "delete" }, { kind: "forget", key, term: 4, resource: "web" }],
    [{ operation: "lrm_delete" }, { kind: "forget", key, term: 4, resource: "web" }],
    [{ operation: "do_shutdown" }, { kind: "shutdown", key, term: 4 }],
  ])("%j", (changes, expected) => {
    expect(buildCommand(action(changes), CONTEXT)).toEqual(expected);
  });
});

test("keys tell coordinators apart that share a term", () => {
  expect(operationKey("node1-17", 4, 9, 2)).toBe("node1-17/4.9:2");
  expect(operationKey("", 4, 9, 2)).toBe("4.9:2");
});
