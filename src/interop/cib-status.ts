import type {
  ClusterStatus,
  NodeStatus,
  OperationRecord,
  ResourceHistory,
  TicketStatus,
} from "../model/cluster-status.ts";
import type { PolicyNode } from "../model/policy-definition.ts";
import { readAttributeSets } from "./cib-rules.ts";
import type { CibSource } from "./cib-source.ts";
import { attribute, attributeMap, child, children, type XmlElement } from "./xml-element.ts";

/** Booleans as Pacemaker takes them. */
export function parseBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(true|on|yes|y|1)$/i.test(text)) return true;
  return /^(false|off|no|n|0)$/i.test(text) ? false : undefined;
}

/** Reads the status section and what the head of the CIB says of the cluster's state. */
export function readStatus(
  source: CibSource,
  cib: XmlElement,
  nodes: readonly PolicyNode[],
): ClusterStatus {
  const section = source.onlyChild(cib, ["status"]);
  const dcId = attribute(cib, "dc-uuid");
  const dc = nodes.find((node) => node.id === dcId);
  const featureSet = attribute(cib, "crm_feature_set");
  const panic = parseBoolean(attribute(cib, "no-quorum-panic"));
  return {
    quorate: parseBoolean(attribute(cib, "have-quorum")) === true,
    ...(dc === undefined ? {} : { dcNode: dc.name }),
    ...(featureSet === undefined ? {} : { featureSet }),
    ...(panic === undefined ? {} : { hadQuorum: panic }),
    nodes: children(section, "node_state").flatMap((each) => readNode(source, each, nodes) ?? []),
    tickets: children(section, "tickets").flatMap((each) => readTickets(source, each)),
  };
}

function readNode(
  source: CibSource,
  element: XmlElement,
  nodes: readonly PolicyNode[],
): NodeStatus | undefined {
  const id = attribute(element, "id");
  const uname = attribute(element, "uname");
  if (id === undefined) {
    source.warn("CIB_MISSING_ATTRIBUTE", element, "<node_state> without id is ignored");
    return undefined;
  }
  const name = uname ?? nodes.find((node) => node.id === id)?.name;
  if (name === undefined) return undefined;
  const transient = child(element, "transient_attributes");
  const utilization = flatten(source, transient, "utilization");
  return {
    name,
    id,
    ...membership(element),
    ...remoteFlags(element),
    attributes: flatten(source, transient, "instance_attributes"),
    ...(utilization.size === 0 ? {} : { utilization }),
    // Without a name its history can't be told from a namesake's: Pacemaker leaves it out, too.
    history: uname === undefined ? [] : readHistory(source, element),
  };
}

/** Either booleans (before 2.1.7) or the times since when, 0 where it is not. */
function membership(element: XmlElement): Partial<NodeStatus> {
  const member = sinceOrBoolean(attribute(element, "in_ccm"));
  const daemon = sinceOrBoolean(attribute(element, "crmd"));
  const join = attribute(element, "join")?.toLowerCase();
  const expected = attribute(element, "expected")?.toLowerCase();
  return {
    ...(member.is === undefined ? {} : { member: member.is }),
    ...(member.since === undefined ? {} : { memberSince: member.since }),
    daemonOnline: daemon.is === true,
    ...(daemon.since === undefined ? {} : { joinedAt: daemon.since }),
    ...(join === "down" || join === "pending" || join === "member" || join === "banned"
      ? { join }
      : {}),
    ...(expected === undefined
      ? {}
      : { expected: expected === "down" || expected === "member" ? expected : "banned" }),
  };
}

function sinceOrBoolean(text: string | undefined): { is?: boolean; since?: number } {
  if (text === undefined) return {};
  if (/^online$/i.test(text)) return { is: true };
  if (/^offline$/i.test(text)) return { is: false };
  const boolean = parseBoolean(text);
  if (boolean !== undefined) return { is: boolean };
  return /^\d+$/.test(text) ? { is: true, since: Number(text) } : {};
}

function remoteFlags(element: XmlElement): Partial<NodeStatus> {
  return {
    ...(Number(attribute(element, "node_in_maintenance") ?? 0) > 0
      ? { remoteInMaintenance: true }
      : {}),
    ...(Number(attribute(element, "node_fenced") ?? 0) > 0 ? { fencedRemotely: true } : {}),
  };
}

/** Transient attributes have no rules: several blocks merge by score, the first mention wins. */
function flatten(
  source: CibSource,
  parent: XmlElement | undefined,
  kind: string,
): Map<string, string> {
  const merged = new Map<string, string>();
  const sets = readAttributeSets(source, parent, kind);
  for (const set of sets.toSorted((a, b) => b.score - a.score)) {
    for (const [name, value] of set.values) if (!merged.has(name)) merged.set(name, value);
  }
  return merged;
}

