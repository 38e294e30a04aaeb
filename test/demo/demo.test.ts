import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
  readonly code: number | null;
  readonly text: string;
}

describe("npm run demo", { timeout: 120_000 }, () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "paceline-demo-test-"));
    chmodSync(home, 0o777);
  });

  afterEach(() => rmSync(home, { recursive: true, force: true }));

  /** `interruptAt`: Ctrl-C as soon as this was printed. */
  async function demo(
    prefix: readonly string[],
    env: NodeJS.ProcessEnv = {},
    interruptAt?: string,
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
      if (interruptAt === undefined || before.includes(interruptAt)) return;
      if (text.includes(interruptAt) && child.pid !== undefined) process.kill(-child.pid, "SIGINT");
    };
    child.stdout.setEncoding("utf8").on("data", read);
    child.stderr.setEncoding("utf8").on("data", read);
    const code = await new Promise<number | null>((done) => child.once("close", done));
    return { code, text };
  }

  /** Nothing of it is left: no file, and no process that has its directory in its arguments. */
  async function expectNothingLeft(): Promise<void> {
    expect(readdirSync(home)).toEqual([]);
    await vi.waitUntil(() => processesOf(home).length === 0, { timeout: 10_000 });
  }

  test.skipIf(!hasUserNamespaces)(
    "without root: in a user namespace, the whole of it",
    async () => {
      const { code, text } = await demo(["setpriv", ...NOBODY]);
      expect(text).toMatch(/answers; the client saw an outage of \d+ ms/);
      expect(text).toContain("Standby: ");
      expect(text).toContain("settled after");
      expect(text).toContain("Done: all daemons leave");
      expect(code, text).toBe(0);
      await expectNothingLeft();
    },
  );

  test.skipIf(!hasNobody)("without namespaces either: on loopback, and it says so", async () => {
    const { code, text } = await demo(["setpriv", ...NOBODY], {
      // What the program sets before it tries a user namespace: it takes it for tried.
      PACELINE_DEMO_USER_NAMESPACE: "1",
    });
    expect(text).toContain("three daemons on loopback, a dummy resource");
    expect(text).toMatch(/The daemon of node\d is killed/);
    expect(text.match(/demo +Started +node\d/g)?.length).toBeGreaterThanOrEqual(2);
    expect(code, text).toBe(0);
    await expectNothingLeft();
  });

  test.skipIf(!isRoot)("Ctrl-C in the middle leaves nothing behind", async () => {
    const before = namespaces();
    const { code } = await demo([], {}, "is cut");
    expect(code).toBe(130);
    await expectNothingLeft();
    expect(namespaces().filter((name) => !before.includes(name) && isOurs(name))).toEqual([]);
  });

  test.skipIf(!hasUserNamespaces)("Ctrl-C without root leaves nothing behind", async () => {
    const { code } = await demo(["setpriv", ...NOBODY], {}, "is cut");
    expect(code).not.toBe(0);
    await expectNothingLeft();
  });
});

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
