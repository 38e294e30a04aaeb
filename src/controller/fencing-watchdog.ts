import type { Instant, Millis } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { DeviceCommand, DeviceOutcome } from "../fencing/fence-types.ts";
import type { SelfFenceInput } from "../fencing/self-fence.ts";
import type { Definition, FencingSettings } from "../model/definition.ts";
import type { FencingReport } from "../model/status-report.ts";
import type { WatchdogState } from "../model/watchdog.ts";
import { isProven, watchdogTimes } from "../model/watchdog-times.ts";
import { configureFencing, fencerStep } from "./fencing-duty.ts";
import { withAgentFacts } from "./fencing-unfence.ts";
import { propose } from "./node-cib.ts";
import { follows } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMember } from "./node-leaving.ts";
import type { NodeMessage } from "./node-message.ts";
import { propertyOf } from "./properties.ts";

/** The attribute in which a node says after how many milliseconds its watchdog fires; 0: it has none. */
const ATTRIBUTE = "#watchdog";

/** The name of the device that is no device: the wait for a node's own watchdog. */
const DEVICE = "watchdog";

const ACK = "self-fence:";

/** The wait for one node to have been reset by its own watchdog. */
export interface WatchdogWait {
  readonly target: string;
  /** The life that is to end, where it was a member when the wait was asked for. */
  readonly incarnation: number | undefined;
  /** Since when it is certain not to be fed. */
  since: Instant | undefined;
  /** It has answered that it will not feed its watchdog any more. */
  condemned: boolean;
}

/** fencing-watchdog-timeout: how long the others wait; 0: there is no such fencing. */
export function watchdogWait(definition: Definition): Millis {
  if (!definition.choices.fencingEnabled) return 0;
  const text = propertyOf(definition.policy, "fencing-watchdog-timeout");
  return text === undefined ? 0 : (parseDuration(text) ?? Number(text) * 1_000) || 0;
}

// --- This node's own watchdog.

export function selfFenceStep(node: NodeCore, input: SelfFenceInput): void {
  node.out.push(...node.fencing.selfFence.step(node.now, input));
}

/** To be called after every step: quorum, resources or definition may have changed. */
export function settleWatchdog(node: NodeCore): void {
  const { definition } = node.force;
  const wait = watchdogWait(definition);
  if (wait === 0 && node.fencing.selfFence.state === "off") return;
  const { advertIntervalMs } = definition.messaging;
  const quorate = node.view?.quorum.quorate === true;
  const idle = node.member.activeResources().length === 0 && node.member.load() === 0;
  const fireMs = watchdogTimes(wait, advertIntervalMs)?.fireMs;
  const asked = node.fencing.heldStarts.length > 0;
  selfFenceStep(node, { kind: "facts", fireMs, quorate, idle, asked });
  if (node.coordinator.by?.acting === false) recordWatchdogs(node);
  reconfigure(node);
  for (const [runId, waiting] of [...node.fencing.waits]) settleWait(node, runId, waiting);
}

/**
 * Whether something may be started here: the others count on this node's watchdog by what an earlier
 * life said of it, so nothing runs in this life before it is armed, or they know that it can't be.
 */
export function mayStart(node: NodeCore): boolean {
  const { definition } = node.force;
  const wait = watchdogWait(definition);
  const { advertIntervalMs } = definition.messaging;
  if (wait === 0 || watchdogTimes(wait, advertIntervalMs) === undefined) return true;
  const { watchdog, selfFence } = node.fencing;
  if (watchdog === undefined) return false;
  return watchdog.proves ? selfFence.state !== "off" : !watchdogTargets(node).includes(node.self);
}

