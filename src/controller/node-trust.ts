import { note } from "../core/note.ts";
import type { Instant, Millis, WallTime } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { StatusWarning } from "../model/status-report.ts";
import { judgeClocks } from "./clock-verdict.ts";
import { raftStep } from "./node-cib.ts";
import { follows, fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMember } from "./node-leaving.ts";
import { propertyOf } from "./properties.ts";

/**
 * Members that cannot be trusted though they are alive: their disk takes nothing, or their clock is
 * far off. (One whose main thread hangs says so by its messaging thread, is no member any more, and is
 * fenced like any other that was lost.)
 *
 * Theory of operation: each member tells the DC what its clock says, and by an attribute that its disk
 * refuses. The DC compares clocks with the majority of them, for its own may be the wrong one. By
 * `untrusted-node-policy` such a node is only told of (`warn`), or gives its resources to the others
 * (`move`; a stop that fails then has it fenced), or is fenced. Only where others that can be trusted
 * are left: all of them with full disks are better than none. A DC that is itself not to be trusted
 * hands its office over.
 */

/** Transient: since a while this node cannot write its state. */
const DISK = "#disk-trouble";

/** A disk that refuses for less than that is a matter for its operator. */
const DISK_MS: Millis = 30_000;

/**
 * So often something is written, though nothing changes, under a token that is nobody else's: a disk
 * that takes nothing, or never answers, is to be known before it is needed.
 */
const PROBE_EVERY_MS: Millis = 60_000;
const PROBE_TOKEN = -1;
const PROBE_KEY = "probe";

/** How often clocks are told; at once when one was set. */
const CLOCK_EVERY_MS: Millis = 30_000;
const JUMP_MS: Millis = 1_000;

/** clock-offset-limit. A tenth of it is worth a warning. */
const LIMIT_MS: Millis = 300_000;

type TrustPolicy = "warn" | "move" | "fence";

/** What a node knows of its own troubles and, as the DC, of those of others. */
export class Trust {
  diskSince: Instant | undefined;
  diskMessage = "";
  probeDue: Instant;
  clockDue: Instant;
  /** Milliseconds by which the clocks of members are ahead of this node's. */
  readonly offsets = new Map<string, Millis>();
  /** Whom the DC does not trust, and why. */
  distrusted: ReadonlyMap<string, string> = new Map();
  /** When it may be asked to hand its office over again. */
  handOverDue: Instant = 0;

  constructor(now: Instant) {
    this.probeDue = now + PROBE_EVERY_MS;
    this.clockDue = now + CLOCK_EVERY_MS;
  }

  nextDeadline(): Instant {
    const disk = this.diskSince === undefined ? Number.POSITIVE_INFINITY : this.diskSince + DISK_MS;
    return Math.min(this.clockDue, this.probeDue, disk);
  }
}

// --- This node's own troubles.

export function diskRefuses(node: NodeCore, message: string): void {
  node.trust.diskSince ??= node.now;
  node.trust.diskMessage = message;
}

/** Something was written. */
export function diskWorks(node: NodeCore, token: number): void {
  const { trust } = node;
  if (token === PROBE_TOKEN) trust.probeDue = node.now + PROBE_EVERY_MS;
  if (trust.diskSince === undefined) return;
  trust.diskSince = undefined;
  setDiskTrouble(node, undefined);
}

/** Beginning the wait for an answer: until then nothing more is written for its own sake. */
function probeDisk(node: NodeCore): void {
  node.trust.probeDue = Number.POSITIVE_INFINITY;
  node.trust.diskSince ??= node.now;
  node.trust.diskMessage = "a write does not end";
  const bytes = new TextEncoder().encode(String(node.now));
  node.out.push({ kind: "persist", token: PROBE_TOKEN, writes: [{ key: PROBE_KEY, bytes }] });
}

function setDiskTrouble(node: NodeCore, value: string | undefined): void {
  if (node.member.attributes()[DISK] === value) return;
  fromMember(node, node.member.lrm(node.now, { kind: "set-attribute", name: DISK, value }));
}

/** The wall clock was read: one that was set is told of at once. */
export function clockRead(node: NodeCore, before: WallTime): void {
  if (Math.abs(node.wallReading.wall - before) > JUMP_MS) node.trust.clockDue = node.now;
}

export function tickTrust(node: NodeCore): void {
  const { trust } = node;
  if (trust.diskSince !== undefined && node.now >= trust.diskSince + DISK_MS) {
    setDiskTrouble(node, trust.diskMessage.slice(0, 200));
    trust.diskSince = Number.POSITIVE_INFINITY;
  }
  if (node.now >= trust.probeDue) probeDisk(node);
  if (node.now < trust.clockDue) return;
  trust.clockDue = node.now + CLOCK_EVERY_MS;
  const dc = follows(node);
  if (dc !== undefined && dc !== node.self) node.tell(dc, { t: "clock", wall: node.wall() });
}

// --- The DC's judgement.

/** A member says what its clock shows. */
export function clockTold(node: NodeCore, from: string, wall: WallTime): void {
  node.trust.offsets.set(from, wall - node.wall());
}

