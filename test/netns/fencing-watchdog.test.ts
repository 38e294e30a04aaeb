import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { statesSeenBy } from "../support/ipmi-lab.ts";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: watchdog self-fencing (this user may make no namespaces)");

const WAIT_MS = 10_000;

/** Every start and stop of `app` is a line of LOG, with its time. */
const definition = (app: string) => `cluster: guarded
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-watchdog-timeout: ${WAIT_MS}ms }
resources:
  app: { agent: dummy, params: { log: LOG${app} } }
`;

describe.skipIf(!usable)("a node that loses quorum ends itself", { timeout: 180_000 }, () => {
  let lab: Lab;
  let log: string;
  afterEach(() => {
    lab.close();
    rmSync(log, { force: true });
  });

  /** Three nodes with software watchdogs whose reset is a file, and the owner of `app`. */
  async function start(app = "", resets = true): Promise<[LabNode, LabNode]> {
    log = `/tmp/paceline-watchdog-${process.pid}-${Date.now()}`;
    lab = new Lab({
      nodes: ["node1", "node2", "node3"],
      definition: definition(app).replace("LOG", log),
      daemonArgs: [
        ...["--watchdog", resets ? "software-reboot" : "software"],
        ...["--sysrq", "NODEDIR/sysrq"],
      ],
    });
    for (const node of lab.nodes) node.start();
    const [first] = lab.nodes as [LabNode];
    await until("every watchdog is counted on", async () => {
      const { stdout } = await first.paceline("fence", "status");
      const whom = resets ? "node1, node2, node3" : "no node yet";
      return stdout.includes(`counted on for: ${whom}`) && stdout.includes("this node: fed");
    });
    const owner = await until("the app runs", async () => {
      const report = await first.status();
      const rows = (report?.["resources"] ?? []) as { id: string; nodes: string[] }[];
      const name = rows.find((row) => row.id === "app")?.nodes[0];
      return name === undefined ? undefined : lab.node(name);
    });
    return [owner, lab.nodes.find((node) => node !== owner) as LabNode];
  }

  const reset = (node: LabNode) => join(node.directory, "sysrq");

  /** When the app was started for the n-th time, in milliseconds. */
  const started = (n: number): number | undefined => {
    if (!existsSync(log)) return undefined;
    const starts = readFileSync(log, "utf8")
      .split("\n")
      .filter((line) => / start$/.test(line));
    const at = starts[n - 1]?.split(" ")[0];
    return at === undefined ? undefined : Number(at) * 1_000;
  };

  test("cut off, with a resource that does not stop: it is reset before that starts elsewhere", async () => {
    const [owner, other] = await start(", hang: stop");
    lab.setCable(owner, false);
    await until("it resets itself", async () => existsSync(reset(owner)));
    expect(started(2)).toBeUndefined();
    const at = statSync(reset(owner)).mtimeMs;
    await owner.crash();
    await until("the app runs elsewhere", async () => started(2) !== undefined);
    expect(started(2)).toBeGreaterThan(at);
    const { stdout } = await other.paceline("fence", "history");
    expect(stdout).toMatch(new RegExp(`${owner.name} +succeeded.*by watchdog`));
    expect(lab.nodes.filter((node) => existsSync(reset(node)))).toEqual([owner]);
  });

  test("cut off, and all stops in time: nobody is reset, and it joins again", async () => {
    const [owner, other] = await start();
    lab.setCable(owner, false);
    await until("the app runs elsewhere", async () => started(2) !== undefined);
    lab.setCable(owner, true);
    await until("it is back", async () => {
      return (await statesSeenBy(other)) === "node1 online, node2 online, node3 online";
    });
    expect(lab.nodes.filter((node) => existsSync(reset(node)))).toEqual([]);
  });

  test("a daemon that hangs does not feed it", async () => {
    const [owner] = await start();
    owner.signal("SIGSTOP");
    await until("it is reset", async () => existsSync(reset(owner)));
    const at = statSync(reset(owner)).mtimeMs;
    await owner.crash();
    await until("the app runs elsewhere", async () => started(2) !== undefined);
    expect(started(2)).toBeGreaterThan(at);
  });

  test("where it may not reset the machine, it ends the daemon and stops what runs; nobody counts on that", async () => {
    const [owner, other] = await start("", false);
    owner.signal("SIGSTOP");
    await owner.ended();
    await until("its guardian has stopped the app", async () =>
      / stop$/m.test(readFileSync(log, "utf8")),
    );
    const status = await until("the others say that it is not fenced", async () => {
      const { stdout } = await other.paceline("status");
      return stdout.includes(`fencing of ${owner.name} failed`) ? stdout : undefined;
    });
    expect(status).toContain(`paceline fence confirm ${owner.name}`);
    expect(started(2)).toBeUndefined();
    expect(existsSync(reset(owner))).toBe(false);
  });

  test("a member with a failed stop is told to starve it, and is reset", async () => {
    const [owner, other] = await start(", fail: stop");
    await other.paceline("resource", "migrate", "app", other.name);
    await until("it is reset", async () => existsSync(reset(owner)));
    const at = statSync(reset(owner)).mtimeMs;
    await owner.crash();
    await until("the app runs on the other node", async () => started(2) !== undefined);
    expect(started(2)).toBeGreaterThan(at);
  });

  test("who leaves cleanly, or has its daemon replaced in time, is not reset", async () => {
    const [owner, other] = await start();
    const from = Date.now();
    await other.stop();
    owner.signal("SIGUSR2");
    await owner.ended();
    owner.start();
    await until("it has adopted the app", async () => {
      const { stdout } = await owner.paceline("fence", "status");
      return stdout.includes("this node: fed");
    });
    await until("longer than the watchdogs' time", async () => {
      const { stdout } = await owner.paceline("status");
      return stdout !== "" && Date.now() - from > 2 * WAIT_MS;
    });
    expect(lab.nodes.filter((node) => existsSync(reset(node)))).toEqual([]);
    expect(started(2)).toBeUndefined();
  });
});
