import { SeededRandom } from "../../src/core/random.ts";
import { SmallCluster } from "./small-cluster.ts";

/** The lines of some cluster: a few nodes and resources, in whatever state. */
export function randomLines(seed: number): string[] {
  const source = new SeededRandom(seed);
  const random = (below: number) => source.below(below);
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!;
  const nodes = ["a", "b", "c", "d"].slice(0, 2 + random(3));
  const lines = [`nodes ${nodes.join(" ")}`];
  if (random(2) === 0) lines.push("fencing", `is fencer started ${nodes[0]}`);
  if (random(3) === 0) lines.push("unprobed");
  const primitives = Array.from({ length: 2 + random(6) }, (_, i) => `r${i}`);
  for (const id of primitives) lines.push(`primitive ${id} ${pick(OPTIONS)} ${pick(MONITORS)}`);
  const tops = [...primitives];
  if (random(2) === 0) lines.push(`group g ${tops.splice(0, 2).join(" ")}`) && tops.push("g");
  const cloned = random(2) === 0 ? tops.shift() : undefined;
  const kind = pick(CLONES);
  const isPromotable = cloned !== undefined && kind.includes("promotable");
  if (cloned !== undefined) lines.push(`clone k ${cloned} ${kind}`) && tops.push("k");
  for (let i = random(4); i > 0; i--) {
    lines.push(`location ${pick(tops)} ${pick(nodes)} ${pick(SCORES)}`);
  }
  // From later ones to earlier ones only, so that there are no loops.
  for (let i = tops.length > 1 ? random(4) : 0; i > 0; i--) {
    const then = 1 + random(tops.length - 1);
    const first = random(then);
    const promoted = isPromotable && tops[first] === "k" ? ` ${pick(ROLES)}` : "";
    lines.push(`order ${tops[first]} then ${tops[then]} ${pick(KINDS)}${promoted}`);
    if (random(2) === 0) lines.push(`colocation ${tops[then]} with ${tops[first]} ${pick(SCORES)}`);
  }
  for (let i = tops.length > 2 ? random(4) : 0; i > 0; i--) {
    const dependent = 1 + random(tops.length - 1);
    lines.push(`colocation ${tops[dependent]} with ${tops[random(dependent)]} ${pick(SCORES)}`);
  }
  for (const id of primitives) {
    const states = isPromotable && id === cloned ? ["started", "promoted"] : ["started"];
    if (random(2) === 0) lines.push(`is ${id} ${pick(states)} ${pick(nodes)}`);
    else if (random(8) === 0) lines.push(`is ${id} stuck ${pick(nodes)}`);
    const monitored = lines.some(
      (line) => line.startsWith(`primitive ${id} `) && line.includes("monitor="),
    );
    if (monitored && random(4) === 0)
      lines.push(`failed ${id} ${pick(nodes)} times=${1 + random(3)}`);
  }
  for (const node of isPromotable ? nodes : []) {
    if (random(3) > 0) lines.push(`attributes ${node} master-${cloned}=${random(20)}`);
  }
  for (const node of nodes.slice(1)) {
    const trouble = pick(TROUBLES);
    if (trouble !== "") lines.push(trouble.replace("NODE", node));
  }
  return lines;
}

export function clusterOf(lines: readonly string[]): SmallCluster {
  const cluster = new SmallCluster();
  for (const line of lines) cluster.line(line.trim().replace(/ +/g, " "));
  return cluster;
}

const OPTIONS = [
  "",
  "priority=5",
  "resource-stickiness=100",
  "migration-threshold=1",
  "allow-migrate=true",
];
const MONITORS = ["", "monitor=10s", "monitor=10s", "monitor=10s monitor.on-fail=fence"];
const CLONES = [
  "",
  "interleave=true",
  "clone-max=2",
  "promotable=true",
  "notify=true",
  "promotable=true notify=true",
];
const SCORES = ["INFINITY", "-INFINITY", "50", "-50", "200", "300000", "-400000"];
const KINDS = ["", "orderKind=Optional", "symmetrical=false"];
const ROLES = ["", "firstAction=promote thenAction=start"];
const TROUBLES = [
  "",
  "",
  "",
  "offline NODE",
  "lost NODE",
  "joining NODE",
  "attributes NODE standby=on",
];
