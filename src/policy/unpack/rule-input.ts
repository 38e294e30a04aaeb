import type { RuleInput } from "../rules/evaluate.ts";
import type { WorkingSet } from "../working-set.ts";

/** What every rule of this run is held against: the time, and where to note its next change. */
export function ruleInput(ws: WorkingSet, more: Partial<RuleInput> = {}): RuleInput {
  return {
    nowSeconds: ws.nowSeconds,
    timeZone: ws.timeZone,
    onChange: (seconds) => ws.recheckBy(seconds),
    ...more,
  };
}
