import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StatusReport } from "../../src/model/status-report.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, ROOT, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: daily commands on real daemons (this user may make none)");

/** Patient enough that a busy machine loses nobody. */
const FIRST = `cluster: daily
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE, advert-interval: 500ms }
properties: { fencing-enabled: false }
defaults:
  resource: { resource-stickiness: 100 }
resources:
  work: { agent: dummy } # what is moved about
  spare: { agent: dummy, meta: { target-role: Stopped } }
  db: { agent: stateful }
  db-set: { clone: db, meta: { promotable: true } }
`;

describe.skipIf(!usable)("daily commands, on three real daemons", { timeout: 120_000 }, () => {
  let lab: Lab;
  let node: LabNode;

  beforeAll(async () => {
    lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: FIRST });
    for (const each of lab.nodes) each.start();
    node = lab.node("node1");
    await until("the cluster settles", async () => {
      const report = await node.report();
      const online = report?.nodes.filter(({ state }) => state === "online");
      return online?.length === 3 && report?.transition.state === "idle" && isPromoted(report);
    });
  }, 120_000);
  afterAll(() => lab.close());

  /** What a command printed; it must have succeeded. */
  async function told(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await node.paceline(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }

  async function report(): Promise<StatusReport> {
    return JSON.parse(await told("status", "--json")) as StatusReport;
  }

  /** Where the resource runs, and for how long. */
  async function work(): Promise<StatusReport["resources"][number]> {
    return (await report()).resources.find(({ id }) => id === "work")!;
  }

  test("a definition: applied, shown, listed, and rolled back", async () => {
    const first = await told("config", "show");
    expect(first).toBe(readFileSync(node.configFile, "utf8"));
    const second = `${first}  more: { agent: dummy } # a comment\n`;
    const file = join(node.directory, "next.yaml");
    writeFileSync(file, second);

    const comment = ["--comment", "one more"];
    const applied = await told("config", "apply", file, "--yes", "--wait", ...comment);
    expect(applied).toMatch(
      /^version 2 is in force\n {2}resource more is added \(ocf:paceline:dummy\)\nwhat changes:\n {2}start {2}more {2}on node\d.*\nsettled after .*\n$/,
    );
    expect(await told("config", "show")).toBe(second);
    expect(await told("config", "show", "1")).toBe(first);
    const again = await told("config", "apply", file, "--yes");
    expect(again).toBe("nothing changed: this is version 2, already in force\n");

    const back = await told("config", "rollback", "1", "--yes", "--wait");
    expect(back).toMatch(
      /^version 3 is in force\n {2}resource more is removed\nwhat changes:\n {2}stop {2}more {2}on node\d.*\nsettled after .*\n$/,
    );
    expect(await told("config", "show")).toBe(first);
    for (const each of lab.nodes) {
      await until(`${each.name} has the first text again`, async () => {
        return readFileSync(each.configFile, "utf8") === first;
      });
    }
    const rows = (await told("config", "history")).trimEnd().split("\n");
    expect(rows).toEqual([
      expect.stringMatching(/^3 +\S.* rollback to version 1 +in force$/),
      expect.stringMatching(/^2 +\S.* one more$/),
      expect.stringMatching(/^1 +\S.* node\d \(founding\)$/),
    ]);
  });

  test("status --json is what scripts were promised", async () => {
    await told("node", "standby", "node3", "--reason", "shape", "--wait");
    const shown = await report();
    expect(shown).toMatchObject({
      cluster: "daily",
      node: "node1",
      dc: expect.stringMatching(/^node\d$/),
      term: expect.any(Number),
      quorum: { quorate: true, votes: 3, expected: 3, needed: 2 },
    });
    expect(shown.nodes.map(({ name, state }) => [name, state])).toEqual([
      ["node1", "online"],
      ["node2", "online"],
      ["node3", "standby"],
    ]);
    expect(shown.overrides).toMatchObject([
      { id: "standby:node3", kind: "standby", target: "node3", reason: "shape" },
    ]);
    for (const each of shown.resources) {
      expect(each).toMatchObject({
        id: expect.any(String),
        agent: expect.stringMatching(/^ocf:paceline:(dummy|stateful)$/),
        nodes: each.role === "Stopped" ? [] : [expect.stringMatching(/^node[12]$/)],
        managed: true,
        failed: false,
      });
    }
    const roles = Object.fromEntries(shown.resources.map(({ id, role }) => [id, role]));
    expect(roles).toMatchObject({ work: "Started", spare: "Stopped" });
    expect(Object.values(roles)).toEqual(expect.arrayContaining(["Promoted", "Unpromoted"]));
    await told("node", "online", "node3", "--wait");
  });

  test("a version that there never was is refused", async () => {
    for (const command of [
      ["show", "99"],
      ["rollback", "99", "--yes"],
    ]) {
      const { code, stdout, stderr } = await node.paceline("config", ...command);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toContain("version 99");
    }
  });

  test("maintenance leaves everything as it is until the node is ready again", async () => {
    const { nodes } = await work();
    const place = nodes[0] as string;
    const set = await told("node", "maintenance", place, "--wait");
    expect(set).toContain(`${place} is in maintenance\n→ to take it back: paceline node ready`);
    expect(set).toContain("everything is left as it is there");
    const during = await report();
    expect(during.nodes.find(({ name }) => name === place)?.state).toBe("maintenance");
    expect(during.resources.find(({ id }) => id === "work")).toMatchObject({
      role: "Started",
      nodes,
      managed: false,
    });
    const ready = await told("node", "ready", place, "--wait");
    expect(ready).toMatch(new RegExp(`^taken back: ${place} is in maintenance\nsettled after`));
    expect(await work()).toMatchObject({ role: "Started", nodes, managed: true });
    expect((await report()).overrides).toEqual([]);
  });

  test("a ban moves it away, and to clear it leaves it there", async () => {
    const [from = ""] = (await work()).nodes;
    const banned = await told("resource", "ban", "work", "--wait");
    const [to = ""] = (await work()).nodes;
    expect(to).not.toBe(from);
    expect(banned).toContain(`work is banned from ${from}\n`);
    expect(banned).toMatch(new RegExp(`settled after .*: work is on ${to}\n$`));
    expect(await told("status")).toMatch(
      new RegExp(`work is banned from ${from} .*→ paceline resource clear work`),
    );
    expect(await told("resource", "clear", "work", "--wait")).toContain(
      `taken back: work is banned from ${from}\n`,
    );
    expect((await work()).nodes).toEqual([to]);
  });

  test("what is stopped stays stopped until it is started", async () => {
    const stopped = await told("resource", "stop", "work", "--reason", "upgrade", "--wait");
    expect(stopped).toMatch(
      /^work is stopped\n {2}stop {2}work {2}on node\d.*\n→ to take it back: /,
    );
    expect(stopped).toMatch(/settled after .*: work is stopped\n$/);
    expect(await work()).toMatchObject({ role: "Stopped", nodes: [], targetRole: "Stopped" });
    const started = await told("resource", "start", "work", "--wait");
    expect(started).toMatch(
      /^taken back: work is stopped\nsettled after .*: work runs on node\d\n$/,
    );
    expect(await work()).toMatchObject({ role: "Started" });
  });

  test("status --watch shows each change as it comes, and goes on when the daemon is back", async () => {
    const cli = join(ROOT, "dist/cli/main.js");
    const args = [cli, "--run-dir", node.runDir, "status", "--watch"];
    const child = lab.spawn(node.namespace, process.execPath, args);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    const shows = async (what: RegExp) =>
      await until(`it shows ${what}`, async () => {
        const isShown = what.test(text);
        if (isShown) text = "";
        return isShown;
      });
    await shows(/daily: .*3 of 3 nodes up[\s\S]*work +Started +node\d/);
    await told("node", "standby", "node3");
    await shows(/node3 +standby/);
    await node.endForRestart();
    await shows(/\(trying again\)/);
    node.start();
    await shows(/node3 +standby/);
    await told("node", "online", "node3", "--wait");
    await shows(/node3 +online/);
    const ended = new Promise((done) => child.once("exit", (_, signal) => done(signal)));
    child.kill("SIGINT");
    expect(await ended).toBe("SIGINT");
  });
});

function isPromoted(report: StatusReport): boolean {
  return report.resources.some(({ role }) => role === "Promoted");
}
