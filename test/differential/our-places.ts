import type { ClusterReport } from "../../src/policy/outcome/report.ts";

/** Where everything is, as `crmPlaces` has it: `resource role node`, sorted, without numbers. */
export function ourPlaces(report: ClusterReport): string[] {
  return report.resources
    .filter((each) => each.role !== "Stopped")
    .flatMap((each) =>
      each.nodes.map((node) => `${each.id.replace(/:\d+$/, "")} ${each.role} ${node}`),
    )
    .sort();
}