/** What came of arming it: the others are told by an attribute. */
export function watchdogState(node: NodeCore, state: WatchdogState): void {
  node.fencing.watchdog = state;
  const value = String(state.proves ? state.fireMs : 0);
  fromMember(node, node.member.lrm(node.now, { kind: "set-attribute", name: ATTRIBUTE, value }));
  const level = state.how === "none" && node.fencing.selfFence.state !== "off" ? "error" : "info";
  const message = `watchdog: ${state.detail}`;
  node.out.push({ kind: "note", level, event: "watchdog", message }, { kind: "changed" });
}

/** The coordinator wants this node reset: it feeds its watchdog no more, and says so. */
export function condemned(
  node: NodeCore,
  from: string,
  message: Extract<NodeMessage, { t: "self-fence" }>,
): void {
  if (from !== follows(node) || message.by.acting || message.by.term < node.member.term) return;
  selfFenceStep(node, { kind: "condemned", reason: message.reason });
  const ok = node.fencing.selfFence.state === "starving";
  node.tell(from, { t: "done", by: message.by, key: message.key, ok });
}

/** What `status` says of watchdogs; nothing where there are none. */
export function watchdogReport(node: NodeCore): Pick<FencingReport, "watchdog"> {
  const waitMs = watchdogWait(node.force.definition);
  if (waitMs === 0) return {};
  const { selfFence, watchdog } = node.fencing;
  const here = watchdog?.detail ?? "not armed: this node has not had quorum yet";
  return {
    watchdog: { waitMs, here, state: selfFence.state, counted: watchdogTargets(node) },
  };
}

// --- The watchdogs of others.

/** Which nodes have one is in the CIB, so that a later coordinator knows it of nodes it never saw. */
function recordWatchdogs(node: NodeCore): void {
  for (const name of node.members().keys()) {
    const said = node.coordinator.status.get(name)?.attributes[ATTRIBUTE];
    if (said === undefined || said === kept(node, name)) continue;
    const id = `${ATTRIBUTE} ${name}`;
    if (node.fencing.ending.has(id)) continue;
    node.fencing.ending.add(id);
    const command = { kind: "set-attribute", node: name, name: ATTRIBUTE, value: said } as const;
    propose(node, command, () => node.fencing.ending.delete(id));
  }
}

function kept(node: NodeCore, name: string): string | undefined {
  const { attributes = [] } = node.store.cib;
  return attributes.find((each) => each.node === name && each.name === ATTRIBUTE)?.value;
}

/** Nodes whose watchdog is certain to have reset them when the wait is over. */
export function watchdogTargets(node: NodeCore): string[] {
  const { definition } = node.force;
  const wait = watchdogWait(definition);
  const { advertIntervalMs } = definition.messaging;
  if (wait === 0 || watchdogTimes(wait, advertIntervalMs) === undefined) return [];
  const names = definition.nodes.map((each) => each.name);
  return names.filter((name) => isProven(Number(kept(node, name) ?? 0), wait, advertIntervalMs));
}

/** The fencing settings with the watchdog as the last level of every node that has one. */
export function withWatchdog(node: NodeCore): FencingSettings {
  const settings = withAgentFacts(node);
  const targets = watchdogTargets(node);
  node.fencing.watchdogTargets = targets.join(" ");
  if (targets.length === 0) return settings;
  const wait = watchdogWait(node.force.definition);
  const options = new Map([
    ["off-timeout", `${wait * 2 + 10_000}ms`],
    ["action", "off"],
    ["action-limit", "-1"],
    ["retries", "0"],
  ]);
  const device = {
    name: DEVICE,
    agent: DEVICE,
    targets,
    params: new Map<string, string>(),
    options,
  };
  const topology = new Map(settings.topology);
  for (const target of targets) {
    const levels = topology.get(target);
    if (levels !== undefined) topology.set(target, [...levels, [DEVICE]]);
  }
  return { devices: [...settings.devices, device], topology };
}

function reconfigure(node: NodeCore): void {
  if (watchdogTargets(node).join(" ") !== node.fencing.watchdogTargets) configureFencing(node);
}

