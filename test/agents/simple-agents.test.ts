import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { OWN_AGENT_DIR } from "../../src/io/agent-lookup.ts";
import { Sandbox, until } from "./sandbox.ts";

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

/** Runs actions one after another; their exit codes. */
function codes(agent: string, actions: string, params: Record<string, string> = {}): number[] {
  return actions.split(" ").map((action) => sandbox.action(agent, action, params).rc);
}

describe("dummy", () => {
  test("every action twice", () => {
    expect(
      codes("dummy", "monitor monitor stop stop start start monitor monitor reload reload-agent"),
    ).toEqual([7, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(codes("dummy", "stop stop monitor reload meta-data validate-all nonsense")).toEqual([
      0, 0, 7, 7, 0, 0, 3,
    ]);
  });

  test("migrates", () => {
    expect(codes("dummy", "start migrate_to monitor migrate_from monitor")).toEqual([
      0, 0, 7, 0, 0,
    ]);
  });

  test("fails as it is told, and changes nothing then", () => {
    expect(codes("dummy", "start monitor", { fail: "start:5" })).toEqual([5, 7]);
    expect(codes("dummy", "start monitor stop", { fail: "monitor stop" })).toEqual([0, 1, 1]);
    expect(codes("dummy", "monitor")).toEqual([0]);
  });

  test("logs what it does", () => {
    const log = join(sandbox.dir, "log");
    codes("dummy", "start monitor", { log });
    expect(readFileSync(log, "utf8")).toMatch(/^[\d.]+ test start\n[\d.]+ test monitor\n$/);
  });

  test("makes its run directory, and fails plainly where it can't", () => {
    expect(codes("dummy", "start", { HA_RSCTMP: "x", state: `${sandbox.dir}/deep/er/s` })).toEqual([
      0,
    ]);
    const result = sandbox.action("dummy", "start", { state: "/proc/nowhere/s" });
    expect(result).toMatchObject({ rc: 1 });
    expect(result.stderr).toContain("ocf-exit-reason:the state file /proc/nowhere/s");
  });
});

describe("stateful", () => {
  test("every action twice, through all roles", () => {
    const actions =
      "monitor start start monitor promote promote monitor notify demote demote monitor stop stop monitor";
    expect(codes("stateful", actions)).toEqual([7, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 7]);
  });

  test("a stop of the promoted role is a stop", () => {
    expect(codes("stateful", "start promote stop monitor")).toEqual([0, 0, 0, 7]);
  });

  test("what does not run is not promoted or demoted", () => {
    expect(codes("stateful", "promote demote monitor")).toEqual([7, 7, 7]);
  });

  test("sets its promotion score by the cluster's command", () => {
    const helpers = join(sandbox.dir, "helpers");
    mkdirSync(helpers);
    const said = join(sandbox.dir, "said");
    writeFileSync(join(helpers, "crm_attribute"), `#!/bin/sh\necho "$*" >>${said}\n`);
    chmodSync(join(helpers, "crm_attribute"), 0o755);
    const path = process.env["PATH"];
    process.env["PATH"] = `${helpers}:${path}`;
    const params = { score_promoted: "20" };
    codes("stateful", "start promote", params);
    // A probe says it again, as the daemon may be a new one; a recurring monitor need not.
    codes("stateful", "monitor", params);
    codes("stateful", "monitor", { ...params, OCF_RESKEY_CRM_meta_interval: "10000" });
    codes("stateful", "stop monitor", params);
    process.env["PATH"] = path;
    const scores = readFileSync(said, "utf8").replaceAll("--promotion --lifetime=reboot ", "");
    expect(scores.trim().split("\n")).toEqual(["-v 5", "-v 20", "-v 20", "-D"]);
  });
});

describe("service, a plain command", () => {
  const sleeper = { command: "sleep 74.25 & sleep 74.25", stop_wait: "5" };

  afterEach(() => {
    codes("service", "stop", sleeper);
  });

  test("every action twice; all of its processes end with it", async () => {
    expect(codes("service", "monitor stop stop start start monitor monitor", sleeper)).toEqual([
      7, 0, 0, 0, 0, 0, 0,
    ]);
    const [pid] = readFileSync(join(sandbox.dir, "paceline-service-test.pid"), "utf8").split(" ");
    expect(codes("service", "stop stop monitor", sleeper)).toEqual([0, 0, 7]);
    expect(runs(pid ?? "")).toBe(false);
  });

  test("a command that is deaf to SIGTERM is killed", () => {
    const deaf = { command: "trap '' TERM; while :; do sleep 0.1; done", stop_wait: "0" };
    expect(codes("service", "start", deaf)).toEqual([0]);
    const [pid] = readFileSync(join(sandbox.dir, "paceline-service-test.pid"), "utf8").split(" ");
    expect(codes("service", "stop monitor", deaf)).toEqual([0, 7]);
    expect(runs(pid ?? "")).toBe(false);
  });

  test("the stop takes as long as the command needs to end by itself", () => {
    const mark = join(sandbox.dir, "tidied-up");
    const command = `trap 'sleep 0.7; touch ${mark}; exit' TERM; while :; do sleep 0.1; done`;
    expect(codes("service", "start stop", { command, stop_wait: "15" })).toEqual([0, 0]);
    expect(existsSync(mark)).toBe(true);
  });

  test("a command that ends at once is a failed start", () => {
    const result = sandbox.action("service", "start", { command: "exit 3" });
    expect(result.rc).toBe(1);
    expect(result.stderr).toContain("ended right after its start");
  });

  test("the start waits for the check, and the monitor runs it", async () => {
    const mark = join(sandbox.dir, "ready");
    const params = { command: `sleep 0.3; touch ${mark}; sleep 74.25`, check: `test -e ${mark}` };
    expect(codes("service", "start monitor", params)).toEqual([0, 0]);
    expect(codes("service", "monitor", { ...params, check: "false" })).toEqual([1]);
    expect(codes("service", "stop", params)).toEqual([0]);
  });

  test("a pid that now belongs to somebody else is not ours", () => {
    writeFileSync(join(sandbox.dir, "paceline-service-test.pid"), `${process.pid} 1\n`);
    expect(codes("service", "monitor stop", sleeper)).toEqual([7, 0]);
    expect(process.kill(process.pid, 0)).toBe(true);
  });

  test("its output goes to the log, and nothing of it holds the caller's pipes", async () => {
    const log = join(sandbox.dir, "log");
    const params = { command: "echo hello; sleep 74.25", log };
    expect(codes("service", "start", params)).toEqual([0]);
    expect(await until(() => readFileSync(log, "utf8") === "hello\n")).toBe(true);
    expect(codes("service", "stop", params)).toEqual([0]);
  });

  test.each([
    ["neither unit nor command", {}, 6],
    ["no such directory", { command: "sleep 1", directory: "/nowhere" }, 5],
    ["a wait that is no number", { command: "sleep 1", stop_wait: "x" }, 6],
  ] as const)("refused: %s", (_, params, rc) => {
    const action = "directory" in params ? "start" : "validate-all";
    expect(codes("service", action, params)).toEqual([rc]);
  });

  test.skipIf(existsSync("/run/systemd/system"))("a unit without systemd says so", () => {
    const result = sandbox.action("service", "start", { unit: "nginx" });
    expect(result.rc).toBe(5);
    expect(result.stderr).toContain("systemd does not run here");
    expect(codes("service", "monitor stop", { unit: "nginx" })).toEqual([7, 0]);
  });
});

describe("bridges", () => {
  /** Runs a helper of lib with arguments. */
  function helper(name: string, args: readonly string[], path = ""): number {
    const runner = join(sandbox.dir, "runner");
    const quoted = args.map((each) => `'${each}'`).join(" ");
    const prefix = path === "" ? "" : `PATH=${path}:$PATH\n`;
    writeFileSync(runner, `#!/bin/sh\n${prefix}exec ${OWN_AGENT_DIR}/lib/${name} ${quoted}\n`);
    chmodSync(runner, 0o755);
    return sandbox.action(`../../../../../../../../..${runner}`, "", {}).rc;
  }

  function script(name: string, body: string): string {
    const file = join(sandbox.dir, name);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return file;
  }

  test.each([
    [0, 0],
    [1, 7],
    [2, 7],
    [3, 7],
    [4, 1],
    [150, 1],
  ])("the status %i of an init script is %i", (status, expected) => {
    const init = script("init", `[ "$1" = status ] && exit ${status}\nexit 0`);
    expect(helper("init-script", ["monitor", init])).toBe(expected);
    expect(helper("init-script", ["start", init])).toBe(0);
    expect(helper("init-script", ["promote", init])).toBe(3);
  });

  test("Heartbeat's scripts get their arguments before the action", () => {
    const init = script("hb", '[ "$*" = "10.0.0.1 eth0 start" ]');
    expect(helper("init-script", ["start", init, "10.0.0.1", "eth0"])).toBe(0);
  });

  test.each([
    ["loaded", "active", "monitor", 0],
    ["loaded", "activating", "monitor", 0],
    ["loaded", "inactive", "monitor", 7],
    ["loaded", "failed", "monitor", 7],
    ["loaded", "deactivating", "monitor", 1],
    ["not-found", "inactive", "monitor", 5],
    ["masked", "inactive", "start", 5],
    ["loaded", "active", "start", 0],
    ["not-found", "inactive", "stop", 0],
    ["loaded", "active", "stop", 0],
    ["loaded", "active", "promote", 3],
  ])("a unit that is %s and %s: %s gives %i", (load, active, action, expected) => {
    const bin = join(sandbox.dir, "bin");
    mkdirSync(bin, { recursive: true });
    const show = `LoadState=${load}\nActiveState=${active}\nResult=success`;
    script("bin/systemctl", `[ "$1" = show ] && echo "${show}"\nexit 0`);
    expect(helper("systemd-unit", [action, "pcl-test-unit"], bin)).toBe(expected);
  });
});

/** Whether a process runs; one that has ended and was not reaped yet does not. */
function runs(pid: string): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
}
