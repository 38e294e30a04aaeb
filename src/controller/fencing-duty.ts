import type { Millis } from "../core/units.ts";
import type { FenceOperation, FencerInput, FencerOutput } from "../fencing/fence-types.ts";
import { fenceLoopLimits } from "../model/fence-loop.ts";
import { newerElsewhere } from "./definition-news.ts";
import {
  askedFor,
  closePending,
  closeRecord,
  doneUncommitted,
  type Fenced,
  failureKey,
  pendingRecord,
  recordOf,
} from "./fencing-attempts.ts";
import { backOff, planDelay } from "./fencing-delays.ts";
import { dropFenced, settleDepartures } from "./fencing-departures.ts";
import { fencingOperation, fencingTimeout, splitDelay } from "./fencing-priority.ts";
import { recentFencings, requesterOf } from "./fencing-records.ts";
import type { AskedFencing, FencingAnswer, FencingWish, Uncommitted } from "./fencing-state.ts";
import { callOnTarget, mayLetIn, recordUnfenced } from "./fencing-unfence.ts";
import { callWatchdog, watchdogWait, withWatchdog } from "./fencing-watchdog.ts";
import { propose, raftStep } from "./node-cib.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { awaitsRestart } from "./node-restart.ts";
import { fromMembership } from "./node-view.ts";
import { officeMoved, tickForSuccessor } from "./office-moves.ts";

/** A result that could not be committed for the moment is proposed again. */
const PROPOSE_AGAIN_MS: Millis = 500;

// --- In and out of office.

/** This node has taken up the coordinator's duties. */
export function takeUpFencing(node: NodeCore): void {
  configureFencing(node);
  fencerStep(node, {
    kind: "history",
    fencings: recentFencings(node.store.cib.fencing, node.wall()),
  });
  settleDepartures(node);
  closePending(node);
  commitResults(node);
}

/**
 * It has laid them down: what is under way is given up, results that stand are kept. A node that is
 * being fenced and takes the quorum with it (one of two) must be fenced for that next: what was
 * ordered goes on, under the same record.
 */
export function layDownFencing(node: NodeCore): void {
  const duty = node.fencing;
  officeMoved(node);
  const keep = node.view?.quorum.needsDismissal ?? [];
  fencerStep(node, { kind: "reset", keep });
  const busy = duty.fencer.busy();
  const answer = { ok: false, confirmed: false, durationMs: 0 };
  const asked = [...duty.asked.values()];
  const probes = [...duty.probes];
  duty.asked.clear();
  for (const wish of asked) {
    if (!keep.includes(wish.target) || !busy.includes(wish.target)) continue;
    duty.asked.set(wish.key, { ...wish, answer: () => undefined });
  }
  duty.ending.clear();
  duty.notBegun.length = 0;
  duty.probes.clear();
  const detail = `${node.self} coordinates no more: ask again`;
  for (const [key, told] of probes) {
    const answers = [{ device: node.self, ok: false, detail }];
    told({ kind: "probed", key, target: "", answers });
  }
  duty.failures.clear();
  for (const wish of asked) {
    if (wish.byHand === true) {
      wish.answer({ ...answer, detail });
    }
  }
}

export function configureFencing(node: NodeCore): void {
  const by = node.coordinator.by;
  const settings = withWatchdog(node);
  const loop = fenceLoopLimits(node.force.definition.policy.properties);
  fencerStep(node, { kind: "configure", settings, loop, checks: by?.acting === false });
}

export function tickFencing(node: NodeCore): void {
  const duty = node.fencing;
  if (duty.retryAt !== undefined && duty.retryAt <= node.now) {
    commitResults(node);
    settleDepartures(node);
    beginAgain(node);
  }
  tickForSuccessor(node);
  if ((duty.fencer.nextDeadline() ?? Number.POSITIVE_INFINITY) <= node.now) {
    fencerStep(node, { kind: "tick" });
  }
}

