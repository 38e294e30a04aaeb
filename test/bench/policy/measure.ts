import { readFileSync, writeFileSync } from "node:fs";
import { deserialize, serialize } from "node:v8";
import { readCib } from "../../../src/interop/cib-reader.ts";
import type { ClusterStatus } from "../../../src/model/cluster-status.ts";
import type { PolicyDefinition } from "../../../src/model/policy-definition.ts";
import { plan, planning } from "../../../src/policy/make-plan.ts";
import { applyPlan } from "../../../src/policy/outcome/apply-plan.ts";
import { doSlice, type Work } from "../../../src/policy/work.ts";
import { type Family, familyConfiguration, type Situation, type Size } from "./cluster-families.ts";
import { cibXml } from "./status-xml.ts";

/** What one measurement found. */
export interface Measured {
  readonly planMs: number;
  readonly parseMs?: number;
  /** The longest that planning in slices, as the daemon does, keeps everything else waiting. */
  readonly longestSliceMs: number;
  readonly actions: number;
}

const NOW = 1_800_000_000;
const WARMUP_MS = 4_000;
const WARMUP_RUNS = 30;
const REPEATS = 9;

/** Where to leave what was measured, for others to take. */
export interface Files {
  /** As a CIB; reading it is measured, too. */
  readonly xml?: string;
  /** As `measureMemory` wants it. */
  readonly input?: string;
}

/** Measures one cluster in this process. */
export function measure(family: Family, size: Size, situation: Situation, files: Files): Measured {
  const configuration = familyConfiguration(family, size);
  const empty = freshStatus(size.nodes);
  const { definition } = readCib(cibXml(configuration, empty));
  const status = statusIn(situation, definition!, empty);
  const run = () => plan(definition!, status, NOW * 1000);
  const { actions } = run();
  warmUp(run);
  const planMs = median(Array.from({ length: REPEATS }, () => timeOf(run)));
  const slices = () => longestSlice(planning(definition!, status, NOW * 1000));
  const longestSliceMs = median(Array.from({ length: REPEATS }, slices));
  const parse =
    files.xml === undefined ? {} : { parseMs: parseTime(files.xml, configuration, status) };
  if (files.input !== undefined) writeFileSync(files.input, serialize({ definition, status }));
  const real = actions.filter((each) => each.kind !== "pseudo").length;
  return { planMs, longestSliceMs, ...parse, actions: real };
}

/** Most memory of a process, in KiB. */
export interface Memory {
  readonly peakKb: number;
  /** What of it the library call has added. */
  readonly callKb: number;
}

/**
 * Memory of a process that does nothing else than plan once. Definition and status are read as they
 * come from other processes: making them takes memory of its own.
 */
export function measureMemory(input: string): Memory {
  const { definition, status } = deserialize(readFileSync(input)) as {
    readonly definition: PolicyDefinition;
    readonly status: ClusterStatus;
  };
  const before = peakMemory();
  plan(definition, status, NOW * 1000);
  const peakKb = peakMemory();
  return { peakKb, callKb: peakKb - before };
}

export function freshStatus(nodes: number): ClusterStatus {
  const member = { member: true, daemonOnline: true, join: "member", expected: "member" } as const;
  return {
    quorate: true,
    dcNode: "node1",
    nodes: Array.from({ length: nodes }, (_, i) => ({
      name: `node${i + 1}`,
      id: String(i + 1),
      ...member,
      attributes: new Map(),
      history: [],
    })),
    tickets: [],
  };
}

/** Steady is the outcome of the initial start; lost is that without its last node. */
function statusIn(
  situation: Situation,
  definition: PolicyDefinition,
  empty: ClusterStatus,
): ClusterStatus {
  if (situation === "initial") return empty;
  const steady = applyPlan(definition, empty, plan(definition, empty, NOW * 1000), NOW);
  if (situation === "steady") return steady;
  const lost = { member: false, daemonOnline: false, join: "down" } as const;
  const last = steady.nodes.length - 1;
  const nodes = steady.nodes.map((node, i) => (i === last ? { ...node, ...lost } : node));
  return { ...steady, nodes };
}

function warmUp(run: () => unknown): void {
  let spent = 0;
  for (let i = 0; i < WARMUP_RUNS && spent < WARMUP_MS; i++) spent += timeOf(run);
}

/**
 * Processor time, so that other work on the machine does not count: on a machine with a core to
 * spare everything else in the process waits as long, less where garbage is collected beside.
 */
function longestSlice(work: Work<unknown>): number {
  let longest = 0;
  for (let done = false; !done; ) {
    const slice = () => {
      done = doSlice(work).done === true;
    };
    longest = Math.max(longest, timeOf(slice));
  }
  return longest;
}

/**
 * Processor time of one call, in milliseconds, garbage collection included. Nobody asks for a
 * collection in between: it would throw away the compiled code, too, and nothing were warmed up.
 */
function timeOf(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function parseTime(path: string, configuration: string, status: ClusterStatus): number {
  writeFileSync(path, cibXml(configuration, status));
  const text = readFileSync(path, "utf8");
  readCib(text);
  return median([1, 2, 3].map(() => timeOf(() => readCib(text))));
}

function peakMemory(): number {
  const found = /^VmHWM:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"));
  return Number(found?.[1] ?? 0);
}
