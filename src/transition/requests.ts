import type { Millis } from "../core/units.ts";
import type { OperationRequest } from "../model/operation.ts";
import type { PlanAction } from "../model/plan.ts";
import type { NodeCommand } from "./transition-events.ts";

/** What a request needs besides the action itself. */
export interface RequestContext {
  readonly key: string;
  readonly term: number;
  readonly startFailureIsFatal: boolean;
}

const META_PREFIX = "CRM_meta_";

/**
 * Names one action of one transition of one coordinator; opaque to everybody but the runner.
 * `ORIGIN/TERM.TRANSITION:ACTION`, or without the first part.
 */
export function operationKey(
  origin: string,
  term: number,
  transitionId: number,
  actionId: number,
): string {
  const transition = `${term}.${transitionId}:${actionId}`;
  return origin === "" ? transition : `${origin}/${transition}`;
}

/** What the node is to be told to carry the action out; undefined if the action lacks something. */
export function buildCommand(action: PlanAction, context: RequestContext): NodeCommand | undefined {
  const { key, term } = context;
  if (action.operation === "do_shutdown") return { kind: "shutdown", key, term };
  const resource = action.recordedAs ?? action.resource;
  if (resource === undefined) return undefined;
  switch (action.operation) {
    case "cancel":
      return { kind: "cancel-recurring", key, term, resource, ...recurringTarget(action) };
    case "clear_failcount":
      return { kind: "clear-failcount", key, term, resource, ...failcountTarget(action) };
    // Pacemaker's name for the same in graphs that clean up after a removed resource.
    case "delete":
    case "lrm_delete":
      return { kind: "forget", key, term, resource };
    default:
      return execute(action, resource, key, context);
  }
}

function execute(
  action: PlanAction,
  resource: string,
  key: string,
  context: RequestContext,
): NodeCommand | undefined {
  if (action.agent === undefined) return undefined;
  const request: OperationRequest = {
    key,
    term: context.term,
    resource,
    agent: action.agent,
    operation: action.operation,
    intervalMs: action.intervalMs,
    timeoutMs: action.timeoutMs,
    startDelayMs: startDelay(action),
    params: action.params ?? {},
    meta: agentMeta(action),
    expectedRc: action.expectedRc,
    digest: action.digest ?? "",
    ...(action.restartDigest === undefined ? {} : { restartDigest: action.restartDigest }),
    ...(action.forceRestart === undefined ? {} : { forceRestart: action.forceRestart }),
    ...(action.onFail === "ignore" ? { ignoreFailure: true } : {}),
    fatalFailure: isFatal(action, context),
  };
  return { kind: "execute", request };
}

/**
 * A failed stop always counts as INFINITY, a failed start where `start-failure-is-fatal` says so
 * (Pacemaker Explained, "How Moving Due to Failure Works").
 */
function isFatal(action: PlanAction, context: RequestContext): boolean {
  if (action.operation === "stop") return true;
  return action.operation === "start" && context.startFailureIsFatal;
}

/**
 * The CRM_meta_* variables. Agents read the interval to tell a probe from a recurring monitor
 * (`ocf_is_probe` compares it with 0), so it is always there.
 */
export function agentMeta(action: PlanAction): Readonly<Record<string, string>> {
  const meta: Record<string, string> = {};
  for (const [name, value] of Object.entries(action.meta ?? {})) meta[metaName(name)] = value;
  meta[`${META_PREFIX}timeout`] = String(action.timeoutMs);
  meta[`${META_PREFIX}interval`] = String(action.intervalMs);
  meta[`${META_PREFIX}name`] ??= action.operation;
  if (action.node !== undefined) meta[`${META_PREFIX}on_node`] ??= action.node;
  return meta;
}

/** Options are spelled with dashes, environment variables can't be. */
function metaName(name: string): string {
  const bare = name.startsWith(META_PREFIX) ? name.slice(META_PREFIX.length) : name;
  return META_PREFIX + bare.replaceAll("-", "_");
}

function metaValue(action: PlanAction, name: string): string | undefined {
  return action.meta?.[META_PREFIX + name] ?? action.meta?.[name];
}

function metaMillis(action: PlanAction, name: string): Millis | undefined {
  const text = metaValue(action, name);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** How long the LRM waits before it runs the action; counted in the deadline at the DC. */
export function startDelay(action: PlanAction): Millis {
  return metaMillis(action, "start_delay") ?? metaMillis(action, "start-delay") ?? 0;
}

function recurringTarget(action: PlanAction): { operation: string; intervalMs: Millis } {
  const intervalMs =
    action.intervalMs > 0 ? action.intervalMs : (metaMillis(action, "interval") ?? 0);
  return { operation: metaValue(action, "operation") ?? "monitor", intervalMs };
}

function failcountTarget(action: PlanAction): { operation?: string; intervalMs?: Millis } {
  const operation = metaValue(action, "operation");
  const intervalMs = metaMillis(action, "interval");
  return {
    ...(operation === undefined ? {} : { operation }),
    ...(operation === undefined || intervalMs === undefined ? {} : { intervalMs }),
  };
}

/** The channel to a node is ordered, so what follows these on it comes after they took effect. */
export function isAnswered(command: NodeCommand): boolean {
  return command.kind !== "clear-failcount" && command.kind !== "shutdown";
}

/** What the plan wants fenced, and how; undefined where it does not say. */
export function fenceOrder(action: PlanAction):
  | {
      readonly target: string;
      readonly operation: "off" | "on" | "reboot";
      readonly reason: string;
      readonly timeoutMs: Millis;
      readonly delayMs?: Millis;
    }
  | undefined {
  const { node: target, operation, timeoutMs, reason = "the plan wants it" } = action;
  if (target === undefined || !isFenceOperation(operation)) return undefined;
  const seconds = Number(action.meta?.["priority-fencing-delay"] ?? 0);
  const delay = seconds > 0 ? { delayMs: seconds * 1_000 } : {};
  return { target, operation, reason, timeoutMs, ...delay };
}

function isFenceOperation(operation: string): operation is "off" | "on" | "reboot" {
  return operation === "off" || operation === "on" || operation === "reboot";
}

/** Where an action comes without a timeout: Pacemaker's default-action-timeout. */
const DEFAULT_TIMEOUT_MS: Millis = 20_000;

/** How long the node itself may take with the action. */
export function longestAnswer(action: PlanAction): Millis {
  return startDelay(action) + (action.timeoutMs > 0 ? action.timeoutMs : DEFAULT_TIMEOUT_MS);
}