// --- Who wants a fencing.

/** The plan wants a node fenced. */
export function fenceForPlan(
  node: NodeCore,
  wanted: {
    readonly key: string;
    readonly target: string;
    readonly operation: FenceOperation;
    readonly reason: string;
    readonly timeoutMs: Millis;
    /** priority-fencing-delay. */
    readonly delayMs?: Millis;
  },
): void {
  const { key, delayMs = 0 } = wanted;
  if (wanted.operation === "on" && !mayLetIn(node)) return;
  const answer = ({ ok, detail }: FencingAnswer): void => {
    const input = { kind: "fence-result", key, ok, detail } as const;
    fromCoordinator(node, node.coordinator.acceptAnswer(node.now, input));
  };
  const done = doneUncommitted(node, wanted);
  if (done !== undefined) {
    done.alsoAsked.push(answer);
    return;
  }
  startFencing(node, {
    ...wanted,
    ...(wanted.operation === "on" ? { unfence: true } : {}),
    requestedBy: requesterOf(node.self),
    delayMs: delayMs + planDelay(node, wanted),
    answer,
  });
}

/**
 * A survivor that would have quorum if the others were certain not to act makes that certain. To be
 * called whenever view or office may have changed. That a node has left counts if this daemon has seen
 * it go: a record on its disk may be older than that node's return, and than its fencing of this one.
 */
export function fenceForQuorum(node: NodeCore): void {
  const { view, force, coordinator, fencing: duty } = node;
  const { definition } = force;
  if (view === undefined || coordinator.by?.acting !== true || awaitsRestart(node)) return;
  // Others may have left this node out, and serve.
  if (newerElsewhere(node).length > 0) return;
  if (!definition.choices.fencingEnabled || definition.fencing.devices.length === 0) return;
  const targets = view.quorum.needsDismissal;
  for (const target of targets) {
    const key = `quorum-${target}`;
    if (duty.asked.has(key) || duty.uncommitted.some((each) => each.record.target === target)) {
      continue;
    }
    const active = node.member.activeResources();
    const delay = splitDelay(definition, active, node.self, targets);
    startFencing(node, {
      key,
      target,
      operation: fencingOperation(definition),
      reason: `this side has quorum only once ${target} is certainly off`,
      requestedBy: requesterOf(node.self),
      timeoutMs: fencingTimeout(definition),
      delayMs: delay + backOff(node, { target, operation: "off" }),
      answer: () => undefined,
    });
  }
}

/** Commits that it is to be done, then does it; a coordinator without quorum can only do it. */
export function startFencing(node: NodeCore, wish: FencingWish): void {
  const asked = askedFor(node, wish);
  node.fencing.asked.set(wish.key, asked);
  if (node.coordinator.by?.acting === false) commitFencing(node, asked);
  else orderFencing(node, asked);
}

function commitFencing(node: NodeCore, asked: AskedFencing): void {
  const { key, target, byHand = false } = asked;
  const wasAway = !node.members().has(target);
  const dropped = (why: string): void => {
    node.fencing.asked.delete(key);
    const detail = `${target} is not fenced: ${why}`;
    asked.answer({ ok: false, confirmed: false, durationMs: 0, detail });
  };
  propose(node, { kind: "record-fencing", record: pendingRecord(asked) }, (result) => {
    if (node.fencing.asked.get(key) !== asked) return;
    if (wasAway && !byHand && node.members().has(target)) dropped("it is back");
    else if (result.ok) orderFencing(node, asked);
    else if (byHand) dropped(result.message);
    else {
      // Perhaps this node is about to lose its office, and then the wish is dropped with it.
      node.fencing.notBegun.push(asked);
      node.fencing.retryAt = node.now + PROPOSE_AGAIN_MS;
    }
  });
}

