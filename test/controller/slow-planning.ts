import type { SlicedPlanner } from "../../src/controller/coordinator-ports.ts";
import { planning } from "../../src/policy/make-plan.ts";
import type { Work } from "../../src/policy/work.ts";

/** The engine as if every step of it took long: each is a slice of its own. */
export const slowPlanning: SlicedPlanner = (...input) => slowly(planning(...input));

function* slowly<T>(work: Work<T>): Work<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    yield 1_000_000;
  }
}
