import { encodeCib } from "../../src/cib/cib-codec.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import type { Snapshot } from "../../src/consensus/raft-types.ts";
import { NodeMachine, type NodeOptions } from "../../src/controller/node-machine.ts";
import type { Cib } from "../../src/model/cib.ts";
import { plan } from "../../src/policy/make-plan.ts";

interface NodeExtras {
  readonly planner?: NodeOptions["planner"];
  readonly slicedPlanner?: NonNullable<NodeOptions["slicedPlanner"]>;
  /** What its disk holds; by default nothing. */
  readonly cib?: Cib | undefined;
}

/** A node at time 0 that has not been stepped yet. Throws on a wrong definition. */
export function newNodeMachine(text: string, self = "node1", extras: NodeExtras = {}): NodeMachine {
  const { definition, diagnostics } = loadDefinition(text);
  if (definition === undefined) throw new Error(diagnostics[0]?.message);
  return new NodeMachine({
    self,
    incarnation: 1,
    definition,
    stored: { hard: undefined, snapshot: extras.cib && snapshotOf(extras.cib), entries: [] },
    planner: extras.planner ?? plan,
    ...(extras.slicedPlanner === undefined ? {} : { slicedPlanner: extras.slicedPlanner }),
    environment: { ocfRoot: "/usr/lib/ocf" },
    version: "0.0.0",
    now: 0,
    wall: 0,
  });
}

function snapshotOf(cib: Cib): Snapshot {
  return { index: 1, term: 1, voters: [], founding: "f", data: encodeCib(cib) };
}
