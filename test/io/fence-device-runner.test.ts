import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeviceCommand } from "../../src/fencing/fence-types.ts";
import { FenceDeviceRunner } from "../../src/io/fence-device-runner.ts";
import { haveIpmi, IPMI_PASSWORD } from "../support/ipmi-sim.ts";
import { loopbackSim } from "../support/loopback-sim.ts";

let directory = "";
let runner: FenceDeviceRunner;
let runs = 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "paceline-fence-"));
  runner = new FenceDeviceRunner({ path: `${directory}:/usr/sbin:/usr/bin:/sbin:/bin` });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function command(
  agent: string,
  action: DeviceCommand["action"],
  params: Record<string, string>,
  more: Partial<DeviceCommand> = {},
): DeviceCommand {
  runs += 1;
  const common = { runId: runs, device: "d", target: "node1", plug: undefined, timeoutMs: 20_000 };
  return { ...common, agent, action, params, ...more };
}

function script(name: string, text: string): void {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\ncd '${directory}'\n${text}\n`);
  chmodSync(path, 0o755);
}

describe("exec", () => {
  test("a command per action, with the node in the environment", async () => {
    const off = `echo "$PACELINE_FENCE_ACTION $PACELINE_FENCE_TARGET $PACELINE_FENCE_PLUG" > ${directory}/seen`;
    const outcome = await runner.run(command("exec", "off", { off }, { plug: "7" }));
    expect(outcome).toEqual({ ok: true, detail: "off ordered" });
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe("off node1 7\n");
  });

  test("one command for all is given action and node", async () => {
    script("tool", 'echo "$1 $2" > seen; [ "$1" != status ] || exit 2');
    const outcome = await runner.run(command("exec", "status", { command: `${directory}/tool` }));
    expect(outcome).toMatchObject({ ok: true, power: "off" });
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe("status node1\n");
  });

  test.each([
    ["true", { ok: true, power: "on" }],
    ["echo off", { ok: true, power: "off" }],
    ["exit 2", { ok: true, power: "off" }],
    ["echo broken >&2; exit 1", { ok: false, detail: "broken" }],
    ["kill -9 $$", { ok: false, detail: "it was killed by SIGKILL" }],
    ["/does/not/exist", { ok: false, permanent: true }],
  ])("status by %j", async (status, expected) => {
    expect(await runner.run(command("exec", "status", { status }))).toMatchObject(expected);
  });

  test("at the deadline the whole group is killed, and the message says so", async () => {
    const off = `sh -c 'sleep 600' & echo $! > ${directory}/child; wait`;
    const outcome = await runner.run(command("exec", "off", { off }, { timeoutMs: 700 }));
    expect(outcome.ok).toBe(false);
    expect(outcome.detail).toContain("did not answer within 700 ms");
    expect(isRunning(Number(readFileSync(join(directory, "child"), "utf8")))).toBe(false);
    expect(runner.runningCount).toBe(0);
  });

  test("a process left behind does not keep the answer from coming", async () => {
    const outcome = await runner.run(command("exec", "off", { off: "sleep 3 & true" }));
    expect(outcome.ok).toBe(true);
  });

  test("killed from outside, megabytes of output, no command", async () => {
    const long = command("exec", "off", { off: "sleep 600" });
    const run = runner.run(long);
    runner.kill(long.runId);
    expect((await run).ok).toBe(false);
    const noisy = await runner.run(
      command("exec", "off", { off: "yes | head -c 3000000; echo the end >&2; exit 1" }),
    );
    expect(noisy).toEqual({ ok: false, detail: "the end" });
    const none = await runner.run(command("exec", "on", { off: "true" }));
    expect(none).toEqual({ ok: false, permanent: true, detail: "it has no command for on" });
  });

  test("secrets never come back", async () => {
    const params = { off: "echo refused with hunter2222; exit 1", password: "hunter2222" };
    const { detail } = await runner.run(command("exec", "off", params));
    expect(detail).toBe("refused with ******");
  });
});

describe("fence agents", () => {
  const agent = `cat > "stdin-$$"; mv "stdin-$$" stdin
if grep -q '^action=metadata' stdin; then echo '<parameter name="PLUG" unique="0"/>'; exit 0; fi
echo "$*" > args
if grep -q '^action=status' stdin; then exit 2; fi
echo '2026-01-01 10:00:00,123 ERROR: Unable to connect/login to fencing device' >&2
exit 1`;

  test.each([
    ["plug", {}, "plug=3"],
    ["port", {}, "port=3"],
    ["plug", { hostArgument: "outlet" }, "outlet=3"],
  ])("parameters by stdin, never by arguments (%s)", async (known, more, line) => {
    script("fence_test", agent.replace("PLUG", known));
    const secret = join(directory, "secret");
    writeFileSync(secret, "from-file\n", { mode: 0o600 });
    const params = { ip: "10.0.0.1", "password-file": secret, "shell-timeout": "3" };
    const outcome = await runner.run(
      command("fence_test", "status", params, { plug: "3", ...more }),
    );
    expect(outcome).toMatchObject({ ok: true, power: "off" });
    const stdin = readFileSync(join(directory, "stdin"), "utf8").split("\n");
    expect(stdin).toEqual([
      "action=status",
      "ip=10.0.0.1",
      "password=from-file",
      "shell_timeout=3",
      "nodename=node1",
      line,
      "",
    ]);
    expect(readFileSync(join(directory, "args"), "utf8")).toBe("\n");
  });

  test("an action goes by the name that the definition gives it", async () => {
    script("fence_test", agent);
    await runner.run(command("fence_test", "off", {}, { actionName: "diag" }));
    expect(readFileSync(join(directory, "stdin"), "utf8")).toMatch(/^action=diag$/m);
  });

  test("what an agent says is told without the noise of its log", async () => {
    script("fence_test", agent);
    const outcome = await runner.run(command("fence_test", "off", {}));
    expect(outcome).toEqual({ ok: false, detail: "Unable to connect/login to fencing device" });
  });

  test("bad input: not installed, a line break smuggled in, a path as agent", async () => {
    const missing = await runner.run(command("fence_nowhere", "off", {}));
    expect(missing).toMatchObject({ ok: false, permanent: true });
    expect(missing.detail).toContain("fence_nowhere is not installed: install the package");
    script("fence_test", agent);
    const broken = await runner.run(command("fence_test", "off", { ip: "a\naction=on" }));
    expect(broken).toMatchObject({ ok: false, permanent: true });
    const path = await runner.run(command("../bin/sh", "off", {}));
    expect(path).toMatchObject({ ok: false, permanent: true });
  });
});

describe("ipmi without a controller", () => {
  test("ipmitool is not installed, no address, no password file", async () => {
    const bare = new FenceDeviceRunner({ path: directory });
    expect(await bare.run(command("ipmi", "off", { address: "127.0.0.1" }))).toEqual({
      ok: false,
      permanent: true,
      detail: "ipmitool is not installed: install the package ipmitool",
    });
    expect((await runner.run(command("ipmi", "off", {}))).detail).toBe("it has no address");
    const params = { address: "127.0.0.1", "password-file": "/nonexistent/file" };
    expect((await runner.run(command("ipmi", "off", params))).detail).toBe(
      "its password file /nonexistent/file cannot be read (ENOENT)",
    );
  });

  test("the password is in no argument", async () => {
    script("ipmitool", 'echo "$* env:$IPMI_PASSWORD" > seen; echo Chassis Power is on');
    const params = { address: "10.0.0.1", username: "u", password: "hunter2222", port: "99" };
    const outcome = await runner.run(command("ipmi", "status", params));
    expect(outcome).toEqual({ ok: true, power: "on", detail: "power is on" });
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe(
      "-I lanplus -H 10.0.0.1 -p 99 -U u -v -N 2 -R 2 -E chassis power status env:hunter2222\n",
    );
  });

  test("a password file that others can read: it works, and is told of", async () => {
    script("ipmitool", "echo Chassis Power is on");
    const file = join(directory, "pass");
    writeFileSync(file, "hunter2222\n", { mode: 0o644 });
    const params = { address: "10.0.0.1", "password-file": file };
    expect(await runner.run(command("ipmi", "status", params))).toEqual({
      ok: true,
      power: "on",
      detail: `power is on; others can read its password file: chmod 600 ${file}`,
    });
    chmodSync(file, 0o600);
    expect((await runner.run(command("ipmi", "status", params))).detail).toBe("power is on");
  });

  test("cipher suite, privilege and interface are ipmitool's own", async () => {
    script("ipmitool", 'echo "$*" > seen; echo Chassis Power is on');
    const more = { interface: "lan", "cipher-suite": "17", privilege: "operator" };
    const params = { address: "bmc.example", username: "u", "password-file": "/dev/null", ...more };
    await runner.run(command("ipmi", "off", params));
    expect(readFileSync(join(directory, "seen"), "utf8")).toBe(
      "-I lan -H bmc.example -U u -C 17 -L OPERATOR -v -N 2 -R 2 -f /dev/null chassis power off\n",
    );
  });
});

describe.skipIf(!haveIpmi())("real ipmitool against ipmi_sim", { timeout: 60_000 }, () => {
  test("status, off, off again, on; a password file; wrong password, user and cipher suite", async () => {
    const port = 20_000 + (process.pid % 10_000);
    const params = {
      address: "127.0.0.1",
      port: String(port),
      username: "fence",
      password: IPMI_PASSWORD,
      "cipher-suite": "3",
    };
    const sim = loopbackSim("paceline-bmc", port);
    sim.start();
    const ask = (action: DeviceCommand["action"], more: Record<string, string> = {}) =>
      runner.run(command("ipmi", action, { ...params, ...more }));
    expect(await ask("status")).toMatchObject({ ok: true, power: "on" });
    expect(await ask("off")).toMatchObject({ ok: true });
    expect(sim.power).toBe("off");
    expect(await ask("off")).toMatchObject({ ok: true });
    expect(await ask("status")).toMatchObject({ ok: true, power: "off" });
    const file = join(directory, "pass");
    writeFileSync(file, `${IPMI_PASSWORD}\n`);
    expect(await ask("on", { "password-file": file })).toMatchObject({ ok: true });
    expect(sim.power).toBe("on");
    expect(await ask("status", { privilege: "operator" })).toMatchObject({ power: "on" });
    expect(await ask("status", { interface: "lan" })).toMatchObject({ power: "on" });
    expect((await ask("off", { privilege: "user" })).detail).toContain("privilege");
    expect((await ask("off", { password: "wrong-one" })).detail).toContain("refuses the password");
    expect((await ask("off", { username: "nobody" })).detail).toContain("user name");
    expect((await ask("off", { "cipher-suite": "5" })).detail).toContain("cipher");
    expect(sim.power).toBe("on");
    sim.stop();
    expect((await ask("off")).detail).toContain("does not answer");
  });
});

function isRunning(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];
    return state !== "Z";
  } catch {
    return false;
  }
}
