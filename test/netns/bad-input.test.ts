import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, pidsIn, ROOT, run, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";

const NAMES = ["node1", "node2", "node3"];
const GROUP = "239.255.77.1";
const PORT = "7700";
const THROWER = join(ROOT, "dist-test/test/support/frame-thrower.js");

const NOISE = join(ROOT, "dist-test/test/support/noise-thrower.js");
/** Datagrams a second. */
const NOISE_RATE = 10_000;

const usable = canMakeNamespaces();
if (!usable) console.warn("skipped: bad input to real daemons (this user may make no namespaces)");

/** Patient enough that a busy machine loses nobody: what is tested here is not detection. */
function definition(resources: string): string {
  const nodes = NAMES.map((name, i) => `  ${name}: 10.77.0.${i + 1}`).join("\n");
  return `cluster: real
nodes:
${nodes}
messaging: { advert-interval: 500ms, key-file: KEYFILE }
properties: { fencing-enabled: false }
resources:
${resources}`;
}

const ONE_DUMMY = "  work: { agent: dummy }\n";

interface Report {
  readonly dc: string | null;
  readonly nodes: readonly { name: string; state: string }[];
  readonly resources: readonly { id: string; role: string }[];
  readonly failures: readonly { resource: string; result: string; exitReason: string | null }[];
  readonly transition: { state: string };
}

