import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { getPriority, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AgentExecutor } from "../../src/io/agent-executor.ts";

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log("what agents must not inherit is not tested: not root");

let dir: string;
let nice: number;
let oom: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-calmer-"));
  const body = "#!/bin/sh\nsleep 0.2\nread -r adj </proc/self/oom_score_adj\necho $(nice) $adj\n";
  writeFileSync(join(dir, "agent"), body);
  chmodSync(join(dir, "agent"), 0o755);
  nice = getPriority();
  oom = readFileSync("/proc/self/oom_score_adj", "utf8");
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  if (!isRoot) return;
  setPriority(nice);
  writeFileSync("/proc/self/oom_score_adj", oom);
});

test.skipIf(!isRoot)(
  "agents do not inherit the daemon's priority, nor its OOM protection",
  async () => {
    setPriority(-5);
    try {
      writeFileSync("/proc/self/oom_score_adj", "-900");
    } catch {
      console.log("the OOM protection is not tested: this container does not allow it");
    }
    const stdout = await new Promise<string>((resolve) => {
      new AgentExecutor({ agentDirs: [dir], onDone: (_, done) => resolve(done.stdout) }).run({
        runId: 1,
        agent: { class: "ocf", provider: "paceline", type: "agent" },
        action: "monitor",
        resource: "r",
        env: {},
        params: {},
        timeoutMs: 10_000,
      });
    });
    expect(stdout).toBe("0 0\n");
  },
);
