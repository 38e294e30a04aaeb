import { loadDefinition } from "../../src/config/load-definition.ts";
import type { SeededRandom } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { Definition } from "../../src/model/definition.ts";
import { leastWatchdogWait } from "../../src/model/watchdog-times.ts";
import { bmcOf, outletsOf } from "./power-plant.ts";
import { addressOf } from "./simulated-cluster.ts";
import { GATEWAY } from "./tie-breakers.ts";

/** What kind of clusters a profile draws. */
export interface ClusterKind {
  readonly nodes: readonly [number, number];
  /** Every node has a fencing device. */
  readonly fencing: boolean;
  /** Draws from every option of quorum, fencing and resources; `fencing` is drawn as well then. */
  readonly allOptions?: boolean;
  /** Fenced by their own watchdogs instead of by devices; only with `allOptions`. */
  readonly watchdogs?: boolean;
  /** The advertisement interval, where it is not drawn. */
  readonly intervalMs?: Millis;
  /** What the definition says beside nodes and plain resources; nothing of it is drawn then. */
  readonly shape?: ClusterShape;
}

/** Parts of a definition, each line as in the braces of that section. */
export interface ClusterShape {
  readonly quorum?: readonly string[];
  readonly properties?: readonly string[];
  /** What stands after the addresses of a node, by its name. */
  readonly nodeExtra?: ReadonlyMap<string, string>;
}

/** The cluster that a seed drew. */
export interface DrawnCluster {
  readonly names: readonly string[];
  readonly links: number;
  /** Exclusive resources, each of which must run on exactly one host when all is well. */
  readonly resources: readonly string[];
  /** Promotable clones, at most one instance of which may be promoted. */
  readonly promotables: readonly string[];
  readonly definition: Definition;
  /** Nothing exclusive may ever be active twice: lost nodes are fenced first. */
  readonly isFenced: boolean;
}

/** Advertisement intervals; the shortest are the dearest to simulate. */
const INTERVALS_MS: readonly Millis[] = [50, 100, 200, 500, 1_000];

/** Where clusters may be large, long ones are the rule. */
const LONG_INTERVALS_MS: readonly Millis[] = [100, 200, 200, 500, 500, 500, 1_000];

/** The cluster that this seed draws: its size, links, transport, interval and, if asked for, options. */
export function drawCluster(random: SeededRandom, kind: ClusterKind): DrawnCluster {
  const count = drawCount(random, kind);
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  const links = 1 + random.below(2);
  const resources = Array.from({ length: 1 + random.below(4) }, (_, i) => `r${i + 1}`);
  const transport = random.next() < 0.5 ? "unicast" : "multicast";
  const intervals = kind.allOptions ? LONG_INTERVALS_MS : INTERVALS_MS;
  const drawnMs = intervals[random.below(intervals.length)]!;
  const intervalMs = kind.intervalMs ?? drawnMs;
  const base: BaseSettings = { names, links, resources, transport, intervalMs };
  if (kind.allOptions) return drawOptions(random, base, kind.watchdogs ?? false);
  const { shape } = kind;
  const properties = shape?.properties ?? ["no-quorum-policy: stop"];
  const text = definitionText(base, {
    properties: [`fencing-enabled: ${kind.fencing}`, ...properties],
    devices: kind.fencing ? plainDevices(names) : [],
    ...(shape?.quorum === undefined ? {} : { quorum: shape.quorum }),
    ...(shape?.nodeExtra === undefined ? {} : { nodeExtra: shape.nodeExtra }),
  });
  return {
    ...base,
    promotables: [],
    definition: load(text),
    isFenced: kind.fencing,
  };
}

/** Large clusters are dear: where a profile spans small and large ones, three of four are small. */
function drawCount(random: SeededRandom, { nodes, allOptions }: ClusterKind): number {
  const [min, max] = nodes;
  const top = allOptions && random.next() < 0.75 ? Math.min(max, 5) : max;
  return min + random.below(top - min + 1);
}

interface BaseSettings {
  readonly names: readonly string[];
  readonly links: number;
  readonly resources: readonly string[];
  readonly transport: string;
  readonly intervalMs: Millis;
}

interface MoreText {
  readonly properties: readonly string[];
  /** Lines of `fencing`. */
  readonly devices: readonly string[];
  /** What stands after a node's addresses. */
  readonly nodeExtra?: ReadonlyMap<string, string>;
  readonly quorum?: readonly string[];
  /** Instead of one plain primitive for each of the resources. */
  readonly resourceLines?: readonly string[];
  readonly defaults?: string;
}