describe.skipIf(!usable)("bad input to real daemons", { timeout: 120_000 }, () => {
  let lab: Lab;
  const mounted: string[] = [];
  afterEach(() => {
    for (const directory of mounted.splice(0)) tryUmount(directory);
    lab.close();
  });

  test("bad frames are dropped and told of in a few lines; nobody is lost", async () => {
    const nodes = await started({ resources: ONE_DUMMY });
    const marks = nodes.map((node) => log(node).length);
    const { code, stdout } = await run("ip", [
      ...["netns", "exec", lab.clientNamespace, process.execPath, THROWER],
      ...["10.77.0.250", GROUP, PORT, "2500", ...NAMES.map((_, i) => `10.77.0.${i + 1}`)],
    ]);
    expect(code).toBe(0);
    const sent = JSON.parse(stdout) as Record<string, number>;
    for (const kind of ["replayed", "truncated", "altered", "otherKey", "noise", "largeNoise"]) {
      expect(sent[kind], kind).toBeGreaterThan(0);
    }
    await settled(nodes);
    for (const [i, node] of nodes.entries()) {
      const since = log(node).slice(marks[i]);
      expect(since).toContain('"event":"frames-dropped"');
      expect(since.split('"event":"frames-dropped"').length).toBeLessThan(20);
      expect(since).not.toContain('"event":"member-lost"');
    }
  });

  test("a cluster of another name on the same group and port is ignored", async () => {
    const nodes = await started({ resources: ONE_DUMMY, extra: ["stranger"] });
    const stranger = lab.node("stranger");
    const text = readFileSync(stranger.configFile, "utf8")
      .replace("cluster: real", "cluster: other")
      .replace(/nodes:[\s\S]*messaging/, "nodes: { stranger: 10.77.0.4 }\nmessaging");
    writeFileSync(stranger.configFile, text);
    stranger.start();
    await settled([stranger]);
    await until("the neighbour is noticed", async () =>
      nodes.every((node) => log(node).includes("Another cluster uses the same group and port")),
    );
    await settled(nodes);
    expect((await report(stranger))?.nodes.map(({ name }) => name)).toEqual(["stranger"]);
    expect((await report(nodes[0]))?.nodes.map(({ name }) => name)).toEqual(NAMES);
    for (const node of nodes) expect(log(node)).not.toContain('"event":"member-lost"');
  });

  test("two daemons of one name: the earlier gives way, stays down and leaves nothing running", async () => {
    const resources = `${ONE_DUMMY}constraints: { location: [{ resource: work, node: node3, score: 100 }] }\n`;
    const nodes = await started({ resources, extra: ["double"] });
    const [first, , earlier] = nodes as [LabNode, LabNode, LabNode];
    await until("the work is on node3", async () => activeDummies(earlier).length === 1);
    const double = lab.node("double");
    // Its own address, because Linux takes no frames from an address that it has itself.
    writeFileSync(double.configFile, textOf(double).replace("10.77.0.3", "10.77.0.4"));
    double.startAs("node3");
    await earlier.ended();
    expect(log(earlier)).toMatch(/"event":"exit","code":100/);
    expect(log(earlier)).toContain(
      "another daemon was started as node3 after this one, at 10.77.0.4:7700",
    );
    expect(log(earlier)).toContain("--node");
    await until(
      "its guardian has stopped the work",
      async () => activeDummies(earlier).length === 0,
    );

    await double.kill();
    // What is left is an ordinary start under its one name.
    earlier.start();
    await settled(nodes);
    for (const node of [first, nodes[1] as LabNode]) {
      expect(log(node)).not.toMatch(/node[12] is lost/);
    }
  });

  test("a daemon under another node's name, on a host without its address: dead, it is no life of that node", async () => {
    const nodes = await started({ resources: ONE_DUMMY, extra: ["double"] });
    const double = lab.node("double");
    double.startAs("node3");
    await until("it says why it hears nobody", async () => log(double).includes("EADDRNOTAVAIL"));
    await until("it answers", async () => (await report(double)) !== undefined);
    await double.kill();
    // Its guardian has no more to do than that.
    await until("its guardian is gone", async () => pidsIn(double.namespace).length === 0);
    await settled(nodes);
    for (const node of nodes) expect(log(node)).not.toContain('"event":"member-lost"');
  });

  test("64 KB of noise, ten thousand times a second or as often as can be: told of in a line, nobody is lost, nothing moves", async () => {
    const nodes = await started({ resources: ONE_DUMMY });
    const marks = nodes.map((node) => log(node).length);
    const places = nodes.map(activeDummies);
    const target = nodes[0] as LabNode;
    // A datagram in one packet: cut into 45, a sender does not get to half of that rate.
    lab.setMtu(65_535);
    const { code, stdout } = await run("ip", [
      ...["netns", "exec", lab.clientNamespace, process.execPath, NOISE],
      ...["10.77.0.250", PORT, String(NOISE_RATE), "4000", "10.77.0.1"],
    ]);
    expect(code).toBe(0);
    const { sent, ms } = JSON.parse(stdout) as { sent: number; ms: number };
    const rate = Math.round((sent / ms) * 1000);
    const short = rate < NOISE_RATE * 0.95 ? ": LESS THAN WANTED, this machine sends no more" : "";
    console.log(`noise of 64 KB: ${rate} of ${NOISE_RATE} a second${short}`);
    await settled(nodes);
    for (const [i, node] of nodes.entries()) {
      expect(log(node).slice(marks[i])).not.toMatch(/"event":"(member-lost|plan)"/);
      expect(activeDummies(node)).toEqual(places[i]);
    }
    const said = log(target).slice(marks[0]);
    expect(said).toContain("Datagrams that are no paceline frames arrive on the cluster's port");
    expect(said.split('"event":"frames-dropped"').length).toBe(2);
  });

  test("a state directory that is read-only, then full: said with a hint, and nothing lost", async () => {
    lab = new Lab({ nodes: NAMES, definition: definition(ONE_DUMMY) });
    const [first, , node] = lab.nodes as [LabNode, LabNode, LabNode];
    mount(node.stateDir, "size=1m,ro");
    node.start();
    await node.ended();
    expect(log(node)).toMatch(/read-only[\s\S]*hint: /);
    remount(node.stateDir, "rw,size=64k");
    node.start();
    await node.ended();
    expect(log(node)).toMatch(/file system is full[\s\S]*hint: free some space/);
    remount(node.stateDir, "size=600k");
    for (const each of lab.nodes) each.start();
    await settled(lab.nodes);

    const filler = join(node.stateDir, "filler");
    fill(filler);
    const versions = [1, 2, 3].map((n) => withComment(first, n));
    for (const text of versions) await applied(first, text);
    await until("the full disk is noted", async () =>
      log(node).includes("cannot write to the state directory"),
    );
    expect(log(node)).toContain("free space or mend the file system");
    rmSync(filler);
    remount(node.stateDir, "size=8m");
    await settled(lab.nodes);
    const last = versions.at(-1) ?? "";
    await until("it has the last definition", async () => textOf(node) === last);
  });

  test("a state directory that becomes read-only under its daemon: status says so, and nothing is lost", async () => {
    lab = new Lab({ nodes: NAMES, definition: definition(ONE_DUMMY) });
    const [first, , node] = lab.nodes as [LabNode, LabNode, LabNode];
    mount(node.stateDir, "size=600k");
    for (const each of lab.nodes) each.start();
    await settled(lab.nodes);
    let count = 0;
    // Linux lets no file system become read-only while a file is open for writing: it is full first.
    await until("it is read-only", async () => {
      count += 1;
      fill(join(node.stateDir, `filler${count}`));
      await applied(first, withComment(first, count));
      return tryRemount(node.stateDir, "ro");
    });
    await until("status says what is wrong, and what to do", async () => {
      const { stdout } = await node.paceline("status");
      return /node3 cannot write its state, .*: the file system is read-only .*\n +→ see why \(dmesg\), repair and remount it/.test(
        stdout,
      );
    });
    const last = withComment(first, count + 1);
    await applied(first, last);
    const before = commitOf(node);
    remount(node.stateDir, "rw,size=8m");
    await until("it has the last definition", async () => textOf(node) === last);
    await until("status has no more to say of it", async () => {
      return !(await node.paceline("status")).stdout.includes("cannot write its state");
    });
    for (const each of lab.nodes) expect(log(each)).not.toContain('"event":"member-lost"');

    const isNoted = async () => commitOf(node) > before;
    await until("it is noted on its disk that it is committed", isNoted);
    // It is on the disk: a daemon that hears nobody has it from nowhere else.
    await node.kill();
    const mark = log(node).length;
    lab.setCable(node, false);
    node.start();
    await until("it answers alone", async () => {
      return (await node.paceline("config", "show")).stdout === last;
    });
    lab.setCable(node, true);
    await settled(lab.nodes);
    expect(log(node).slice(mark)).not.toContain('"event":"state-damaged"');
  });

  test("a state file cut in half: the node says so and gets everything from the others", async () => {
    const nodes = await started({ resources: ONE_DUMMY });
    const node = nodes[2] as LabNode;
    await node.kill();
    const file = join(node.stateDir, "state");
    truncateSync(file, Math.floor(statSync(file).size / 2));
    const mark = log(node).length;
    node.start();
    await settled(nodes);
    const since = log(node).slice(mark);
    expect(since).toContain('"event":"state-damaged"');
    expect(since).toMatch(/is damaged.*gets it from the others/);
  });

  test("agents that vanish, hang, die, cannot run or never stop talking: a plain reason each", async () => {
    const nodes = await started({
      resources: `${ONE_DUMMY}  gone: { agent: "ocf:paceline:vanisher", operations: { monitor: { interval: 1s } } }
  stuck: { agent: dummy, params: { hang: start }, operations: { start: { timeout: 1s } } }
  killed: { agent: "ocf:paceline:dier" }
  deaf: { agent: "ocf:paceline:not-executable" }
  chatty: { agent: "ocf:paceline:talker" }
`,
      agents: {
        vanisher: agent('start) rm -f "$0"; exit 0 ;; monitor) exit 7 ;;'),
        dier: agent("start) exit 137 ;; monitor) exit 7 ;;"),
        "not-executable": agent("monitor) exit 7 ;;"),
        talker: agent(
          "start) head -c 5000000 /dev/zero | tr '\\0' x; echo 'ocf-exit-reason:all said' >&2; exit 1 ;; monitor) exit 7 ;;",
        ),
      },
      wait: false,
    });
    const reasons: Record<string, RegExp> = {
      gone: /not installed|not there/i,
      stuck: /timed out|did not end within/i,
      killed: /signal 9|137/,
      deaf: /not executable|permission|insufficient/i,
      chatty: /all said/,
    };
    for (const [resource, reason] of Object.entries(reasons)) {
      await until(`the failure of ${resource} is reported`, async () => {
        const failures = (await report(nodes[0]))?.failures ?? [];
        return failures.some((failure) => {
          const text = `${failure.result} ${failure.exitReason ?? ""}`;
          return failure.resource === resource && reason.test(text);
        });
      });
    }
    await until("what is sound runs, and nobody is lost", async () => {
      const now = await report(nodes[0]);
      const work = now?.resources.find(({ id }) => id === "work");
      return work?.role === "Started" && now?.nodes.every(({ state }) => state === "online");
    });
    for (const node of nodes) expect(log(node)).not.toContain('"event":"member-lost"');
  });

  async function started(options: {
    resources: string;
    extra?: string[];
    agents?: Record<string, string>;
    wait?: boolean;
  }): Promise<LabNode[]> {
    lab = new Lab({
      nodes: [...NAMES, ...(options.extra ?? [])],
      definition: definition(options.resources),
      withAgents: options.agents !== undefined,
    });
    for (const [name, text] of Object.entries(options.agents ?? {})) {
      const file = join(lab.agentDir, name);
      writeFileSync(file, text);
      chmodSync(file, name === "not-executable" ? 0o644 : 0o755);
    }
    const nodes = NAMES.map((name) => lab.node(name));
    for (const node of nodes) node.start();
    if (options.wait !== false) await settled(nodes);
    return nodes;
  }

  function mount(directory: string, options: string): void {
    mkdirSync(directory, { recursive: true });
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", directory]);
    mounted.push(directory);
  }
});

