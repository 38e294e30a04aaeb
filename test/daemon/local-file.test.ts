import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DefinitionFile } from "../../src/daemon/definition-file.ts";
import { withLocalFile } from "../../src/daemon/local-file.ts";
import type { ControlReply } from "../../src/model/control.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { report } from "../cli/report-fixture.ts";

let dir: string;
let file: DefinitionFile;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "paceline-file-"));
  file = new DefinitionFile(join(dir, "cluster.yaml"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function asked(): StatusReport {
  const reply: ControlReply = { ok: true, result: report() };
  const seen = withLocalFile({ method: "status" }, reply, file);
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

test("a text that somebody wrote and never applied is kept beside the one that replaces it", () => {
  writeFileSync(file.path, "cluster: a # mine\n");
  expect(file.expect("cluster: a\n")).toBe(true);
  expect(readFileSync(file.path, "utf8")).toBe("cluster: a # mine\n");
  const keptAs = `${file.path}.before-now`;
  expect(file.replace("cluster: a # second\n", "now")).toEqual({ keptAs });
  expect(readFileSync(keptAs, "utf8")).toBe("cluster: a # mine\n");
});

test("other answers are passed on as they are", () => {
  file.replace("cluster: a\n", "now");
  rmSync(file.path);
  const reply: ControlReply = { ok: true, result: {} };
  expect(withLocalFile({ method: "config-history" }, reply, file)).toBe(reply);
});
