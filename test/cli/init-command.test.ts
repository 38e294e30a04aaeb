import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { fakeDaemon } from "./fake-daemon.ts";

const { run } = fakeDaemon();

describe("init", () => {
  test("--two-node wants to know how a split is decided", async () => {
    const line = "init --two-node --cluster edge --node a=10.0.0.1 --node b=10.0.0.2";
    const { exit, err } = await run(line);
    expect(exit).toBe(2);
    expect(err).toContain("--split is missing: witness, arbiter, disk, fencing, ping, ignore");
    const made = await run(`${line} --split ignore --vip 10.0.0.9/24`);
    expect(made.exit).toBe(0);
    expect(made.out).toContain("cluster: edge");
    expect(made.out).toContain("10.0.0.9/24");
  });

  test("an arbiter by its address, and with wait-for-all", async () => {
    const line = "init --two-node --cluster edge --node a=10.0.0.1 --node b=10.0.0.2";
    const made = await run(`${line} --split arbiter --tie-breaker 10.0.0.9 --vip 10.0.0.9/24`);
    expect(made.exit).toBe(0);
    expect(made.out).toContain("quorum: { arbiter: 10.0.0.9, wait-for-all: true }");
  });

  test("asks a person, explaining the choices", async () => {
    const { exit, out, err, questions } = await run("init --two-node", {
      typed: ["edge", "a=10.0.0.1", "b=10.0.0.2", "ignore", ""],
    });
    expect(exit).toBe(0);
    expect(questions.length).toBe(5);
    expect(err).toContain("as with Keepalived");
    expect(out).toContain("cluster: edge");
  });

  test("never overwrites a definition", async () => {
    const dir = mkdtempSync(join(tmpdir(), "paceline-init-"));
    const file = join(dir, "cluster.yaml");
    writeFileSync(file, "precious");
    const line = `init --cluster e --node a=10.0.0.1 --node b=10.0.0.2 --split ignore -o ${file}`;
    const { exit, err } = await run(line);
    rmSync(dir, { recursive: true });
    expect(exit).toBe(1);
    expect(err).toContain("is there already");
  });
});
