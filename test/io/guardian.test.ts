import { type ChildProcess, spawn } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AGENT_PATHS } from "../../src/io/agent-lookup.ts";
import { Guardian } from "../../src/io/guardian.ts";
import { guardWords, quoted } from "../../src/io/guardian-lines.ts";
import { announceStart, endInterim, leaveInterim, removeInterim } from "../../src/io/interim.ts";
import type { GuardEntry } from "../../src/model/operation.ts";

const SCRIPT = new URL("../../agents/lib/guardian", import.meta.url).pathname;
let dir: string;
let children: ChildProcess[];

beforeEach(() => {
  children = [];
  dir = mkdtempSync(join(tmpdir(), "paceline-guardian-"));
  // It writes down what it is told to do, with the parameter that it got.
  writeFileSync(join(dir, "writer"), '#!/bin/sh\necho "$OCF_RESKEY_x $1" >>"$OCF_RESKEY_out"\n');
  chmodSync(join(dir, "writer"), 0o755);
});

afterEach(() => {
  // Each leads a group, with the sleep that it may be in.
  for (const child of children) killGroup(child.pid);
  rmSync(dir, { recursive: true, force: true });
});

function entry(resource: string, x = resource): GuardEntry {
  return {
    resource,
    agent: { class: "ocf", provider: "paceline", type: "writer" },
    params: {},
    env: { OCF_RESKEY_x: x, OCF_RESKEY_out: join(dir, "out"), "not-a-name": "y" },
    timeoutMs: 5000,
    addresses: [],
  };
}

function paths() {
  return { ...AGENT_PATHS, agentDirs: [dir] };
}

/** The guardian with a pipe in the test's hand: closing it is the daemon's death. */
function startScript(graceSeconds: string, token = "t1"): ChildProcess {
  writeFileSync(join(dir, "guardian.token"), `${token}\n`);
  const child = spawn("/bin/sh", [SCRIPT, dir, token, graceSeconds], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  children.push(child);
  return child;
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    child.once("exit", resolve);
  });
}

function line(slot: number, given: GuardEntry): string {
  return `set ${slot} ${guardWords(given, paths())}\n`;
}

function done(): string {
  return existsSync(join(dir, "out")) ? readFileSync(join(dir, "out"), "utf8") : "";
}

/** On a busy machine a hundred forks take their time. */
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await sleep(10);
  expect(condition()).toBe(true);
}

