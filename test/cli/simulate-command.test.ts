import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { importCibCommand } from "../../src/cli/commands/import-cib.ts";
import { type SimulateOptions, simulateCommand } from "../../src/cli/commands/simulate.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { fenceLoopLimits } from "../../src/model/fence-loop.ts";
import { block, cibText, member } from "../interop/cib-text.ts";
import { history, options } from "../policy/unpack/unpacked.ts";
import { capture } from "./captured-context.ts";

const WEB = `<primitive id="web" class="ocf" provider="heartbeat" type="Dummy"/>`;
const CIB = cibText({
  options: options({ "fencing-enabled": "false", "cluster-name": "shop" }),
  resources: WEB,
  status: member(1, history(["start"])) + member(2),
});

let folder: string;
let cib: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "paceline-simulate-"));
  cib = join(folder, "cib.xml");
  writeFileSync(cib, CIB);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function simulated(more: Omit<SimulateOptions, "cib">, json = false) {
  const { context, texts } = capture({ json });
  const exit = await simulateCommand(context, { cib, ...more });
  return { exit, ...texts };
}

describe("paceline simulate", () => {
  test("shows how it stands, what would be done and what comes of it", async () => {
    const { exit, out, err } = await simulated({ standby: ["node1"] });
    expect(exit).toBe(0);
    expect(err).toBe("");
    expect(out).toContain("node1  standby");
    expect(out).toMatch(/move +web +node1 → node2/);
    expect(out).toMatch(/web +Started on node1 +→ +Started on node2/);
  });

  test("nothing to do is said so", async () => {
    const { out } = await simulated({});
    expect(out).toMatch(/Plan\n(?!.*move)/);
    expect(out).toContain("as it is now");
  });

  test("--json follows the contract", async () => {
    const { out } = await simulated({ standby: ["node1"] }, true);
    const answer = JSON.parse(out);
    expect(answer.summary).toMatchObject([
      { action: "move", resource: "web", from: "node1", to: "node2" },
    ]);
    expect(answer.revised.nodes.node1).toMatchObject({ online: true, standby: true });
    expect(answer.revised.resources).toMatchObject([
      { id: "web", clone: null, role: "Started", nodes: ["node2"] },
    ]);
    const stop = answer.actions.find((each: { operation: string }) => each.operation === "stop");
    const start = answer.actions.find((each: { operation: string }) => each.operation === "start");
    expect(stop).toMatchObject({ kind: "resource", resource: "web", node: "node1", intervalMs: 0 });
    expect(start.after).toContain(stop.id);
  });

  test("--explain says why it is where it is, and why not elsewhere", async () => {
    const { out } = await simulated({ standby: ["node1"], explain: "web" });
    expect(out).toContain("web: Started on node1 now, Started on node2 then");
    expect(out).toMatch(/node2 .*chosen/);
    const { out: elsewhere } = await simulated({ explain: "web@node2" });
    expect(elsewhere).toContain("and stays so");
    expect(elsewhere).not.toContain("node1  ");
    await expect(simulated({ explain: "wob" })).rejects.toThrow("no resource wob");
    await expect(simulated({ explain: "web@node7" })).rejects.toThrow("no node node7");
  });

  test("--explain --json answers as a daemon does for its own cluster", async () => {
    const { out } = await simulated({ standby: ["node1"], explain: "web" }, true);
    expect(JSON.parse(out)).toMatchObject({
      resource: "web",
      placements: [{ resource: "web", next: { role: "Started", nodes: ["node2"] } }],
      changes: [{ action: "move", from: "node1", to: "node2" }],
      actions: [
        { operation: "monitor", waitsFor: [] },
        { operation: "stop" },
        { operation: "start", waitsFor: ["probe of web on node2", "stop of web on node1"] },
      ],
    });
  });

  test("--dot is a graph", async () => {
    const { out } = await simulated({ standby: ["node1"], dot: true });
    expect(out).toMatch(/^digraph plan \{\n[\s\S]*label="web stop\\nnode1"[\s\S]*\}\n$/);
  });

  test("a file that is no CIB is told with its place", async () => {
    const bad = join(folder, "bad.xml");
    writeFileSync(bad, "<cib>\n  <configuration>");
    const { context } = capture();
    await expect(simulateCommand(context, { cib: bad })).rejects.toMatchObject({
      code: "INVALID_DEFINITION",
      details: [{ code: "XML_MALFORMED", at: { line: 2, column: 3 } }],
    });
  });

  test("--batch answers every line, also after a bad one", async () => {
    const { context, texts } = capture();
    const lines = [
      JSON.stringify({ cib, at: null }),
      "nonsense",
      "{}",
      JSON.stringify({ cib: "/gone" }),
      JSON.stringify({ cib }),
    ];
    await simulateCommand(context, { batch: true }, Readable.from([`${lines.join("\n")}\n`]));
    const answers = texts.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.map((each) => (each.error === undefined ? "plan" : "error"))).toEqual([
      "plan",
      "error",
      "error",
      "error",
      "plan",
    ]);
  });
});

