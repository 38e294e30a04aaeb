import type { Millis } from "../core/units.ts";

/** Pacemaker's INFINITY, as a failcount attribute spells it. */
const INFINITY_TEXT = "INFINITY";
const INFINITY_VALUE = 1_000_000;

/** `fail-count-web#monitor_10000`: one failcount per operation and interval (since Pacemaker 1.1.17). */
export function failcountName(resource: string, operation: string, intervalMs: Millis): string {
  return `fail-count-${operationLabel(resource, operation, intervalMs)}`;
}

/** When that operation last failed, seconds since the epoch. */
export function lastFailureName(resource: string, operation: string, intervalMs: Millis): string {
  return `last-failure-${operationLabel(resource, operation, intervalMs)}`;
}

function operationLabel(resource: string, operation: string, intervalMs: Millis): string {
  return `${resource}#${operation}_${intervalMs}`;
}

/**
 * Whether a failure of this operation is counted, as Pacemaker's controller does
 * (controld_te_events.c, update_failcount): recurring operations, start, stop, promote, demote.
 * Probes, migrations, reloads and notifications are recorded and not counted.
 */
export function countsFailures(operation: string, intervalMs: Millis): boolean {
  return intervalMs > 0 || ["start", "stop", "promote", "demote"].includes(operation);
}

/** The failcount after one more failure; it saturates. */
export function incremented(value: string | undefined, fatal: boolean): string {
  if (fatal || value === INFINITY_TEXT) return INFINITY_TEXT;
  const count = /^\d{1,7}$/.test(value ?? "") ? Number(value) : 0;
  return count + 1 >= INFINITY_VALUE ? INFINITY_TEXT : String(count + 1);
}

/** The attributes of a resource's failures, or of one operation's. */
export function isFailureAttribute(
  name: string,
  resource: string,
  operation?: string,
  intervalMs?: Millis,
): boolean {
  for (const prefix of [`fail-count-${resource}#`, `last-failure-${resource}#`]) {
    if (!name.startsWith(prefix)) continue;
    if (operation === undefined) return true;
    const rest = name.slice(prefix.length);
    if (intervalMs === undefined) return rest.replace(/_\d+$/, "") === operation;
    return rest === `${operation}_${intervalMs}`;
  }
  return false;
}
