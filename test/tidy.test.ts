import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";

/** The rules of the house that no linter knows: who may import whom, sizes, names, words. */
const ROOT = resolve(import.meta.dirname, "..");
const SOURCES = filesBelow(join(ROOT, "src")).filter((file) => file.endsWith(".ts"));
const TESTS = filesBelow(join(ROOT, "test")).filter((file) => file.endsWith(".ts"));

/** Folder to the folders it may import from; each may import from itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  model: ["core"],
  wire: ["core", "model"],
  config: ["core", "model"],
  interop: ["core", "model", "policy"],
  membership: ["core", "model"],
  consensus: ["core", "model"],
  cib: ["core", "model"],
  policy: ["core", "model"],
  transition: ["core", "model"],
  lrm: ["core", "model"],
  fencing: ["core", "model"],
  messaging: ["core", "model", "wire"],
  controller: [
    "core",
    "model",
    "cib",
    "config",
    "consensus",
    "fencing",
    "lrm",
    "membership",
    "policy",
    "transition",
  ],
  io: ["core", "model", "wire", "messaging", "lrm", "fencing"],
  daemon: [
    "core",
    "model",
    "cib",
    "config",
    "consensus",
    "controller",
    "fencing",
    "io",
    "lrm",
    "membership",
    "policy",
    "wire",
  ],
  cli: ["core", "model", "cib", "config", "controller", "interop", "io", "lrm", "policy", "wire"],
};

/** Only these may touch the outside; of the rest, single files may do single things. */
const OUTER: readonly string[] = ["io", "daemon", "cli"];
const NODE_EXCEPTIONS: Readonly<Record<string, string>> = {
  "node:crypto": "wire/ consensus/ cib/ policy/ lrm/ io/ config/",
};

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s+"([^"]+)"/gms)].map(
    (match) => match[1] ?? "",
  );
}

function folderOf(file: string): string {
  return relative(join(ROOT, "src"), file).split("/")[0] ?? "";
}

test("folders import only what lies below them", () => {
  const wrong = SOURCES.flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith("."))
      .map((target) => folderOf(resolve(file, "..", target)))
      .filter((to) => to !== folderOf(file) && !MAY_IMPORT[folderOf(file)]?.includes(to))
      .map((to) => `${relative(ROOT, file)} imports from ${to}`),
  );
  expect(wrong).toEqual([]);
});

test("the core touches nothing outside", () => {
  const wrong = SOURCES.filter((file) => !OUTER.includes(folderOf(file))).flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith("node:"))
      .filter((target) => !(NODE_EXCEPTIONS[target] ?? "").includes(`${folderOf(file)}/`))
      .map((target) => `${relative(ROOT, file)} imports ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("the core reads no clock and draws no random number of its own", () => {
  const forbidden = /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.hrtime)\b/;
  const wrong = SOURCES.filter((file) => !OUTER.includes(folderOf(file)))
    .filter((file) => forbidden.test(withoutComments(readFileSync(file, "utf8"))))
    .map((file) => relative(ROOT, file));
  expect(wrong).toEqual([]);
});

test("files have at most 400 lines", () => {
  const long = SOURCES.map((file) => [
    relative(ROOT, file),
    readFileSync(file, "utf8").split("\n").length - 1,
  ]).filter(([, lines]) => Number(lines) > 400);
  expect(long).toEqual([]);
});

test("file names are in kebab-case and unique, so that a log line points to one place", () => {
  const names = SOURCES.map((file) => basename(file)).filter((name) => name !== "main.ts");
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  expect(twice).toEqual([]);
  const odd = [...SOURCES, ...TESTS].filter((file) => !/^[a-z0-9.-]+\.ts$/.test(basename(file)));
  expect(odd).toEqual([]);
});

test("nothing is marked unfinished", () => {
  const marks = new RegExp(["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|"));
  const wrong = [...SOURCES, ...TESTS]
    .filter((file) => marks.test(readFileSync(file, "utf8")))
    .map((file) => relative(ROOT, file));
  expect(wrong).toEqual([]);
});

test("the version is said once", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    version: string;
  };
  const source = readFileSync(join(ROOT, "src/daemon/version.ts"), "utf8");
  expect(source).toContain(`"${manifest.version}"`);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*$/gm, "");
}
