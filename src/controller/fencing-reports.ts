import type { Millis } from "../core/units.ts";
import { formatDuration } from "../core/written-duration.ts";
import { FENCING_LOOP_WINDOW, fenceLoopLimits } from "../model/fence-loop.ts";
import type { StatusReport, StatusWarning } from "../model/status-report.ts";
import { unspared } from "./fencing-priority.ts";
import { recentFencings } from "./fencing-records.ts";
import { watchdogReport } from "./fencing-watchdog.ts";
import type { NodeCore } from "./node-core.ts";

type FencingReport = StatusReport["fencing"];

/** So far back fencings are looked at for loops that are too slow for the window. */
const LOOK_BACK_MS: Millis = 24 * 3_600_000;

/** The part of `status` that is about fencing. */
export function fencingReport(node: NodeCore): FencingReport {
  const { definition } = node.force;
  const held = [...node.fencing.fencer.held(node.now).values()];
  return {
    enabled: definition.choices.fencingEnabled,
    devices: definition.fencing.devices.map((device) => ({
      name: device.name,
      agent: device.agent,
      targets: device.targets,
      lastCheck: lastCheck(node, device.name),
    })),
    history: [...node.store.cib.fencing].reverse().slice(0, 20),
    held: held.length === 0 ? null : held.join("; "),
    ...watchdogReport(node),
  };
}

function lastCheck(node: NodeCore, device: string): FencingReport["devices"][number]["lastCheck"] {
  const check = node.fencing.fencer.lastCheck(device);
  if (check === undefined) return null;
  return { at: node.wall() - (node.now - check.at), ok: check.ok, detail: check.detail };
}

/** What failed, and loops that nothing holds up. What is held back is said in the report itself. */
export function fencingWarnings(node: NodeCore): StatusWarning[] {
  const held = node.fencing.fencer.held(node.now);
  const failed = [...node.fencing.failures].flatMap(([key, { count, detail }]) => {
    const times = count === 1 ? "failed" : `failed ${count} times`;
    if (key.startsWith("on ")) return [unfencingFailed(key.slice(3), times, detail)];
    if (held.has(key)) return [];
    const isSpared = unspared(node.force.definition, node.view, key, []) !== undefined;
    return [fencingFailed(key, times, detail, isSpared)];
  });
  return [...failed, ...slowLoops(node, held)];
}

function unfencingFailed(target: string, times: string, detail: string): StatusWarning {
  return {
    code: "UNFENCING_FAILED",
    severity: "error",
    message: `unfencing of ${target} ${times}: ${detail}; what requires it does not start there`,
    hint: `mend the device (paceline fence test ${target}); it is tried again by itself`,
  };
}

/** `isSpared`: the cluster needs its vote, so no device was asked. */
function fencingFailed(
  target: string,
  times: string,
  detail: string,
  isSpared: boolean,
): StatusWarning {
  const help = isSpared
    ? `bring the other nodes back; or cut its power all the same: paceline fence reboot ${target}`
    : `mend the device; or if ${target} is off for certain: paceline fence confirm ${target}`;
  return {
    code: "FENCING_FAILED",
    severity: "error",
    message: `fencing of ${target} ${times}: ${detail}; what it may still run starts nowhere else`,
    hint: help,
  };
}

/**
 * Nodes that are fenced again and again by the cluster itself, further apart than the window can see:
 * a server that boots for ten minutes would go on like that for ever, and nobody be told.
 */
function slowLoops(node: NodeCore, held: ReadonlyMap<string, string>): StatusWarning[] {
  const { limit } = fenceLoopLimits(node.force.definition.policy.properties);
  if (limit === 0 || node.coordinator.by?.acting !== false) return [];
  const ages = new Map<string, Millis[]>();
  for (const { target, agoMs } of recentFencings(node.store.cib.fencing, node.wall())) {
    if (agoMs > LOOK_BACK_MS || held.has(target)) continue;
    ages.set(target, [...(ages.get(target) ?? []), agoMs]);
  }
  return [...ages].sort().flatMap(([target, all]) => {
    const decisive = all.toSorted((a, b) => b - a).at(-limit);
    if (decisive === undefined) return [];
    const span = formatDuration(Math.ceil(decisive / 600_000) * 600_000);
    return [
      {
        code: "FENCING_LOOP",
        severity: "warn" as const,
        message:
          `${target} was fenced ${all.length} times in a day, and each time the cluster did it by ` +
          `itself; ${FENCING_LOOP_WINDOW} is too short to see a loop in that`,
        hint:
          "find out why it is lost again and again; to have such a loop ended: " +
          `properties: { ${FENCING_LOOP_WINDOW}: ${span} } or more`,
        node: target,
      },
    ];
  });
}
