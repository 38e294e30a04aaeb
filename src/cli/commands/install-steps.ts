import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createKeyFile } from "../../io/key-file.ts";
import { CliError } from "../cli-error.ts";
import { bashCompletion } from "./completion-script.ts";
import type { InstallStep } from "./install-files.ts";

/** Where Pacemaker and paceline look for OCF agents: resource.d/PROVIDER/TYPE. */
const AGENT_DIR = "/usr/lib/ocf/resource.d/paceline";
const CONFIG_DIR = "/etc/paceline";
const KEY_NOTE = "the same file belongs on every node";

/** What a machine is to be: a node of a cluster, or an arbiter, which runs nothing. */
export type InstallRole = "node" | "arbiter";

/** All that an installation consists of, in order. */
export function installSteps(prefix: string, root: string, role: InstallRole): InstallStep[] {
  const source = packageRoot();
  const home = programHome(source, prefix, root);
  const program: InstallStep[] = [
    ...(home === source ? [] : programSteps(source, home)),
    { kind: "link", path: `${prefix}/bin/paceline`, target: `${home}/dist/cli/main.js` },
    { kind: "link", path: `${prefix}/bin/pacelined`, target: `${home}/dist/daemon/main.js` },
    completionStep(prefix),
  ];
  if (role === "arbiter") {
    const key: InstallStep = {
      kind: "secret",
      path: `${CONFIG_DIR}/arbiter.key`,
      note: "nodes need it too (arbiter-key-file), or put the cluster's key here",
      create: createKey,
    };
    return [
      ...program,
      unitStep(source, prefix, "paceline-arbiter"),
      { kind: "directory", path: CONFIG_DIR, mode: 0o755 },
      key,
    ];
  }
  return [
    ...program,
    ...agentSteps(source),
    unitStep(source, prefix, "paceline"),
    { kind: "directory", path: CONFIG_DIR, mode: 0o755 },
    ...exampleSteps(source),
    { kind: "secret", path: `${CONFIG_DIR}/key`, note: KEY_NOTE, create: createKey },
    { kind: "directory", path: "/var/lib/paceline", mode: 0o700 },
  ];
}

function createKey(path: string): void {
  const made = createKeyFile(path);
  if ("problem" in made) throw new CliError("KEY_FILE", made.problem.message, made.problem.hint);
}

/** The package that this file belongs to; both src/ and dist/ are three levels below it. */
export function packageRoot(): string {
  return resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
}

/**
 * A package that npm put under the prefix is used where it is. A clone, which may move or vanish,
 * is copied there.
 */
function programHome(source: string, prefix: string, root: string): string {
  const installed = join(root, prefix, "lib");
  const inside =
    existsSync(installed) && !relative(realpathSync(installed), source).startsWith("..");
  return inside
    ? join(prefix, "lib", relative(realpathSync(installed), source))
    : `${prefix}/lib/paceline`;
}

function programSteps(source: string, home: string): InstallStep[] {
  const steps = ["dist", "agents", "etc", "systemd"].flatMap((folder) =>
    treeSteps(join(source, folder), `${home}/${folder}`),
  );
  const modules = runtimeModules(source).flatMap((name) =>
    treeSteps(join(source, "node_modules", name), `${home}/node_modules/${name}`),
  );
  return [...steps, ...modules, fileStep(join(source, "package.json"), `${home}/package.json`)];
}

/** The packages that run time needs: dependencies, theirs, and so on. npm keeps them flat. */
function runtimeModules(source: string): string[] {
  const found = new Set<string>();
  const visit = (directory: string): void => {
    const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    for (const name of Object.keys(manifest.dependencies ?? {}).sort()) {
      const place = join(source, "node_modules", name);
      if (found.has(name) || !existsSync(place)) continue;
      found.add(name);
      visit(place);
    }
  };
  visit(source);
  return [...found].sort();
}

function agentSteps(source: string): InstallStep[] {
  const helpers = `${AGENT_DIR}/helpers/`;
  const steps = treeSteps(join(source, "agents"), AGENT_DIR);
  // The helpers are no agents: they stay with the program, which they run.
  return steps
    .filter((step) => !step.path.startsWith(helpers))
    .map((step) =>
      // Agents are programs whatever the file modes in a copied tree are; their library is not.
      step.kind === "file" && !step.path.startsWith(`${AGENT_DIR}/lib/`)
        ? { ...step, mode: 0o755 }
        : step,
    );
}

function unitStep(source: string, prefix: string, unit: string): InstallStep {
  const text = readFileSync(join(source, `systemd/${unit}.service`), "utf8");
  return {
    kind: "file",
    path: `${prefix}/lib/systemd/system/${unit}.service`,
    mode: 0o644,
    content: Buffer.from(text.replaceAll("/usr/local/bin/", `${prefix}/bin/`)),
  };
}

function completionStep(prefix: string): InstallStep {
  return {
    kind: "file",
    path: `${prefix}/share/bash-completion/completions/paceline`,
    mode: 0o644,
    content: Buffer.from(bashCompletion()),
  };
}

/** As examples beside it: the definition itself is the operator's. */
function exampleSteps(source: string): InstallStep[] {
  return treeSteps(join(source, "etc"), `${CONFIG_DIR}/examples`);
}

/** Types and source maps: two thirds of the files, and none is read at run time. */
const FOR_DEVELOPERS = /\.(d\.[cm]?ts|[cm]?ts|map|flow|tsbuildinfo)$/;

function treeSteps(from: string, to: string): InstallStep[] {
  if (!existsSync(from)) return [];
  return readdirSync(from, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const source = join(from, entry.name);
      if (entry.isDirectory()) return treeSteps(source, `${to}/${entry.name}`);
      return entry.isFile() && !FOR_DEVELOPERS.test(entry.name)
        ? [fileStep(source, `${to}/${entry.name}`)]
        : [];
    });
}

/** Programs whatever the file modes in a copied tree are. */
const PROGRAM = /\/dist\/(cli|daemon)\/main\.js$|\/agents\/helpers\/[^/]+$/;

function fileStep(source: string, path: string): InstallStep {
  const isProgram = PROGRAM.test(source);
  const executable = isProgram || (statSync(source).mode & 0o111) !== 0;
  return { kind: "file", path, mode: executable ? 0o755 : 0o644, content: readFileSync(source) };
}
