import type { ClusterStatus } from "../../model/cluster-status.ts";
import type { TicketChange, WhatIf } from "../../policy/outcome/what-if.ts";
import { usageError } from "../cli-error.ts";

/** The what-if flags; each may be given more than once. */
export interface WhatIfOptions {
  readonly nodeFail?: readonly string[];
  readonly nodeUp?: readonly string[];
  readonly standby?: readonly string[];
  readonly opFail?: readonly string[];
  readonly ticket?: readonly string[];
  readonly utilization?: readonly string[];
  readonly quorum?: string;
}

/** Reads the flags; nodes must be known. */
export function parseWhatIfs(options: WhatIfOptions, status: ClusterStatus): WhatIf[] {
  const changes: WhatIf[] = [
    ...(options.nodeFail ?? []).map((node) => ({ kind: "node-fail", node }) as const),
    ...(options.nodeUp ?? []).map((node) => ({ kind: "node-up", node }) as const),
    ...(options.standby ?? []).map((node) => ({ kind: "standby", node }) as const),
    ...(options.utilization ?? []).map(parseUtilization),
    ...(options.opFail ?? []).map(parseOperation),
    ...(options.ticket ?? []).map(parseTicket),
  ];
  if (options.quorum !== undefined) changes.push(parseQuorum(options.quorum));
  for (const change of changes) {
    if ("node" in change && change.kind !== "node-up") requireNode(change.node, status);
  }
  return changes;
}

function requireNode(name: string, status: ClusterStatus): void {
  if (status.nodes.some((node) => node.name === name)) return;
  const known = status.nodes.map((node) => node.name).join(", ");
  throw usageError(`nothing is known of a node ${name}`, `known: ${known}`);
}

function parseUtilization(text: string): WhatIf {
  const found = /^([^:]+):([^=]+)=(-?\d+)$/.exec(text);
  if (found === null) throw usageError(`--utilization ${text}`, "NODE:NAME=NUMBER");
  return { kind: "utilization", node: found[1]!, name: found[2]!, value: found[3]! };
}

function parseOperation(text: string): WhatIf {
  const found = /^(.+)_([a-z]+(?:_to|_from)?)_(\d+)@(.+?)(?:=(\d+))?$/.exec(text);
  if (found === null) {
    throw usageError(`--op-fail ${text}`, "RESOURCE_OPERATION_INTERVALMS@NODE[=EXITCODE]");
  }
  const [, resource, operation, interval, node, rc] = found;
  return {
    kind: "op-fail",
    resource: resource!,
    operation: operation!,
    intervalMs: Number(interval),
    node: node!,
    rc: Number(rc ?? 1),
  };
}

const TICKET_STATES: Readonly<Record<string, TicketChange>> = {
  granted: "grant",
  grant: "grant",
  revoked: "revoke",
  revoke: "revoke",
  standby: "standby",
  active: "activate",
  activate: "activate",
};

function parseTicket(text: string): WhatIf {
  const [id, state] = text.split("=");
  const change = Object.hasOwn(TICKET_STATES, state ?? "") ? TICKET_STATES[state!] : undefined;
  if (id === undefined || id === "" || change === undefined) {
    throw usageError(`--ticket ${text}`, "TICKET=granted|revoked|standby|active");
  }
  return { kind: "ticket", id, state: change };
}

function parseQuorum(text: string): WhatIf {
  if (/^(yes|true|on|1)$/i.test(text)) return { kind: "quorum", quorate: true };
  if (/^(no|false|off|0)$/i.test(text)) return { kind: "quorum", quorate: false };
  throw usageError(`--quorum ${text}`, "yes or no");
}
