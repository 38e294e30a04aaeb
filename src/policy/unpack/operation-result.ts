import type { OperationRecord } from "../../model/cluster-status.ts";
import { EXECUTION, OCF } from "../../model/exit-code.ts";
import { INFINITY_SCORE } from "../../model/score.ts";
import { canFence } from "../fencing-need.ts";
import type { OperationConfig } from "../operation-history-types.ts";
import { ROLE } from "../working-set.ts";
import { addLocation, block, forbidEverywhere, setActive, setNextRole } from "./active.ts";
import { checkExpiry, passOver } from "./expiry.ts";
import { isMaskedProbe, isProbe, recordKey } from "./history-index.ts";
import { type HistoryState, type HistoryTools, isMilder, type Result } from "./history-state.ts";
import { migrateFromFailed, migrateToFailed, migrateToSucceeded } from "./migration-history.ts";
import { isAnonymousClone, isBundled, topResource } from "./tree.ts";

/**
 * What one recorded result says of its resource: first it is read for what it means (remap), then
 * the resource's role follows from it, and a failure leaves its mark (on-fail, bans, next role).
 */
const COUNTED = new Set([
  "monitor",
  "start",
  "stop",
  "promote",
  "demote",
  "migrate_to",
  "migrate_from",
  "asyncmon",
]);

const NOTHING = { failed: false, expired: false };

/** Interprets one result. Returns whether it is a failure that counts, and whether it expired. */
export function interpretResult(
  tools: HistoryTools,
  state: HistoryState,
  record: OperationRecord,
): { readonly failed: boolean; readonly expired: boolean } {
  const nothing = NOTHING;
  if (!COUNTED.has(record.operation) || !isReadable(record)) return nothing;
  const result: Result = {
    record,
    expectedRc: record.expectedRc ?? -1,
    rc: record.rc,
    status: record.status,
  };
  const expired = checkExpiry(tools, state, result);
  const originalRc = result.rc;
  remap(tools, state, result, expired);
  if (expired && passOver(tools, state, result, originalRc)) return { failed: false, expired };
  if (!isBundled(state.resource) && isMaskedProbe(record)) {
    maskProbe(tools, state, result);
    return nothing;
  }
  return { failed: conclude(tools, state, result), expired };
}

function isReadable({ status, rc }: OperationRecord): boolean {
  if (
    status < EXECUTION.pending ||
    status > EXECUTION.noSecrets ||
    status === EXECUTION.cancelled
  ) {
    return false;
  }
  return rc >= 0 && rc <= 255;
}

// --- what the result means ---

function remap(tools: HistoryTools, state: HistoryState, result: Result, expired: boolean): void {
  const { record } = result;
  if (result.rc === OCF.degraded) result.rc = OCF.success;
  if (result.rc === OCF.degradedPromoted) result.rc = OCF.runningPromoted;
  const masked = !isBundled(state.resource) && isMaskedProbe(record);
  if (masked && (result.status !== EXECUTION.done || result.rc !== OCF.notRunning)) {
    result.status = EXECUTION.done;
    result.rc = OCF.notRunning;
  }
  if (result.status === EXECUTION.noFenceDevice || result.status === EXECUTION.noSecrets) {
    result.status = EXECUTION.hardError;
    return;
  }
  if (result.status !== EXECUTION.done && result.status !== EXECUTION.error) return;
  result.status = result.rc === result.expectedRc ? EXECUTION.done : EXECUTION.error;
  remapByCode(tools, state, result, expired);
}