/** To be called after every step. */
export function settleTrust(node: NodeCore): void {
  const { trust } = node;
  const before = trust.distrusted;
  if (node.coordinator.by?.acting !== false) {
    trust.distrusted = new Map();
    trust.offsets.clear();
    return;
  }
  for (const name of trust.offsets.keys()) {
    if (!node.members().has(name)) trust.offsets.delete(name);
  }
  trust.distrusted = judge(node);
  const isSame =
    before.size === trust.distrusted.size &&
    [...trust.distrusted.keys()].every((n) => before.has(n));
  if (!isSame) tellOfChange(node, before);
  handOver(node);
}

function judge(node: NodeCore): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, ms] of clocks(node).off) {
    found.set(name, `its clock is ${inWords(ms)} the others`);
  }
  for (const name of node.members().keys()) {
    const trouble = node.coordinator.status.get(name)?.attributes[DISK];
    if (trouble !== undefined) found.set(name, `it cannot write its state: ${trouble}`);
  }
  return found;
}

function clocks(node: NodeCore): ReturnType<typeof judgeClocks> {
  const offsets = new Map([...node.trust.offsets, [node.self, 0]]);
  return judgeClocks(offsets, node.members().size, limitOf(node));
}

function limitOf(node: NodeCore): Millis {
  const text = propertyOf(node.force.definition.policy, "clock-offset-limit");
  return (text === undefined ? undefined : parseDuration(text)) ?? LIMIT_MS;
}

function policyOf(node: NodeCore): TrustPolicy {
  const text = propertyOf(node.force.definition.policy, "untrusted-node-policy");
  return text === "warn" || text === "fence" ? text : "move";
}

function tellOfChange(node: NodeCore, before: ReadonlyMap<string, string>): void {
  for (const [name, reason] of node.trust.distrusted) {
    if (before.has(name)) continue;
    node.out.push(note("error", "untrusted", `${name} is not trusted: ${reason}`, { node: name }));
  }
  for (const name of before.keys()) {
    if (node.trust.distrusted.has(name)) continue;
    node.out.push(note("info", "trusted", `${name} is trusted again`, { node: name }));
  }
  node.out.push({ kind: "changed" });
  fromCoordinator(node, node.coordinator.replan(node.now, "whom to trust has changed"));
}

/** Its resources are for others, or it is to be fenced; undefined: it is as good as any. */
function measure(node: NodeCore, name: string): "move" | "fence" | undefined {
  const policy = policyOf(node);
  if (policy === "warn" || !node.trust.distrusted.has(name) || !othersLeft(node)) return undefined;
  const { choices, fencing } = node.force.definition;
  const canFence = choices.fencingEnabled && fencing.devices.length > 0;
  return policy === "fence" && canFence ? "fence" : "move";
}

/** Some member that runs resources can be trusted. */
function othersLeft(node: NodeCore): boolean {
  const { nodes } = node.force.definition;
  return nodes.some(
    ({ name, role }) =>
      role === "full" && node.members().has(name) && !node.trust.distrusted.has(name),
  );
}

/** What the policy engine is told of it. */
export function trustAttributes(node: NodeCore, name: string): Readonly<Record<string, string>> {
  const what = measure(node, name);
  if (what === undefined) return {};
  const reason = node.trust.distrusted.get(name) ?? "";
  return what === "fence" ? { "#untrusted": reason } : { standby: "on" };
}

function handOver(node: NodeCore): void {
  const { trust } = node;
  if (node.now < trust.handOverDue || measure(node, node.self) === undefined) return;
  trust.handOverDue = node.now + CLOCK_EVERY_MS;
  const to = [...node.members().keys()].sort().find((name) => {
    const votes = node.force.definition.nodes.find((each) => each.name === name)?.votes ?? 0;
    return votes > 0 && !trust.distrusted.has(name);
  });
  if (to === undefined) return;
  node.out.push(note("warn", "office", `${node.self} hands its office to ${to}`, { to }));
  raftStep(node, { kind: "transfer", to });
}

// --- What `status` says.

/** Why a node has given its resources to others. */
export function distrustDetail(node: NodeCore, name: string): string | undefined {
  if (measure(node, name) === undefined) return undefined;
  return `not trusted: ${node.trust.distrusted.get(name)}`;
}

export function trustWarnings(node: NodeCore): StatusWarning[] {
  const found: StatusWarning[] = [...node.trust.distrusted].map(([name, reason]) => ({
    code: "UNTRUSTED",
    severity: "error",
    message: `${name} is not trusted: ${reason}`,
    hint: "mend it: it is trusted again by itself; what is done about it meanwhile is untrusted-node-policy",
    node: name,
  }));
  for (const [name, ms] of clocks(node).doubtful) {
    const message = `the clock of ${name} is ${inWords(ms)} the others`;
    const hint = "set it, and see to it that it is kept (chrony, systemd-timesyncd)";
    found.push({ code: "CLOCK_OFF", severity: "warn", message, hint, node: name });
  }
  return found;
}

function inWords(ms: Millis): string {
  return `${Math.round(Math.abs(ms) / 1_000)} s ${ms > 0 ? "ahead of" : "behind"}`;
}
