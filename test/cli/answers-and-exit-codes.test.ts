import { describe, expect, test } from "vitest";
import { fakeDaemon, paceline } from "./fake-daemon.ts";
import { NOW, report, resource } from "./report-fixture.ts";

const { daemon, run } = fakeDaemon();

describe("status", () => {
  test("--json is the report itself", async () => {
    const { exit, out } = await run("status --json");
    expect(exit).toBe(0);
    expect(JSON.parse(out)).toEqual(report());
  });

  test("the global options may come before or after the command", async () => {
    const after = await paceline("/nonexistent", ["status", "--run-dir", daemon.runDir, "--json"]);
    expect(after.exit).toBe(0);
    expect((await run("--json status")).out).toBe(after.out);
  });

  test.each([
    [report(), 0],
    [report({ resources: [resource("db", { failed: true })] }), 1],
  ])("--check tells monitoring whether something is wrong", async (status, exit) => {
    daemon.status = status;
    expect((await run("status --check")).exit).toBe(exit);
    expect((await run("status")).exit).toBe(0);
  });
});

describe("exit codes", () => {
  test.each([
    ["NOT_QUORATE", 4],
    ["NO_DC", 4],
    ["INVALID_DEFINITION", 5],
    ["CONFLICT", 6],
    ["TIMED_OUT", 7],
    ["UNKNOWN_RESOURCE", 1],
    ["INTERNAL", 1],
  ])("%s is %i, with message, hint and code", async (code, exit) => {
    daemon.answers.status = { ok: false, code, message: "it is so", hint: "do that" };
    const shown = await run("status");
    expect(shown.exit).toBe(exit);
    expect(shown.out).toBe("");
    expect(shown.err).toBe(`error: it is so [${code}]\n→ do that\n`);
    const json = await run("status --json");
    expect(json.exit).toBe(exit);
    expect(JSON.parse(json.out)).toEqual({ error: { code, message: "it is so", hint: "do that" } });
  });

  test.each([
    "nonsense",
    "node nonsense",
    "node standby --nonsense",
    "node standby a b",
    "resource",
  ])("wrong usage is 2: paceline %s", async (line) => {
    const { exit, out, err } = await run(line);
    expect(exit).toBe(2);
    expect(out).toBe("");
    expect(err).not.toBe("");
  });

  test("a wrong word is answered with the right one", async () => {
    expect((await run("statsu")).err).toContain("Did you mean status?");
  });

  test("help is 0 and lists the exit codes", async () => {
    const { exit, out } = await run("--help");
    expect(exit).toBe(0);
    expect(out).toContain("7  timed out waiting");
    expect(out).not.toContain("complete-names");
  });

  test("help goes as deep as the commands do", async () => {
    const { exit, out } = await run("help resource move");
    expect(exit).toBe(0);
    expect(out).toContain("Usage: paceline resource migrate|move [options] <resource> [node]");
    expect((await run("help")).out).toContain("7  timed out waiting");
    const wrong = await run("help resource mvoe");
    expect(wrong.exit).toBe(2);
    expect(wrong.err).toContain("there is no command resource mvoe");
  });

  test("the version is the package's", async () => {
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("no daemon is 3, with what to do", async () => {
    const { exit, err } = await paceline("/nonexistent", "status");
    expect(exit).toBe(3);
    expect(err).toContain("systemctl start paceline");
  });
});

test("waiting in vain is 7, and says what is still under way", async () => {
  daemon.answers.wait = { ok: false, code: "TIMED_OUT", message: "no" };
  daemon.status = report({
    transition: {
      ...report().transition,
      state: "running",
      running: [
        { operation: "stop", resource: "db", node: "node1", since: NOW - 4000, timeoutMs: 20_000 },
      ],
    },
  });
  const { exit, err } = await run("wait 1s");
  expect(exit).toBe(7);
  expect(err).toContain("not settled after 1 s: stop db on node1 for 4 s");
});

test("what was typed comes back without its escape sequences", async () => {
  const { exit, err } = await run(["node", "standby", "node\u001b[31m9\nx"]);
  expect(exit).toBe(1);
  expect(err).toContain("there is no node node9\nx ");
  expect(err.includes("\u001b")).toBe(false);
});
