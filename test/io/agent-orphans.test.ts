import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AgentExecutor } from "../../src/io/agent-executor.ts";
import { findOrphans, settleOrphans } from "../../src/io/agent-orphans.ts";
import type { AgentOutcome } from "../../src/model/operation.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-orphans-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Begins an agent run as a daemon would that dies before its end. */
function begin(body: string, runDir = dir): Promise<AgentOutcome> {
  writeFileSync(join(dir, "agent"), `#!/bin/sh\n${body}\n`);
  chmodSync(join(dir, "agent"), 0o755);
  return new Promise((resolve) => {
    new AgentExecutor({ agentDirs: [dir], onDone: (_, outcome) => resolve(outcome) }).run({
      runId: 1,
      agent: { class: "ocf", provider: "paceline", type: "agent" },
      action: "start",
      resource: "r",
      env: { PACELINE_RUN_DIR: runDir },
      params: {},
      timeoutMs: 20_000,
    });
  });
}

async function appears(): Promise<void> {
  await vi.waitUntil(() => findOrphans(dir).length > 0, { timeout: 20_000 });
}

test("nothing runs: nothing is waited for", async () => {
  expect(await settleOrphans(dir)).toEqual([]);
});

test("a run that ends by itself is waited for", async () => {
  const outcome = begin(`while [ ! -e ${dir}/go ]; do sleep 0.05; done`);
  await appears();
  const settled = settleOrphans(dir, 60_000);
  writeFileSync(join(dir, "go"), "");
  expect(await settled).toMatchObject([{ killed: false, command: `/bin/sh ${dir}/agent start` }]);
  expect((await outcome).rc).toBe(0);
});

test("a run that does not end is killed, with its children", async () => {
  const outcome = begin("sleep 75.25 & wait");
  await appears();
  expect(await settleOrphans(dir, 50)).toMatchObject([{ killed: true }]);
  expect(await outcome).toMatchObject({ reason: "killed" });
  expect(findOrphans(dir)).toEqual([]);
});

test("services that agents started, and runs of another daemon, are left alone", async () => {
  const outcome = begin("setsid sleep 76.25 </dev/null >/dev/null 2>&1 &\necho $!");
  const service = Number((await outcome).stdout);
  const other = begin("sleep 0.5", "/elsewhere");
  const lookalike = spawn("sleep", ["76.25"], { env: { PACELINE_RUN_DIR: dir } });
  expect(findOrphans(dir)).toEqual([]);
  expect(process.kill(service, 0)).toBe(true);
  process.kill(service, "SIGKILL");
  lookalike.kill("SIGKILL");
  await other;
});