describe("the guardian", () => {
  test("stops what it was told to, in order, once its input ends", async () => {
    const child = startScript("0.000");
    child.stdin!.write(line(1, entry("a")) + line(2, entry("b")) + line(3, entry("c")));
    child.stdin!.end("order 2 1 3\n");
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("b stop\na stop\nc stop\n");
    const report = readFileSync(join(dir, "guardian.report"), "utf8");
    expect(report).toMatch(
      / daemon-gone token=t1\n.* stopped b 0\n.* stopped a 0\n.* stopped c 0\n/,
    );
    expect(existsSync(join(dir, "guardian.busy"))).toBe(false);
  });

  test("keeps every character of a parameter, newlines and quotes included", async () => {
    const child = startScript("0");
    const nasty = "a 'b' \"c\"\n$(touch /tmp/never) \\ `d` *";
    child.stdin!.end(`${line(1, entry("a", nasty))}order 1\n`);
    await ended(child);
    expect(done()).toBe(`${nasty} stop\n`);
  });

  test("forgets what is dropped or no longer in the order, and a line cut short", async () => {
    const child = startScript("0");
    child.stdin!.write(`${line(1, entry("a"))}${line(2, entry("b"))}order 1 2\ndrop 1\norder 2\n`);
    child.stdin!.end("order 2 1");
    await ended(child);
    expect(done()).toBe("b stop\n");
  });

  test("survives nonsense on its input", async () => {
    const child = startScript("0");
    child.stdin!.end(`nonsense\nset\nset x y\ndrop ;\n\n${line(7, entry("a"))}order 7 8 9\n`);
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("a stop\n");
  });

  test("does nothing after a clean release", async () => {
    const child = startScript("0");
    child.stdin!.write(`${line(1, entry("a"))}order 1\nrelease\n`);
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("");
  });

  test("stands down when a new daemon has taken over within the grace time", async () => {
    const child = startScript("0.3");
    child.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    writeFileSync(join(dir, "guardian.token"), "t2\n");
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("");
  });

  test("is not ended by SIGTERM, SIGINT or SIGHUP, and acts afterwards", async () => {
    const child = startScript("0");
    child.stdin!.write(`${line(1, entry("a"))}order 1\n`);
    // Its first act; until then it is an ordinary shell.
    const ignored = () => readFileSync(`/proc/${child.pid}/status`, "utf8");
    await until(() => /SigIgn:\t[0-9a-f]*[13579bdf]\n/.test(ignored()));
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) child.kill(signal);
    expect(child.exitCode).toBe(null);
    child.stdin!.end();
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("a stop\n");
  });

  test("acts though the run directory is gone", async () => {
    const child = startScript("0");
    child.stdin!.write(`${line(1, { ...entry("a"), env: { ...entry("a").env } })}order 1\n`);
    const out = mkdtempSync(join(tmpdir(), "paceline-guardian-out-"));
    const moved = { ...entry("b"), env: { OCF_RESKEY_x: "b", OCF_RESKEY_out: join(out, "out") } };
    const words = guardWords(moved, paths())!.replaceAll(join(dir, "writer"), join(out, "writer"));
    writeFileSync(join(out, "writer"), readFileSync(join(dir, "writer")));
    chmodSync(join(out, "writer"), 0o755);
    child.stdin!.write(`set 2 ${words}\norder 2\n`);
    rmSync(dir, { recursive: true });
    child.stdin!.end();
    expect(await ended(child)).toBe(0);
    expect(readFileSync(join(out, "out"), "utf8")).toBe("b stop\n");
    rmSync(out, { recursive: true });
  });

  test("gives a hanging stop up at its deadline and goes on", async () => {
    writeFileSync(join(dir, "hang"), "#!/bin/sh\ntrap '' TERM\nsleep 60\n");
    chmodSync(join(dir, "hang"), 0o755);
    const hanging = { ...entry("h"), timeoutMs: 1000 };
    const agent = { class: "ocf", provider: "paceline", type: "hang" };
    const child = startScript("0");
    child.stdin!.end(`${line(1, { ...hanging, agent })}${line(2, entry("a"))}order 1 2\n`);
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("a stop\n");
  });
});

describe("the time between two daemons", () => {
  const coming = () => join(dir, "guardian.coming");
  const used = () => join(dir, "interim.used");

  /** Datagrams that arrive, until the socket is closed. */
  async function listen(): Promise<{ socket: Socket; port: number; heard: Buffer[] }> {
    const socket = createSocket("udp4");
    const heard: Buffer[] = [];
    socket.on("message", (bytes) => heard.push(bytes));
    await new Promise<void>((done) => socket.bind(0, "127.0.0.1", done));
    return { socket, port: socket.address().port, heard };
  }

  function leave(port: number, rounds: number, bytes: Uint8Array): void {
    const round = [{ address: "127.0.0.1", port, bytes }];
    leaveInterim(dir, { everyMs: 10, rounds: Array.from({ length: rounds }, () => round) });
  }

  test("it has signs of life sent, byte by byte as they were left, until it acts", async () => {
    const { socket, port, heard } = await listen();
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    leave(port, 10_000, every);
    writeFileSync(coming(), `${process.pid}\n`);
    const child = startScript("2.0");
    child.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    await until(() => heard.length > 1);
    expect(done()).toBe("");
    expect(new Set(heard.map((bytes) => bytes.toString("hex")))).toEqual(
      new Set([Buffer.from(every).toString("hex")]),
    );
    rmSync(coming());
    await ended(child);
    expect(done()).toBe("a stop\n");
    expect(existsSync(used())).toBe(false);
    socket.close();
  });

  test("it waits for a daemon that is on its way, and acts when that one dies", async () => {
    const { socket, port, heard } = await listen();
    leave(port, 10_000, new Uint8Array(3));
    const starting = spawn("sleep", ["60"], { detached: true });
    children.push(starting);
    writeFileSync(coming(), `${starting.pid}\n`);
    // Time enough for bash to start on a busy machine, and over by the hundredth round.
    const child = startScript("1.0");
    child.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    await until(() => heard.length > 100);
    expect(done()).toBe("");
    starting.kill("SIGKILL");
    await ended(child);
    expect(done()).toBe("a stop\n");
    socket.close();
  });

  test("it waits no longer than there is something to be sent", async () => {
    const { socket, port } = await listen();
    leave(port, 20, new Uint8Array(3));
    writeFileSync(coming(), `${process.pid}\n`);
    const child = startScript("0.1");
    child.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    await ended(child);
    expect(done()).toBe("a stop\n");
    socket.close();
  });

  test("it lets go of what a new daemon takes over, which then speaks for itself", async () => {
    const { socket, port, heard } = await listen();
    leave(port, 10_000, new Uint8Array(3));
    announceStart(dir);
    const child = startScript("1.0");
    child.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    await until(() => heard.length > 10);
    writeFileSync(join(dir, "guardian.token"), "t2\n");
    expect(await ended(child)).toBe(0);
    expect(done()).toBe("");
    const before = heard.length;
    await until(() => heard.length > before);
    endInterim(dir);
    await until(() => !existsSync(used()));
    socket.close();
  });

  test("nobody is spoken for who ended in good order", async () => {
    leave(9, 10, new Uint8Array(3));
    removeInterim(dir);
    expect(existsSync(join(dir, "interim"))).toBe(false);
  });
});

