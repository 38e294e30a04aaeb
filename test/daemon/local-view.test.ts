import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { note } from "../../src/core/note.ts";
import { DefinitionFile } from "../../src/daemon/definition-file.ts";
import { LocalTroubles } from "../../src/daemon/local-troubles.ts";
import { withLocalView } from "../../src/daemon/local-view.ts";
import type { ControlReply } from "../../src/model/control.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { NOW, report } from "../cli/report-fixture.ts";

let dir: string;
let file: DefinitionFile;
let troubles: LocalTroubles;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-file-"));
  troubles = new LocalTroubles("node1", "/srv/cluster.key");
  file = new DefinitionFile(join(dir, "cluster.yaml"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function asked(): StatusReport {
  const reply: ControlReply = { ok: true, result: report() };
  const seen = withLocalView({ method: "status" }, reply, file, troubles, NOW);
  if (!seen.ok) throw new Error("refused");
  return seen.result as StatusReport;
}

const differs = (): boolean | undefined => asked().definition?.localFileDiffers;

test("a file that was edited and not applied shows in the status", () => {
  file.replace("cluster: a\n", "now");
  expect(differs()).toBe(false);
  writeFileSync(file.path, "cluster: a # edited\n");
  expect(differs()).toBe(true);
});

test("so does one that is gone", () => {
  file.replace("cluster: a\n", "now");
  rmSync(file.path);
  expect(differs()).toBe(true);
});

test("once it is applied, or put back, all is well again", () => {
  file.replace("cluster: a\n", "now");
  writeFileSync(file.path, "cluster: a # edited\n");
  expect(differs()).toBe(true);
  file.replace("cluster: a # edited\n", "later");
  expect(differs()).toBe(false);
  writeFileSync(file.path, "cluster: b\n");
  expect(differs()).toBe(true);
  writeFileSync(file.path, "cluster: a # edited\n");
  expect(differs()).toBe(false);
});

test("before the cluster has committed anything there is nothing to differ from", () => {
  writeFileSync(file.path, "cluster: a\n");
  expect(differs()).toBe(false);
});

test("the definition of the cluster replaces its own earlier one without keeping that: history has it", () => {
  file.replace("cluster: a\n", "first");
  expect(file.replace("cluster: a # second\n", "second")).toEqual({});
  file.expect("cluster: a # second\n");
  expect(file.replace("cluster: a # third\n", "third")).toEqual({});
  expect(readdirSync(dir)).toEqual(["cluster.yaml"]);
});

describe("a text that somebody wrote and never applied", () => {
  const committed = "cluster: a\nnodes: { node1: 10.0.0.1 }\n";
  const mine = `${committed}resources: { more: { agent: dummy } }\n`;

  function changesOf(written: string): readonly string[] | undefined {
    writeFileSync(file.path, written);
    return file.replace(committed, "now").kept?.changes;
  }

  test("is kept beside the one that replaces it, which says what it would have changed", () => {
    writeFileSync(file.path, mine);
    expect(file.expect(committed)).toBe(true);
    expect(readFileSync(file.path, "utf8")).toBe(mine);
    const as = `${file.path}.before-now`;
    const changes = ["resource more is added (ocf:paceline:dummy)"];
    expect(file.replace(`${committed}# second\n`, "now")).toEqual({ kept: { as, changes } });
    expect(readFileSync(as, "utf8")).toBe(mine);
  });

  test("may be no definition", () => {
    expect(changesOf("cluster: a\n")).toEqual([
      "nothing: it has errors (the definition has no `nodes`)",
    ]);
  });

  test("may differ in comments only", () => {
    expect(changesOf(`${committed}# mine\n`)).toEqual(["nothing: only comments or layout differ"]);
  });

  test("may be another one altogether: a few lines will do", () => {
    const agents = Array.from({ length: 40 }, (_, index) => `  r${index}: { agent: dummy }\n`);
    const changes = changesOf(`${committed}resources:\n${agents.join("")}`) ?? [];
    expect(changes.length).toBe(11);
    expect(changes.at(-1)).toBe("and 30 more");
  });
});

test("other answers are passed on as they are", () => {
  file.replace("cluster: a\n", "now");
  rmSync(file.path);
  const reply: ControlReply = { ok: true, result: {} };
  expect(withLocalView({ method: "config-history" }, reply, file, troubles, NOW)).toBe(reply);
});

describe("what is wrong with the node that is asked", () => {
  const link = { link: 0, address: "10.0.0.1" };
  const told = () => asked().warnings.map(({ message, hint }) => `${message} → ${hint}`);

  test("a link that cannot be used is said first, until it can", () => {
    const message = "Link 0 (10.0.0.1) does not work: bind EADDRINUSE 10.0.0.1:7700.";
    troubles.overhear(note("warn", "link-unusable", message, link), NOW);
    expect(told()).toEqual([
      `node1 hears and says nothing on a link: ${message} → another program, or another daemon, has that port: see \`ss -ulpn\``,
    ]);
    troubles.overhear(note("info", "link-usable", "works again", link), NOW);
    expect(told()).toEqual([]);
  });

  test("so are frames under another key, while they arrive", () => {
    const fields = { reason: "not-authentic", from: "10.0.0.3", count: 1 };
    troubles.overhear(note("warn", "frames-dropped", "…", fields), NOW - 60_000);
    expect(told()).toEqual([
      "what 10.0.0.3 sends is not heard by node1: it is sealed with another key of the same number → copy /srv/cluster.key from a node that is well to the other, mode 0600, and restart that one",
    ]);
    troubles.overhear(note("info", "frames-dropped", "…", { reason: "noise" }), NOW);
    troubles.overhear(note("warn", "frames-dropped", "…", fields), NOW - 200_000);
    expect(told()).toEqual([]);
  });

  test("a node that was no part of the definition, until it is heard", () => {
    const fields = { reason: "unknown-sender", from: "10.0.0.3", count: 1 };
    troubles.overhear(note("warn", "frames-dropped", "…", fields), NOW - 1_000);
    expect(told()).toHaveLength(1);
    troubles.peerHeard();
    expect(told()).toEqual([]);
  });

  test("and a disk that takes nothing, until it does", () => {
    const problem = {
      severity: "error",
      code: "X",
      message: "it is full.",
      hint: "free some space",
    };
    troubles.storage(problem as Diagnostic);
    expect(told()).toEqual([
      "node1 cannot write its state, and takes no part in decisions: it is full. → free some space",
    ]);
    troubles.storage(undefined);
    expect(told()).toEqual([]);
  });
});
