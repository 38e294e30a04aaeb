import type { FenceOperation, FencerOutput } from "../fencing/fence-types.ts";
import type { FencingRecord } from "../model/cib.ts";
import type { AskedFencing, FencingWish, Uncommitted } from "./fencing-state.ts";
import { propose } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";

export type Fenced = Extract<FencerOutput, { kind: "fenced" }>;

/** A wish with the record that it will have: one for whoever asks, and for all attempts in a row. */
export function askedFor(node: NodeCore, wish: FencingWish): AskedFencing {
  const { asked, failures } = node.fencing;
  const { target } = wish;
  const key = failureKey(wish);
  const underWay = [...asked.values()].find((each) => failureKey(each) === key);
  const before = failures.get(key);
  return {
    ...wish,
    id: underWay?.id ?? before?.id ?? nextId(node),
    startedAt: underWay?.startedAt ?? before?.since ?? node.wall(),
    incarnation: node.incarnations.get(target),
  };
}

/** Failures to let a node in say nothing of its fencing. */
export function failureKey(of: {
  readonly target: string;
  readonly operation: FenceOperation;
}): string {
  return of.operation === "on" ? `on ${of.target}` : of.target;
}

export function recordOf(
  node: NodeCore,
  result: Fenced,
  wish: AskedFencing,
  outcome: FencingRecord["outcome"],
): FencingRecord {
  const { target, operation, device, detail, confirmedBy } = result;
  const { incarnation, reason, startedAt, id } = wish;
  return {
    id,
    target,
    ...(incarnation === undefined ? {} : { incarnation }),
    action: operation,
    ...(device === undefined ? {} : { device }),
    requestedBy: confirmedBy ?? wish.requestedBy,
    reason,
    startedAt,
    finishedAt: node.wall(),
    outcome,
    detail,
  };
}

/** The record of a fencing that nothing is started on the strength of. */
export function closeRecord(
  node: NodeCore,
  result: Fenced,
  wish: AskedFencing,
  outcome: "failed" | "succeeded" | "withdrawn",
): void {
  if (node.coordinator.by?.acting !== false) return;
  const record = recordOf(node, result, wish, outcome);
  const command = { kind: "record-fencing", record } as const;
  const over = outcome === "succeeded" ? { over: true as const } : {};
  propose(node, { ...command, record: { ...record, ...over } }, () => undefined);
}

/** That it is about to be done. */
export function pendingRecord(asked: AskedFencing): FencingRecord {
  const { id, target, incarnation, operation, requestedBy, reason, startedAt } = asked;
  return {
    ...{ id, target, action: operation, requestedBy, reason, startedAt, outcome: "pending" },
    ...(incarnation === undefined ? {} : { incarnation }),
  };
}

/** What a coordinator before this one had begun: nobody knows what came of it. */
export function closePending(node: NodeCore): void {
  if (node.coordinator.by?.acting !== false) return;
  const { asked, uncommitted } = node.fencing;
  const own = [...asked.values(), ...uncommitted.map((each) => each.record)].map(({ id }) => id);
  for (const record of node.store.cib.fencing) {
    if (record.outcome !== "pending" || own.includes(record.id)) continue;
    const detail = `${record.requestedBy} lost its office meanwhile`;
    const closed = { ...record, outcome: "failed", finishedAt: node.wall(), detail } as const;
    propose(node, { kind: "record-fencing", record: closed }, () => undefined);
  }
}

function nextId(node: NodeCore): string {
  node.fencing.count += 1;
  return `${node.self}-${node.options.incarnation}-${node.fencing.count}`;
}

/**
 * What is wanted was done a moment ago, for quorum say, and is about to be committed. Only if nothing
 * was heard of a later life of the target: that is another one to fence.
 */
export function doneUncommitted(
  node: NodeCore,
  { target, operation }: { readonly target: string; readonly operation: FenceOperation },
): Uncommitted | undefined {
  if (operation === "on" || node.members().has(target)) return undefined;
  const life = node.incarnations.get(target);
  return node.fencing.uncommitted.find(
    ({ record }) =>
      record.target === target && record.action !== "on" && record.incarnation === life,
  );
}
