import { lastFencing } from "../cib/away-nodes.ts";
import { namesOf, unfencingLevels } from "../fencing/device-use.ts";
import type { DeviceCommand, DeviceOutcome, FenceAgentFacts } from "../fencing/fence-types.ts";
import type { FencingDevice, FencingSettings } from "../model/definition.ts";
import { isSecretName } from "../model/secret-mask.ts";
import { digestOf } from "../policy/unpack/digests.ts";
import { configureFencing, fencerStep } from "./fencing-duty.ts";
import { propose } from "./node-cib.ts";
import { follows, fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMember } from "./node-leaving.ts";
import type { Coordination, NodeMessage } from "./node-message.ts";

/**
 * Unfencing: devices that cut a node off from something shared must let it in again before anything
 * that needs it starts there.
 *
 * Theory of operation: the policy engine wants `on` of a node that lacks the attribute
 * `#node-unfenced`, as Pacemaker's does. The DC has every device that provides unfencing say `on`
 * (some can only be asked by the node itself), and commits what was done: in which boot of the node,
 * after which fencing of it, by which devices with which parameters. While all of that is as it was,
 * the engine is given the attribute: so a restarted daemon, or another DC, need not cut anybody off
 * from what runs; and a reboot or a fencing makes it void by itself. A changed device does not shut the node
 * out, but has it let in again. Without quorum nobody is let in: it may be this side that the others
 * have cut off.
 */

/** Of a node, in the CIB: what let it in. */
const RECORD = "#unfenced";
/** Transient: the boot of the machine that a node runs in. */
const BOOT = "#boot";
/** As Pacemaker calls it; the seconds at which the node was let in. */
const UNFENCED = "#node-unfenced";
/** Names devices that are new, or not what they were then: it must be let in again. */
const CHANGED = "#devices-changed";

const DONE = "unfence:";

/** The definition's devices, with what their agents' metadata says where the definition does not. */
export function withAgentFacts(node: NodeCore): FencingSettings {
  const { fencing } = node.force.definition;
  const devices = fencing.devices.map((device) => withFacts(device, node));
  return { ...fencing, devices };
}

function withFacts(device: FencingDevice, node: NodeCore): FencingDevice {
  const facts = node.fencing.agentFacts.get(device.agent);
  if (facts === undefined || !(facts.unfences || facts.onTarget)) return device;
  const options = new Map(device.options);
  if (facts.unfences && !options.has("provides")) options.set("provides", "unfencing");
  if (facts.onTarget && !options.has("on-target")) options.set("on-target", "true");
  return { ...device, options };
}

/** What the agents' metadata says was read, or read anew. */
export function agentFacts(node: NodeCore, facts: ReadonlyMap<string, FenceAgentFacts>): void {
  node.fencing.agentFacts = facts;
  const agents = [...facts].filter(([, each]) => each.unfences).map(([name]) => name);
  node.force.setUnfencingAgents(agents);
  configureFencing(node);
  fromCoordinator(node, node.coordinator.replan(node.now, "the fence agents are known"));
}

/** To be called after every step. */
export function settleUnfencing(node: NodeCore): void {
  const wanted = node.force.wantsUnfencing;
  if (wanted && node.member.attributes()[BOOT] === undefined) {
    const value = node.options.boot ?? String(node.options.incarnation);
    fromMember(node, node.member.lrm(node.now, { kind: "set-attribute", name: BOOT, value }));
  }
  for (const [runId, target] of node.fencing.onTarget) {
    if (!node.members().has(target)) answer(node, runId, { ok: false, detail: "it went away" });
  }
}

/** The attribute of a node by which the policy engine knows it as let in. */
export function unfencedAttributes(node: NodeCore, name: string): Readonly<Record<string, string>> {
  if (!node.force.wantsUnfencing) return {};
  const { attributes = [] } = node.store.cib;
  const kept = attributes.find((each) => each.node === name && each.name === RECORD)?.value;
  const [seconds, ...then] = kept?.split(" ") ?? [];
  const now = circumstancesOf(node, name);
  if (seconds === undefined || now === undefined) return {};
  const [boot, fencing, ...devices] = now;
  if (then[0] !== boot || then[1] !== fencing) return {};
  const changed = devices.filter((device) => !then.includes(device));
  const names = changed.map((device) => device.replace(/:[^:]*$/, ""));
  const again = names.length === 0 ? {} : { [CHANGED]: names.join(", ") };
  return { [UNFENCED]: seconds, ...again };
}

