import type { ClusterStatus, TicketStatus } from "../../model/cluster-status.ts";
import type { AgentName } from "../../model/policy-definition.ts";
import { StatusEditor } from "./status-editor.ts";

/** One change to a status, made on paper to see what the engine would do. */
export type WhatIf =
  | { readonly kind: "node-fail"; readonly node: string }
  | { readonly kind: "node-up"; readonly node: string }
  | { readonly kind: "standby"; readonly node: string }
  | { readonly kind: "quorum"; readonly quorate: boolean }
  | { readonly kind: "ticket"; readonly id: string; readonly state: TicketChange }
  | {
      readonly kind: "utilization";
      readonly node: string;
      readonly name: string;
      readonly value: string;
    }
  | {
      readonly kind: "op-fail";
      readonly resource: string;
      readonly agent: AgentName;
      readonly operation: string;
      readonly intervalMs: number;
      readonly node: string;
      readonly rc: number;
    };

export type TicketChange = "grant" | "revoke" | "standby" | "activate";

/** Applies the changes in their order. */
export function applyWhatIfs(
  status: ClusterStatus,
  changes: readonly WhatIf[],
  nowSeconds: number,
): ClusterStatus {
  let changed = status;
  for (const change of changes) changed = applyWhatIf(changed, change, nowSeconds);
  return changed;
}

function applyWhatIf(status: ClusterStatus, change: WhatIf, nowSeconds: number): ClusterStatus {
  if (change.kind === "quorum") return { ...status, quorate: change.quorate };
  if (change.kind === "ticket") return changeTicket(status, change.id, change.state, nowSeconds);
  const editor = new StatusEditor(status);
  const node = editor.node(change.node);
  switch (change.kind) {
    case "node-fail":
      Object.assign(node, { member: false, daemonOnline: false, join: "down", expected: "member" });
      break;
    case "node-up":
      Object.assign(node, { member: true, daemonOnline: true, join: "member", expected: "member" });
      break;
    case "standby":
      node.attributes.set("standby", "on");
      break;
    case "utilization":
      node.utilization = new Map(node.utilization).set(change.name, change.value);
      break;
    case "op-fail":
      failOperation(editor, change, nowSeconds);
  }
  return editor.finish();
}

type OperationFailure = Extract<WhatIf, { kind: "op-fail" }>;

/** The result as the executor reports it, and the failcount as the coordinator then counts it. */
function failOperation(editor: StatusEditor, change: OperationFailure, nowSeconds: number): void {
  const { resource, operation, intervalMs, rc, agent } = change;
  const provider = agent.provider === undefined ? {} : { agentProvider: agent.provider };
  const history = { resource, agentClass: agent.class, agentType: agent.type, ...provider };
  const key = `${resource}_${operation}_${intervalMs}`;
  const expectedRc = operation === "monitor" && intervalMs === 0 ? 7 : 0;
  const fine = intervalMs > 0 ? key : `${resource}_last_0`;
  editor.record(change.node, history, {
    id: rc === expectedRc ? fine : `${resource}_last_failure_0`,
    operationKey: key,
    operation,
    intervalMs,
    rc,
    expectedRc,
    status: 0,
    onNode: change.node,
    lastRcChange: nowSeconds,
    lastRun: nowSeconds,
  });
  if (rc !== 0 && rc !== expectedRc) countFailure(editor, change, nowSeconds);
}

function countFailure(editor: StatusEditor, change: OperationFailure, nowSeconds: number): void {
  const { attributes } = editor.node(change.node);
  const what = `${change.resource}#${change.operation}_${change.intervalMs}`;
  const count = Number(attributes.get(`fail-count-${what}`) ?? 0) || 0;
  attributes.set(`fail-count-${what}`, String(count + 1));
  attributes.set(`last-failure-${what}`, String(nowSeconds));
}

function changeTicket(
  status: ClusterStatus,
  id: string,
  state: TicketChange,
  nowSeconds: number,
): ClusterStatus {
  const before = status.tickets.find((each) => each.id === id);
  const after: TicketStatus = {
    ...(before ?? { id, granted: false, standby: false }),
    ...(state === "grant" ? { granted: true, lastGranted: nowSeconds } : {}),
    ...(state === "revoke" ? { granted: false } : {}),
    ...(state === "standby" ? { standby: true } : {}),
    ...(state === "activate" ? { standby: false } : {}),
  };
  return { ...status, tickets: [...status.tickets.filter((each) => each.id !== id), after] };
}