function beginAgain(node: NodeCore): void {
  for (const asked of node.fencing.notBegun.splice(0)) {
    if (node.fencing.asked.get(asked.key) === asked) commitFencing(node, asked);
  }
}

function orderFencing(node: NodeCore, asked: AskedFencing): void {
  const { key, target, operation, reason, timeoutMs, delayMs = 0, byHand = false } = asked;
  const { unfence = false } = asked;
  fencerStep(node, {
    kind: "fence",
    key,
    target,
    operation,
    reason,
    // Beside what the devices need, there must be time to wait for the node's own watchdog.
    timeoutMs: timeoutMs + 2 * watchdogWait(node.force.definition),
    delayMs,
    byHand,
    unfence,
  });
}

// --- What comes of it.

export function fencerStep(node: NodeCore, input: FencerInput): void {
  for (const output of node.fencing.fencer.step(node.now, input)) {
    if (output.kind === "fenced") fenced(node, output);
    else if (output.kind === "probed") {
      const answer = node.fencing.probes.get(output.key);
      node.fencing.probes.delete(output.key);
      answer?.(output);
    } else if (!isElsewhere(node, output)) node.out.push(output);
  }
}

/** Calls that no process here carries out: waits for watchdogs, and what only a node itself can do. */
function isElsewhere(node: NodeCore, output: Exclude<FencerOutput, { kind: "fenced" }>): boolean {
  if (output.kind === "run-device") {
    return callWatchdog(node, output.command) || callOnTarget(node, output.command);
  }
  if (output.kind !== "kill-device") return false;
  const { waits, onTarget } = node.fencing;
  return waits.delete(output.runId) || onTarget.delete(output.runId);
}

function fenced(node: NodeCore, result: Fenced): void {
  const duty = node.fencing;
  const wishes = result.keys.flatMap((key) => {
    const wish = duty.asked.get(key);
    duty.asked.delete(key);
    return wish ?? [];
  });
  const [first] = wishes;
  if (first === undefined) return;
  // What a person asks for as well is theirs: the fence-loop breaker begins anew with it.
  const { requestedBy, reason } = wishes.find((wish) => wish.byHand) ?? first;
  const asked = { ...first, requestedBy, reason };
  const answer = (ok: boolean, detail: string): void => {
    const { device, durationMs, confirmedBy } = result;
    const confirmed = confirmedBy !== undefined;
    const more = device === undefined ? {} : { device };
    for (const wish of wishes) wish.answer({ ok, confirmed, detail, durationMs, ...more });
  };
  if (result.withdrawn === true) {
    closeRecord(node, result, asked, "withdrawn");
    answer(false, result.detail);
  } else if (!result.ok) {
    failed(node, result, asked);
    answer(false, result.detail);
  } else if (result.operation !== "on" && isBack(node, asked)) {
    closeRecord(node, result, asked, "succeeded");
    answer(false, `${result.target} is back in another life: what was fenced is gone`);
  } else {
    succeeded(node, result, asked, answer);
  }
}

/** Since the order the node was heard of in a later life, so it does run. */
function isBack(node: NodeCore, wish: AskedFencing): boolean {
  return node.incarnations.get(wish.target) !== wish.incarnation;
}

function failed(node: NodeCore, result: Fenced, wish: AskedFencing): void {
  const { failures } = node.fencing;
  const { target } = result;
  const what = wish.unfence === true ? "unfencing" : "fencing";
  tell(node, target, `${what} of ${target} failed: ${result.detail}`);
  const key = failureKey(wish);
  const before = failures.get(key);
  const { id, startedAt: since } = wish;
  const count = (before?.count ?? 0) + 1;
  failures.set(key, { count, id, since, detail: result.detail });
  const detail = count === 1 ? result.detail : `attempt ${count}: ${result.detail}`;
  closeRecord(node, { ...result, detail }, wish, "failed");
}

