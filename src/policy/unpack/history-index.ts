import type {
  ClusterStatus,
  OperationRecord,
  ResourceHistory,
} from "../../model/cluster-status.ts";
import { EXECUTION, OCF } from "../../model/exit-code.ts";
import type { WorkingSet } from "../working-set.ts";

/**
 * The recorded histories by node name and resource id, as recorded. Only migrations look across
 * nodes, so a node's index is made when it is first asked for.
 */
export class HistoryIndex {
  readonly #status: ClusterStatus;
  readonly #nodes = new Map<string, Map<string, ResourceHistory>>();

  constructor(ws: WorkingSet) {
    this.#status = ws.status;
  }

  #ofNode(name: string): Map<string, ResourceHistory> {
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    const histories = new Map<string, ResourceHistory>();
    const node = this.#status.nodes.find((each) => each.name === name);
    for (const history of node?.history ?? []) {
      if (!histories.has(history.resource)) histories.set(history.resource, history);
    }
    this.#nodes.set(name, histories);
    return histories;
  }

  operations(resource: string, node: string): readonly OperationRecord[] {
    return this.#ofNode(node).get(resource)?.operations ?? [];
  }

  /** Nothing conclusive is known of the resource on that node. */
  isUnknown(resource: string, node: string): boolean {
    return this.operations(resource, node).every((each) => each.rc === OCF.pending);
  }
}

/** A probe: a monitor that runs once. */
export function isProbe(record: OperationRecord): boolean {
  return record.operation === "monitor" && record.intervalMs === 0;
}

/** A probe that says the agent or what it needs is not there: as good as "not running". */
export function isMaskedProbe(record: OperationRecord): boolean {
  if (!isProbe(record)) return false;
  const { rc, status } = record;
  return rc === OCF.notInstalled || rc === OCF.badArguments || status === EXECUTION.notInstalled;
}

/** `web_monitor_10000`; old entries have it as their id. */
export function recordKey(record: OperationRecord): string {
  return record.operationKey ?? record.id;
}

/**
 * Orders two results in time: negative where `a` is older. Call ids count on one node, the time of
 * the result elsewhere; a pending one is dated by the transition that asked for it. Old records do
 * not say where they were made: `together` tells.
 */
export function compareRecords(a: OperationRecord, b: OperationRecord, together: boolean): number {
  const told = a.onNode !== undefined && b.onNode !== undefined;
  const sameNode = told ? a.onNode.toLowerCase() === b.onNode.toLowerCase() : together;
  if (sameNode && a.id === b.id) return 0;
  if (a.callId === -1 && b.callId === -1) return 0;
  if (sameNode && a.callId >= 0 && a.callId < b.callId) return -1;
  if (sameNode && b.callId >= 0 && a.callId > b.callId) return 1;
  if (a.callId >= 0 && b.callId >= 0) {
    const [timeA, timeB] = [a.lastRcChange ?? -1, b.lastRcChange ?? -1];
    if (timeA >= 0 && timeA < timeB) return -1;
    return timeB >= 0 && timeA > timeB ? 1 : 0;
  }
  return comparePending(a, b);
}

/** status:rc;action:transition:expected:uuid */
const MAGIC = /^-?\d+:-?\d+;-?\d+:(-?\d+):-?\d+:(.+)$/;

function comparePending(a: OperationRecord, b: OperationRecord): number {
  const [, idA, uuidA] = MAGIC.exec(a.transitionMagic ?? "") ?? [];
  const [, idB, uuidB] = MAGIC.exec(b.transitionMagic ?? "") ?? [];
  if (idA === undefined || idB === undefined) return 0;
  if (uuidA!.toLowerCase() !== uuidB!.toLowerCase() || idA === idB) {
    return b.callId === -1 ? -1 : a.callId === -1 ? 1 : 0;
  }
  // -1 is a shutdown: it always comes last.
  const [numberA, numberB] = [Number(idA), Number(idB)];
  if ((numberA >= 0 && numberA < numberB) || numberB === -1) return -1;
  return (numberB >= 0 && numberA > numberB) || numberA === -1 ? 1 : 0;
}
