import { note } from "../core/note.ts";
import type { ChecksOutput } from "../lrm/health-checks.ts";
import { type LeaveStep, PATIENCE_MS } from "./leave-sequence.ts";
import type { MemberOutput } from "./member-duty.ts";
import { raftStep } from "./node-cib.ts";
import { follows } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";

/** This node is asked to leave the cluster. */
export function beginLeave(node: NodeCore): void {
  const steps = node.leave.begin(node.now);
  if (steps.length === 0) return;
  const resources = node.member.activeResources();
  const what = resources.length === 0 ? "nothing runs here" : "what runs here moves away first";
  node.out.push(note("info", "leaving", `Asked to leave: ${what}.`, { resources }));
  leaveSteps(node, steps);
}

/** Performs steps of a clean leave. */
export function leaveSteps(node: NodeCore, steps: readonly LeaveStep[]): void {
  for (const step of steps) {
    switch (step) {
      case "ask":
        askToLeave(node);
        break;
      case "tell-waiting":
        tellWaiting(node);
        break;
      case "stop-alone":
        stopAll(node, "it leaves, and nobody coordinates that");
        break;
      case "stop-late":
        stopAll(
          node,
          `it leaves, and the cluster has not moved it away in ${PATIENCE_MS / 1_000} s`,
        );
        break;
      case "hand-over":
        raftStep(node, { kind: "leave" });
        break;
      case "say-goodbye":
        node.out.push({ kind: "messaging", command: { kind: "leave" } });
        break;
      case "exit":
        node.out.push(...node.fencing.selfFence.step(node.now, { kind: "left" }));
        node.out.push({ kind: "exit", code: 0, reason: "left the cluster" });
        break;
    }
  }
}

function stopAll(node: NodeCore, reason: string): void {
  fromMember(node, node.member.lrm(node.now, { kind: "stop-all", reason }));
}

/** `systemctl stop` says nothing while it waits: the log does. */
function tellWaiting(node: NodeCore): void {
  const coordinator = follows(node);
  const resources = node.member.activeResources();
  const what =
    resources.length === 0
      ? `${coordinator ?? "the cluster"} has not said yet that this node may go`
      : `what runs here is moved away first (${resources.join(", ")})`;
  const seconds = Math.ceil(node.leave.patience(node.now) / 1_000);
  const message =
    `still leaving: ${what} (\`paceline status\` says what that waits for); ` +
    `in ${seconds} s everything is stopped here and this node goes all the same`;
  node.out.push(note("warn", "leave-waits", message, { resources }));
}

function askToLeave(node: NodeCore): void {
  const coordinator = follows(node);
  if (coordinator === undefined) return;
  node.leave.heard();
  node.tell(coordinator, { t: "leaving" });
  if (coordinator === node.self) leaveOffice(node);
}

/**
 * A coordinator goes last in its own plan, after the fencing of others, which may never succeed. With
 * nothing left here that is its successor's to see to.
 */
function leaveOffice(node: NodeCore): void {
  const isIdle = node.member.activeResources().length === 0 && node.member.load() === 0;
  if (!isIdle || !node.leave.isOverdue(node.now) || node.coordinator.by?.acting !== false) return;
  raftStep(node, { kind: "transfer" });
}

/** Performs what the node's checks ask for; a witness runs nothing and so has no checks. */
export function fromChecks(node: NodeCore, outputs: readonly ChecksOutput[]): void {
  for (const output of outputs) {
    if (output.kind === "attribute") {
      const { name, value } = output;
      fromMember(node, node.member.lrm(node.now, { kind: "set-attribute", name, value }));
    } else node.out.push(output);
  }
}

/** Takes over the checks of the definition in force. */
export function configureChecks(node: NodeCore): void {
  const { definition } = node.force;
  const role = definition.nodes.find((each) => each.name === node.self)?.role;
  const checks = role === "witness" ? [] : definition.checks;
  fromChecks(node, node.checks.step(node.now, { kind: "configure", checks }));
}

/** Performs what the node's own duties as a member ask for. */
export function fromMember(node: NodeCore, outputs: readonly MemberOutput[]): void {
  for (const output of outputs) {
    switch (output.kind) {
      case "tell":
        node.tell(output.node, output.message);
        break;
      case "released":
        leaveSteps(node, node.leave.released(node.now));
        break;
      case "all-stopped":
        allStopped(node, output.failed);
        break;
      default:
        node.out.push(output);
    }
  }
}

/**
 * What did not stop may go on running: no goodbye is said then, for a node that left cleanly is never
 * fenced. The guardian tries once more when this process is gone, and the others treat it as lost.
 */
function allStopped(node: NodeCore, failed: readonly string[]): void {
  if (failed.length > 0) {
    const names = failed.join(", ");
    node.out.push(note("error", "stop-failed", `still active after the stop: ${names}`));
    if (node.leave.active) {
      const reason = `gone without a goodbye: still active after the stop: ${names}`;
      node.out.push({ kind: "exit", code: 0, reason });
      return;
    }
  }
  leaveSteps(node, node.leave.released(node.now));
}
