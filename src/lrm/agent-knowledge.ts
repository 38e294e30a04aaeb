import { createHash } from "node:crypto";
import type { AgentCommand, AgentOutcome, OperationRequest } from "../model/operation.ts";
import { digestText } from "../model/parameter-digest.ts";
import type { AgentName } from "../model/policy-definition.ts";
import { type AgentEnvironment, ocfEnvironment } from "./ocf-environment.ts";
import { type AgentMetaData, parseMetaData } from "./ocf-metadata.ts";

/** How long an agent may take to describe itself. */
const META_DATA_TIMEOUT_MS = 20_000;

/** What is recorded with a result, so that a later change can be told to need a restart or not. */
export type RestartParts = Pick<OperationRequest, "restartDigest" | "forceRestart">;

const NOTHING: RestartParts = {};

/**
 * What agents say of themselves. An OCF agent is asked for its meta-data once, beside the first
 * operation that it runs here (a probe, as a rule, so that the answer is there before the start
 * is recorded). From it follows which parameters it can take over by `reload-agent` (OCF 1.1,
 * "reloadable"). An agent that does not answer well can reload nothing.
 */
export class AgentKnowledge {
  readonly #environment: AgentEnvironment;
  /** By agent; undefined: asked, and no answer yet, or none of use. */
  readonly #known = new Map<string, AgentMetaData | undefined>();
  readonly #asked = new Map<number, string>();

  constructor(environment: AgentEnvironment) {
    this.#environment = environment;
  }

  /** The run that asks an agent which is seen for the first time; undefined: nothing to ask. */
  question(agent: AgentName, nextRunId: () => number): AgentCommand | undefined {
    const name = nameOf(agent);
    const asks = this.#environment.askAgents === true && agent.class === "ocf";
    if (!asks || this.#known.has(name)) return undefined;
    this.#known.set(name, undefined);
    const runId = nextRunId();
    this.#asked.set(runId, name);
    const [resource, operation] = [name, "meta-data"];
    const nothing = { intervalMs: 0, timeoutMs: META_DATA_TIMEOUT_MS, params: {}, meta: {} };
    const env = ocfEnvironment(this.#environment, { resource, agent, operation, ...nothing });
    const { timeoutMs, params } = nothing;
    return { runId, agent, action: operation, resource, env, params, timeoutMs };
  }

  /** Takes an answer; false: the run was no question of ours. */
  learn(runId: number, outcome: AgentOutcome): boolean {
    const name = this.#asked.get(runId);
    if (name === undefined) return false;
    this.#asked.delete(runId);
    const parsed = outcome.rc === 0 ? parseMetaData(outcome.stdout) : undefined;
    if (parsed?.ok) this.#known.set(name, parsed.metaData);
    return true;
  }

  /**
   * The names of all parameters whose change needs a restart, and a digest of their values: laid
   * out as Pacemaker does (`op-force-restart`, `op-restart-digest`). Nothing for an agent that
   * cannot reload: whatever changes needs a restart then.
   */
  restartParts({ agent, intervalMs, params }: OperationRequest): RestartParts {
    const metaData = this.#known.get(nameOf(agent));
    if (intervalMs > 0 || metaData === undefined || !canReload(metaData)) return NOTHING;
    const names = metaData.parameters.filter((each) => !each.reloadable).map(({ name }) => name);
    const values = names.flatMap((name) => {
      const value = params[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const text = digestText(new Map(values));
    return {
      forceRestart: ` ${names.join(" ")} `,
      restartDigest: createHash("md5").update(text).digest("hex"),
    };
  }
}

function canReload({ actions, parameters }: AgentMetaData): boolean {
  const offers = actions.some(({ name }) => name === "reload-agent");
  return offers && parameters.some(({ reloadable }) => reloadable);
}

function nameOf(agent: AgentName): string {
  return `${agent.class}:${agent.provider ?? ""}:${agent.type}`;
}
