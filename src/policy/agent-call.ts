import type { PlanAction } from "../model/plan.ts";
import type { Action } from "./action.ts";
import type { Resource, WorkingSet } from "./working-set.ts";

/** What an agent must be told for an action: its name, parameters and meta attributes. */
type AgentCall = Pick<
  PlanAction,
  "agent" | "params" | "meta" | "timeoutMs" | "onFail" | "digest" | "restartDigest" | "forceRestart"
>;

/** Everything that the executor needs beyond the bare operation. */
export function agentCall(
  ws: WorkingSet,
  action: Action,
  resource: Resource,
): AgentCall & { timeoutMs: number } {
  const task = action.cancelTask ?? action.task;
  const config = ws.services.operationConfig(resource, task, action.intervalMs);
  const meta: Record<string, string> = {};
  for (const [name, value] of config.meta) meta[name] = value;
  Object.assign(meta, action.meta);
  const call =
    action.node === undefined
      ? undefined
      : ws.services.callOn(resource, action.node, task, action.intervalMs);
  const params = call?.params ?? ws.services.paramsOn(resource, undefined);
  return {
    ...(resource.agent ? { agent: resource.agent } : {}),
    ...(call === undefined ? {} : { digest: call.digest }),
    params: Object.fromEntries(params),
    meta,
    timeoutMs: config.timeoutMs,
    onFail: config.onFail,
  };
}