function readHistory(source: CibSource, element: XmlElement): ResourceHistory[] {
  const list = child(child(element, "lrm"), "lrm_resources");
  const history: ResourceHistory[] = [];
  for (const each of children(list, "lrm_resource")) {
    const resource = source.required(each, "id");
    if (resource === undefined) continue;
    const provider = attribute(each, "provider");
    const container = attribute(each, "container");
    const lock = Number(attribute(each, "shutdown-lock") ?? Number.NaN);
    history.push({
      resource,
      agentClass: attribute(each, "class") ?? "",
      ...(provider === undefined ? {} : { agentProvider: provider }),
      agentType: attribute(each, "type") ?? "",
      ...(container === undefined ? {} : { container }),
      ...(Number.isFinite(lock) && lock !== 0 ? { shutdownLock: lock } : {}),
      operations: children(each, "lrm_rsc_op").flatMap((op) => readRecord(source, op) ?? []),
    });
  }
  return history;
}

/** Where each attribute of lrm_rsc_op goes. */
const RECORD_TEXTS: Readonly<Record<string, keyof OperationRecord>> = {
  "transition-key": "transitionKey",
  "transition-magic": "transitionMagic",
  operation_key: "operationKey",
  on_node: "onNode",
  "exit-reason": "exitReason",
  "op-digest": "digest",
  "op-force-restart": "forceRestart",
  "op-restart-digest": "restartDigest",
  "op-secure-params": "secureParams",
  "op-secure-digest": "secureDigest",
  migrate_source: "migrateSource",
  migrate_target: "migrateTarget",
  crm_feature_set: "crmVersion",
};

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Status values that no result has: the engine passes over such records. */
const NO_STATUS = -3;

function readRecord(source: CibSource, element: XmlElement): OperationRecord | undefined {
  const id = source.required(element, "id");
  if (id === undefined) return undefined;
  const record: Writable<OperationRecord> = {
    id,
    operation: "",
    intervalMs: 0,
    callId: -1,
    rc: -1,
    status: NO_STATUS,
  };
  const list = element.attributes;
  for (let i = 0; i < list.length; i += 2) recordField(record, list[i]!, list[i + 1]!);
  if (record.operation === "") {
    source.warn("CIB_MISSING_ATTRIBUTE", element, `history entry ${id} has no operation`);
    return undefined;
  }
  const expected = expectedRc(record.transitionKey);
  if (expected !== undefined) record.expectedRc = expected;
  return record;
}

function recordField(record: Writable<OperationRecord>, name: string, value: string): void {
  switch (name) {
    case "operation":
      record.operation = value;
      return;
    case "interval":
      record.intervalMs = integer(value) ?? 0;
      return;
    case "call-id":
      record.callId = integer(value) ?? -1;
      return;
    case "rc-code":
      record.rc = integer(value) ?? -1;
      return;
    case "op-status":
      record.status = integer(value) ?? NO_STATUS;
      return;
    case "last-rc-change":
    case "last-run": {
      const time = integer(value);
      if (time !== undefined) record[name === "last-run" ? "lastRun" : "lastRcChange"] = time;
      return;
    }
    default: {
      const field = RECORD_TEXTS[name];
      if (field !== undefined) (record as unknown as Record<string, string>)[field] = value;
    }
  }
}

function integer(text: string): number | undefined {
  return /^\s*[+-]?\d+/.test(text) ? Number.parseInt(text, 10) : undefined;
}

/** The third part of action:transition:rc:uuid; -1 (the code of "unknown") where it is corrupt. */
function expectedRc(key: string | undefined): number | undefined {
  const found = key === undefined ? null : /^-?\d+:-?\d+:(-?\d+):/.exec(key);
  return found === null ? undefined : Number(found[1]);
}

function readTickets(source: CibSource, section: XmlElement): TicketStatus[] {
  const tickets: TicketStatus[] = [];
  for (const each of children(section, "ticket_state")) {
    const id = source.required(each, "id");
    if (id === undefined) continue;
    const attributes = attributeMap(each);
    attributes.delete("id");
    const lastGranted = integer(attribute(each, "last-granted") ?? "");
    tickets.push({
      id,
      granted: parseBoolean(attribute(each, "granted")) === true,
      standby: parseBoolean(attribute(each, "standby")) === true,
      ...(lastGranted === undefined ? {} : { lastGranted }),
      attributes,
    });
  }
  return tickets;
}
