import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { canMakeNamespaces, ROOT } from "../support/lab-commands.ts";

const DEMO = join(ROOT, "dist-test/test/demo/demo.js");
const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];

const isRoot = process.getuid?.() === 0 && canMakeNamespaces();
/** The user nobody must be able to read the checkout. */
const hasNobody =
  isRoot && spawnSync("setpriv", [...NOBODY, process.execPath, "--check", DEMO]).status === 0;
const hasUserNamespaces =
  hasNobody &&
  spawnSync("setpriv", [...NOBODY, "unshare", "--user", "--map-root-user", "--net", "true"])
    .status === 0;
if (!hasNobody)
  console.warn("skipped: the demo without rights (needs root, setpriv, a readable checkout)");

interface Outcome {
  /** The exit code, or the signal of which it died. */
  readonly end: number | NodeJS.Signals;
  readonly text: string;
}

describe("npm run demo", { timeout: 120_000 }, () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "paceline-demo-test-"));
    chmodSync(home, 0o777);
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** `interrupt`: what happens to it as soon as this was printed. */
  async function demo(
    prefix: readonly string[],
    env: NodeJS.ProcessEnv = {},
    interrupt?: { readonly at: string; readonly how: (pid: number) => void },
  ): Promise<Outcome> {
    const [command = "", ...args] = [...prefix, process.execPath, DEMO];
    const child = spawn(command, args, {
      env: { ...process.env, HOME: home, TMPDIR: home, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C goes to the whole group of a terminal.
      detached: true,
    });
    let text = "";
    const read = (chunk: string): void => {
      const before = text;
      text += chunk;
      if (interrupt === undefined || before.includes(interrupt.at)) return;
      if (text.includes(interrupt.at) && child.pid !== undefined) interrupt.how(child.pid);
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    const end = await new Promise<number | NodeJS.Signals>((done) =>
      child.once("close", (code, signal) => done(signal ?? code ?? -1)),
    );
    return { end, text };
  }

  /** Nothing of it is left: no file, and no process that has its directory in its arguments. */
  async function expectNothingLeft(): Promise<void> {
    expect(readdirSync(home)).toEqual([]);
    await vi.waitUntil(() => processesOf(home).length === 0, { timeout: 10_000 });
  }

  test.skipIf(!isRoot)("as root: every step of it, as the README shows it", async () => {
    const { end, text } = await demo([]);
    expectWhole(text);
    const printed = withoutFigures(text).map((line) => line.trim());
    for (const line of withoutFigures(readmeSample())) expect(printed).toContain(line.trim());
    expect(end, text).toBe(0);
    await expectNothingLeft();
  });

  test.skipIf(!hasUserNamespaces)(
    "without root: in a user namespace, the whole of it",
    async () => {
      const { end, text } = await demo(["setpriv", ...NOBODY]);
      expectWhole(text);
      expect(end, text).toBe(0);
      await expectNothingLeft();
    },
  );

  test.skipIf(!hasNobody)("without namespaces either: on loopback, and it says so", async () => {
    const { end, text } = await demo(["setpriv", ...NOBODY], {
      // What the program sets before it tries a user namespace: it takes it for tried.
      PACELINE_DEMO_USER_NAMESPACE: "1",
    });
    expect(text).toContain("three daemons on loopback, a dummy resource");
    expect(text).toMatch(/The daemon of node\d is killed/);
    expect(text.match(/demo +Started +node\d/g)?.length).toBeGreaterThanOrEqual(2);
    expect(end, text).toBe(0);
    await expectNothingLeft();
  });

  test.skipIf(!isRoot)("Ctrl-C in the middle leaves nothing behind", async () => {
    const before = namespaces();
    const { end } = await demo([], {}, { at: "is cut", how: ctrlC });
    expect(end).toBe("SIGINT");
    await expectNothingLeft();
    expect(namespaces().filter((name) => !before.includes(name) && isOurs(name))).toEqual([]);
  });

  test.skipIf(!hasUserNamespaces)("Ctrl-C without root leaves nothing behind", async () => {
    const { end } = await demo(["setpriv", ...NOBODY], {}, { at: "is cut", how: ctrlC });
    expect(end).not.toBe(0);
    await expectNothingLeft();
  });

  test.skipIf(!hasUserNamespaces)("nor does SIGTERM to the first of its processes", async () => {
    const { end } = await demo(["setpriv", ...NOBODY], {}, { at: "is cut", how: terminate });
    expect(end).toBe(143);
    await expectNothingLeft();
  });

  test.skipIf(!hasNobody)("nor does SIGTERM where there are no namespaces", async () => {
    const { end } = await demo(
      ["setpriv", ...NOBODY],
      { PACELINE_DEMO_USER_NAMESPACE: "1" },
      { at: "is killed", how: terminate },
    );
    expect(end).toBe("SIGTERM");
    await expectNothingLeft();
  });
});

