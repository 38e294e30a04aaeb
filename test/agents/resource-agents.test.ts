import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { AgentExecutor } from "../../src/io/agent-executor.ts";
import { ocfEnvironment } from "../../src/lrm/ocf-environment.ts";
import type { AgentOutcome } from "../../src/model/operation.ts";

const OCF_ROOT = "/usr/lib/ocf";
const isInstalled = existsSync(`${OCF_ROOT}/resource.d/heartbeat/Dummy`);
if (!isInstalled) console.log("resource-agents is not installed: its agents are not tried");

/** Runs an agent of the resource-agents tree as the daemon does. */
function act(type: string, operation: string, params: Record<string, string>) {
  const agent = { class: "ocf", provider: "heartbeat", type };
  const resource = `paceline-test-${type}`;
  const input = { resource, agent, operation, params, intervalMs: 0, timeoutMs: 20_000, meta: {} };
  return new Promise<AgentOutcome>((resolve) => {
    new AgentExecutor({ onDone: (_, outcome) => resolve(outcome) }).run({
      runId: 1,
      agent,
      action: operation,
      resource,
      env: ocfEnvironment({ node: "node1", ocfRoot: OCF_ROOT }, input),
      params,
      timeoutMs: 20_000,
    });
  });
}

test.skipIf(!isInstalled)("heartbeat's Dummy runs unmodified", async () => {
  const codes: (number | undefined)[] = [];
  for (const operation of ["monitor", "start", "start", "monitor", "stop", "stop", "monitor"]) {
    codes.push((await act("Dummy", operation, {})).rc);
  }
  expect(codes).toEqual([7, 0, 0, 0, 0, 0, 7]);
});

test.skipIf(!isInstalled)("a wrong parameter gives its code and its reason", async () => {
  const outcome = await act("IPaddr2", "start", { ip: "not-an-address" });
  expect(outcome.rc).not.toBe(0);
  expect(outcome.stderr).not.toBe("");
});
