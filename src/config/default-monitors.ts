import type {
  AgentName,
  OperationDefinition,
  PrimitiveDefinition,
} from "../model/policy-definition.ts";

/** How often a resource is monitored that says nothing about its operations. */
export const DEFAULT_MONITOR_INTERVAL = "10s";
/** Recurring operations are told apart by name and interval, so a second role needs another one. */
const DEFAULT_UNPROMOTED_INTERVAL = "11s";

/**
 * Gives a resource without `operations` a monitor, so that its failure is noticed. Pacemaker gives
 * none; `operations: []` says the same here.
 */
export function withDefaultMonitors(
  primitive: PrimitiveDefinition,
  agent: AgentName | undefined,
  promotable: boolean,
): PrimitiveDefinition {
  if (agent === undefined || agent.class === "stonith") return primitive;
  // A remote connection is monitored by its own means.
  if (agent.provider === "pacemaker" && agent.type === "remote") return primitive;
  const operations = promotable
    ? [
        monitor(primitive.id, DEFAULT_MONITOR_INTERVAL, "Promoted"),
        monitor(primitive.id, DEFAULT_UNPROMOTED_INTERVAL, "Unpromoted"),
      ]
    : [monitor(primitive.id, DEFAULT_MONITOR_INTERVAL)];
  return { ...primitive, operations };
}

function monitor(resource: string, interval: string, role?: string): OperationDefinition {
  return {
    id: `${resource}-monitor-interval-${interval}`,
    name: "monitor",
    interval,
    options: new Map(role === undefined ? [] : [["role", role]]),
    meta: [],
    params: [],
  };
}
