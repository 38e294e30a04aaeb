import { existsSync, readFileSync, rmSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { IpmiLab, ipmiDevice, statesSeenBy } from "../support/ipmi-lab.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: unfencing by real daemons (needs namespaces, ipmi_sim)");

const NODES = ["node1", "node2"];
const ALL = "node1 online, node2 online";
const LOG = `/tmp/paceline-gates-${process.pid}`;

/** A controller and a gate for each node; a gate notes which machine opened it, by its address. */
function fencing(): string {
  const gates = NODES.map((name) => {
    const who = "$(ip -o -4 addr show eth0 | grep -o '10.77.0.[12]/')";
    const on = `echo "on $2 by ${who}" >> ${LOG}`;
    const off = `echo "off $2 by ${who}" >> ${LOG}`;
    return `    gate-${name}:
      agent: exec
      targets: [${name}]
      params: { on: ${JSON.stringify(on.replaceAll("$2", name))}, off: ${JSON.stringify(off.replaceAll("$2", name))} }
      options: { provides: unfencing, on-target: true }
`;
  });
  const bmcs = NODES.map((name, i) => `    bmc${i + 1}: ${ipmiDevice(name, i + 1)}\n`);
  const levels = NODES.map((name, i) => `    ${name}: [[bmc${i + 1}, gate-${name}]]\n`);
  return `fencing:\n  devices:\n${gates.join("")}${bmcs.join("")}  topology:\n${levels.join("")}`;
}

const log = (): string[] =>
  existsSync(LOG) ? readFileSync(LOG, "utf8").trimEnd().split("\n") : [];

describe.skipIf(!usable)("a node that joins is let in by itself", { timeout: 180_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => {
    lab.close();
    rmSync(LOG, { force: true });
  });

  test("before anything starts there; again after it was fenced; not for another daemon", async () => {
    lab = new IpmiLab({ nodes: 2, fencing: fencing(), boots: true });
    const [first] = await lab.startAll();
    const opened = NODES.map((name, i) => `on ${name} by 10.77.0.${i + 1}/`);
    await until("both were let in, and all is settled", async () => {
      return new Set(log()).size === 2 && (await isSettled(first));
    });
    expect([...new Set(log())].sort()).toEqual(opened);
    const { stdout } = await first.paceline("status", "--json");
    expect(stdout.match(/"#node-unfenced": ?"\d+"/g)?.length).toBe(2);
    const [owner, other] = await lab.ownerAndOther();
    const before = log().length;
    other.signal("SIGUSR2");
    await other.ended();
    other.start();
    // Before a DC is elected again, the one that was restarted knows too little to go on alone.
    await until("its daemon is back, and all is settled", async () => isSettled(other));
    expect(log().length).toBe(before);
    await owner.crash();
    await until("the survivor has the address", () => other.hasAddress(lab.vip), 60_000);
    expect(log()[before]).toMatch(new RegExp(`^off ${owner.name} by`));
    await until("it is back", async () => (await statesSeenBy(other)) === ALL, 60_000);
    const last = `on ${owner.name} by 10.77.0.${owner.index}/`;
    await until("it was let in again", async () => log().slice(before).at(-1) === last, 60_000);
  });
});

/** There is a DC that has nothing more to do, and both are members. */
async function isSettled(node: LabNode): Promise<boolean> {
  const report = await node.report();
  if (report?.dc == null || report.transition.state !== "idle") return false;
  return report.nodes.every(({ state }) => state === "online");
}
