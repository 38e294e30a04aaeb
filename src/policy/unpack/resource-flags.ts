import { INFINITY_SCORE, parseLooseScore } from "../../model/score.ts";
import { parseInterval } from "../rules/interval.ts";
import { type MultipleActive, type Resource, ROLE, type WorkingSet } from "../working-set.ts";
import { isTrue } from "./booleans.ts";
import { isRemoteAgent } from "./remote-nodes.ts";
import { parseRole } from "./roles.ts";
import { topResource } from "./tree.ts";

/** Parses what the merged meta attributes say of any kind of resource. */
export function applyMeta(ws: WorkingSet, resource: Resource): void {
  const { meta } = resource;
  resource.priority = scoreMeta(ws, resource, "priority", 0);
  resource.stickiness = scoreMeta(ws, resource, "resource-stickiness", 0);
  resource.migrationThreshold = migrationThreshold(ws, resource);
  resource.critical = meta.get("critical") === undefined || isTrue(meta.get("critical"));
  resource.notify = isTrue(meta.get("notify"));
  resource.multipleActive = multipleActive(ws, resource);
  resource.failureTimeoutMs = parseInterval(meta.get("failure-timeout")) ?? 0;
  resource.internal = isTrue(meta.get("internal-rsc"));
  resource.containerId = meta.get("container");
  resource.restartType =
    meta.get("restart-type")?.toLowerCase() === "restart" ? "restart" : "ignore";
  applyManaged(ws, resource);
  applyUniqueness(resource);
  applyRemote(resource);
  resource.isFenceDevice = resource.agent?.class === "stonith";
  if (resource.isFenceDevice) ws.haveFenceDevice = true;
  applyRequires(ws, resource, meta.get("requires"));
  resource.targetRole = targetRole(ws, resource);
  resource.nextRole = resource.targetRole ?? ROLE.unknown;
}

function scoreMeta(ws: WorkingSet, resource: Resource, name: string, fallback: number): number {
  const text = resource.meta.get(name);
  if (text === undefined || /^default$/i.test(text)) return fallback;
  const score = parseLooseScore(text);
  if (score === undefined) badMeta(ws, resource, name, text, String(fallback));
  return score ?? fallback;
}

function badMeta(ws: WorkingSet, resource: Resource, name: string, value: string, used: string) {
  const message = `${name} of ${resource.id} cannot be ${JSON.stringify(value)}: ${used} is used`;
  ws.notice("warn", "bad-meta", message);
}

function migrationThreshold(ws: WorkingSet, resource: Resource): number {
  const threshold = scoreMeta(ws, resource, "migration-threshold", INFINITY_SCORE);
  if (threshold >= 0) return threshold;
  badMeta(ws, resource, "migration-threshold", String(threshold), "INFINITY");
  return INFINITY_SCORE;
}

function multipleActive(ws: WorkingSet, resource: Resource): MultipleActive {
  const text = resource.meta.get("multiple-active");
  const found = text?.toLowerCase() ?? "stop_start";
  if (found === "stop_only" || found === "block" || found === "stop_unexpected") return found;
  if (found !== "stop_start") badMeta(ws, resource, "multiple-active", text!, "stop_start");
  return "stop_start";
}

/** maintenance-mode of the cluster beats everything, `maintenance` beats `is-managed`. */
function applyManaged(ws: WorkingSet, resource: Resource): void {
  const { meta } = resource;
  const managed = meta.get("is-managed");
  const said = managed !== undefined && !/^default$/i.test(managed);
  resource.managed = said ? isTrue(managed) : true;
  resource.maintenance = ws.options.maintenanceMode || isTrue(meta.get("maintenance"));
  if (resource.maintenance) resource.managed = false;
}

function applyUniqueness(resource: Resource): void {
  const top = topResource(resource);
  if (top.variant !== "clone") {
    resource.isUnique = true;
    return;
  }
  resource.isUnique = detectUnique(resource.meta);
  resource.isPromotable = isTrue(resource.meta.get("promotable"));
}

/** More than one instance on a node can only be told apart if they are unique. */
function detectUnique(meta: ReadonlyMap<string, string>): boolean {
  const said = meta.get("globally-unique");
  if (said !== undefined) return isTrue(said);
  const perNode = meta.get("clone-node-max");
  return perNode !== undefined && /^\s*\+?\d+/.test(perNode) && Number.parseInt(perNode, 10) > 1;
}

/** A connection to a remote node may move live unless told otherwise. */
function applyRemote(resource: Resource): void {
  const migrate = resource.meta.get("allow-migrate");
  resource.allowMigrate = isTrue(migrate);
  if (!isRemoteAgent(resource.agent)) return;
  resource.isRemoteConnection = true;
  const guest = resource.meta.get("container") !== undefined;
  if (guest) return;
  if (migrate === undefined) resource.allowMigrate = true;
  const reconnect = parseInterval(resource.params.get("reconnect_interval"));
  if (reconnect === undefined) return;
  // The delay works by keeping the failure for that long.
  resource.remoteReconnectMs = reconnect;
  resource.failureTimeoutMs = reconnect;
}

/** What must be certain before it may start (Pacemaker Explained, `requires`). */
function applyRequires(ws: WorkingSet, resource: Resource, text: string | undefined): void {
  let value = text?.toLowerCase();
  if (value === "unfencing" && (resource.isFenceDevice || !ws.options.fencingEnabled)) {
    badMeta(ws, resource, "requires", text!, "quorum");
    value = "quorum";
  }
  if (!["nothing", "quorum", "fencing", "unfencing"].includes(value ?? "")) {
    value = defaultRequires(ws, resource);
    if (text !== undefined) badMeta(ws, resource, "requires", text, value);
    if (value === "unfencing" && !ws.options.fencingEnabled) value = "quorum";
  }
  resource.needsQuorum = value === "quorum";
  resource.needsFencing = value === "fencing" || value === "unfencing";
  resource.needsUnfencing = value === "unfencing";
}

function defaultRequires(ws: WorkingSet, resource: Resource): string {
  if (resource.isFenceDevice) return "quorum";
  if (resource.variant === "primitive" && isRemoteAgent(resource.agent)) return "quorum";
  if (ws.enableUnfencing) return "unfencing";
  if (ws.options.fencingEnabled) return "fencing";
  return ws.options.noQuorumPolicy === "ignore" ? "nothing" : "quorum";
}

/** Only roles that hold it back count: Started and Promoted are what happens anyway. */
function targetRole(ws: WorkingSet, resource: Resource): Resource["targetRole"] {
  const text = resource.meta.get("target-role");
  if (text === undefined || /^(started|default)$/i.test(text)) return undefined;
  const role = parseRole(text);
  if (role === undefined) {
    badMeta(ws, resource, "target-role", text, "Started");
    return undefined;
  }
  if (role <= ROLE.started) return role;
  if (!topResource(resource).isPromotable) {
    badMeta(ws, resource, "target-role", text, "Started");
    return undefined;
  }
  return role > ROLE.unpromoted ? undefined : role;
}
