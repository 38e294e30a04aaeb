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
  for (const name of ["agent", "vip"]) {
    writeFileSync(join(dir, name), body);
    chmodSync(join(dir, name), 0o755);
  }
  nice = getPriority();
  oom = readFileSync("/proc/self/oom_score_adj", "utf8");
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
  if (!isRoot) return;
  setPriority(nice);
  writeFileSync("/proc/self/oom_score_adj", oom);
});

/** What a run of that agent says of its priority and its OOM adjustment. */
async function ranWith(type: string, action: string, spares = false): Promise<string> {
  setPriority(-5);
  let executor: AgentExecutor | undefined;
  try {
    return await new Promise<string>((resolve) => {
      const onDone = (_: number, { stdout }: { stdout: string }) => resolve(stdout);
      executor = new AgentExecutor({ agentDirs: [dir], spares, onDone });
      const agent = { class: "ocf", provider: "paceline", type };
      const run = { runId: 1, agent, action, resource: "r", env: {}, params: {} };
      const begin = (): void => {
        if (spares && executor?.spareCount === 0) setTimeout(begin, 10);
        else executor?.run({ ...run, timeoutMs: 10_000 });
      };
      begin();
    });
  } finally {
    executor?.close();
    setPriority(nice);
  }
}

test.skipIf(!isRoot)(
  "agents do not inherit the daemon's priority, nor its OOM protection",
  async () => {
    try {
      writeFileSync("/proc/self/oom_score_adj", "-900");
    } catch {
      console.log("the OOM protection is not tested: this container does not allow it");
    }
    expect(await ranWith("agent", "monitor")).toBe("0 0\n");
    expect(await ranWith("agent", "start")).toBe("0 0\n");
    expect(await ranWith("agent", "start", true)).toBe("0 0\n");
    expect(await ranWith("vip", "monitor")).toBe("0 0\n");
  },
);

test.skipIf(!isRoot)("an address is started and stopped with the daemon's priority", async () => {
  expect(await ranWith("vip", "start")).toMatch(/^-5 /);
  expect(await ranWith("vip", "start", true)).toMatch(/^-5 /);
});