function remount(directory: string, options: string): void {
  execFileSync("mount", ["-o", `remount,${options}`, directory]);
}

function tryRemount(directory: string, options: string): boolean {
  return (
    spawnSync("mount", ["-o", `remount,${options}`, directory], { stdio: "ignore" }).status === 0
  );
}

function tryUmount(directory: string): void {
  try {
    execFileSync("umount", ["-l", directory], { stdio: "ignore" });
  } catch {
    // It was never mounted.
  }
}

/** Takes all space that is left. */
function fill(file: string): void {
  try {
    for (let size = 4096; ; size += 4096) writeFileSync(file, Buffer.alloc(size));
  } catch {
    // Full, as was wanted.
  }
}

/** A shell agent with these cases beside its meta-data. */
function agent(cases: string): string {
  return `#!/bin/sh
case "$1" in
meta-data) echo '<resource-agent name="x" version="1"><version>1.1</version><parameters/><actions><action name="start" timeout="20s"/><action name="stop" timeout="20s"/><action name="monitor" timeout="20s" interval="10s"/></actions></resource-agent>' ;;
${cases}
esac
`;
}

/** The definition with so long a comment that the journal must grow. */
function withComment(node: LabNode, n: number): string {
  return `${textOf(node)}${`# ${String(n).repeat(60)}\n`.repeat(2000)}`;
}

