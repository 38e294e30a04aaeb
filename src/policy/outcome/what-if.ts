import type { ClusterStatus, TicketStatus } from "../../model/cluster-status.ts";
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
  const { resource, operation, intervalMs, rc } = change;
  const node = editor.node(change.node);
  const known = node.history.find((each) => each.resource === resource);
  const { operations: _operations, ...history } = known ?? {
    resource,
    agentClass: "",
    agentType: "",
    operations: [],
  };
  editor.record(change.node, history, {
    id: `${resource}_last_failure_0`,
    operationKey: `${resource}_${operation}_${intervalMs}`,
    operation,
    intervalMs,
    rc,
    expectedRc: operation === "monitor" && intervalMs === 0 ? 7 : 0,
    status: 0,
    onNode: change.node,
    lastRcChange: nowSeconds,
    lastRun: nowSeconds,
  });
  const counter = `fail-count-${resource}#${operation}_${intervalMs}`;
  const count = Number(node.attributes.get(counter) ?? 0) || 0;
  node.attributes.set(counter, String(count + 1));
  node.attributes.set(`last-failure-${resource}#${operation}_${intervalMs}`, String(nowSeconds));
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