function definitionText(base: BaseSettings, more: MoreText): string {
  const { names, links, transport, intervalMs } = base;
  const addresses = (name: string) =>
    Array.from({ length: links }, (_, link) => addressOf(names, name, link)).join(", ");
  const extra = (name: string) => more.nodeExtra?.get(name) ?? "";
  const quorum = more.quorum ?? [];
  return [
    "cluster: sim",
    "nodes:",
    ...names.map((name) => `  ${name}: { addresses: [${addresses(name)}]${extra(name)} }`),
    `messaging: { transport: ${transport}, advert-interval: ${intervalMs}ms }`,
    ...(quorum.length > 0 ? [`quorum: { ${quorum.join(", ")} }`] : []),
    `properties: { ${more.properties.join(", ")} }`,
    ...(more.defaults === undefined ? [] : [more.defaults]),
    "resources:",
    ...(more.resourceLines ?? base.resources.map((name) => primitiveLine(name))),
    ...more.devices,
    "",
  ].join("\n");
}

/** A dummy does no harm twice; here it stands for what does. */
function primitiveLine(name: string, meta = ", meta: { harmless-twice: false }"): string {
  return `  ${name}: { agent: ocf:paceline:dummy, operations: { monitor: { interval: 10s } }${meta} }`;
}

function load(text: string): Definition {
  const { definition, diagnostics } = loadDefinition(text);
  if (definition === undefined) {
    throw new Error(`${text}\n${JSON.stringify(diagnostics, undefined, 1)}`);
  }
  return definition;
}

function deviceLine(name: string, target: string, options = ""): string {
  const params = "params: { off: x, on: x, status: x }";
  return `    ${name}: { agent: exec, targets: [${target}], ${params}${options} }`;
}

function plainDevices(names: readonly string[]): string[] {
  return ["fencing:", "  devices:", ...names.map((name) => deviceLine(bmcOf(name), name))];
}

// --- All options.

function drawOptions(random: SeededRandom, base: BaseSettings, watchdogs: boolean): DrawnCluster {
  // Some combinations are refused, rightly: then the next draw counts.
  for (let attempt = 0; attempt < 100; attempt++) {
    const fencing = watchdogs || random.next() < 0.7;
    const resources = drawResources(random, base.resources);
    const properties = drawProperties(random, fencing);
    if (watchdogs) properties.push(drawWatchdogWait(random, base.intervalMs));
    const text = definitionText(base, {
      properties,
      devices: fencing && !watchdogs ? drawDevices(random, base.names) : [],
      nodeExtra: drawNodes(random, base.names),
      quorum: drawQuorum(random, base.names),
      resourceLines: resources.lines,
      ...drawDefaults(random),
    });
    const { definition } = loadDefinition(text);
    if (definition === undefined) continue;
    const { exclusive, promotables } = resources;
    return { ...base, resources: exclusive, promotables, definition, isFenced: fencing };
  }
  throw new Error("no definition that is valid was drawn");
}

function chance(random: SeededRandom, share: number): boolean {
  return random.next() < share;
}

function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)]!;
}

function drawNodes(random: SeededRandom, names: readonly string[]): Map<string, string> {
  const extra = new Map<string, string>();
  if (names.length > 2 && chance(random, 0.35)) extra.set(pick(random, names), ", role: witness");
  if (chance(random, 0.15)) {
    const name = pick(random, names);
    extra.set(name, `${extra.get(name) ?? ""}, votes: ${pick(random, [0, 2, 3])}`);
  }
  return extra;
}

function drawQuorum(random: SeededRandom, names: readonly string[]): string[] {
  const lines: string[] = [];
  const add = (share: number, ...more: string[]) => {
    if (chance(random, share)) lines.push(...more);
  };
  add(0.3, `wait-for-all: ${chance(random, 0.8)}`);
  if (names.length % 2 === 0) {
    add(0.4, `auto-tie-breaker-node: ${pick(random, ["lowest", "highest", names[0]!])}`);
  }
  if (names.length % 2 === 0 && lines.every((line) => !line.startsWith("auto"))) {
    const arbitration = ["arbiter: 10.9.9.9", "disk: /dev/shared", `ping-targets: [${GATEWAY}]`];
    add(0.6, pick(random, arbitration));
  }
  if (names.length === 2) add(0.3, "two-node: true");
  if (names.length > 2) {
    const window = `last-man-standing-window: ${1 + random.below(10)}s`;
    add(0.35, "last-man-standing: true", window);
  }
  return lines;
}

