import { join } from "node:path";
import { Lab } from "../support/lab.ts";
import { canMakeNamespaces, ROOT, until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { reexecInUserNamespace } from "./user-namespace.ts";
import { type WebAnswer, WebClient } from "./web-watch.ts";

/**
 * The main job, shown: three real daemons in namespaces of their own, a VIP and a web service, a
 * client that keeps asking, and a node that dies. Everything is removed at the end, on Ctrl-C too.
 */
const VIP = "10.77.0.100";

function definition(): string {
  const server = join(ROOT, "dist-test/test/demo/web-server.js");
  const name = "$(hostname -I 2>/dev/null | cut -d' ' -f1)";
  return `cluster: demo
nodes: { node1: 10.77.0.1, node2: 10.77.0.2, node3: 10.77.0.3 }
messaging: { key-file: KEYFILE }
properties: { fencing-enabled: false }
defaults:
  resource: { resource-stickiness: 100 }
resources:
  web-ip: { agent: vip, params: { ip: ${VIP}/24, nic: eth0 } }
  web-server:
    agent: service
    params: { command: "exec ${process.execPath} ${server} ${VIP} 80 ${name}" }
  web: { group: [web-ip, web-server] }
`;
}

function say(text = ""): void {
  process.stdout.write(`${text}\n`);
}

function heading(text: string): void {
  say(`\n\u001b[1m== ${text}\u001b[0m`);
}

async function main(): Promise<void> {
  if (!canMakeNamespaces()) {
    const code = await reexecInUserNamespace();
    if (code !== undefined) process.exit(code);
    const { loopbackDemo } = await import("./loopback-demo.ts");
    await loopbackDemo();
    return;
  }
  const lab = new Lab({ nodes: ["node1", "node2", "node3"], definition: definition() });
  try {
    await show(lab);
  } catch (error) {
    // Ctrl-C reaches the commands that run just now too, and their end may be noticed first.
    await new Promise((done) => setTimeout(done, 100));
    for (const node of lab.nodes) say(`\n-- last of the log of ${node.name}\n${node.logTail(30)}`);
    throw error;
  } finally {
    lab.close();
  }
}

async function show(lab: Lab): Promise<void> {
  heading("Three daemons start, each in its own network namespace");
  for (const node of lab.nodes) node.start();
  const client = new WebClient(lab, `http://${VIP}/`);
  await settled(lab, lab.nodes);
  const [first] = lab.nodes as [LabNode];
  await printed(first, "status");
  const owner = lab.node(await client.servedBy());
  say(`\nA client asks http://${VIP}/ every 10 ms: ${owner.name} answers.`);

  heading(`The cable of ${owner.name} is cut`);
  const others = lab.nodes.filter((node) => node !== owner) as [LabNode, LabNode];
  const cutAt = Date.now();
  const answers = client.answers.length;
  lab.setCable(owner, false);
  const answer = await client.nextChange(answers);
  say(`${answer.node} answers; the client saw an outage of ${answer.gapMs.toFixed(0)} ms.\n`);
  await settled(lab, others);
  const told = await incidentSince(others[0], cutAt);
  timeline(cutAt, [
    { at: cutAt, phase: "cut", message: `the cable of ${owner.name} is cut` },
    ...told,
    { at: answer.at, phase: "answer", message: firstAnswer(answer) },
  ]);
  say();
  await printed(others[0], "status");

  heading(`The cable of ${owner.name} is mended: it rejoins, and nothing moves back`);
  lab.setCable(owner, true);
  await settled(lab, lab.nodes);
  await printed(owner, "status");

  const serving = lab.node(await client.servedBy());
  heading(`Standby: ${serving.name} hands over for maintenance`);
  let changes = client.answers.length;
  await printed(serving, "node", "standby", serving.name, "--reason", "new memory", "--wait");
  say(`now ${(await client.nextChange(changes)).node} answers`);
  await printed(serving, "node", "online", serving.name, "--wait");

  const now = await client.servedBy();
  const target = lab.nodes.find((node) => node.name !== now && node !== serving) ?? serving;
  heading(`Migrate the group to ${target.name} by hand, then let the cluster decide again`);
  changes = client.answers.length;
  await printed(first, "resource", "migrate", "web", target.name, "--expires", "1h", "--wait");
  say(`now ${(await client.nextChange(changes)).node} answers`);
  await printed(first, "resource", "clear", "web", "--wait");
  await printed(first, "status");
  heading("Done: all daemons leave, all namespaces and files are removed");
  await Promise.all(lab.nodes.map((node) => node.stop()));
}

/** Waits until those nodes are online and nothing is left to do. */
async function settled(lab: Lab, nodes: readonly LabNode[]): Promise<void> {
  await until("the cluster settles", async () => {
    const report = await (nodes[0] as LabNode).status();
    const seen = (report?.["nodes"] ?? []) as { name: string; state: string }[];
    const transition = report?.["transition"] as { state: string } | undefined;
    const online = seen.filter((node) => node.state === "online").map((node) => node.name);
    const resources = (report?.["resources"] ?? []) as { role: string }[];
    return (
      lab.nodes.length > 0 &&
      nodes.every((node) => online.includes(node.name)) &&
      transition?.state === "idle" &&
      resources.length > 0 &&
      resources.every((resource) => resource.role === "Started")
    );
  });
}

async function printed(node: LabNode, ...args: string[]): Promise<void> {
  say(`\u001b[2m[${node.name}]$ paceline ${args.join(" ")}\u001b[0m`);
  const { stdout, stderr, code } = await node.paceline(...args);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (code !== 0) say(`(exit code ${code})`);
}

interface Entry {
  readonly at: number;
  readonly phase: string;
  readonly message: string;
}

/** The incident as the cluster tells it. */
async function incidentSince(node: LabNode, cutAt: number): Promise<Entry[]> {
  const { stdout } = await node.paceline("history", "--json");
  const entries = JSON.parse(stdout) as Entry[];
  // What was heard last was heard before.
  const since = entries.filter(({ at }) => at >= cutAt - 1000);
  return since.filter(({ phase }) => phase !== "note" && phase !== "change");
}

/** What happened when, in milliseconds since the cut. */
function timeline(cutAt: number, entries: readonly Entry[]): void {
  for (const { at, phase, message } of [...entries].sort((a, b) => a.at - b.at)) {
    const since = `${Math.round(at - cutAt)} ms`.padStart(10);
    say(`${since}  ${phase.padEnd(9)}  ${message}`);
  }
}

function firstAnswer({ node, gapMs }: WebAnswer): string {
  return `the client hears from ${node}, after an outage of ${gapMs.toFixed(0)} ms`;
}

await main();