/** How far the log is committed, by the newest word of it in the state file. */
function commitOf(node: LabNode): number {
  const text = readFileSync(join(node.stateDir, "state"), "latin1");
  return Math.max(...[...text.matchAll(/"commit":(\d+)/g)].map(([, index]) => Number(index)));
}

function textOf(node: LabNode): string {
  return readFileSync(node.configFile, "utf8");
}

async function applied(node: LabNode, text: string): Promise<void> {
  const file = join(node.directory, "next.yaml");
  writeFileSync(file, text);
  const { code, stderr } = await node.paceline("config", "apply", file, "--yes");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
}

function log(node: LabNode): string {
  return node.logTail(Number.MAX_SAFE_INTEGER);
}

async function report(node: LabNode | undefined): Promise<Report | undefined> {
  return (await node?.status()) as Report | undefined;
}

async function settled(nodes: readonly LabNode[]): Promise<void> {
  await until("the cluster settles", async () => {
    for (const node of nodes) {
      const now = await report(node);
      const online = (now?.nodes ?? []).filter(({ state }) => state === "online");
      if (!nodes.every(({ name }) => online.some((row) => row.name === name))) return false;
      if (now?.transition.state !== "idle" || now.resources.length === 0) return false;
      if (now.resources.some(({ role }) => role !== "Started")) return false;
    }
    return true;
  });
}

/** State files of dummies that run on a node. */
function activeDummies(node: LabNode): string[] {
  return readdirSync(node.agentRunDir).filter((name) => name.startsWith("paceline-dummy-"));
}
