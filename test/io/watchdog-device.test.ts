import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WatchdogDevice } from "../../src/io/watchdog-device.ts";
import type { WatchdogState } from "../../src/model/watchdog.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "paceline-watchdog-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const file = (name: string) => join(directory, name);

describe("a device", () => {
  function device(use: string) {
    const states: WatchdogState[] = [];
    const watchdog = new WatchdogDevice({
      use,
      runDir: directory,
      onState: (state) => states.push(state),
    });
    return { watchdog, states };
  }

  test("is opened by nobody before it is armed; fed; and stopped by the magic close alone", () => {
    writeFileSync(file("dog"), "");
    const { watchdog, states } = device(file("dog"));
    watchdog.obey({ kind: "feed" });
    expect(readFileSync(file("dog"), "utf8")).toBe("");
    watchdog.obey({ kind: "arm", fireMs: 5_000 });
    watchdog.obey({ kind: "feed" });
    expect(readFileSync(file("dog"), "utf8")).toBe("\n\n");
    watchdog.obey({ kind: "disarm" });
    expect(readFileSync(file("dog"), "utf8")).toBe("\n\nV");
    expect(states.map(({ how, proves, fireMs }) => ({ how, proves, fireMs }))).toEqual([
      { how: "hardware", proves: true, fireMs: 5_000 },
      { how: "none", proves: false, fireMs: 0 },
    ]);
  });

  test("that is not there proves nothing, and says so", () => {
    const { watchdog, states } = device(file("missing"));
    watchdog.obey({ kind: "arm", fireMs: 5_000 });
    expect(states).toMatchObject([{ how: "none", proves: false }]);
    expect(states[0]?.detail).toContain("missing cannot be used");
  });

  test("none: nothing is opened", () => {
    const { watchdog, states } = device("none");
    watchdog.obey({ kind: "arm", fireMs: 5_000 });
    expect(states).toMatchObject([{ how: "none", proves: false }]);
  });
});

describe("the watchdog process", () => {
  let daemon: ChildProcess;
  let dog: ChildProcess;
  const ended = (child: ChildProcess) =>
    new Promise<void>((done) => {
      if (child.exitCode !== null || child.signalCode !== null) done();
      else child.once("exit", () => done());
    });

  beforeEach(() => {
    daemon = spawn("sleep", ["600"], { stdio: "ignore" });
    writeFileSync(file("watchdog.token"), "mine\n");
    // The reset is a file of ours.
    const args = [
      "agents/lib/bash/watchdog",
      directory,
      "mine",
      "60",
      String(daemon.pid),
      file("reset"),
    ];
    dog = spawn("/bin/bash", args, { stdio: ["pipe", "ignore", "inherit"] });
  });
  afterEach(() => {
    for (const child of [daemon, dog]) child.kill("SIGKILL");
  });

  test("not fed: the daemon is killed, its guardian told not to wait, and the machine reset", async () => {
    dog.stdin?.write("feed\n");
    await ended(daemon);
    expect(daemon.signalCode).toBe("SIGKILL");
    expect(existsSync(file("guardian.fire"))).toBe(true);
    await ended(dog);
    expect(readFileSync(file("reset"), "utf8")).toBe("b\n");
    expect(readFileSync(file("guardian.report"), "utf8")).toContain("watchdog not-fed-for 600ms");
  });

  test("released: nothing happens", async () => {
    dog.stdin?.write("feed\nrelease\n");
    await ended(dog);
    expect(daemon.signalCode).toBeNull();
    expect(existsSync(file("reset"))).toBe(false);
  });

  test("the daemon is gone and another has taken over: nothing happens", async () => {
    dog.stdin?.write("feed\n");
    writeFileSync(file("watchdog.token"), "another\n");
    dog.stdin?.end();
    await ended(dog);
    expect(existsSync(file("reset"))).toBe(false);
    expect(existsSync(file("guardian.fire"))).toBe(false);
  });

  test("the daemon is to be replaced: it has the time that it was told", async () => {
    dog.stdin?.write("feed\nrestart 30000\n");
    dog.stdin?.end();
    writeFileSync(file("watchdog.token"), "another\n");
    await new Promise<void>((done) => {
      const timer = setTimeout(done, 1_000);
      dog.once("exit", () => {
        clearTimeout(timer);
        done();
      });
    });
    expect(dog.exitCode).toBeNull();
    expect(existsSync(file("reset"))).toBe(false);
  });

  test("the daemon is gone and nobody comes: reset", async () => {
    daemon.kill("SIGKILL");
    dog.stdin?.end();
    await ended(dog);
    expect(readFileSync(file("reset"), "utf8")).toBe("b\n");
  });
});
