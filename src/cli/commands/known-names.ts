import type { ClusterStatus } from "../../model/cluster-status.ts";
import type { AgentName, PolicyDefinition } from "../../model/policy-definition.ts";
import type { NodeReport } from "../../policy/outcome/report.ts";
import { reportOf } from "../../policy/outcome/simulation.ts";

/** What a simulated cluster has, by the names that the flags of a simulation may use. */
export interface KnownNames {
  readonly nodes: ReadonlyMap<string, NodeReport["kind"]>;
  /** Primitives and instances, also those that only a history tells of, each with its agent. */
  readonly resources: ReadonlyMap<string, AgentName>;
  /** Tickets that a constraint needs, or whose state is known. */
  readonly tickets: readonly string[];
}

/** Collects the names; the time decides by the rules of the definition what there is. */
export function knownNames(
  definition: PolicyDefinition,
  status: ClusterStatus,
  nowSeconds: number,
): KnownNames {
  const report = reportOf(definition, status, nowSeconds);
  const resources = new Map<string, AgentName>();
  for (const { history } of status.nodes) {
    for (const { resource, agentClass, agentProvider, agentType } of history) {
      const provider = agentProvider === undefined ? {} : { provider: agentProvider };
      resources.set(resource, { class: agentClass, ...provider, type: agentType });
    }
  }
  for (const { id, agent } of report.resources) {
    const name = agentNameOf(agent);
    resources.set(id, name);
    resources.set(id.replace(/:\d+$/, ""), name);
  }
  const needed = definition.constraints.flatMap((each) =>
    each.kind === "ticket" ? [each.ticket] : [],
  );
  return {
    nodes: new Map(report.nodes.map((node) => [node.name, node.kind])),
    resources,
    tickets: [...new Set([...needed, ...status.tickets.map((each) => each.id)])],
  };
}

/** Takes `class:provider:type` or `class:type` apart, as reports have it. */
function agentNameOf(text: string): AgentName {
  const [agentClass = "", ...rest] = text.split(":");
  const [provider, type] = rest.length > 1 ? rest : [undefined, rest[0]];
  return {
    class: agentClass,
    ...(provider === undefined ? {} : { provider }),
    type: type ?? "",
  };
}
