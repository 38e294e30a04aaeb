/**
 * Measures the policy engine against `crm_simulate -R` on the same generated CIBs, in one run.
 *
 *   npm run bench:policy [-- --family plain --situation initial --from 500 --up-to 1000]
 *
 * All times are processor time (user and system), so that other work on the machine does not
 * count, also the longest slice: how long a plan in the making keeps the rest of the daemon
 * waiting. Ours is the library call, warmed up, each cluster in a process
 * of its own; reading the XML is reported apart. Theirs is the whole program, with `time` from
 * Debian's package of that name. Peak memory is that of a whole process that plans once, with the
 * flags that pacelined runs Node with, and "call" what the library call adds to it: Node with the
 * engine loaded takes some 55 MB before it is given anything. Both are set against theirs.
 *
 * crm_simulate takes minutes for the largest: it is asked up to --theirs-up-to resources (2000),
 * and for no more than --peer-seconds (180) of processor time each, which the table then shows as
 * the least it takes.
 */
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { scratchDirectory } from "../../support/at-end.ts";
import { run } from "../../support/lab-commands.ts";
import { nodeFlagsOf } from "../../support/node-flags.ts";
import { FAMILIES, type Family, SITUATIONS, SIZES, type Situation } from "./cluster-families.ts";
import { type Measured, type Memory, measure, measureMemory } from "./measure.ts";

interface Theirs {
  readonly planMs: number;
  readonly peakKb?: number;
}

/** Beyond this many resources the XML has hundreds of megabytes: it is written for theirs only. */
const XML_UP_TO = 2000;
const PEER_SECONDS = 180;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options.child !== undefined) {
    child(options.child);
    return;
  }
  const folder = scratchDirectory("paceline-bench");
  console.log(
    "family  resources nodes situation   ours ms  theirs ms   ratio us/pair slice ms  XML MB parse ms  ours MB call MB  theirs MB mem ratio call ratio  actions",
  );
  try {
    for (const family of FAMILIES) {
      if (options.family !== undefined && options.family !== family) continue;
      for (const size of SIZES.filter(
        ({ resources }) => resources >= options.from && resources <= options.upTo,
      )) {
        for (const situation of SITUATIONS) {
          if (options.situation !== undefined && options.situation !== situation) continue;
          await compare(folder.path, { family, situation, ...size }, options);
        }
      }
    }
  } finally {
    folder.remove();
  }
}

interface Job {
  readonly family: Family;
  readonly situation: Situation;
  readonly resources: number;
  readonly nodes: number;
  readonly xml?: string;
  readonly input?: string;
  /** Only the memory is measured, that of planning the input. */
  readonly memory?: boolean;
}

interface Options {
  readonly family: string | undefined;
  readonly situation: string | undefined;
  readonly from: number;
  readonly upTo: number;
  readonly theirsUpTo: number;
  /** How long theirs may take, in seconds of processor time. */
  readonly peerSeconds: number;
  readonly child: string | undefined;
}

function parseOptions(args: readonly string[]): Options {
  const value = (name: string) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  return {
    family: value("--family"),
    situation: value("--situation"),
    from: Number(value("--from") ?? 0),
    upTo: Number(value("--up-to") ?? 5000),
    theirsUpTo: Number(value("--theirs-up-to") ?? 2000),
    peerSeconds: Number(value("--peer-seconds") ?? PEER_SECONDS),
    child: value("--child"),
  };
}

function child(text: string): void {
  const { family, situation, resources, nodes, memory, ...files } = JSON.parse(text) as Job;
  const found = memory
    ? measureMemory(files.input!)
    : measure(family, { resources, nodes }, situation, files);
  console.log(JSON.stringify(found));
}

