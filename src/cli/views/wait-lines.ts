import { listed } from "../../model/placement-words.ts";
import type { ActionWait } from "../../model/plan-waits.ts";
import { plain } from "./paint.ts";

/** The actions that are planned, each with what it waits for. */
export function waitLines(actions: readonly ActionWait[]): string[] {
  return actions
    .filter(({ waitsFor }) => waitsFor.length > 0)
    .map(({ operation, intervalMs, resource, node, reason, waitsFor }) => {
      const what = operation === "monitor" && intervalMs === 0 ? "probe" : operation;
      const where = node === undefined ? "" : ` on ${node}`;
      const why = reason === undefined ? "" : ` (${reason})`;
      return plain(`  ${what} of ${resource}${where}${why} waits for ${waitWords(waitsFor)}`);
    });
}

/** Probes by the dozen are one thing to wait for. */
function waitWords(waitsFor: readonly string[]): string {
  const probes = waitsFor.filter((each) => each.startsWith("probe "));
  const others = waitsFor.filter((each) => !each.startsWith("probe "));
  const shown = probes.length > 2 ? [...others, `${probes.length} probes`] : [...others, ...probes];
  return listed(shown);
}
