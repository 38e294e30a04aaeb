import type { ConfiguredOperation, OperationConfig } from "../operation-history-types.ts";
import { parseDateTime } from "../rules/date-time.ts";
import type { RuleInput } from "../rules/evaluate.ts";
import { parseInterval } from "../rules/interval.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import { type Resource, ROLE, type RoleRank, type WorkingSet } from "../working-set.ts";
import { ruleInput } from "./rule-input.ts";

type OnFail = OperationConfig["onFail"];

/**
 * What is configured for any operation of a resource (Pacemaker Explained, "Resource Operations"):
 * the operation's own attributes, its meta blocks, the defaults, and what follows from the rest.
 * Answers are cached: instances ask the same again and again.
 */
export class OperationConfigs {
  readonly #ws: WorkingSet;
  readonly #cache = new Map<Resource, Map<string, OperationConfig>>();

  constructor(ws: WorkingSet) {
    this.#ws = ws;
  }

  config(resource: Resource, operation: string, intervalMs: number): OperationConfig {
    let ofResource = this.#cache.get(resource);
    if (ofResource === undefined) {
      ofResource = new Map();
      this.#cache.set(resource, ofResource);
    }
    const key = `${operation}_${intervalMs}`;
    const cached = ofResource.get(key);
    if (cached !== undefined) return cached;
    const config = makeConfig(this.#ws, resource, operation, intervalMs);
    ofResource.set(key, config);
    return config;
  }
}

function makeConfig(
  ws: WorkingSet,
  resource: Resource,
  operation: string,
  intervalMs: number,
): OperationConfig {
  const source = findOperation(resource, operation, intervalMs);
  const meta = operationMeta(ws, resource, operation, intervalMs, source);
  const onFail = parseOnFail(ws, resource, operation, intervalMs, meta.get("on-fail"));
  return {
    source,
    requires: requirement(resource, operation),
    onFail,
    failRole: roleAfterFailure(resource, operation, onFail),
    timeoutMs: Number(meta.get("timeout")),
    startDelayMs: Number(meta.get("start-delay") ?? 0),
    meta,
  };
}

/** The configured operation of that name and interval, disabled ones too; migrations share one. */
export function findOperation(
  resource: Resource,
  name: string,
  intervalMs: number,
): ConfiguredOperation | undefined {
  const exact = resource.operations.find(
    (each) => each.name === name && each.intervalMs === intervalMs,
  );
  if (exact !== undefined || !/^migrate_(to|from)$/.test(name)) return exact;
  return resource.operations.find((each) => each.name === "migrate" && each.intervalMs === 0);
}

/** All that is said of the operation, with interval, timeout and start-delay in milliseconds. */
function operationMeta(
  ws: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
  source: ConfiguredOperation | undefined,
): Map<string, string> {
  const operation = { name, intervalMs };
  const input = ruleInput(
    ws,
    resource.agent === undefined ? { operation } : { operation, agent: resource.agent },
  );
  const meta = new Map<string, string>();
  if (source !== undefined) explicitMeta(meta, source, input);
  if (name === "monitor" && intervalMs === 0 && !meta.has("timeout")) {
    const timeout = mostFrequentMonitor(resource)?.options.get("timeout");
    if (timeout !== undefined) meta.set("timeout", timeout);
  }
  mergeSets(meta, ws.definition.operationDefaults, input);
  if (intervalMs > 0) meta.set("interval", String(intervalMs));
  else meta.delete("interval");
  const timeout = fenceTimeout(resource, name, intervalMs) ?? meta.get("timeout");
  const timeoutMs = parseInterval(timeout) ?? 0;
  meta.set("timeout", String(timeoutMs > 0 ? timeoutMs : ws.options.defaultActionTimeoutMs));
  validateOnFail(ws, resource, name, source, meta);
  startDelay(ws, meta, intervalMs);
  return meta;
}

function explicitMeta(
  meta: Map<string, string>,
  source: ConfiguredOperation,
  input: RuleInput,
): void {
  mergeSets(meta, source.meta, input);
  for (const [name, value] of source.options) meta.set(name, value);
  meta.set("name", source.name);
}

/** A probe takes as long as the monitor that runs most often. */
function mostFrequentMonitor(resource: Resource): ConfiguredOperation | undefined {
  let found: ConfiguredOperation | undefined;
  for (const each of resource.operations) {
    if (each.name !== "monitor" || each.intervalMs === 0 || !each.enabled) continue;
    if (found === undefined || each.intervalMs < found.intervalMs) found = each;
  }
  return found;
}

/** Starting and probing a fence device is asking its monitor. */
function fenceTimeout(resource: Resource, name: string, intervalMs: number): string | undefined {
  if (!resource.isFenceDevice) return undefined;
  const asks = name === "start" || (name === "monitor" && intervalMs === 0);
  return asks ? resource.params.get("pcmk_monitor_timeout") : undefined;
}

function startDelay(ws: WorkingSet, meta: Map<string, string>, intervalMs: number): void {
  const delay = meta.get("start-delay");
  if (delay !== undefined) {
    meta.set("start-delay", String(parseInterval(delay) ?? 0));
    return;
  }
  const originText = meta.get("interval-origin");
  const origin = originText === undefined ? undefined : parseDateTime(originText, ws.timeZone);
  const interval = Math.ceil(intervalMs / 1000);
  if (origin === undefined || interval === 0) return;
  const since = (Math.floor(ws.nowSeconds) - origin) % interval;
  const wait = (since <= 0 ? 0 : interval) - since;
  meta.set("start-delay", String(wait * 1000));
}

/** Removes an on-fail that makes no sense for the operation; finds the one a demote inherits. */
function validateOnFail(
  ws: WorkingSet,
  resource: Resource,
  name: string,
  source: ConfiguredOperation | undefined,
  meta: Map<string, string>,
): void {
  const value = meta.get("on-fail")?.toLowerCase();
  if (name === "stop" && /^(standby|demote|stop)$/.test(value ?? "")) {
    refuseOnFail(ws, resource, name, meta);
  } else if (name === "demote" && value === undefined) {
    const inherited = promotedMonitorOnFail(resource);
    if (inherited !== undefined) meta.set("on-fail", inherited);
  } else if (name === "lrm_delete") {
    meta.set("on-fail", "ignore");
  } else if (value === "demote" && source?.name !== "promote") {
    const promoted = source?.name === "monitor" && source.role === ROLE.promoted;
    if (!promoted || source.intervalMs === 0) refuseOnFail(ws, resource, name, meta);
  }
}

function refuseOnFail(
  ws: WorkingSet,
  resource: Resource,
  name: string,
  meta: Map<string, string>,
): void {
  const message = `on-fail=${meta.get("on-fail")} is not possible for ${name} of ${resource.id}`;
  ws.notice("error", "bad-on-fail", message);
  meta.delete("on-fail");
}

function promotedMonitorOnFail(resource: Resource): string | undefined {
  let found: string | undefined;
  for (const each of resource.operations) {
    const value = each.options.get("on-fail");
    if (value === undefined || value.toLowerCase() === "demote") continue;
    const counts = each.name === "monitor" && each.role === ROLE.promoted;
    if (counts && each.intervalMs > 0 && each.enabled) found = value;
  }
  return found;
}

const ON_FAIL: Readonly<Record<string, OnFail>> = {
  block: "block",
  standby: "standby",
  ignore: "ignore",
  nothing: "ignore",
  migrate: "ban",
  stop: "stop",
  restart: "restart",
  demote: "demote",
};

function parseOnFail(
  ws: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
  text: string | undefined,
): OnFail {
  const value = text?.toLowerCase();
  const explicit = explicitOnFail(ws, resource, value);
  const resetsRemote = needsRemoteReset(ws, resource, name, intervalMs);
  if (explicit !== undefined && (!resetsRemote || resource.managed)) return explicit;
  if (resource.container !== undefined) return "restart-container";
  if (resetsRemote) return resource.managed ? "reset-remote" : "stop";
  if (name === "stop") return ws.options.fencingEnabled ? "fence" : "block";
  return "restart";
}

function explicitOnFail(
  ws: WorkingSet,
  resource: Resource,
  value: string | undefined,
): OnFail | undefined {
  if (value === undefined) return undefined;
  if (value === "fence") return ws.options.fencingEnabled ? "fence" : "stop";
  if (value === "restart-container") {
    return resource.container === undefined ? undefined : "restart-container";
  }
  return Object.hasOwn(ON_FAIL, value) ? ON_FAIL[value] : undefined;
}

/** Losing an established connection to a remote node leaves that node unwatched. */
function needsRemoteReset(
  ws: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
): boolean {
  if (!resource.isRemoteConnection) return false;
  const node = ws.nodeByName.get(resource.id);
  const isProbe = name === "monitor" && intervalMs === 0;
  return node?.kind === "remote" && !isProbe && name !== "start";
}

function roleAfterFailure(resource: Resource, name: string, onFail: OnFail): RoleRank {
  if (onFail === "stop") return ROLE.stopped;
  if (onFail === "reset-remote" && resource.remoteReconnectMs > 0) return ROLE.stopped;
  return name === "promote" ? ROLE.unpromoted : ROLE.started;
}

function requirement(resource: Resource, name: string): OperationConfig["requires"] {
  if (name !== "start" && name !== "promote") return "nothing";
  if (resource.needsFencing) return "fencing";
  return resource.needsQuorum ? "quorum" : "nothing";
}
