import { afterEach, describe, expect, test } from "vitest";
import { IpmiLab, ipmiDevice } from "../support/ipmi-lab.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: fencing devices that fail (needs namespaces, ipmi_sim)");

describe.skipIf(!usable)("real controllers with real troubles", { timeout: 120_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => lab.close());

  /** The owner of the address loses its power by accident; the other node has to deal with it. */
  async function crashOwner(): Promise<[LabNode, LabNode]> {
    await lab.startAll();
    const [owner, other] = await lab.ownerAndOther();
    await owner.crash();
    return [owner, other];
  }

  test("a dead controller: the next level is tried, and history says why", async () => {
    const levels = ["node1", "node2"].map((name, i) => ({
      bmc: `    bmc${i + 1}: ${ipmiDevice(name, i + 1, "timeout: 6s")}\n`,
      cut: `    cut${i + 1}: { agent: exec, targets: [${name}], params: { off: "touch /tmp/paceline-cut-${process.pid}-${name}.off", on: "rm -f /tmp/paceline-cut-${process.pid}-${name}.off", status: "test ! -e /tmp/paceline-cut-${process.pid}-${name}.off || exit 2" } }\n`,
      topology: `    ${name}: [[bmc${i + 1}], [cut${i + 1}]]\n`,
    }));
    const fencing = `fencing:\n  devices:\n${levels.map(({ bmc, cut }) => bmc + cut).join("")}  topology:\n${levels.map(({ topology }) => topology).join("")}`;
    lab = new IpmiLab({ nodes: 2, fencing });
    await lab.startAll();
    const [owner, other] = await lab.ownerAndOther();
    lab.simOf(owner).stop();
    await owner.crash();
    await until("the survivor has the address", () => other.hasAddress(lab.vip), 60_000);
    const { stdout } = await other.paceline("fence", "history");
    expect(stdout).toMatch(new RegExp(`${owner.name} +succeeded.*by cut${owner.index}`));
    expect(stdout).toContain(`before: bmc${owner.index}: `);
  });

  test("a dead controller and nothing else: blocked, said, and mended by its return", async () => {
    lab = new IpmiLab({ nodes: 2, deviceOptions: "timeout: 5s, retries: 0" });
    await lab.startAll();
    const [owner, other] = await lab.ownerAndOther();
    lab.simOf(owner).stop();
    await owner.crash();
    const status = await until("the trouble is said", async () => {
      const { stdout } = await other.paceline("status");
      return stdout.includes(`fencing of ${owner.name} failed`) ? stdout : undefined;
    });
    expect(status).toContain("starts nowhere else");
    expect(status).toContain(`paceline fence confirm ${owner.name}`);
    expect(await lab.holders()).toEqual([]);
    lab.simOf(owner).start();
    await until("the survivor has the address", () => other.hasAddress(lab.vip), 60_000);
    expect(lab.simOf(owner).orders[0]).toBe("0");
  });

  test("two power supplies: both are off before either is on again", async () => {
    lab = new IpmiLab({ nodes: 2, supplies: 2, boots: true });
    const [owner, other] = await crashOwner();
    await until("the survivor has the address", () => other.hasAddress(lab.vip));
    await until("both supplies are on again", async () => lab.journal().length === 4);
    const journal = lab.journal().map((line) => line.split(" ")[1]);
    expect(journal).toEqual(["0", "0", "1", "1"]);
    const ports = new Set(lab.journal().map((line) => line.split(" ")[0]));
    expect(ports).toEqual(new Set([String(9000 + owner.index), String(9010 + owner.index)]));
    const { stdout } = await other.paceline("fence", "history");
    expect(stdout).toContain(`bmc${owner.index} + bmc${owner.index}b`);
  });

  test("a controller that says on for ten seconds after off: nothing starts before it says off", async () => {
    lab = new IpmiLab({ nodes: 2, lateSeconds: 10 });
    await lab.startAll();
    const [owner, other] = await lab.ownerAndOther();
    await owner.crash();
    // The controller itself notes when it was ordered: this process may learn of it late.
    const ordered = await until("the order is given", async () => {
      return Number(lab.journal()[0]?.split(" ")[2] ?? Number.NaN) || undefined;
    });
    const taken = await until("the survivor has the address", async () => {
      return (await other.hasAddress(lab.vip)) ? Date.now() : undefined;
    });
    // The simulator counts whole seconds, so it may say off up to one second early.
    expect(taken - ordered).toBeGreaterThan(8_900);
    expect(lab.simOf(owner).orders[0]).toBe("0");
    expect(lab.simOf(other).orders).toEqual([]);
  });
});