/** A call of the device that is no device; true: it was one. */
export function callWatchdog(node: NodeCore, command: DeviceCommand): boolean {
  if (command.agent !== DEVICE) return false;
  const { runId, target, action } = command;
  const incarnation = node.members().get(target);
  const waiting: WatchdogWait = { target, incarnation, since: undefined, condemned: false };
  node.fencing.waits.set(runId, waiting);
  if (action !== "off") {
    const detail = `a watchdog can only end its own node`;
    end(node, runId, { ok: false, permanent: true, detail });
  } else if (target === node.self) {
    selfFenceStep(node, { kind: "condemned", reason: "it coordinates, and is to be fenced" });
  } else settleWait(node, runId, waiting);
  return true;
}

/** A wait begins when the node is out of the view, or has said that it will not feed any more. */
function settleWait(node: NodeCore, runId: number, waiting: WatchdogWait): void {
  const { target, incarnation, condemned: isCondemned } = waiting;
  const wait = watchdogWait(node.force.definition);
  const member = node.members().get(target);
  if (target === node.self) return;
  // Who has lost the others instead of they him waits in vain: theirs are fed.
  if (node.view?.quorum.quorate !== true) {
    const detail = `this side has no quorum: the watchdog of ${target} is fed`;
    end(node, runId, { ok: false, permanent: true, detail });
  } else if (member !== undefined && incarnation !== undefined && member > incarnation) {
    end(node, runId, { ok: true, detail: `${target} was reset, and runs again` });
  } else if (member === undefined || isCondemned) {
    waiting.since ??= node.now;
    if (node.now < waiting.since + wait) return;
    const detail = `${wait / 1_000} s have passed without quorum for ${target}: its watchdog has reset it`;
    end(node, runId, { ok: true, detail });
  } else if (waiting.since !== undefined) {
    end(node, runId, { ok: false, permanent: true, detail: `${target} came back before that` });
  } else condemn(node, runId, target);
}

/** A member that is to be fenced: it is told, once. */
function condemn(node: NodeCore, runId: number, target: string): void {
  const by = node.coordinator.by;
  const key = `${ACK}${runId}`;
  if (by === undefined || node.fencing.told.has(key)) return;
  node.fencing.told.add(key);
  node.tell(target, { t: "self-fence", by, key, reason: `${node.self} fences it` });
}

/** Answers to that; true: it was one. */
export function acceptCondemned(node: NodeCore, key: string, ok: boolean): boolean {
  if (!key.startsWith(ACK)) return false;
  const runId = Number(key.slice(ACK.length));
  const waiting = node.fencing.waits.get(runId);
  if (waiting === undefined) return true;
  if (ok) waiting.condemned = true;
  else end(node, runId, { ok: false, detail: `${waiting.target} has no watchdog that is armed` });
  return true;
}

function end(node: NodeCore, runId: number, outcome: DeviceOutcome): void {
  if (!node.fencing.waits.delete(runId)) return;
  node.fencing.told.delete(`${ACK}${runId}`);
  node.fencing.answers.push({ kind: "device-done", runId, outcome });
}

/** Answers are given after the fencer's own step has ended, never within it. */
export function answerFencer(node: NodeCore): boolean {
  const some = node.fencing.answers.length > 0;
  for (let input = node.fencing.answers.shift(); input; input = node.fencing.answers.shift()) {
    fencerStep(node, input);
  }
  return some;
}

/** When the next wait is over. */
export function nextWatchdogDeadline(node: NodeCore): Instant | undefined {
  const own = node.fencing.selfFence.nextDeadline();
  if (node.fencing.waits.size === 0) return own;
  const wait = watchdogWait(node.force.definition);
  let next = own ?? Number.POSITIVE_INFINITY;
  for (const { since } of node.fencing.waits.values()) {
    if (since !== undefined) next = Math.min(next, since + wait);
  }
  return Number.isFinite(next) ? next : undefined;
}