describe("paceline import cib", () => {
  test("prints a definition that loads", async () => {
    const { context, texts } = capture();
    const address = ["node1=10.0.0.1", "node2=10.0.0.2"];
    expect(await importCibCommand(context, cib, { address })).toBe(0);
    const { definition, diagnostics } = loadDefinition(texts.out);
    expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
    expect(definition?.policy.resources.map((each) => each.id)).toEqual(["web"]);
    expect(texts.out).toContain("cluster: shop");
  });

  test("leaves fencing devices as they are if asked to", async () => {
    const { context, texts } = capture();
    const withDevice = join(folder, "with-device.xml");
    const device = `<primitive id="power" class="stonith" type="fence_ipmilan"/>`;
    writeFileSync(withDevice, cibText({ resources: `${WEB}${device}` }));
    expect(await importCibCommand(context, withDevice, { devicesAsResources: true })).toBe(0);
    const { definition } = loadDefinition(texts.out, { simulation: true });
    expect(definition?.policy.resources.map((each) => each.id)).toEqual(["web", "power"]);
    expect(texts.out).toContain("not to be applied");
  });

  test("options by former names keep their values; what no cluster knows is left out, and said", async () => {
    const crm = (values: Readonly<Record<string, string>>) =>
      block("cluster_property_set", "cib-bootstrap-options", values);
    const hook = block("cluster_property_set", "SAPHanaSR", { hana_prd_site_srHook: "PRIM" });
    const loopLimits = { "fencing-loop-limit": "3", "fencing-loop-window": "2h" };
    const options = { "stonith-enabled": "false", "my-own": "7", ...loopLimits };
    const file = join(folder, "options.xml");
    writeFileSync(file, cibText({ options: crm(options) + hook }));
    const { context, texts } = capture();
    const address = ["node1=10.0.0.1", "node2=10.0.0.2"];
    expect(await importCibCommand(context, file, { address })).toBe(0);
    expect(texts.out).toContain(
      "# - left out, for paceline knows no such option: hana_prd_site_srHook, my-own\n",
    );
    const { definition, diagnostics } = loadDefinition(texts.out);
    expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
    expect(definition?.choices.fencingEnabled).toBe(false);
    expect(fenceLoopLimits(definition!.policy.properties)).toEqual({
      limit: 3,
      windowMs: 7_200_000,
    });
  });

  test("takes the alerts along, and says what it leaves out", async () => {
    const file = join(folder, "alerts.xml");
    const alert = `<alert id="mail" path="/x"><recipient id="r" value="ops"/></alert>`;
    const spaced = `<alert id="other" path="/x"><recipient id="s" value="all of us"/></alert>`;
    const acls = `<acls><acl_target id="eve"/></acls>`;
    writeFileSync(file, cibText({ more: `<alerts>${alert}${spaced}</alerts>${acls}` }));
    const { context, texts } = capture();
    expect(await importCibCommand(context, file, {})).toBe(0);
    expect(texts.out).toContain("# - recipient s of alert other is left out: it has spaces in it");
    expect(texts.out).toContain("# - access control lists are left out: only root may");
    const { definition } = loadDefinition(texts.out, { simulation: true });
    expect(definition?.alerts.map(({ name }) => name)).toEqual(["mail"]);
  });

  test.each([["node9=10.0.0.1"], ["node1"], ["=10.0.0.1"]])(
    "--address %s is refused",
    async (text) => {
      const { context } = capture();
      await expect(importCibCommand(context, cib, { address: [text] })).rejects.toThrow();
    },
  );
});