async function compare(folder: string, job: Job, options: Options): Promise<void> {
  const { theirsUpTo, peerSeconds } = options;
  const xml = join(folder, "cib.xml");
  const withXml = job.resources <= Math.max(theirsUpTo, XML_UP_TO) ? { xml } : {};
  const input = join(folder, "input.bin");
  const ours = await inChild<Measured>({ ...job, ...withXml, input });
  const memory = ours && (await inChild<Memory>({ ...job, input, memory: true }));
  const wanted = job.resources <= theirsUpTo;
  const theirs = wanted && ours !== undefined ? await measureTheirs(xml, peerSeconds) : undefined;
  const megabytes = existsSync(xml) ? statSync(xml).size / 1e6 : undefined;
  console.log(row(job, ours, memory, theirs, megabytes));
  rmSync(xml, { force: true });
}

async function inChild<T>(job: Job): Promise<T | undefined> {
  const script = process.argv[1]!;
  const flags = job.memory ? daemonFlags() : ["--max-old-space-size=6144"];
  const args = [...flags, script, "--child", JSON.stringify(job)];
  const done = await run(process.execPath, args);
  if (done.code !== 0) console.error(done.stderr.split("\n").slice(0, 5).join("\n"));
  return done.code === 0 ? (JSON.parse(done.stdout) as T) : undefined;
}

function daemonFlags(): string[] {
  return nodeFlagsOf(fileURLToPath(new URL("../../../src/daemon/main.js", import.meta.url)));
}

/** Undefined where crm_simulate or time is missing. */
async function measureTheirs(xml: string, seconds: number): Promise<Theirs | undefined> {
  const limited = `ulimit -t ${seconds}; exec crm_simulate -x "$0" -R -Q`;
  const args = ["-f", "%U %S %M", "sh", "-c", limited, xml];
  const done = await run("/usr/bin/time", args).catch(() => undefined);
  if (done === undefined) return undefined;
  if (done.stderr.includes("signal 9")) return { planMs: seconds * 1000 };
  const found = /([\d.]+) ([\d.]+) (\d+)\s*$/.exec(done.stderr);
  if (done.code !== 0 || found === null) return undefined;
  const [user, system, peakKb] = found.slice(1).map(Number) as [number, number, number];
  return { planMs: (user + system) * 1000, peakKb };
}

function row(
  job: Job,
  ours: Measured | undefined,
  memory: Memory | undefined,
  theirs: Theirs | undefined,
  megabytes: number | undefined,
): string {
  const share = ours && theirs ? (ours.planMs / theirs.planMs).toFixed(3) : "-";
  const ratio = theirs && theirs.peakKb === undefined ? `<${share}` : share;
  const ofTheirs = (kb: number | undefined) =>
    kb === undefined || theirs?.peakKb === undefined ? "-" : (kb / theirs.peakKb).toFixed(2);
  const inMb = (kb: number | undefined) => (kb === undefined ? "-" : (kb / 1024).toFixed(0));
  const cells: [string, number][] = [
    [String(job.resources), 9],
    [String(job.nodes), 5],
    [job.situation.padEnd(9), 10],
    [ours?.planMs.toFixed(1) ?? "failed", 9],
    [theirs ? `${theirs.peakKb ? "" : ">"}${theirs.planMs.toFixed(0)}` : "-", 10],
    [ratio, 7],
    [ours ? ((ours.planMs * 1000) / (job.resources * job.nodes)).toFixed(1) : "-", 7],
    [ours?.longestSliceMs.toFixed(1) ?? "-", 8],
    [megabytes?.toFixed(1) ?? "-", 7],
    [ours?.parseMs?.toFixed(0) ?? "-", 8],
    [inMb(memory?.peakKb), 8],
    [inMb(memory?.callKb), 7],
    [inMb(theirs?.peakKb), 10],
    [ofTheirs(memory?.peakKb), 9],
    [ofTheirs(memory?.callKb), 10],
    [String(ours?.actions ?? "-"), 8],
  ];
  return `${job.family.padEnd(7)} ${cells.map(([text, width]) => text.padStart(width)).join(" ")}`;
}

await main();
