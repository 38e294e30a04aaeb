import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeDaemon, paceline } from "./fake-daemon.ts";
import { NOW } from "./report-fixture.ts";

const { daemon, run } = fakeDaemon();

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
