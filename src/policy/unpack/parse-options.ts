import { parseLooseScore, type Score } from "../../model/score.ts";
import type { ClusterOptions, NoQuorumPolicy, PlacementStrategy } from "../engine-options.ts";
import { parseInterval } from "../rules/interval.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import type { WorkingSet } from "../working-set.ts";
import { isTrue, parseBoolean } from "./booleans.ts";
import { ruleInput } from "./rule-input.ts";

/**
 * Cluster options (Pacemaker Explained, "Cluster Options"): merged, parsed, defaults filled in.
 * Values that cannot be read fall back to their default, with a notice.
 */
export function unpackOptions(ws: WorkingSet): void {
  const all = new Map<string, string>();
  mergeSets(all, ws.definition.properties, ruleInput(ws), "cib-bootstrap-options");
  for (const [old, name] of Object.entries(OLD_NAMES)) {
    const value = all.get(old);
    if (value !== undefined && !all.has(name)) all.set(name, value);
  }
  ws.options = parseOptions(ws, all);
  ws.haveFenceDevice = ws.options.haveWatchdog || ws.definition.hasFencingDevices === true;
  ws.enableUnfencing = wantsUnfencing(ws);
}

/** Names that the options had before, and that still count where the new name is not given. */
const OLD_NAMES: Readonly<Record<string, string>> = {
  "stonith-enabled": "fencing-enabled",
  "stonith-action": "fencing-action",
  "stonith-timeout": "fencing-timeout",
  "stonith-max-attempts": "fencing-max-attempts",
  "stonith-watchdog-timeout": "fencing-watchdog-timeout",
  "fence-reaction": "fencing-reaction",
  "stop-orphan-resources": "stop-removed-resources",
  "stop-orphan-actions": "cancel-removed-actions",
};

function parseOptions(ws: WorkingSet, all: ReadonlyMap<string, string>): ClusterOptions {
  const flag = (name: string, fallback: boolean) => readFlag(ws, all, name, fallback);
  const span = (name: string, fallback: number) => readSpan(ws, all, name, fallback);
  const fencingEnabled = flag("fencing-enabled", true);
  return {
    symmetric: flag("symmetric-cluster", true),
    noQuorumPolicy: quorumPolicy(ws, all.get("no-quorum-policy"), fencingEnabled),
    fencingEnabled,
    // `poweroff` was another word for it before 3.0.
    fencingAction: /^(power)?off$/i.test(all.get("fencing-action") ?? "") ? "off" : "reboot",
    fencingTimeoutMs: span("fencing-timeout", 60_000),
    concurrentFencing: flag("concurrent-fencing", true),
    fenceRemoteWithoutQuorum: flag("fence-remote-without-quorum", false),
    haveWatchdog: flag("have-watchdog", false),
    startupFencing: flag("startup-fencing", true),
    stopAllResources: flag("stop-all-resources", false),
    stopOrphanResources: flag("stop-removed-resources", true),
    stopOrphanActions: flag("cancel-removed-actions", true),
    removeAfterStop: flag("remove-after-stop", false),
    maintenanceMode: flag("maintenance-mode", false),
    startFailureIsFatal: flag("start-failure-is-fatal", true),
    enableStartupProbes: flag("enable-startup-probes", true),
    shutdownLock: flag("shutdown-lock", false),
    shutdownLockLimitMs: span("shutdown-lock-limit", 0),
    priorityFencingDelayMs: span("priority-fencing-delay", 0),
    nodePendingTimeoutMs: span("node-pending-timeout", 0),
    placementStrategy: placementStrategy(ws, all.get("placement-strategy")),
    ...health(all),
    defaultActionTimeoutMs: 20_000,
    all,
  };
}

function readFlag(
  ws: WorkingSet,
  all: ReadonlyMap<string, string>,
  name: string,
  fallback: boolean,
): boolean {
  const text = all.get(name);
  const value = parseBoolean(text);
  if (text !== undefined && value === undefined) badOption(ws, name, text, String(fallback));
  return value ?? fallback;
}

