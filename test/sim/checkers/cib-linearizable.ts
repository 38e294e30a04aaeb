import { definitionRegister, overrideRegister } from "../../support/cib-registers.ts";
import { judgeLinearizability } from "../../support/linearizability.ts";
import { lastLineOf, type Operator } from "../operator.ts";
import type { SimulatedCluster } from "../simulated-cluster.ts";
import type { Checker } from "./checker.ts";

/** The version that founding the cluster gives, and what tells its text from others. */
const FOUNDED = 1;

/**
 * All that the clients were told about the definition and the overrides is what one copy of the CIB
 * could have told them, each change at one moment between question and answer. What every node shows
 * in the end counts as read by one more client.
 */
export class CibLinearizable implements Checker {
  readonly name = "cib-linearizable";
  readonly #foundingText: string;
  readonly #operator: () => Operator | undefined;

  constructor(foundingText: string, operator: () => Operator | undefined) {
    this.#foundingText = foundingText;
    this.#operator = operator;
  }

  atEnd(cluster: SimulatedCluster): string | undefined {
    const operator = this.#operator();
    if (operator === undefined) return undefined;
    return this.#definition(cluster, operator) ?? this.#overrides(cluster, operator);
  }

  #definition(cluster: SimulatedCluster, { definitionCalls }: Operator): string | undefined {
    const initial = { version: FOUNDED, text: lastLineOf(this.#foundingText) };
    const calls = [...definitionCalls.calls()];
    for (const host of cluster.hosts) {
      const shown = cluster.observe(host)?.cib?.definition;
      if (shown === undefined) continue;
      const answer = { kind: "is", version: shown.version, text: lastLineOf(shown.text) } as const;
      calls.push({ ...this.#read(cluster, host.name), call: { kind: "read" }, answer });
    }
    const verdict = judgeLinearizability(definitionRegister(initial), calls);
    return verdict.kind === "linearizable" ? undefined : `definition: ${verdict.problem}`;
  }

  #overrides(cluster: SimulatedCluster, { overrideCalls }: Operator): string | undefined {
    for (const [id, recorder] of overrideCalls) {
      const calls = [...recorder.calls()];
      for (const host of cluster.hosts) {
        const shown = cluster.observe(host)?.cib?.overrides;
        if (shown === undefined) continue;
        const value = shown.find((override) => override.id === id)?.reason ?? null;
        const answer = { kind: "is", value } as const;
        calls.push({ ...this.#read(cluster, host.name), call: { kind: "read" }, answer });
      }
      const verdict = judgeLinearizability(overrideRegister, calls);
      if (verdict.kind !== "linearizable") return `override ${id}: ${verdict.problem}`;
    }
    return undefined;
  }

  #read(cluster: SimulatedCluster, client: string) {
    const { now } = cluster.queue;
    return { client, begun: now, ended: now };
  }
}
