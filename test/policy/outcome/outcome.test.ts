import { describe, expect, test } from "vitest";
import { readCib } from "../../../src/interop/cib-reader.ts";
import type { PlanAction } from "../../../src/model/plan.ts";
import { plan } from "../../../src/policy/make-plan.ts";
import { executionOrder } from "../../../src/policy/outcome/graph-order.ts";
import { simulate } from "../../../src/policy/outcome/simulation.ts";
import { applyWhatIfs, type WhatIf } from "../../../src/policy/outcome/what-if.ts";
import { block, type CibParts, cibText, member } from "../../interop/cib-text.ts";
import { history, NOW, options } from "../unpack/unpacked.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;
const FENCING = options({ "fencing-enabled": "true" });
const NO_FENCING = options({ "fencing-enabled": "false" });
const MONITOR = `<operations><op id="OP" name="monitor" interval="10s"/></operations>`;
const DEVICE = `<primitive id="fence" class="stonith" type="fence_x"/>`;

function primitive(id: string, meta: Record<string, string> = {}): string {
  return `<primitive id="${id}" ${DUMMY}>${block("meta_attributes", `${id}-m`, meta)}
    ${MONITOR.replace("OP", `${id}-op`)}</primitive>`;
}

function run(parts: CibParts, changes: readonly WhatIf[] = []) {
  const { definition, status } = readCib(cibText(parts));
  const changed = applyWhatIfs(status!, changes, NOW);
  const first = simulate(plan, definition!, changed, NOW * 1000);
  const again = simulate(plan, definition!, first.outcome, NOW * 1000);
  return { ...first, again };
}

function places(simulation: ReturnType<typeof run>): string[] {
  return simulation.after.resources
    .filter((each) => each.role !== "Stopped")
    .map((each) => `${each.id} ${each.role} ${each.nodes.join("+")}`)
    .sort();
}

