import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { startHogs } from "../../support/hogs.ts";
import { type Line, MessagingLab } from "../../support/messaging-lab.ts";

/**
 * Measures the messaging layer by itself, in network namespaces: time from a cut cable to the
 * verdict, false alarms with every core loaded, throughput of the channel, and idle cost.
 *
 *     bench:messaging [--intervals 1000,100,50,10] [--rounds 10] [--busy-minutes 1] [--only detection,…]
 */
const { values } = parseArgs({
  options: {
    intervals: { type: "string", default: "1000,100,50,10" },
    rounds: { type: "string", default: "10" },
    "busy-minutes": { type: "string", default: "1" },
    only: { type: "string", default: "detection,busy,noise,channel,idle" },
  },
});

const NODES = ["a", "b", "c"];

async function main(): Promise<void> {
  const parts = values.only.split(",");
  const intervals = values.intervals.split(",").map(Number);
  for (const interval of intervals) {
    if (parts.includes("detection")) await detection(interval, Number(values.rounds));
  }
  for (const interval of intervals) {
    if (parts.includes("busy")) await busy(interval, Number(values["busy-minutes"]) * 60_000);
  }
  if (parts.includes("noise")) await noise();
  if (parts.includes("channel")) await channel();
  if (parts.includes("idle")) await idle();
}

/** Cuts one node's cable again and again; the others' verdicts are timed from the cut. */
async function detection(intervalMs: number, rounds: number): Promise<void> {
  const lab = await ready(intervalMs);
  const fromCut: number[] = [];
  const fromLast: number[] = [];
  const toMain: number[] = [];
  let falseAlarms = 0;
  for (let round = 0; round < rounds; round++) {
    const marks = new Map(["b", "c"].map((name) => [name, lab.node(name).lines.length]));
    await sleep(Math.random() * intervalMs);
    const cutAt = now();
    lab.setCable("a", false);
    for (const [name, mark] of marks) {
      const down = await lab.node(name).until(isDown("a"), mark);
      fromCut.push(down.at - cutAt);
      fromLast.push(down.at - Number(down["lastHeard"]));
      toMain.push(Number(down["told"]) - down.at);
    }
    lab.setCable("a", true);
    for (const [name, mark] of marks) {
      const down = lab.node(name).lines.findIndex((line, i) => i >= mark && isDown("a")(line));
      await lab.node(name).until((line) => line.kind === "peer-up" && line.node === "a", down);
    }
    await sleep(10 * intervalMs);
  }
  for (const name of ["b", "c"]) {
    falseAlarms += lab.node(name).told("peer-down").length - rounds;
  }
  lab.close();
  console.info(
    `detection at ${intervalMs} ms: from cut ${spread(fromCut)}; from last frame ${spread(fromLast)}; ` +
      `to main thread ${spread(toMain)}; other verdicts ${falseAlarms}`,
  );
}

/** Every core busy with other work; nobody fails, so every verdict is a false one. */
async function busy(intervalMs: number, ms: number): Promise<void> {
  const lab = await ready(intervalMs);
  const marks = new Map(NODES.map((name) => [name, lab.node(name).lines.length]));
  const stopHogs = startHogs(availableParallelism());
  await sleep(ms);
  stopHogs();
  const since = (name: string): Line[] => lab.node(name).lines.slice(marks.get(name));
  const count = (kind: string): number =>
    NODES.flatMap(since).filter((line) => line.kind === kind).length;
  const pauses = NODES.flatMap(since).filter((line) => line.kind === "self-paused");
  console.info(
    `busy for ${ms / 60_000} min at ${intervalMs} ms: false verdicts ${count("peer-down")}, link changes ${count("link")}, ` +
      `own pauses ${pauses.length} (longest ${Math.max(0, ...pauses.map((line) => Number(line["ms"]))).toFixed(0)} ms)`,
  );
  lab.close();
}

/** 64 KB of noise, 10 000 times a second if the machine can, on one node's address and on the group. */
async function noise(): Promise<void> {
  const lab = await ready(100);
  const marks = new Map(NODES.map((name) => [name, lab.node(name).lines.length]));
  const [first, start] = await cpu(lab);
  const targets = [lab.address("a", 0), lab.config("a").group];
  const hose = lab.run("c", NOISE, "7700", ...targets);
  await sleep(10_000);
  hose.kill("SIGKILL");
  const [last, end] = await cpu(lab);
  const downs = NODES.flatMap((name) => lab.node(name).lines.slice(marks.get(name))).filter(
    ({ kind }) => kind === "peer-down",
  );
  const seconds = (end - start) / 1000;
  console.info(
    `noise: ${seconds.toFixed(1)} s of it at node a, ` +
      `${((last - first) / seconds / 10).toFixed(0)} % of a core; verdicts ${downs.length}`,
  );
  lab.close();
}

const NOISE = `
const socket = require("node:dgram").createSocket("udp4");
const [port, ...targets] = process.argv.slice(1);
const noise = require("node:crypto").randomBytes(65507);
socket.bind(0, () => setInterval(() => {
  for (let i = 0; i < 10; i++) socket.send(noise, Number(port), targets[i % targets.length], () => {});
}, 1));
`;

async function channel(): Promise<void> {
  const lab = await ready(100);
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const mark = lab.node("b").lines.length;
    const start = now();
    lab.node("a").ask({ do: "send", to: "b", bytes: 4 * 1024 * 1024 });
    const message = await lab.node("b").until((line) => line.kind === "message", mark, 60_000);
    times.push(message.at - start);
  }
  lab.close();
  console.info(`channel: 4 MB in ${spread(times)}`);
}

async function idle(): Promise<void> {
  const lab = await ready(100);
  await sleep(3000);
  const [first, start] = await cpu(lab);
  await sleep(20_000);
  const [last, end] = await cpu(lab);
  lab.close();
  const share = (100 * (last - first)) / (end - start);
  console.info(
    `idle at 100 ms, 2 peers: ${share.toFixed(2)} % of a core (whole process, one node)`,
  );
}

async function cpu(lab: MessagingLab): Promise<[ms: number, at: number]> {
  const mark = lab.node("a").lines.length;
  lab.node("a").ask({ do: "cpu" });
  const line = await lab.node("a").until(({ kind }) => kind === "cpu", mark);
  return [Number(line["ms"]), line.at];
}

async function ready(advertIntervalMs: number): Promise<MessagingLab> {
  const lab = new MessagingLab({ nodes: NODES, config: { advertIntervalMs } });
  for (const observer of NODES) {
    for (const other of NODES) {
      if (other === observer) continue;
      await lab.node(observer).until(({ kind, node }) => kind === "peer-up" && node === other);
    }
  }
  // Code that has just been started is slow, and is not what is measured.
  await sleep(Math.max(2000, 5 * advertIntervalMs));
  return lab;
}

function isDown(node: string): (line: Line) => boolean {
  return (line) => line.kind === "peer-down" && line.node === node;
}

function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number): string => sorted[Math.floor(share * (sorted.length - 1))]!.toFixed(1);
  return `median ${at(0.5)} (${at(0)} to ${at(1)}) ms`;
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

await main();