function readSpan(
  ws: WorkingSet,
  all: ReadonlyMap<string, string>,
  name: string,
  fallback: number,
): number {
  const text = all.get(name);
  const value = parseInterval(text);
  if (text !== undefined && value === undefined) badOption(ws, name, text, `${fallback}ms`);
  return value ?? fallback;
}

function badOption(ws: WorkingSet, name: string, value: string, used: string): void {
  const message = `cluster option ${name} cannot be ${JSON.stringify(value)}: ${used} is used`;
  ws.notice("warn", "bad-option", message);
}

function quorumPolicy(
  ws: WorkingSet,
  text: string | undefined,
  fencingEnabled: boolean,
): NoQuorumPolicy {
  switch (text?.toLowerCase()) {
    case "ignore":
      return "ignore";
    case "freeze":
      return "freeze";
    case "demote":
      return "demote";
    case "fence":
    case "suicide":
      // A cluster that never had quorum would fence itself at every start.
      if (!fencingEnabled) {
        ws.notice(
          "error",
          "bad-option",
          `no-quorum-policy: ${text} needs fencing: it acts like stop`,
        );
        return "stop";
      }
      return ws.status.quorate || ws.status.hadQuorum === true ? "suicide" : "stop";
    case undefined:
    case "stop":
      return "stop";
    default:
      badOption(ws, "no-quorum-policy", text!, "stop");
      return "stop";
  }
}

function placementStrategy(ws: WorkingSet, text: string | undefined): PlacementStrategy {
  const found = text?.toLowerCase() ?? "default";
  if (found === "utilization" || found === "balanced" || found === "minimal") return found;
  if (found !== "default") badOption(ws, "placement-strategy", text!, "default");
  return "default";
}

type Health = Pick<
  ClusterOptions,
  "nodeHealthStrategy" | "nodeHealthBase" | "nodeHealthGreen" | "nodeHealthYellow" | "nodeHealthRed"
>;

/** What green, yellow and red are worth (Pacemaker Explained, "Node Health Strategy"). */
function health(all: ReadonlyMap<string, string>): Health {
  const strategy = all.get("node-health-strategy")?.toLowerCase() ?? "none";
  const fixed = (name: Health["nodeHealthStrategy"], yellow: Score, red: Score): Health => ({
    nodeHealthStrategy: name,
    nodeHealthBase: 0,
    nodeHealthGreen: 0,
    nodeHealthYellow: yellow,
    nodeHealthRed: red,
  });
  const none = -1_000_000;
  if (strategy === "migrate-on-red") return fixed(strategy, 0, none);
  if (strategy === "only-green") return fixed(strategy, none, none);
  if (strategy !== "progressive" && strategy !== "custom") return fixed("none", 0, 0);
  const score = (name: string, fallback: Score) => {
    const text = all.get(name);
    return (text === undefined ? undefined : parseLooseScore(text)) ?? fallback;
  };
  return {
    nodeHealthStrategy: strategy,
    nodeHealthBase: strategy === "progressive" ? score("node-health-base", 0) : 0,
    nodeHealthGreen: score("node-health-green", 0),
    nodeHealthYellow: score("node-health-yellow", 0),
    nodeHealthRed: score("node-health-red", none),
  };
}

/** Any mention of unfencing, in whichever block, makes it the default requirement. */
function wantsUnfencing(ws: WorkingSet): boolean {
  const { definition } = ws;
  if (definition.providesUnfencing === true) return true;
  const mentions = (sets: readonly { readonly values: ReadonlyMap<string, string> }[]) =>
    sets.some(
      ({ values }) =>
        values.get("requires") === "unfencing" || values.get("provides") === "unfencing",
    );
  if (mentions(definition.resourceDefaults)) return true;
  const within = (resource: (typeof definition.resources)[number]): boolean => {
    if (mentions(resource.meta)) return true;
    if (resource.kind === "group") return resource.members.some(within);
    if (resource.kind === "primitive") return false;
    return resource.child !== undefined && within(resource.child);
  };
  return definition.resources.some(within) || definition.templates.some(within);
}

/** Whether an option is set and true. */
export function optionIsTrue(ws: WorkingSet, name: string): boolean {
  return isTrue(ws.options.all.get(name));
}
