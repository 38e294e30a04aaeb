import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeDaemon, paceline } from "./fake-daemon.ts";
import { NOW, node, report, resource, STOPPED } from "./report-fixture.ts";

let daemon: FakeDaemon;
const run = (line: string | readonly string[], options: Parameters<typeof paceline>[2] = {}) =>
  paceline(daemon.runDir, line, options);

beforeEach(async () => {
  process.env["TZ"] = "UTC";
  daemon = new FakeDaemon();
  await daemon.start();
});

afterEach(async () => {
  await daemon.stop();
});

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

  test("the version is the package's", async () => {
    expect((await run("--version")).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("no daemon is 3, with what to do", async () => {
    const { exit, err } = await paceline("/nonexistent", "status");
    expect(exit).toBe(3);
    expect(err).toContain("systemctl start paceline");
  });
});

describe("node", () => {
  test("standby sets an override with author, reason and expiry, and says how to undo it", async () => {
    const { exit, out } = await run([
      ..."node standby node2 --expires 2h --reason".split(" "),
      "disk swap",
    ]);
    expect(exit).toBe(0);
    expect(daemon.changes).toEqual([
      {
        method: "override-set",
        override: {
          id: "standby:node2",
          kind: "standby",
          target: "node2",
          author: "ann",
          reason: "disk swap",
          expires: NOW + 7_200_000,
        },
      },
    ]);
    expect(out).toBe(
      "node2 is in standby until 05:12:45, in 2 h\n→ to take it back: paceline node online node2\n",
    );
  });

  test("without a name it is the node asked", async () => {
    await run("node maintenance");
    expect(daemon.changes).toMatchObject([{ override: { id: "maintenance:node1" } }]);
  });

  test("a wrong name is answered with the right one, and nothing is changed", async () => {
    const { exit, err } = await run("node standby ndoe2");
    expect(exit).toBe(1);
    expect(err).toContain("there is no node ndoe2");
    expect(err).toContain("did you mean node2?");
    expect(daemon.changes).toEqual([]);
  });

  test("--wait fails if something stays there", async () => {
    const { exit, err } = await run("node standby node2 --wait 5s");
    expect(daemon.requests).toContainEqual({ method: "wait", timeoutMs: 5000 });
    expect(exit).toBe(1);
    expect(err).toContain("still on node2: web-ip, web-server, cache:1");
  });

  test("drain waits by itself, and is content when nothing is left", async () => {
    daemon.statusLater = report({ resources: [resource("db")] });
    const { exit, out } = await run("node drain node2");
    expect(exit).toBe(0);
    expect(out).toContain("nothing runs on node2");
    expect(daemon.changes).toMatchObject([{ override: { id: "standby:node2", reason: "drain" } }]);
  });

  test("online takes the standby back; twice is no error", async () => {
    const standby = {
      id: "standby:node2",
      kind: "standby",
      target: "node2",
      author: "ann",
      at: NOW,
    } as const;
    daemon.status = report({ overrides: [standby] });
    expect((await run("node online node2")).out).toBe("taken back: node2 is in standby\n");
    expect(daemon.changes).toEqual([{ method: "override-remove", ids: ["standby:node2"] }]);
    daemon.status = report();
    expect(await run("node online node2")).toMatchObject({
      exit: 0,
      out: "node2 is not in standby: nothing to take back\n",
    });
  });

  test("a standby that the definition has cannot be taken back by hand", async () => {
    daemon.status = report({ nodes: [node("node2", { state: "standby" })] });
    const { exit, err } = await run("node online node2");
    expect(exit).toBe(1);
    expect(err).toContain("by the definition");
  });
});

describe("resource", () => {
  test("migrate to a node", async () => {
    daemon.statusLater = report({ resources: [resource("db", { nodes: ["node2"] })] });
    const { exit, out } = await run("resource migrate db node2 --wait");
    expect(exit).toBe(0);
    expect(daemon.changes).toMatchObject([
      { override: { id: "migrate:db", kind: "migrate", target: "db", node: "node2" } },
    ]);
    expect(out).toContain("db is moved to node2");
    expect(out).toContain("settled after 0 ms: db is on node2");
  });

  test("migrate that settled elsewhere is a failure that points to explain", async () => {
    const { exit, err } = await run("resource migrate db node2 --wait");
    expect(exit).toBe(1);
    expect(err).toContain("db is on node1, not on node2");
    expect(err).toContain("paceline explain db node2");
  });

  test("migrate without a node bans it from where it is, as Pacemaker's move does", async () => {
    const { out } = await run("resource migrate web");
    expect(daemon.changes).toMatchObject([
      { override: { id: "ban:web:node2", kind: "ban", node: "node2" } },
    ]);
    expect(out).toContain("web is banned from node2");
  });

  test("migrate of a promoted instance", async () => {
    await run("resource migrate cache-set node2 --role promoted");
    expect(daemon.changes).toMatchObject([
      { override: { id: "migrate:cache-set", role: "Promoted", node: "node2" } },
    ]);
  });

  test("migrate away of something that runs on several nodes needs a word more", async () => {
    const { exit, err } = await run("resource ban cache-set");
    expect(exit).toBe(1);
    expect(err).toContain("cache-set runs on node1, node2");
    expect(daemon.changes).toEqual([]);
  });

  test("a new wish replaces the one that contradicts it", async () => {
    const ban = {
      id: "ban:db:node2",
      kind: "ban",
      target: "db",
      node: "node2",
      author: "x",
      at: 1,
    };
    daemon.status = report({ overrides: [ban as never] });
    await run("resource migrate db node2");
    expect(daemon.changes).toMatchObject([
      { method: "override-remove", ids: ["ban:db:node2"] },
      { method: "override-set" },
    ]);
  });

  test("clear takes all moves and bans of a resource back", async () => {
    const make = (kind: string, more: object) => ({
      kind,
      target: "db",
      author: "x",
      at: 1,
      ...more,
    });
    daemon.status = report({
      overrides: [
        make("ban", { id: "ban:db:node2", node: "node2" }),
        make("migrate", { id: "migrate:db", node: "node1" }),
        make("stop", { id: "stop:db" }),
      ] as never,
    });
    await run("resource clear db");
    expect(daemon.changes).toEqual([
      { method: "override-remove", ids: ["ban:db:node2", "migrate:db"] },
    ]);
    expect((await run("resource clear db --node node2")).exit).toBe(0);
    expect(daemon.changes.at(-1)).toEqual({ method: "override-remove", ids: ["ban:db:node2"] });
    expect((await run("resource clear web")).out).toContain("nothing to take back");
  });

  describe("start", () => {
    const stop = { id: "stop:web", kind: "stop", target: "web", author: "x", at: 1 } as const;

    test("takes a stop back", async () => {
      daemon.status = report({ overrides: [stop] });
      expect((await run("resource start web")).exit).toBe(0);
      expect(daemon.changes).toEqual([{ method: "override-remove", ids: ["stop:web"] }]);
    });

    test("of a member of a stopped group names the group", async () => {
      daemon.status = report({ overrides: [stop] });
      const { exit, err } = await run("resource start web-ip");
      expect(exit).toBe(1);
      expect(err).toContain("paceline resource start web");
    });

    test("beats a definition that keeps it stopped", async () => {
      daemon.status = report({
        resources: [resource("db", { ...STOPPED, targetRole: "Stopped" })],
      });
      await run("resource start db");
      expect(daemon.changes).toMatchObject([{ override: { id: "start:db" } }]);
    });

    test("of what runs is no error, of what cannot run is one", async () => {
      expect((await run("resource start db")).out).toBe("db is not stopped: db runs on node1\n");
      daemon.status = report({
        resources: [resource("db", { ...STOPPED, stoppedReason: "no node" })],
      });
      const { exit, err } = await run("resource start db");
      expect(exit).toBe(1);
      expect(err).toContain("does not run: db (no node)");
    });
  });

  test("restart stops with an expiry, so that a killed command leaves nothing stopped", async () => {
    daemon.status = report({ resources: [resource("db", STOPPED)] });
    const { exit } = await run("resource restart db --wait 30s");
    const [stop] = daemon.changes;
    expect(stop).toMatchObject({ override: { id: "stop:db", expires: NOW + 60_000 } });
    expect(exit).toBe(1);
  });

  test("cleanup says what was forgotten", async () => {
    daemon.answers.cleanup = { ok: true, result: { cleaned: [{ resource: "db", node: "node1" }] } };
    const { exit, out } = await run("resource cleanup db --node node1");
    expect(exit).toBe(0);
    expect(daemon.changes).toEqual([{ method: "cleanup", resource: "db", node: "node1" }]);
    expect(out).toBe("db is looked at anew on node1, and its failures are forgotten\n");
  });

  test("a wrong name is answered with the right one", async () => {
    const { exit, err } = await run("resource stop cache-sett");
    expect(exit).toBe(1);
    expect(err).toContain("did you mean cache-set?");
  });

  test("names in the wrong order are told apart", async () => {
    const { err } = await run("resource migrate node2 db");
    expect(err).toContain("there is no resource node2");
    expect(err).toContain("node2 is a node; the resource comes first");
    expect((await run("node standby db")).err).toContain("db is a resource");
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

describe("config", () => {
  let dir: string;
  const GOOD =
    "cluster: edge\nnodes: { node1: 10.0.0.1, node2: 10.0.0.2 }\nresources:\n  vip: { agent: vip, params: { ip: 10.0.0.100/24 } }\n";

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "paceline-config-"));
    writeFileSync(join(dir, "good.yaml"), GOOD);
    writeFileSync(join(dir, "bad.yaml"), GOOD.replace("resources:", "resuorces:"));
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  test("check of a good file needs no daemon", async () => {
    const { exit, out } = await paceline("/nonexistent", [
      "config",
      "check",
      join(dir, "good.yaml"),
    ]);
    expect(exit).toBe(0);
    expect(out).toContain("valid");
    expect(out).toContain("cluster edge, 2 nodes, 1 resource");
  });

  test("check of a bad file is 5, with the line and the right word", async () => {
    const { exit, err } = await run(["config", "check", join(dir, "bad.yaml")]);
    expect(exit).toBe(5);
    expect(err).toContain("resuorces");
    expect(err).toContain("resources");
    expect(err).toContain("3:1");
    const json = await run(["config", "check", "--json", join(dir, "bad.yaml")]);
    expect(JSON.parse(json.out)).toMatchObject({ valid: false });
  });

  test("check of a missing file says which", async () => {
    const { exit, err } = await run(["config", "check", join(dir, "none.yaml")]);
    expect(exit).toBe(1);
    expect(err).toContain(`no such file: ${join(dir, "none.yaml")} [ENOENT]`);
  });

  const applied = (more = {}) => ({
    ok: true as const,
    result: {
      version: 5,
      unchanged: false,
      warnings: [],
      differences: ["node node4 added"],
      changes: [],
      ...more,
    },
  });

  test("apply refuses a bad file before it reaches the cluster", async () => {
    const { exit } = await run(["config", "apply", join(dir, "bad.yaml")]);
    expect(exit).toBe(5);
    expect(daemon.requests).toEqual([]);
  });

  test("apply without a terminal just applies", async () => {
    daemon.answers["config-apply"] = applied({
      changes: [{ action: "move", resource: "vip", from: "node1", to: "node2" }],
    });
    const { exit, out } = await run([
      "config",
      "apply",
      join(dir, "good.yaml"),
      "--comment",
      "why",
    ]);
    expect(exit).toBe(0);
    expect(daemon.requests).toEqual([
      { method: "config-apply", text: GOOD, author: "ann", comment: "why" },
    ]);
    expect(out).toContain("version 5 is in force\n  node node4 added\n");
    expect(out).toContain("move  vip  node1 → node2");
  });

  test("apply on a terminal shows the plan and asks", async () => {
    daemon.answers["config-apply"] = applied({ changes: [{ action: "stop", resource: "vip" }] });
    const file = join(dir, "good.yaml");
    const no = await run(["config", "apply", file], { typed: ["n"] });
    expect(no.exit).toBe(1);
    expect(no.out).toContain("stop  vip");
    expect(daemon.requests).toMatchObject([{ dryRun: true }]);
    const yes = await run(["config", "apply", file], { typed: ["y"] });
    expect(yes.exit).toBe(0);
    expect(daemon.requests.length).toBe(3);
  });

  test("a conflict is 6", async () => {
    daemon.answers["config-apply"] = {
      ok: false,
      code: "CONFLICT",
      message: "version 6 is in force",
    };
    const { exit } = await run(["config", "apply", "--base", "5", join(dir, "good.yaml")]);
    expect(exit).toBe(6);
    expect(daemon.requests).toMatchObject([{ baseVersion: 5 }]);
  });

  test("diff shows words and lines", async () => {
    const text = GOOD.replace("10.0.0.100", "10.0.0.101");
    daemon.answers["config-show"] = {
      ok: true,
      result: { version: 4, text, author: "ann", at: NOW },
    };
    const { exit, out } = await run(["config", "diff", join(dir, "good.yaml")]);
    expect(exit).toBe(0);
    expect(out).toContain("-  vip: { agent: vip, params: { ip: 10.0.0.101/24 } }");
    expect(out).toContain("+  vip: { agent: vip, params: { ip: 10.0.0.100/24 } }");
  });

  test("history has the newest first", async () => {
    daemon.answers["config-history"] = {
      ok: true,
      result: [
        { version: 1, author: "bob", at: NOW - 86_400_000 },
        { version: 2, author: "ann", at: NOW - 60_000, comment: "more memory" },
      ],
    };
    expect((await run("config history")).out).toBe(
      "2  03:11:45         ann  more memory  in force\n1  Nov 20 03:12:45  bob\n",
    );
  });

  test("rollback wants a version", async () => {
    expect((await run("config rollback one")).exit).toBe(2);
    daemon.answers["config-rollback"] = applied();
    expect((await run("config rollback 3")).exit).toBe(0);
    expect(daemon.requests).toEqual([{ method: "config-rollback", version: 3, author: "ann" }]);
  });

  test("edit applies what the editor left, against the version that was edited", async () => {
    daemon.answers["config-show"] = {
      ok: true,
      result: { version: 4, text: GOOD, author: "ann", at: NOW },
    };
    daemon.answers["config-apply"] = applied();
    const env = { EDITOR: "sed -i s/10.0.0.100/10.0.0.109/" };
    const { exit } = await run("config edit --yes", { env });
    expect(exit).toBe(0);
    expect(daemon.requests.at(-1)).toMatchObject({
      method: "config-apply",
      text: GOOD.replace("10.0.0.100", "10.0.0.109"),
      baseVersion: 4,
    });
    const same = await run("config edit --yes", { env: { EDITOR: "true" } });
    expect(same.out).toBe("nothing was changed\n");
  });

  test("an editor that fails, or a text with errors, changes nothing and loses nothing", async () => {
    daemon.answers["config-show"] = {
      ok: true,
      result: { version: 4, text: GOOD, author: "ann", at: NOW },
    };
    for (const editor of ["false", "sed -i s/resources/resuorces/"]) {
      const { exit, err } = await run("config edit", { env: { EDITOR: editor }, typed: ["n"] });
      expect(exit).not.toBe(0);
      const kept = /kept in (\S+)\/cluster.yaml/.exec(err)?.[1];
      expect(kept).toContain("paceline-edit-");
      rmSync(kept!, { recursive: true });
    }
    expect(daemon.requests.every((each) => each.method === "config-show")).toBe(true);
  });
});

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