function remapByCode(
  tools: HistoryTools,
  state: HistoryState,
  result: Result,
  expired: boolean,
): void {
  const { record, expectedRc, rc } = result;
  const { resource } = state;
  switch (rc) {
    case OCF.success:
      if (isProbe(record) && expectedRc === OCF.notRunning) result.status = EXECUTION.done;
      return;
    case OCF.notRunning:
      if (isProbe(record) || expectedRc === rc || !resource.managed) {
        result.status = EXECUTION.done;
        resource.role = ROLE.stopped;
        state.onFail = "ignore";
        setNextRole(resource, ROLE.unknown, "not running");
      }
      return;
    case OCF.runningPromoted:
      if (isProbe(record) && rc !== expectedRc) result.status = EXECUTION.done;
      if (!expired || rc === expectedRc) resource.role = ROLE.promoted;
      return;
    case OCF.failedPromoted:
      if (!expired) resource.role = ROLE.promoted;
      result.status = EXECUTION.error;
      return;
    case OCF.notConfigured:
      result.status = EXECUTION.fatalError;
      return;
    case OCF.unimplemented:
      if (record.intervalMs === 0 && !expired) blockIfHopeless(tools, state, record);
      result.status = record.intervalMs === 0 ? EXECUTION.hardError : EXECUTION.notSupported;
      return;
    case OCF.notInstalled:
    case OCF.badArguments:
    case OCF.insufficientPermission:
      if (!expired) blockIfHopeless(tools, state, record);
      result.status = EXECUTION.hardError;
      return;
    default:
      if (result.status === EXECUTION.done) result.status = EXECUTION.error;
  }
}

/** A stop that failed and no fencing to help: only an operator can. */
function blockIfHopeless(tools: HistoryTools, state: HistoryState, record: OperationRecord): void {
  if (record.operation !== "stop" || canFence(tools.ws, state.node)) return;
  block(state.resource);
}

// --- what follows from it ---

/** True if it is a failure that counts. */
function conclude(tools: HistoryTools, state: HistoryState, result: Result): boolean {
  const { resource, node } = state;
  const { record } = result;
  const banned = resource.isUnique ? resource : topResource(resource);
  if (result.status === EXECUTION.pending) {
    processPending(tools, state, record);
    return false;
  }
  if (result.status === EXECUTION.done) {
    updateState(tools, state, result, result.rc);
    return false;
  }
  const { onFail, failRole } = tools.configs.config(resource, record.operation, record.intervalMs);
  if (result.status === EXECUTION.notInstalled) {
    if (onFail === "ignore") state.onFail = "ban";
    addLocation(tools.ws, banned, node, -INFINITY_SCORE, "hard error");
    recordFailure(tools, state, result, onFail, failRole);
    return true;
  }
  const connection = node.connection;
  if (result.status === EXECUTION.notConnected && connection?.managed) {
    connection.failed = true;
    connection.stopIfFailed = true;
  }
  const pretend =
    onFail === "ignore" || (onFail === "restart-container" && record.operation === "stop");
  if (pretend) {
    updateState(tools, state, result, result.expectedRc);
    resource.failureIgnored = true;
    const mild = state.onFail === "restart" || isMilder(state.onFail, "restart");
    if (onFail === "restart-container" && mild) state.onFail = onFail;
    return true;
  }
  recordFailure(tools, state, result, onFail, failRole);
  if (result.status === EXECUTION.hardError) {
    addLocation(tools.ws, banned, node, -INFINITY_SCORE, "hard error");
  } else if (result.status === EXECUTION.fatalError) {
    addLocation(tools.ws, banned, undefined, -INFINITY_SCORE, "fatal error");
  }
  return true;
}

function maskProbe(tools: HistoryTools, state: HistoryState, result: Result): void {
  const { resource, node } = state;
  const banned = resource.isUnique ? resource : topResource(resource);
  updateState(tools, state, result, result.expectedRc);
  addLocation(tools.ws, banned, node, -INFINITY_SCORE, "probe found it not installed");
}

/** The role that a successful result leaves the resource in. */
function updateState(tools: HistoryTools, state: HistoryState, result: Result, rc: number): void {
  const { resource } = state;
  const { record } = result;
  let clears = false;
  const masked = !isBundled(resource) && isMaskedProbe(record);
  if (rc === OCF.notInstalled || masked) resource.role = ROLE.stopped;
  else if (rc === OCF.notRunning) clears = true;
  else clears = roleAfter(tools, state, record);
  if (clears) clearPastFailure(state);
}

/** Sets the role after an operation that did what it should; true if that heals past failures. */
function roleAfter(tools: HistoryTools, state: HistoryState, record: OperationRecord): boolean {
  const { resource } = state;
  switch (record.operation) {
    case "monitor": {
      const healed =
        state.lastFailure !== undefined && recordKey(record) === recordKey(state.lastFailure);
      if (resource.role < ROLE.started) setActive(resource, topResource(resource));
      return healed;
    }
    case "start":
    case "migrate_from":
      resource.role = ROLE.started;
      return true;
    case "stop":
      resource.role = ROLE.stopped;
      return true;
    case "promote":
      resource.role = ROLE.promoted;
      return true;
    case "demote":
      resource.role = ROLE.unpromoted;
      return state.onFail === "demote";
    case "migrate_to":
      migrateToSucceeded(tools, state, record);
      return false;
    default:
      if (resource.role < ROLE.started) setActive(resource, topResource(resource));
      return false;
  }
}

