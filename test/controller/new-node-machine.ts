import { loadDefinition } from "../../src/config/load-definition.ts";
import { NodeMachine, type NodeOptions } from "../../src/controller/node-machine.ts";
import { plan } from "../../src/policy/make-plan.ts";

/** A node with an empty disk, at time 0, that has not been stepped yet. Throws on a wrong definition. */
export function newNodeMachine(
  text: string,
  self = "node1",
  planner: NodeOptions["planner"] = plan,
): NodeMachine {
  const { definition, diagnostics } = loadDefinition(text);
  if (definition === undefined) throw new Error(diagnostics[0]?.message);
  return new NodeMachine({
    self,
    incarnation: 1,
    definition,
    stored: { hard: undefined, snapshot: undefined, entries: [] },
    planner,
    environment: { ocfRoot: "/usr/lib/ocf" },
    version: "0.0.0",
    now: 0,
    wall: 0,
  });
}