/** Each section says what it is there to show, and no command of it failed. */
function expectWhole(text: string): void {
  expect(text).not.toContain("(exit code");
  const [start, cut, mended, standby, migrate, done] = sectionsOf(text);
  const owner = /every 10 ms: (node\d) answers/.exec(start?.body ?? "")?.[1] ?? "nobody";
  expect(start?.body).toContain("3 of 3 nodes up, 2 of 2 resources running");
  expect(start?.body).toMatch(new RegExp(`web-server +Started +${owner}`));

  expect(cut?.title).toBe(`The cable of ${owner} is cut`);
  const next = expectTakeover(cut?.body ?? "", owner);
  expect(cut?.body).toContain("2 of 3 nodes up, 2 of 2 resources running");
  expect(cut?.body).toMatch(new RegExp(`${owner} +offline +lost`));
  expect(cut?.body).toMatch(new RegExp(`web-server +Started +${next}`));

  expect(mended?.title).toContain("it rejoins, and nothing moves back");
  expect(mended?.body).toContain("3 of 3 nodes up, 2 of 2 resources running");
  expect(mended?.body).toMatch(new RegExp(`web-server +Started +${next}`));

  expect(standby?.title).toContain(`Standby: ${next}`);
  expect(standby?.body).toContain(`${next} is in standby`);
  expect(standby?.body).toMatch(/settled after .* nothing runs on node\d/);
  expect(standby?.body).toMatch(new RegExp(`now (?!${next})node\\d answers`));
  expect(standby?.body).toContain(`taken back: ${next} is in standby`);

  const target = /to (node\d) by hand/.exec(migrate?.title ?? "")?.[1] ?? "nobody";
  expect(migrate?.body).toContain(`web is moved to ${target} until`);
  expect(migrate?.body).toContain(`now ${target} answers`);
  expect(migrate?.body).toContain(`taken back: web is moved to ${target}`);
  // The last status has no override left to list.
  expect(migrate?.body).not.toContain("Set by hand");
  expect(migrate?.body).toMatch(new RegExp(`web-server +Started +${target}`));
  expect(done?.title).toContain("Done: all daemons leave");
}

/** The timeline has every phase in its order, and when the client was answered. Returns by whom. */
function expectTakeover(text: string, lost: string): string {
  const rows = [...text.matchAll(/^ +(-?\d+) ms {2}(\w+) +(.*)$/gm)].map(
    ([, ms, phase = "", message = ""]) => ({ ms: Number(ms), phase, message }),
  );
  const phases = rows.map(({ phase }) => phase);
  const order = [...new Set(phases.filter((phase) => phase !== "cut" && phase !== "answer"))];
  expect(order).toEqual(["fault", "detection", "decision", "recovery", "stable"]);
  expect(rows.map(({ ms }) => ms)).toEqual(rows.map(({ ms }) => ms).sort((a, b) => a - b));
  const row = (phase: string) => rows.find((each) => each.phase === phase);
  expect(row("cut")).toEqual({ ms: 0, phase: "cut", message: `the cable of ${lost} is cut` });
  expect(row("fault")?.message).toBe(`last sign of life of ${lost}`);
  expect(row("detection")?.message).toContain(`${lost} is lost`);
  const said = /^(node\d) answers; the client saw an outage of (\d+) ms/m.exec(text);
  const [, next = "", outage] = said ?? [];
  expect(next).not.toBe(lost);
  expect(row("decision")?.message).toContain(`start web-server ${next}`);
  expect(row("recovery")?.message).toBe(`web-ip started on ${next}`);
  const answer = row("answer");
  expect(answer?.message).toBe(`the client hears from ${next}, after an outage of ${outage} ms`);
  // Nobody answers before it was decided who is to.
  expect(answer?.ms).toBeGreaterThanOrEqual(row("decision")?.ms ?? Number.POSITIVE_INFINITY);
  return next;
}

/** What stands under each heading. */
function sectionsOf(text: string): { readonly title: string; readonly body: string }[] {
  const [, ...parts] = stripVTControlCharacters(text).split(/^== /m);
  return parts.map((part) => {
    const end = part.indexOf("\n");
    return { title: part.slice(0, end), body: part.slice(end) };
  });
}

/** What the README says that it prints. */
function readmeSample(): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  return /What it prints[^`]*```text\n([\s\S]*?)```/.exec(readme)?.[1] ?? "no sample";
}

/** Its lines, whoever it was and however long it took. */
function withoutFigures(text: string): string[] {
  return stripVTControlCharacters(text).replace(/-?\d+/g, "N").split("\n");
}

/** To the whole group, as a terminal does. */
function ctrlC(pid: number): void {
  process.kill(-pid, "SIGINT");
}

function terminate(pid: number): void {
  process.kill(pid, "SIGTERM");
}

/** Others may make namespaces meanwhile: ours are those whose makers are gone. */
function isOurs(name: string): boolean {
  const maker = /^pcl(\d+)x/.exec(name)?.[1];
  return maker !== undefined && !existsSync(`/proc/${maker}`);
}

function namespaces(): string[] {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  return stdout.split("\n").map((line) => line.split(" ")[0] ?? "");
}

function processesOf(directory: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => commandLine(pid).includes(directory));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