function clearPastFailure(state: HistoryState): void {
  switch (state.onFail) {
    case "stop":
    case "ban":
    case "standby":
    case "fence":
      return;
    case "reset-remote":
      if (state.resource.remoteReconnectMs > 0) return;
  }
  state.onFail = "ignore";
  setNextRole(state.resource, ROLE.unknown, "past failures are cleared");
}

/** A result that is still to come. */
function processPending(tools: HistoryTools, state: HistoryState, record: OperationRecord): void {
  const { resource, node } = state;
  if (failureIsNewer(state, record)) return;
  if (record.operation === "start") {
    resource.startPending = true;
    setActive(resource, topResource(resource));
  } else if (record.operation === "promote") {
    resource.role = ROLE.promoted;
  } else if (record.operation === "migrate_to" && node.unclean) {
    const target = tools.ws.nodeByName.get(record.migrateTarget ?? "");
    if (target !== undefined) {
      const reason = `migration from ${node.name} is unfinished`;
      tools.ws.demands.push({ task: "stop", resource, node: target, reason });
    }
  }
  if (resource.pendingTask !== undefined || isProbe(record)) return;
  resource.pendingTask = record.operation;
  resource.pendingNode = node;
}

/** The failure of that very operation came in after it was noted as pending. */
function failureIsNewer({ lastFailure }: HistoryState, record: OperationRecord): boolean {
  if (lastFailure === undefined || lastFailure.operation !== record.operation) return false;
  if (lastFailure.intervalMs !== record.intervalMs) return false;
  const [before, after] = [record.lastRcChange, lastFailure.lastRcChange];
  return before !== undefined && after !== undefined && after >= before;
}

function recordFailure(
  tools: HistoryTools,
  state: HistoryState,
  result: Result,
  onFail: OperationConfig["onFail"],
  failRole: OperationConfig["failRole"],
): void {
  const { resource } = state;
  const { record } = result;
  state.lastFailure = record;
  if (isMilder(state.onFail, onFail)) state.onFail = onFail;
  roleAfterFailure(tools, state, result, onFail);
  if (isProbe(record) && result.rc === OCF.notInstalled) resource.role = ROLE.stopped;
  else if (resource.role < ROLE.started) setActive(resource, topResource(resource));
  if (failRole !== ROLE.started && resource.nextRole < failRole) {
    setNextRole(resource, failRole, "failure");
  }
  if (failRole === ROLE.stopped) banEverywhere(tools, state);
}

function roleAfterFailure(
  tools: HistoryTools,
  state: HistoryState,
  result: Result,
  onFail: OperationConfig["onFail"],
): void {
  const { resource, node } = state;
  const { record } = result;
  switch (record.operation) {
    case "stop":
      addLocation(tools.ws, resource, node, -INFINITY_SCORE, "failed stop");
      return;
    case "migrate_to":
      migrateToFailed(tools, state, record);
      return;
    case "migrate_from":
      migrateFromFailed(tools, state, record);
      return;
    case "promote":
      resource.role = ROLE.promoted;
      return;
    case "demote":
      if (onFail === "block") {
        resource.role = ROLE.promoted;
        setNextRole(resource, ROLE.stopped, "demote with on-fail=block");
      } else {
        // Promoted would never end: the stop that recovery brings makes Unpromoted safe.
        resource.role = result.rc === OCF.notRunning ? ROLE.stopped : ROLE.unpromoted;
      }
  }
}

/** on-fail=stop: nowhere, and of an anonymous clone no instance at all. */
function banEverywhere(tools: HistoryTools, { resource }: HistoryState): void {
  const top = topResource(resource);
  const whole = resource.parent !== undefined && isAnonymousClone(top) ? top : resource;
  forbidEverywhere(tools.ws, whole, "on-fail=stop");
}