describe("the daemon's hold on it", () => {
  function daemon(graceMs = 0): Guardian {
    return new Guardian({ runDir: dir, graceMs, paths: { agentDirs: [dir] } });
  }

  test("a clean release ends it without a stop", async () => {
    const guardian = daemon();
    await guardian.start();
    guardian.update([entry("a")]);
    const { pid } = guardian;
    guardian.release();
    await until(() => !isAlive(pid!));
    expect(done()).toBe("");
    expect(existsSync(join(dir, "guardian.list"))).toBe(false);
  });

  test("a second start is no second guardian", async () => {
    const guardian = daemon();
    await guardian.start();
    const { pid } = guardian;
    await guardian.start();
    expect(guardian.pid).toBe(pid);
    guardian.release();
  });

  test("a guardian that is killed is replaced, list and all", async () => {
    const guardian = daemon();
    await guardian.start();
    guardian.update([entry("a")]);
    const { pid } = guardian;
    process.kill(pid!, "SIGKILL");
    await until(() => guardian.pid !== undefined && guardian.pid !== pid);
    guardian.release();
  });

  test("a daemon that follows takes over the list, and reports what was done", async () => {
    const first = startScript("60");
    writeFileSync(
      join(dir, "guardian.list"),
      JSON.stringify(["a", "b", "c"].map((each) => [each, guardWords(entry(each), paths())])),
    );
    writeFileSync(join(dir, "guardian.report"), "1.000 stopped z 0\n");
    first.stdin!.end(`${line(1, entry("a"))}order 1\n`);
    const guardian = daemon();
    await guardian.start();
    expect(guardian.report).toEqual(["1.000 stopped z 0"]);
    guardian.update([entry("b", "renewed")], ["a"]);
    await until(() => readFileSync(join(dir, "guardian.list"), "utf8").includes("renewed"));
    const list = JSON.parse(readFileSync(join(dir, "guardian.list"), "utf8"));
    expect(list.map(([resource]: [string]) => resource)).toEqual(["b", "c"]);
    expect(list[0][1]).toContain("renewed");
    guardian.release();
  });

  test("waits while an earlier guardian is at work", async () => {
    const busy = spawn("sleep", ["0.2"], { stdio: "ignore" });
    writeFileSync(join(dir, "guardian.busy"), `${busy.pid}\n`);
    const guardian = daemon();
    await guardian.start();
    expect(busy.exitCode).toBe(0);
    guardian.release();
  });

  test("nothing that the daemon starts holds the guardian's pipe open", async () => {
    const guardian = daemon();
    await guardian.start();
    const listing = await new Promise<string>((resolve) => {
      const child = spawn("ls", ["-l", "/proc/self/fd"], { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    });
    expect(listing.match(/socket:/g)?.length).toBe(1);
    guardian.release();
  });

  test("takes a damaged list for none", async () => {
    writeFileSync(join(dir, "guardian.list"), '[["a"');
    const guardian = daemon();
    await guardian.start();
    await until(() => readFileSync(join(dir, "guardian.list"), "utf8") === "[]");
    guardian.release();
  });
});

test.each([
  ["plain", "'plain'"],
  ["it's", "'it'\\''s'"],
  ["a\nb", "'a'\"$nl\"'b'"],
])("quoted(%j)", (word, expected) => {
  expect(quoted(word)).toBe(expected);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
