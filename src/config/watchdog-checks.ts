import type { Millis } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import { plainValue } from "../model/plain-value.ts";
import type { AttributeSet } from "../model/rule.ts";
import { leastWatchdogWait } from "../model/watchdog-times.ts";
import type { SafetyFacts, SafetyFinding } from "./safety-choices.ts";

const NAME = "fencing-watchdog-timeout";

/** What the definition says of it: a duration, or seconds as in Pacemaker; 0 where it says nothing. */
export function watchdogWaitIn(properties: readonly AttributeSet[]): Millis {
  const text = plainValue(properties, NAME) ?? "0";
  return parseDuration(text) ?? Number(text) * 1_000;
}

/** A wait that proves nothing is refused: others would start what may still run. */
export function watchdogFindings(facts: SafetyFacts, fencingEnabled: boolean): SafetyFinding[] {
  const wait = watchdogWaitIn(facts.properties);
  if (facts.simulation || wait === 0) return [];
  const span = facts.propertySpans.get(NAME);
  const found = (severity: "error" | "warning", code: string, message: string, hint: string) => [
    { severity, code, span, message: `${NAME}: ${message}`, hint },
  ];
  if (!(wait > 0)) {
    return found("error", "WATCHDOG_TIMEOUT", "is no time", `write one, such as ${NAME}: 10s`);
  }
  if (!fencingEnabled) {
    const hint = "leave it out, or fencing-enabled: false";
    return found("warning", "WATCHDOG_UNUSED", "has no effect while fencing is off", hint);
  }
  const least = leastWatchdogWait(facts.advertIntervalMs);
  if (wait < least) {
    const message = `in so short a time no node is certain to be down (advert-interval: ${facts.advertIntervalMs}ms)`;
    return found("error", "WATCHDOG_TIMEOUT", message, `at least ${least}ms`);
  }
  if (voteOfTwo(facts)) {
    const message = "of two nodes that lose each other, both would reset themselves";
    const hint = "a third node with role: witness, quorum: { arbiter: ADDRESS } or a shared disk";
    return found("error", "WATCHDOG_TWO_NODES", message, hint);
  }
  // It would start what the others still run, until its watchdog ends it.
  if (plainValue(facts.properties, "no-quorum-policy") === "ignore") {
    const message =
      "resets a node that has no quorum, and no-quorum-policy: ignore has it carry on";
    const hint = "no-quorum-policy: stop, demote, freeze or suicide";
    return found("error", "WATCHDOG_IGNORES_QUORUM", message, hint);
  }
  return [];
}

function voteOfTwo(facts: SafetyFacts): boolean {
  const { autoTieBreaker, disk, arbiter } = facts.quorum.settings;
  if (autoTieBreaker || disk !== undefined || arbiter !== undefined) return false;
  return facts.nodes.filter((node) => (node.settings?.votes ?? 0) > 0).length === 2;
}
