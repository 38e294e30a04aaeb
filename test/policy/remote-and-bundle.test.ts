import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { Plan } from "../../src/model/plan.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { digestOf } from "../../src/policy/unpack/digests.ts";
import { type CibParts, cibText, member } from "../interop/cib-text.ts";
import { history, NOW, options } from "./unpack/unpacked.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;

function planOf(parts: CibParts): Plan {
  const { definition, status } = readCib(cibText(parts));
  return plan(definition!, status!, NOW);
}

function remoteAfterFailedStop(quorate: boolean, more: Readonly<Record<string, string>>): Plan {
  const connection = `<lrm_resource id="far" class="ocf" provider="pacemaker" type="remote">
    <lrm_rsc_op id="far_start_0" operation_key="far_start_0" operation="start" interval="0"
      call-id="1" rc-code="0" op-status="0" on_node="node1"
      transition-key="1:1:0:u" transition-magic="0:0;1:1:0:u"/></lrm_resource>`;
  return planOf({
    head: `validate-with="pacemaker-3.9" have-quorum="${quorate ? 1 : 0}"`,
    options: options({ "fencing-enabled": "true", ...more }),
    resources: `<primitive id="f" class="stonith" type="fence_x"/>
      <primitive id="far" class="ocf" provider="pacemaker" type="remote"/>
      <primitive id="web" ${DUMMY}/>`,
    status: `${member(1, connection)}${member(2)}
      <node_state id="far" uname="far"><lrm id="far"><lrm_resources>
        ${history(["start on=far", "stop on=far rc=1"])}</lrm_resources></lrm></node_state>`,
  });
}

const fenced = (made: Plan) =>
  made.actions.filter(({ kind }) => kind === "fence").map(({ node }) => node);

test.each<[string, boolean, Readonly<Record<string, string>>, readonly string[]]>([
  ["is fenced with quorum", true, {}, ["far"]],
  ["is left alone without quorum: others may hold its connection by now", false, {}, []],
  [
    "is fenced without quorum where fence-remote-without-quorum says so",
    false,
    { "fence-remote-without-quorum": "true" },
    ["far"],
  ],
  ["is fenced where quorum does not matter", false, { "no-quorum-policy": "ignore" }, ["far"]],
])("a remote node that is up %s", (_, quorate, more, wanted) => {
  expect(fenced(remoteAfterFailedStop(quorate, more))).toEqual(wanted);
});

test("what a bundle contains waits for its own node while no host is up", () => {
  const { summary } = planOf({
    options: options({ "fencing-enabled": "false" }),
    resources: `<bundle id="box"><docker image="box:1"/><network control-port="3131"/>
      <primitive id="web" ${DUMMY}/></bundle>`,
    status: "",
  });
  expect(summary).toMatchObject([
    { action: "start", resource: "web:0", to: "box-0", blocked: true },
  ]);
});

/** A bundle without addresses on one node, running with these digests. */
function boxWith(digests: ReadonlyMap<string, string>): Plan {
  const started = ([id, digest]: readonly [string, string]) =>
    `<lrm_resource id="${id}" class="ocf" provider="${id === "box-0" ? "pacemaker" : "heartbeat"}"
      type="${id === "box-0" ? "remote" : "docker"}"><lrm_rsc_op id="${id}_last_0" on_node="node1"
      operation_key="${id}_start_0" operation="start" interval="0" call-id="1" rc-code="0"
      op-status="0" transition-key="1:1:0:u" transition-magic="0:0;1:1:0:u"
      op-digest="${digest}"/></lrm_resource>`;
  return planOf({
    options: options({ "fencing-enabled": "false" }),
    nodes: `<node id="1" uname="node1"/>`,
    resources: `<bundle id="box"><docker image="box:1"/><network control-port="3131"/>
      <primitive id="web" ${DUMMY}/></bundle>`,
    status: member(1, [...digests].map(started).join("")),
  });
}

const startOf = (made: Plan, id: string) =>
  made.actions.find(({ resource, operation }) => resource === id && operation === "start");

test.each([
  ["there, stays", "node1", false],
  ["elsewhere, is made anew", "node2", true],
])("a connection that ran with its container's host for an address, %s", (_, node, anew) => {
  const container = startOf(boxWith(new Map()), "box-docker-0")!.digest!;
  const connection = digestOf(new Map(Object.entries({ addr: node, port: "3131" })));
  const made = boxWith(new Map(Object.entries({ "box-docker-0": container, "box-0": connection })));
  expect(startOf(made, "box-docker-0")).toBeUndefined();
  expect(startOf(made, "box-0") !== undefined).toBe(anew);
});

/** Everything that is done before an action, through marks as well. */
function allBefore({ actions }: Plan, id: number): ReadonlySet<number> {
  const found = new Set(actions[id]!.after);
  for (const before of found) for (const each of actions[before]!.after) found.add(each);
  return found;
}

test("what starts after a bundle's promotion stops before its demotion, when quorum is lost", () => {
  const made = planOf({
    head: `validate-with="pacemaker-3.9" have-quorum="0"`,
    options: options({ "fencing-enabled": "false" }),
    nodes: `<node id="1" uname="node1"/>`,
    resources: `<clone id="webs"><primitive id="web" ${DUMMY}/></clone>
      <bundle id="last"><docker image="last:1"/></bundle>
      <bundle id="box"><docker image="box:1" promoted-max="1"/><network control-port="3131"/>
        <primitive id="db" ${DUMMY}/></bundle>`,
    constraints: `<rsc_order id="o1" first="webs" then="last"/>
      <rsc_order id="o2" first="box" first-action="promote" then="webs" then-action="start"/>
      <rsc_location id="l" rsc="box" role="Promoted" node="box-0" score="100"/>`,
    status: `${member(1, `${history(["start"])}${history(["start"], "box-docker-0")}${history(["start"], "box-0")}`)}
      <node_state id="box-0" uname="box-0"><lrm id="box-0"><lrm_resources>
        ${history(["monitor/1000 rc=8 expected=8 on=box-0"], "db")}</lrm_resources></lrm></node_state>`,
  });
  const of = (id: string, task: string) =>
    made.actions.find(({ resource, operation }) => resource === id && operation === task)!.id;
  expect(allBefore(made, of("db:0", "demote"))).toContain(of("web:0", "stop"));
});