/** All that an unfencing depends on; undefined: the boot of that node is not known. */
function circumstancesOf(node: NodeCore, name: string): readonly string[] | undefined {
  const boot = node.coordinator.status.get(name)?.attributes[BOOT];
  if (boot === undefined) return undefined;
  const fencing = lastFencing(node.store.cib.fencing, name)?.id ?? "-";
  const devices = unfencingLevels(withAgentFacts(node), name).flat();
  const digests = devices.map(({ device, plug }) => digestOfDevice(device, plug ?? name));
  return [boot, fencing, ...digests];
}

/** Of everything that makes a difference to whom it lets in; a changed password makes none. */
function digestOfDevice({ name, agent, params }: FencingDevice, plug: string): string {
  const open = new Map([...params].filter(([param]) => !isSecretName(param)));
  return `${name}:${digestOf(open.set("agent", agent).set("plug", plug))}`;
}

/** Where not, what wants it waits unanswered, and is planned anew with the quorum. */
export function mayLetIn({ coordinator, force }: NodeCore): boolean {
  return coordinator.by?.acting === false || force.definition.choices.noQuorumPolicy === "ignore";
}

/** It was let in: commits that, then calls `then`. */
export function recordUnfenced(node: NodeCore, name: string, then: (ok: boolean) => void): void {
  const circumstances = circumstancesOf(node, name);
  if (circumstances === undefined) {
    then(false);
    return;
  }
  const value = [Math.floor(node.wall() / 1_000), ...circumstances].join(" ");
  const command = { kind: "set-attribute", node: name, name: RECORD, value } as const;
  propose(node, command, (result) => then(result.ok));
}

// --- Devices that only the node itself can ask.

/** A call that another node must carry out; true: it was one. */
export function callOnTarget(node: NodeCore, command: DeviceCommand): boolean {
  const { runId, target, device, timeoutMs } = command;
  const { by } = node.coordinator;
  if (command.onTarget !== true || target === node.self || by === undefined) return false;
  node.fencing.onTarget.set(runId, target);
  node.tell(target, { t: "unfence", by, key: `${DONE}${runId}`, device, timeoutMs });
  return true;
}

/** The coordinator asks this node to let itself in. */
export function unfenceHere(
  node: NodeCore,
  from: string,
  message: Extract<NodeMessage, { t: "unfence" }>,
): void {
  const { by, key, device, timeoutMs } = message;
  if (from !== follows(node) || by.term < node.member.term) return;
  const settings = withAgentFacts(node);
  const [level = []] = unfencingLevels(settings, node.self);
  const use = level.find((each) => each.device.name === device);
  if (use === undefined) {
    tellDone(node, { from, by, key }, { ok: false, detail: `${node.self} knows no such device` });
    return;
  }
  node.fencing.count += 1;
  const runId = -node.fencing.count;
  node.fencing.ownRuns.set(runId, { from, by, key });
  node.out.push({
    kind: "run-device",
    command: {
      ...{ runId, device, agent: use.device.agent, action: "on", target: node.self },
      ...{ plug: use.plug, params: Object.fromEntries(use.device.params), timeoutMs },
      ...namesOf(use.device, "on"),
    },
  });
}

/** What came of it on this node; true: it was such a run. */
export function unfencedHere(node: NodeCore, runId: number, outcome: DeviceOutcome): boolean {
  const asked = node.fencing.ownRuns.get(runId);
  if (asked === undefined) return false;
  node.fencing.ownRuns.delete(runId);
  tellDone(node, asked, outcome);
  return true;
}

function tellDone(
  node: NodeCore,
  { from, by, key }: { readonly from: string; readonly by: Coordination; readonly key: string },
  { ok, detail }: DeviceOutcome,
): void {
  node.tell(from, { t: "done", by, key, ok, detail });
}

/** Answers of nodes to that; true: it was one. */
export function acceptUnfenced(
  node: NodeCore,
  from: string,
  { key, ok, detail = "" }: Extract<NodeMessage, { t: "done" }>,
): boolean {
  if (!key.startsWith(DONE)) return false;
  const runId = Number(key.slice(DONE.length));
  if (node.fencing.onTarget.get(runId) === from) answer(node, runId, { ok, detail });
  return true;
}

function answer(node: NodeCore, runId: number, outcome: DeviceOutcome): void {
  node.fencing.onTarget.delete(runId);
  fencerStep(node, { kind: "device-done", runId, outcome });
}
