import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DeviceCommand } from "../../src/fencing/fence-types.ts";
import { FenceDeviceRunner, readMetadata } from "../../src/io/fence-device-runner.ts";
import { scratchDirectory } from "../support/at-end.ts";
import { haveIpmi, IPMI_PASSWORD } from "../support/ipmi-sim.ts";
import { run, until } from "../support/lab-commands.ts";
import { loopbackSim } from "../support/loopback-sim.ts";

/** No agents in spite of their names: a person's word, and Pacemaker's own stand-ins. */
const NO_AGENTS = ["fence_ack_manual", "fence_legacy", "fence_watchdog"];

const installed = existsSync("/usr/sbin")
  ? readdirSync("/usr/sbin").filter((name) => /^fence_[\w-]+$/.test(name))
  : [];
const agents = installed.filter((name) => !NO_AGENTS.includes(name));
if (agents.length === 0) console.warn("skipped: real fence agents (the package fence-agents)");

const runner = new FenceDeviceRunner();
let runs = 0;

function call(
  agent: string,
  action: DeviceCommand["action"],
  params: Record<string, string>,
  plug?: string,
): DeviceCommand {
  runs += 1;
  const more = { runId: runs, device: "d", target: "node1", timeoutMs: 60_000 };
  return { ...more, agent, action, params, plug };
}

/** Asks several at a time: each is a Python program that takes a moment to start. */
async function metadataOfAll(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const waiting = [...agents];
  const work = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const { stdout } = await run("sh", ["-c", `echo action=metadata | ${name} 2>/dev/null`]);
      found.set(name, stdout);
    }
  };
  await Promise.all([work(), work(), work()]);
  return found;
}

describe.skipIf(agents.length === 0)("every installed fence agent", () => {
  test("says by its metadata how to fence with it, and it is understood", {
    timeout: 180_000,
  }, async () => {
    const all = await metadataOfAll();
    const doubtful: string[] = [];
    for (const [name, metadata] of all) {
      const { parameters, actions } = readMetadata(metadata);
      const knowsNode = ["plug", "port", "nodename", "ip", "ipaddr"].some((p) => parameters.has(p));
      const cutsOff = actions.has("off") || actions.has("reboot");
      if (!parameters.has("action") || !cutsOff || !actions.has("monitor")) doubtful.push(name);
      // These two have nothing to do with any one node.
      const isOfNoNode = ["fence_dummy", "fence_heuristics_ping", "fence_rcd_serial"].includes(
        name,
      );
      if (!knowsNode && !isOfNoNode) doubtful.push(`${name}: which node?`);
    }
    expect(doubtful).toEqual([]);
    const unfencing = [...all].filter(([, text]) => readMetadata(text).unfences);
    const known = ["fence_scsi", "fence_mpath"].filter((name) => agents.includes(name));
    for (const name of known) {
      expect(unfencing.map(([each]) => each)).toContain(name);
      expect(readMetadata(all.get(name) as string).onTarget, name).toBe(true);
    }
    expect(unfencing.map(([name]) => name)).not.toContain("fence_ipmilan");
  });

  test.skipIf(!agents.includes("fence_scsi"))("facts of those that are installed", async () => {
    const facts = await runner.facts(["fence_scsi", "fence_dummy", "fence_nowhere"]);
    expect([...facts]).toEqual([
      ["fence_scsi", { unfences: true, onTarget: true }],
      ["fence_dummy", { unfences: false, onTarget: false }],
    ]);
  });
});

describe.skipIf(!agents.includes("fence_dummy"))("fence_dummy", { timeout: 120_000 }, () => {
  test("on, off, and off again, by its protocol", async () => {
    const home = scratchDirectory("paceline-dummy");
    onTestFinished(() => home.remove());
    const file = join(home.path, "status");
    const ask = (action: DeviceCommand["action"]) =>
      runner.run(call("fence_dummy", action, { "status-file": file }));
    expect(await ask("on")).toMatchObject({ ok: true });
    expect(await ask("status")).toMatchObject({ ok: true, power: "on" });
    for (let i = 0; i < 2; i++) {
      expect(await ask("off")).toMatchObject({ ok: true });
      expect(await ask("status")).toMatchObject({ ok: true, power: "off" });
    }
    expect(readFileSync(file, "utf8")).toBe("off");
    expect(await ask("list")).toMatchObject({ ok: false, unsupported: true });
  });
});

describe.skipIf(!agents.includes("fence_heuristics_ping"))("an agent without status", () => {
  test("says by monitor that it works, and nothing of the power", {
    timeout: 120_000,
  }, async () => {
    const params = { ping_targets: "127.0.0.1", ping_count: "1", ping_good_count: "1" };
    const status = await runner.run(call("fence_heuristics_ping", "status", params));
    expect(status).toMatchObject({ unsupported: true });
    expect(status.power).toBeUndefined();
  });
});

describe.skipIf(!agents.includes("fence_ipmilan") || !haveIpmi())(
  "fence_ipmilan against ipmi_sim",
  { timeout: 180_000 },
  () => {
    test("status, off, on; a wrong password is an error", async () => {
      const port = 31_000 + (process.pid % 1_000);
      const sim = loopbackSim("paceline-lan", port);
      sim.start();
      const params = {
        ip: "127.0.0.1",
        ipport: String(port),
        username: "fence",
        password: IPMI_PASSWORD,
        lanplus: "1",
        cipher: "3",
        method: "onoff",
      };
      const ask = (action: DeviceCommand["action"], more: Record<string, string> = {}) =>
        runner.run(call("fence_ipmilan", action, { ...params, ...more }));
      await until("it answers", async () => (await ask("status")).power === "on", 60_000);
      expect(await ask("off")).toMatchObject({ ok: true });
      expect(sim.power).toBe("off");
      expect(await ask("status")).toMatchObject({ ok: true, power: "off" });
      expect(await ask("on")).toMatchObject({ ok: true });
      expect(sim.power).toBe("on");
      expect(await ask("status", { password: "wrong-one" })).toMatchObject({ ok: false });
    });
  },
);
