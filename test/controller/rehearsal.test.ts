import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { rehearsal } from "../../src/controller/rehearsal.ts";
import type { Plan } from "../../src/model/plan.ts";
import { plan } from "../../src/policy/make-plan.ts";

interface Played {
  readonly steps: number;
  /** Every start that was planned, in order. */
  readonly starts: readonly string[];
}

function played(text: string, rounds: number): Played {
  const { definition, diagnostics } = loadDefinition(text);
  if (definition === undefined) throw new Error(diagnostics[0]?.message);
  const plans: Plan[] = [];
  const planner = (...input: Parameters<typeof plan>): Plan => {
    const made = plan(...input);
    plans.push(made);
    return made;
  };
  const steps = [...rehearsal({ definition, planner, rounds })].length;
  const actions = plans.flatMap((made) => made.actions);
  const starts = actions.flatMap((action) =>
    action.kind === "resource" && action.operation === "start"
      ? [`${action.resource} on ${action.node}`]
      : [],
  );
  return { steps, starts };
}

const THREE = `cluster: rehearsed
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }
properties: { fencing-enabled: false }
resources:
  vip: { agent: vip, params: { ip: 10.0.0.100/24, nic: eth0 } }
`;

describe("a rehearsal", () => {
  it("loses the node that is busy, again and again, and is taken over from each time", () => {
    const starts = played(THREE, 3).starts.filter((start, i, all) => start !== all[i - 1]);
    expect(starts).toEqual(["vip on node1", "vip on node2", "vip on node1", "vip on node2"]);
  });

  it("is the same each time", () => {
    expect(played(THREE, 3)).toEqual(played(THREE, 3));
  });

  it.each(["two-nodes", "full", "fencing", "reference"])("ends with etc/%s.yaml", (name) => {
    const text = readFileSync(new URL(`../../etc/${name}.yaml`, import.meta.url), "utf8");
    const { steps, starts } = played(text, 4);
    expect(starts.length).toBeGreaterThan(0);
    expect(steps).toBeLessThan(10_000);
  });
});