function drawProperties(random: SeededRandom, fencing: boolean): string[] {
  const lines = [`fencing-enabled: ${fencing}`];
  const add = (share: number, line: string) => {
    if (chance(random, share)) lines.push(line);
  };
  add(0.8, `no-quorum-policy: ${pick(random, ["stop", "freeze", "ignore", "demote", "suicide"])}`);
  add(0.3, `priority-fencing-delay: ${random.below(5)}s`);
  add(0.2, "fencing-action: off");
  add(0.2, `concurrent-fencing: ${chance(random, 0.5)}`);
  add(0.2, `start-failure-is-fatal: ${chance(random, 0.5)}`);
  add(0.1, "batch-limit: 1");
  return lines;
}

/** Mostly the shortest time that can be proven: what does not hold shows with that first. */
function drawWatchdogWait(random: SeededRandom, intervalMs: Millis): string {
  const least = leastWatchdogWait(intervalMs);
  return `fencing-watchdog-timeout: ${chance(random, 0.7) ? least : 2 * least}ms`;
}

function drawDefaults(random: SeededRandom): { defaults?: string } {
  const meta: string[] = [];
  if (chance(random, 0.5)) meta.push(`resource-stickiness: ${pick(random, [1, 100, "INFINITY"])}`);
  if (chance(random, 0.4)) meta.push(`migration-threshold: ${1 + random.below(3)}`);
  if (chance(random, 0.4)) meta.push(`failure-timeout: ${5 + random.below(20)}s`);
  return meta.length === 0 ? {} : { defaults: `defaults: { resource: { ${meta.join(", ")} } }` };
}

interface DrawnResources {
  readonly lines: readonly string[];
  readonly exclusive: readonly string[];
  readonly promotables: readonly string[];
}

/** Primitives of all priorities, at times in a group, and at times a clone beside them. */
function drawResources(random: SeededRandom, names: readonly string[]): DrawnResources {
  const priority = () => {
    const meta = chance(random, 0.3) ? `, meta: { priority: ${1 + random.below(10)} }` : "";
    return meta;
  };
  const lines = names.map((name) => primitiveLine(name, priority()));
  const promotables: string[] = [];
  if (names.length > 1 && chance(random, 0.4)) {
    lines.push(`  g: { group: [${names.slice(0, 2).join(", ")}]${priority()} }`);
  }
  if (chance(random, 0.3)) {
    lines.push(primitiveLine("c"), `  cs: { clone: c, meta: { interleave: true } }`);
  }
  if (chance(random, 0.35)) {
    lines.push(
      "  s: { agent: ocf:paceline:stateful, operations: [ { name: monitor, interval: 10s, role: Promoted }, { name: monitor, interval: 11s, role: Unpromoted } ] }",
      `  ss: { clone: s, meta: { promotable: true, notify: ${chance(random, 0.5)} } }`,
    );
    promotables.push("s");
  }
  return { lines, exclusive: names, promotables };
}

function drawDevices(random: SeededRandom, names: readonly string[]): string[] {
  const devices: string[] = [];
  const topology: string[] = [];
  const delay = () => {
    const base = chance(random, 0.3) ? `delay-base: ${random.below(3_000)}ms` : "";
    const max = chance(random, 0.2) ? `delay-max: ${3_000 + random.below(3_000)}ms` : "";
    const both = [base, max].filter((each) => each !== "").join(", ");
    return both === "" ? "" : `, options: { ${both} }`;
  };
  for (const name of names) {
    const [a, b] = outletsOf(name);
    const inside = deviceLine(bmcOf(name), name, delay());
    const outlets = [a, b].map((outlet) => deviceLine(outlet, name, delay()));
    const shape = random.below(4);
    if (shape === 0) devices.push(inside);
    else if (shape === 1) {
      devices.push(...outlets);
      topology.push(`    ${name}: [[${a}, ${b}]]`);
    } else {
      devices.push(inside, ...outlets);
      const levels =
        shape === 2 ? `[[${bmcOf(name)}], [${a}, ${b}]]` : `[[${a}, ${b}], [${bmcOf(name)}]]`;
      topology.push(`    ${name}: ${levels}`);
    }
  }
  const levels = topology.length === 0 ? [] : ["  topology:", ...topology];
  return ["fencing:", "  devices:", ...devices, ...levels];
}
