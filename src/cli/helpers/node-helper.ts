import type { NodeReport } from "../../model/status-report.ts";
import { type Helper, localNode, noSuch, usage } from "./helper-context.ts";
import { type OptionTable, parseOptions } from "./helper-options.ts";

const CRM_NODE: OptionTable = {
  name: ["flag", "n", "name"],
  id: ["flag", "i", "cluster-id"],
  list: ["flag", "l", "list"],
  partition: ["flag", "p", "partition"],
  quorum: ["flag", "q", "quorum"],
  "name-for-id": ["value", "N", "name-for-id"],
  ignored: ["flag", "V", "verbose", "Q", "quiet"],
};

/**
 * `crm_node`: who is in the cluster. Nodes have numbers here only because some agents want one (as
 * a reservation key): the place in the alphabetical list, which is the same on every node.
 */
export const crmNode: Helper = async (context, args) => {
  const options = parseOptions(args, CRM_NODE);
  const action = options.last("name", "id", "list", "partition", "quorum", "name-for-id");
  if (action === undefined) throw usage("what is wanted? Use --name, --list or --partition");
  if (action === "name") {
    context.out(`${await localNode(context)}\n`);
    return 0;
  }
  const report = await context.ask({ method: "status" });
  const { nodes } = report;
  switch (action) {
    case "quorum":
      context.out(report.quorum.quorate ? "1\n" : "0\n");
      break;
    case "partition":
      context.out(`${nodes.filter(isMember).map(nameOf).join(" ")}\n`);
      break;
    case "list":
      for (const [index, node] of nodes.entries()) {
        context.out(`${index + 1} ${node.name} ${isMember(node) ? "member" : "lost"}\n`);
      }
      break;
    case "id":
      context.out(`${nodes.findIndex((node) => node.name === report.node) + 1}\n`);
      break;
    default: {
      const named = nodes[Number(options.get("name-for-id")) - 1];
      if (named === undefined) throw noSuch();
      context.out(`${named.name}\n`);
    }
  }
  return 0;
};

function nameOf(node: NodeReport): string {
  return node.name;
}

/** Whether it is in the partition of the node that was asked. */
export function isMember(node: NodeReport): boolean {
  return node.state !== "offline" && node.state !== "unclean";
}
