import type { Millis } from "../core/units.ts";
import { formatDuration } from "../core/written-duration.ts";
import {
  FENCING_LOOP_LIMIT,
  FENCING_LOOP_LIMIT_MAX,
  FENCING_LOOP_WINDOW,
  fenceLoopLimits,
} from "../model/fence-loop.ts";
import { plainValue } from "../model/plain-value.ts";
import type { SafetyFacts, SafetyFinding } from "./safety-choices.ts";

/** Hardly a machine is switched off, looked at, booted and lost again in less. */
const ROUND_MS: Millis = 30_000;

/** A limit that cannot be counted is refused; of one that is hardly ever reached it is said. */
export function fencingLoopFindings(facts: SafetyFacts): SafetyFinding[] {
  if (facts.simulation) return [];
  const given = Number(plainValue(facts.properties, FENCING_LOOP_LIMIT) ?? "0");
  if (given > FENCING_LOOP_LIMIT_MAX) {
    return [
      {
        severity: "error",
        code: "FENCING_LOOP_LIMIT",
        span: facts.propertySpans.get(FENCING_LOOP_LIMIT),
        message: `${FENCING_LOOP_LIMIT}: so many fencings of one node are not remembered`,
        hint: `at most ${FENCING_LOOP_LIMIT_MAX}, or 0: a node is fenced as often as it is lost`,
      },
    ];
  }
  const { limit, windowMs } = fenceLoopLimits(facts.properties);
  if (windowMs >= limit * ROUND_MS) return [];
  const name = [FENCING_LOOP_WINDOW, FENCING_LOOP_LIMIT].find((each) =>
    facts.propertySpans.has(each),
  );
  const round = formatDuration(Math.round(windowMs / limit / 1_000) * 1_000);
  return [
    {
      severity: "warning",
      code: "FENCING_LOOP_UNSEEN",
      span: name === undefined ? undefined : facts.propertySpans.get(name),
      message:
        `${limit} fencings of one node within ${formatDuration(windowMs)} leave ${round} for each, ` +
        "boot included: a loop is hardly ever that fast, so none is ended",
      hint:
        `${FENCING_LOOP_WINDOW}: at least ${FENCING_LOOP_LIMIT} times what your slowest node takes ` +
        `to boot; ${FENCING_LOOP_LIMIT}: 0 says that no loop is to be ended`,
    },
  ];
}
