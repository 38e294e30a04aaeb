import { didYouMean } from "../../core/suggestion.ts";
import type { TicketChange, WhatIf } from "../../policy/outcome/what-if.ts";
import { CliError, usageError } from "../cli-error.ts";
import type { KnownNames } from "./known-names.ts";

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

/** Whether anything is to be otherwise than it is. */
export function givenWhatIfs(options: WhatIfOptions): boolean {
  const { nodeFail, nodeUp, standby, opFail, ticket, utilization, quorum } = options;
  const given = [nodeFail, nodeUp, standby, opFail, ticket, utilization, quorum];
  return given.some((each) => each !== undefined);
}

/** Reads the flags. What the cluster does not have is an error: it would change nothing. */
export function parseWhatIfs(options: WhatIfOptions, names: () => KnownNames): WhatIf[] {
  if (!givenWhatIfs(options)) return [];
  const known = names();
  const changes: WhatIf[] = [
    ...(options.nodeFail ?? []).map((node) => ({ kind: "node-fail", node }) as const),
    ...(options.nodeUp ?? []).map((node) => ({ kind: "node-up", node }) as const),
    ...(options.standby ?? []).map((node) => ({ kind: "standby", node }) as const),
    ...(options.utilization ?? []).map(parseUtilization),
    ...(options.opFail ?? []).map((text) => parseOperation(text, known)),
    ...(options.ticket ?? []).map((text) => parseTicket(text, known)),
  ];
  if (options.quorum !== undefined) changes.push(parseQuorum(options.quorum));
  for (const change of changes) checkNode(change, known);
  return changes;
}

function checkNode(change: WhatIf, { nodes }: KnownNames): void {
  if (!("node" in change)) return;
  requireNode(change.node, [...nodes.keys()]);
  const kind = nodes.get(change.node);
  const lives = change.kind === "node-fail" || change.kind === "node-up";
  if (lives && (kind === "remote" || kind === "guest")) {
    throw usageError(
      `${change.node} is a ${kind} node: it lives and fails with the resource that it is`,
      "let an operation of that resource fail: --op-fail",
    );
  }
}

/** A node that is asked about must be known: nothing could be said of another. */
export function requireNode(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  throw new CliError("UNKNOWN_NODE", `there is no node ${name}`, didYouMean(name, known));
}

function parseUtilization(text: string): WhatIf {
  const found = /^([^:]+):([^=]+)=(-?\d+)$/.exec(text);
  if (found === null) {
    throw usageError(
      `--utilization ${text} is no capacity of a node`,
      "NODE:NAME=NUMBER, as in node1:cpu=8",
    );
  }
  return { kind: "utilization", node: found[1]!, name: found[2]!, value: found[3]! };
}

const EXIT_CODE_MAX = 255;

const OPERATIONS = [
  "monitor",
  "start",
  "stop",
  "promote",
  "demote",
  "migrate_to",
  "migrate_from",
  "reload",
  "reload-agent",
  "notify",
];

function parseOperation(text: string, { resources }: KnownNames): WhatIf {
  const found = /^(.+?)_(migrate_to|migrate_from|[a-z-]+)_(\d+)@(.+?)(?:=(\d+))?$/.exec(text);
  if (found === null) {
    throw usageError(
      `--op-fail ${text} is no operation`,
      "RESOURCE_OPERATION_INTERVALMS@NODE[=EXITCODE], as in web_monitor_10000@node1=7",
    );
  }
  const [, resource, operation, interval, node, rc = "1"] = found;
  if (!OPERATIONS.includes(operation!)) {
    throw usageError(
      `--op-fail ${text}: ${operation} is no operation of a resource`,
      didYouMean(operation!, OPERATIONS),
    );
  }
  const agent = resources.get(resource!);
  if (agent === undefined) {
    throw new CliError(
      "UNKNOWN_RESOURCE",
      `there is no resource ${resource}`,
      didYouMean(resource!, [...resources.keys()]),
    );
  }
  if (Number(rc) > EXIT_CODE_MAX) {
    throw usageError(`--op-fail ${text}: ${rc} is no exit code`, `0 to ${EXIT_CODE_MAX}`);
  }
  return {
    kind: "op-fail",
    resource: resource!,
    agent,
    operation: operation!,
    intervalMs: Number(interval),
    node: node!,
    rc: Number(rc),
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

function parseTicket(text: string, { tickets }: KnownNames): WhatIf {
  const at = text.lastIndexOf("=");
  const [id, state] = [text.slice(0, Math.max(at, 0)), text.slice(at + 1)];
  const change = Object.hasOwn(TICKET_STATES, state) ? TICKET_STATES[state] : undefined;
  if (id === "" || change === undefined) {
    throw usageError(
      `--ticket ${text} is no state of a ticket`,
      "TICKET=granted|revoked|standby|active",
    );
  }
  if (!tickets.includes(id)) {
    throw usageError(`nothing depends on a ticket ${id}`, didYouMean(id, tickets));
  }
  return { kind: "ticket", id, state: change };
}

function parseQuorum(text: string): WhatIf {
  if (/^(yes|true|on|1)$/i.test(text)) return { kind: "quorum", quorate: true };
  if (/^(no|false|off|0)$/i.test(text)) return { kind: "quorum", quorate: false };
  throw usageError(`--quorum ${text} is neither yes nor no`, "yes or no");
}