describe("the outcome of a plan", () => {
  const started = (node: number) => member(node, history([`start on=node${node}`]));

  test.each<[string, CibParts, WhatIf[], string[]]>([
    [
      "an initial start",
      { options: NO_FENCING, resources: primitive("web") },
      [],
      ["web Started node1"],
    ],
    [
      "a group",
      {
        options: NO_FENCING,
        resources: `<group id="g">${primitive("a")}${primitive("b")}</group>`,
      },
      [],
      ["a Started node1", "b Started node1"],
    ],
    [
      "an anonymous clone",
      { options: NO_FENCING, resources: `<clone id="c">${primitive("web")}</clone>` },
      [],
      ["web:0 Started node1", "web:1 Started node2"],
    ],
    [
      "a promotable clone with a score",
      {
        options: NO_FENCING,
        resources: `<clone id="c">${block("meta_attributes", "cm", { promotable: "true" })}
          ${primitive("web")}</clone>`,
        status:
          member(1, "", `<nvpair id="s" name="master-web" value="10"/>`) +
          member(2, "", `<nvpair id="s2" name="master-web" value="5"/>`),
      },
      [],
      ["web:0 Promoted node1", "web:1 Unpromoted node2"],
    ],
    [
      "standby moves it",
      { options: NO_FENCING, resources: primitive("web"), status: started(1) + member(2) },
      [{ kind: "standby", node: "node1" }],
      ["web Started node2"],
    ],
    [
      "target-role stops it",
      {
        options: NO_FENCING,
        resources: primitive("web", { "target-role": "Stopped" }),
        status: started(1) + member(2),
      },
      [],
      [],
    ],
    [
      "a lost node is fenced, then it starts elsewhere",
      { options: FENCING, resources: DEVICE + primitive("web"), status: started(1) + member(2) },
      [{ kind: "node-fail", node: "node1" }],
      ["fence Started node2", "web Started node2"],
    ],
    [
      "live migration",
      {
        options: NO_FENCING,
        resources: primitive("web", { "allow-migrate": "true" }),
        status: started(1) + member(2),
      },
      [{ kind: "standby", node: "node1" }],
      ["web Started node2"],
    ],
    [
      "a failed monitor",
      { options: NO_FENCING, resources: primitive("web"), status: started(1) + member(2) },
      [
        {
          kind: "op-fail",
          resource: "web",
          agent: { class: "ocf", provider: "heartbeat", type: "Dummy" },
          operation: "monitor",
          intervalMs: 10_000,
          node: "node1",
          rc: 7,
        },
      ],
      ["web Started node1"],
    ],
    [
      "no quorum stops everything",
      { options: NO_FENCING, resources: primitive("web"), status: started(1) + member(2) },
      [{ kind: "quorum", quorate: false }],
      [],
    ],
  ])("%s", (_name, parts, changes, expected) => {
    const simulation = run(parts, changes);
    expect(places(simulation).sort()).toEqual(expected);
    // Carried out, there is nothing left to do.
    expect(simulation.again.plan.summary.filter((each) => !each.blocked)).toEqual([]);
    expect(simulation.again.plan.actions.filter((each) => each.kind !== "pseudo")).toEqual([]);
  });

  test("a migration replaces what is known of a half-done one, wherever that was to go", () => {
    const halfDone = "migrate_to source=node1 target=node2 at=-1";
    const { after } = run(
      {
        options: NO_FENCING,
        nodes: [1, 2, 3].map((id) => `<node id="${id}" uname="node${id}"/>`).join(""),
        resources: primitive("web", { "allow-migrate": "true" }),
        constraints: `<rsc_location id="l" rsc="web" node="node1" score="-INFINITY"/>
          <rsc_location id="l3" rsc="web" node="node3" score="10"/>`,
        status: member(1, history(["start", halfDone])) + member(3),
      },
      [{ kind: "node-up", node: "node2" }],
    );
    expect(after.resources.map(({ id, nodes }) => [id, nodes])).toEqual([["web", ["node3"]]]);
  });

  // As crm_simulate 2.1.5 has it: the history of another agent is forgotten, unless a probe is due.
  test.each([
    [
      "is probed again, not forgotten",
      "monitor status=-1 rc=193",
      ["monitor node1", "start node1"],
    ],
    ["is forgotten", "monitor", ["delete node1", "start node1"]],
  ])("what another agent has recorded %s", (_, recorded, expected) => {
    const other = history([recorded]).replace('type="Dummy"', 'type="Other"');
    const { plan: made } = run({
      options: NO_FENCING,
      resources: `<primitive id="web" ${DUMMY}/>`,
      status: member(1, other) + member(2, history(["monitor on=node2"])),
    });
    const done = made.actions.map(({ operation, node }) => `${operation} ${node}`);
    expect(done).toEqual(expected);
  });

  test("a fenced node is offline and no longer unclean", () => {
    const status = started(1) + member(2);
    const parts = { options: FENCING, resources: DEVICE + primitive("web"), status };
    const { before, after } = run(parts, [{ kind: "node-fail", node: "node1" }]);
    expect(before.nodes[0]).toMatchObject({ online: false, unclean: true });
    expect(after.nodes[0]).toMatchObject({ online: false, unclean: false });
  });

  test("the given status stays as it was", () => {
    const { definition, status } = readCib(
      cibText({ options: NO_FENCING, resources: primitive("web"), status: started(1) + member(2) }),
    );
    const copy = structuredClone(status);
    const changed = applyWhatIfs(status!, [{ kind: "standby", node: "node1" }], NOW);
    simulate(plan, definition!, changed, NOW * 1000);
    expect(status).toEqual(copy);
  });
});

describe("what-if", () => {
  const { status } = readCib(cibText({}));

  test.each<[WhatIf, object]>([
    [
      { kind: "node-up", node: "node9" },
      { name: "node9", member: true, join: "member" },
    ],
    [
      { kind: "utilization", node: "node1", name: "cpu", value: "4" },
      { name: "node1", utilization: new Map([["cpu", "4"]]) },
    ],
  ])("%j", (change, expected) => {
    const { nodes } = applyWhatIfs(status!, [change], NOW);
    expect(nodes.find((node) => node.name === (change as { node: string }).node)).toMatchObject(
      expected,
    );
  });

  test.each([
    ["grant", { granted: true, lastGranted: NOW }],
    ["revoke", { granted: false }],
    ["standby", { standby: true }],
    ["activate", { standby: false }],
  ] as const)("ticket %s", (state, expected) => {
    const changed = applyWhatIfs(status!, [{ kind: "ticket", id: "t", state }], NOW);
    expect(changed.tickets).toMatchObject([{ id: "t", ...expected }]);
  });
});

describe("executionOrder", () => {
  const action = (id: number, ...after: number[]) =>
    ({ id, after, kind: "pseudo", operation: "x" }) as unknown as PlanAction;
  const order = (...actions: PlanAction[]) => executionOrder(actions).map((each) => each.id);

  test("every action comes after what it waits for", () => {
    expect(order(action(0, 2), action(1), action(2, 1))).toEqual([1, 2, 0]);
  });

  test("what waits for nothing that exists waits for nothing", () => {
    expect(order(action(0, 77), action(1, 0, 0))).toEqual([0, 1]);
  });

  test("what waits in a circle never comes", () => {
    expect(order(action(0, 1), action(1, 0), action(2))).toEqual([2]);
  });
});
