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
 * flags that pacelined runs Node with; "above" is what of it is more than a Node that does nothing.
 *
 * crm_simulate takes minutes for the largest: it is asked up to --theirs-up-to resources (1000),
 * and for no more than --peer-seconds (180) of processor time each, which the table then shows as
 * the least it takes.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeFlagsOf } from "../../support/node-flags.ts";
import { FAMILIES, type Family, SITUATIONS, SIZES, type Situation } from "./cluster-families.ts";
import { type Measured, measure, measureMemory } from "./measure.ts";

interface Theirs {
  readonly planMs: number;
  readonly peakKb?: number;
}

/** Beyond this many resources the XML has hundreds of megabytes: it is written for theirs only. */
const XML_UP_TO = 2000;
const PEER_SECONDS = 180;

function main(): void {
  const options = parseOptions(process.argv.slice(2));
  if (options.child !== undefined) {
    child(options.child);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "paceline-bench-"));
  const bareKb = bareNodeKb();
  console.log(
    "family  resources nodes situation   ours ms  theirs ms   ratio us/pair slice ms  XML MB parse ms  ours MB   above  theirs MB mem ratio  actions",
  );
  try {
    for (const family of FAMILIES) {
      if (options.family !== undefined && options.family !== family) continue;
      for (const size of SIZES.filter(
        ({ resources }) => resources >= options.from && resources <= options.upTo,
      )) {
        for (const situation of SITUATIONS) {
          if (options.situation !== undefined && options.situation !== situation) continue;
          compare(folder, { family, situation, ...size }, options, bareKb);
        }
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
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
    theirsUpTo: Number(value("--theirs-up-to") ?? 1000),
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

function compare(folder: string, job: Job, options: Options, bareKb: number): void {
  const { theirsUpTo, peerSeconds } = options;
  const xml = join(folder, "cib.xml");
  const withXml = job.resources <= Math.max(theirsUpTo, XML_UP_TO) ? { xml } : {};
  const input = join(folder, "input.bin");
  const ours = inChild<Measured>({ ...job, ...withXml, input });
  const peakKb = ours && inChild<number>({ ...job, input, memory: true });
  const wanted = job.resources <= theirsUpTo;
  const theirs = wanted && ours !== undefined ? measureTheirs(xml, peerSeconds) : undefined;
  const megabytes = existsSync(xml) ? statSync(xml).size / 1e6 : undefined;
  console.log(row(job, ours, peakKb, bareKb, theirs, megabytes));
  rmSync(xml, { force: true });
}

function inChild<T>(job: Job): T | undefined {
  const script = process.argv[1]!;
  const flags = job.memory ? daemonFlags() : ["--max-old-space-size=6144"];
  const args = [...flags, script, "--child", JSON.stringify(job)];
  const done = spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 1e8 });
  if (done.status !== 0) console.error(done.stderr.split("\n").slice(0, 5).join("\n"));
  return done.status === 0 ? (JSON.parse(done.stdout) as T) : undefined;
}

function daemonFlags(): string[] {
  return nodeFlagsOf(fileURLToPath(new URL("../../../src/daemon/main.js", import.meta.url)));
}

/** Most memory of a process in which Node does nothing. */
function bareNodeKb(): number {
  const read = `console.log(/VmHWM:\\s*(\\d+)/.exec(fs.readFileSync("/proc/self/status", "utf8"))[1])`;
  const done = spawnSync(process.execPath, [...daemonFlags(), "-e", read], { encoding: "utf8" });
  return Number(done.stdout);
}

/** Undefined where crm_simulate or time is missing. */
function measureTheirs(xml: string, seconds: number): Theirs | undefined {
  const limited = `ulimit -t ${seconds}; exec crm_simulate -x "$0" -R -Q`;
  const args = ["-f", "%U %S %M", "sh", "-c", limited, xml];
  const done = spawnSync("/usr/bin/time", args, { encoding: "utf8", maxBuffer: 1e9 });
  if (done.stderr.includes("signal 9")) return { planMs: seconds * 1000 };
  const found = /([\d.]+) ([\d.]+) (\d+)\s*$/.exec(done.stderr ?? "");
  if (done.status !== 0 || found === null) return undefined;
  const [user, system, peakKb] = found.slice(1).map(Number) as [number, number, number];
  return { planMs: (user + system) * 1000, peakKb };
}

function row(
  job: Job,
  ours: Measured | undefined,
  peakKb: number | undefined,
  bareKb: number,
  theirs: Theirs | undefined,
  megabytes: number | undefined,
): string {
  const share = ours && theirs ? (ours.planMs / theirs.planMs).toFixed(3) : "-";
  const ratio = theirs && theirs.peakKb === undefined ? `<${share}` : share;
  const memory = peakKb && theirs?.peakKb ? (peakKb / theirs.peakKb).toFixed(2) : "-";
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
    [peakKb === undefined ? "-" : (peakKb / 1024).toFixed(0), 8],
    [peakKb === undefined ? "-" : ((peakKb - bareKb) / 1024).toFixed(0), 7],
    [theirs?.peakKb === undefined ? "-" : (theirs.peakKb / 1024).toFixed(0), 10],
    [memory, 9],
    [String(ours?.actions ?? "-"), 8],
  ];
  return `${job.family.padEnd(7)} ${cells.map(([text, width]) => text.padStart(width)).join(" ")}`;
}

main();