function succeeded(
  node: NodeCore,
  result: Fenced,
  wish: AskedFencing,
  answer: (ok: boolean, detail: string) => void,
): void {
  const { target, confirmedBy, operation } = result;
  const outcome = confirmedBy === undefined ? "succeeded" : "confirmed-by-operator";
  node.fencing.failures.delete(failureKey(wish));
  tell(node, target, `${operation} of ${target} ${outcome}: ${result.detail}`);
  const record = recordOf(node, result, wish, outcome);
  const alsoAsked: Uncommitted["alsoAsked"] = [];
  const confirmed = confirmedBy !== undefined;
  const { detail, durationMs } = result;
  // With the power back on, nothing more is known of the node.
  if (operation !== "on") dismiss(node, target, confirmedBy === undefined ? "fenced" : "operator");
  node.fencing.uncommitted.push({
    record,
    proposed: false,
    isBack: false,
    alsoAsked,
    dropped: () => {
      const why = `${target} is back`;
      settleDepartures(node);
      answer(false, why);
      for (const also of alsoAsked) also({ ok: false, confirmed: false, detail: why, durationMs });
      fencerStep(node, { kind: "committed", target });
      fromCoordinator(node, node.coordinator.replan(node.now, why));
    },
    done: () => {
      if (operation !== "on") dropFenced(node, target);
      settleDepartures(node);
      if (wish.unfence === true) recordUnfenced(node, target, () => answer(true, detail));
      else answer(true, detail);
      for (const also of alsoAsked) also({ ok: true, confirmed, detail, durationMs });
      fencerStep(node, { kind: "committed", target });
      fromCoordinator(node, node.coordinator.replan(node.now, `${target} was fenced`));
    },
  });
  commitResults(node);
}

/** Elections and quorum count that node as absent from now on, until it is seen again. */
function dismiss(node: NodeCore, target: string, why: "fenced" | "operator"): void {
  raftStep(node, { kind: "peer-dismissed", node: target, why });
  fromMembership(node, node.membership.step(node.now, { kind: "dismissed", node: target, why }));
}

/** Proposes what has not been committed, while this node can. */
function commitResults(node: NodeCore): void {
  const duty = node.fencing;
  duty.retryAt = undefined;
  if (node.coordinator.by?.acting !== false) return;
  for (const entry of [...duty.uncommitted]) {
    if (entry.proposed) continue;
    entry.proposed = true;
    propose(node, { kind: "record-fencing", record: entry.record }, (result) => {
      entry.proposed = false;
      if (!result.ok && !entry.isBack) {
        duty.retryAt = node.now + PROPOSE_AGAIN_MS;
        return;
      }
      const at = duty.uncommitted.indexOf(entry);
      if (at >= 0) duty.uncommitted.splice(at, 1);
      if (entry.isBack) entry.dropped();
      else entry.done();
    });
  }
}

function tell(node: NodeCore, target: string, message: string): void {
  const entry = node.incidents.timeline.step(node.wall(), "fencing", message, { node: target });
  node.out.push({ kind: "timeline", entry });
}

/** An operator swears that a node is off: that ends any fencing of it that is under way. */
export function confirmOff(node: NodeCore, wish: FencingWish): void {
  const { target, key, requestedBy } = wish;
  const duty = node.fencing;
  const open = [...duty.asked.values()].find((asked) => asked.target === target);
  if (open !== undefined && duty.fencer.busy().includes(target)) {
    const answer = (said: FencingAnswer): void => {
      open.answer(said);
      wish.answer(said);
    };
    duty.asked.set(open.key, { ...open, answer });
    fencerStep(node, { kind: "confirm", target, author: requestedBy });
    return;
  }
  duty.asked.set(key, askedFor(node, wish));
  fenced(node, {
    kind: "fenced",
    keys: [key],
    target,
    operation: "off",
    ok: true,
    confirmedBy: requestedBy,
    detail: `${requestedBy} swears that it is off`,
    durationMs: 0,
  });
}
