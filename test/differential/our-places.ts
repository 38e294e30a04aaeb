import type { ClusterReport } from "../../src/policy/outcome/report.ts";
import { withoutNumber } from "./crm-simulate.ts";

/** Where everything outside bundles is, in the words of an outcome of `crmOutcome`. */
export function ourPlaces(report: ClusterReport): string[] {
  return report.resources
    .filter((each) => each.role !== "Stopped" && each.bundle === undefined)
    .flatMap((each) => each.nodes.map((node) => `${withoutNumber(each.id)} ${each.role} ${node}`))
    .sort();
}
