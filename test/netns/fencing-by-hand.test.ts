import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { BMC_ADDRESS, IpmiLab, ipmiDevice, portOf, statesSeenBy } from "../support/ipmi-lab.ts";
import { haveIpmi, IPMI_PASSWORD } from "../support/ipmi-sim.ts";
import { canMakeNamespaces, pidsIn, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces() && haveIpmi();
if (!usable) console.warn("skipped: fencing by hand (needs namespaces, ipmi_sim)");

const ALL = "node1 online, node2 online, node3 online";

describe.skipIf(!usable)("a person fences", { timeout: 180_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => lab.close());

  async function start(): Promise<{ dc: LabNode; one: LabNode; two: LabNode }> {
    lab = new IpmiLab({ nodes: 3, boots: true });
    const [first] = await lab.startAll();
    const name = String((await first.status())?.["dc"]);
    const [one, two] = lab.nodes.filter((node) => node.name !== name) as [LabNode, LabNode];
    return { dc: lab.lab.node(name), one, two };
  }

  /** `paceline ARGS` on that node, which must succeed. */
  async function say(node: LabNode, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await node.paceline(...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout;
  }

  test("off: it stays off, and its resources run elsewhere; on: it boots and joins", async () => {
    const { one, two } = await start();
    expect(await say(two, "fence", "status", one.name)).toContain("power is on");
    expect(await say(two, "fence", "off", one.name, "--yes")).toMatch(
      new RegExp(`^off of ${one.name} succeeded by bmc${one.index} in .*verified off`),
    );
    expect(lab.simOf(one).power).toBe("off");
    await until("another node has the address", async () => {
      const held = await lab.holders();
      return held.length === 1 && held[0] !== one;
    });
    expect(await statesSeenBy(two)).toContain(`${one.name} offline`);
    expect(await say(two, "fence", "status", one.name)).toContain("power is off");
    // Off already is a success.
    expect(await say(two, "fence", "off", one.name, "--yes")).toContain("succeeded");
    expect(await say(two, "fence", "on", one.name)).toContain(`on of ${one.name} succeeded`);
    await until("it has booted", async () => (await statesSeenBy(two)) === ALL, 60_000);
    expect(lab.simOf(one).orders).toEqual(["0", "0", "1"]);
    const history = await say(two, "fence", "history");
    const said = history.split("\n").map((line) => /(off|on) +node\d +succeeded/.exec(line)?.[1]);
    expect(said.slice(0, 3)).toEqual(["on", "off", "off"]);
    expect(history).toContain("asked for it");
  });

  test("off of the DC: it gives its office away first, and stays off", async () => {
    const { dc, one, two } = await start();
    expect(await say(one, "fence", "off", dc.name, "--yes")).toContain(
      `off of ${dc.name} succeeded`,
    );
    await until("another leads, and one has the address", async () => {
      const report = await two.report();
      return report?.dc !== dc.name && report?.dc !== null && (await lab.holders()).length === 1;
    });
    expect(await say(two, "fence", "history")).toMatch(new RegExp(`off +${dc.name} +succeeded`));
    expect(lab.simOf(dc).orders).toEqual(["0"]);
  });

  test("confirm: refused of a node that lives", async () => {
    const { one, two } = await start();
    const { code, stderr } = await two.paceline("fence", "confirm", one.name, "--yes");
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${one.name} is a member of the cluster right now: it runs`);
    expect(stderr).toContain(`paceline fence off ${one.name}`);
  });
});

describe.skipIf(!usable)("passwords of controllers", { timeout: 120_000 }, () => {
  let lab: IpmiLab;
  afterEach(() => lab.close());

  test("are in no argument of a process, and in nothing that everybody may read", async () => {
    const byFile = `{ agent: ipmi, targets: [node2], params: { address: ${BMC_ADDRESS}, port: ${portOf(2, 0)}, username: fence, password-file: KEYFILE.pass, cipher-suite: 3, privilege: administrator, interface: lanplus } }`;
    const devices = `    bmc1: ${ipmiDevice("node1", 1)}\n    bmc2: ${byFile}\n`;
    lab = new IpmiLab({ nodes: 2, fencing: `fencing:\n  devices:\n${devices}` });
    const file = join(lab.lab.directory, "key.pass");
    writeFileSync(file, `${IPMI_PASSWORD}\n`, { mode: 0o600 });
    await lab.startAll();
    const [first] = lab.nodes as [LabNode];
    for (const node of lab.nodes) {
      // A controller that is slow to answer, so that its client can be looked at.
      lab.simOf(node).pause();
      const asked = first.paceline("fence", "test", node.name);
      const seen = await until(`ipmitool asks ${node.name}`, async () => clients()[0]);
      lab.simOf(node).proceed();
      expect(seen.arguments).toContain("-I lanplus");
      expect(seen.arguments).not.toContain(IPMI_PASSWORD);
      expect(seen.arguments).toContain(node.index === 1 ? " -E " : `-f ${file}`);
      expect(seen.environmentMode & 0o077).toBe(0);
      expect((await asked).stdout).not.toContain(IPMI_PASSWORD);
      await until("it has ended", async () => clients().length === 0);
    }
    expect(statSync(first.stateDir).mode & 0o077).toBe(0);
    for (const node of lab.nodes) {
      expect(readFileSync(node.logFile, "utf8")).not.toContain(IPMI_PASSWORD);
    }
  });

  /** The processes of ipmitool on all nodes. */
  function clients(): { arguments: string; environmentMode: number }[] {
    return lab.nodes.flatMap((node) =>
      pidsIn(node.namespace).flatMap((pid) => {
        try {
          const args = readFileSync(join("/proc", String(pid), "cmdline"), "utf8");
          if (!/^(\S*\/)?ipmitool\0/.test(args)) return [];
          const environmentMode = statSync(join("/proc", String(pid), "environ")).mode;
          return [{ arguments: args.replaceAll("\0", " "), environmentMode }];
        } catch {
          return [];
        }
      }),
    );
  }
});
