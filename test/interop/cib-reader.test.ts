import { describe, expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import type { PrimitiveDefinition } from "../../src/model/policy-definition.ts";
import { block, cibText, member } from "./cib-text.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;

function definitionOf(parts: Parameters<typeof cibText>[0]) {
  const { definition, diagnostics } = readCib(cibText(parts));
  expect(diagnostics).toEqual([]);
  return definition!;
}

describe("readCib, the configuration", () => {
  test("reads a primitive with everything it may have", () => {
    const resources = `<primitive id="web" ${DUMMY} description="shop">
      ${block("meta_attributes", "m", { priority: "5" })}
      ${block("instance_attributes", "i", { state: "/run/x" })}
      ${block("utilization", "u", { cpu: "2" })}
      <operations><op id="o" name="monitor" interval="10s" timeout="20s" role="Started">
        ${block("instance_attributes", "oi", { OCF_CHECK_LEVEL: "10" })}</op></operations>
      </primitive>`;
    const web = definitionOf({ resources }).resources[0] as PrimitiveDefinition;
    expect(web.agent).toEqual({ class: "ocf", provider: "heartbeat", type: "Dummy" });
    expect(web.meta[0]?.values.get("priority")).toBe("5");
    expect(web.params[0]?.values.get("state")).toBe("/run/x");
    expect(web.utilization[0]?.values.get("cpu")).toBe("2");
    expect(web.operations[0]).toMatchObject({ name: "monitor", interval: "10s" });
    expect(web.operations[0]?.options).toEqual(
      new Map([
        ["timeout", "20s"],
        ["role", "Started"],
      ]),
    );
    expect(web.operations[0]?.params[0]?.values.get("OCF_CHECK_LEVEL")).toBe("10");
  });

  test("resolves id-ref of blocks, pairs, rules and operations", () => {
    const resources = `<primitive id="a" ${DUMMY}>
        ${block("meta_attributes", "shared", { priority: "5" })}
        <operations id="ops"><op id="o" name="monitor" interval="10s"/></operations></primitive>
      <primitive id="b" ${DUMMY}><meta_attributes id-ref="shared"/>
        <instance_attributes id="bi"><nvpair id-ref="shared-priority" name="level"/></instance_attributes>
        <operations id-ref="ops"/></primitive>`;
    const b = definitionOf({ resources }).resources[1] as PrimitiveDefinition;
    expect(b.meta[0]?.values.get("priority")).toBe("5");
    expect(b.params[0]?.values.get("level")).toBe("5");
    expect(b.operations.map((each) => each.name)).toEqual(["monitor"]);
  });

  test("reads groups, clones, the old master, bundles and templates", () => {
    const resources = `<template id="t" ${DUMMY}/>
      <group id="g"><primitive id="a" template="t"/><primitive id="b" ${DUMMY}/></group>
      <clone id="c"><group id="cg"><primitive id="d" ${DUMMY}/></group></clone>
      <master id="m"><primitive id="e" ${DUMMY}/></master>
      <bundle id="w"><podman image="x" replicas="2"/><network ip-range-start="10.0.0.1"/>
        <storage><storage-mapping id="s" source-dir="/a" target-dir="/b"/></storage></bundle>`;
    const { resources: read, templates } = definitionOf({ resources });
    expect(read.map((each) => each.kind)).toEqual(["group", "clone", "clone", "bundle"]);
    expect(read[2]).toMatchObject({ legacyMaster: true });
    expect(read[3]).toMatchObject({ container: { type: "podman" } });
    expect(templates.map((each) => each.id)).toEqual(["t"]);
  });

  test("the older form of the old master is one, too", () => {
    const resources = `<master_slave id="m"><primitive id="e" ${DUMMY}/></master_slave>`;
    expect(definitionOf({ resources }).resources[0]).toMatchObject({ legacyMaster: true });
  });

  test("a clone is no master", () => {
    const resources = `<clone id="c"><primitive id="e" ${DUMMY}/></clone>`;
    expect(definitionOf({ resources }).resources[0]).not.toHaveProperty("legacyMaster");
  });

  test("reads constraints with rules and sets", () => {
    const constraints = `<rsc_location id="l" rsc="a" resource-discovery="never">
        <rule id="r" score="-INFINITY" boolean-op="or">
          <expression id="x" attribute="#uname" operation="eq" value="node1"/>
          <date_expression id="d" operation="date_spec"><date_spec id="ds" hours="9-16"/></date_expression>
          <rule id="n"><rsc_expression id="re" class="ocf"/><op_expression id="oe" name="start"/></rule>
        </rule></rsc_location>
      <rsc_colocation id="c" score="INFINITY"><resource_set id="s" role="Promoted">
        <resource_ref id="a"/><resource_ref id="b"/></resource_set></rsc_colocation>
      <rsc_order id="o" first="a" then="b" kind="Optional" first-action="promote"/>
      <rsc_ticket id="k" ticket="t" rsc="a" loss-policy="fence"/>`;
    const [location, colocation, order, ticket] = definitionOf({ constraints }).constraints;
    expect(location).toMatchObject({
      kind: "location",
      discovery: "never",
      rules: [
        {
          score: -1_000_000,
          booleanOp: "or",
          conditions: [
            { kind: "attribute", attribute: "#uname" },
            { kind: "date", operation: "date_spec", spec: { hours: "9-16" } },
            { conditions: [{ kind: "resource" }, { kind: "operation", name: "start" }] },
          ],
        },
      ],
    });
    expect(colocation).toMatchObject({
      score: 1_000_000,
      sets: [{ members: ["a", "b"], role: "Promoted" }],
    });
    expect(order).toMatchObject({ first: "a", orderKind: "Optional", firstAction: "promote" });
    expect(ticket).toMatchObject({ ticket: "t", lossPolicy: "fence" });
  });

  test("options of an old schema are upgraded as Pacemaker does when it loads them", () => {
    const options = block("cluster_property_set", "cib-bootstrap-options", {
      no_quorum_policy: "ignore",
      "default-resource-stickiness": "100",
      "default-action-timeout": "30s",
      "is-managed-default": "false",
      "expected-quorum-votes": "2",
    });
    const resources = `<primitive id="a" ${DUMMY}><operations>
      <op id="o" name="start" interval="0" requires="nothing"/></operations></primitive>`;
    const head = `validate-with="pacemaker-1.2"`;
    const { properties, resourceDefaults, operationDefaults, ...rest } = definitionOf({
      head,
      options,
      resources,
    });
    expect([...properties[0]!.values]).toEqual([["no-quorum-policy", "ignore"]]);
    expect(Object.fromEntries(resourceDefaults[0]!.values)).toEqual({
      "resource-stickiness": "100",
      "is-managed": "false",
    });
    expect(operationDefaults[0]!.values.get("timeout")).toBe("30s");
    const a = rest.resources[0] as PrimitiveDefinition;
    expect(a.meta[0]?.values.get("requires")).toBe("nothing");
    expect(a.operations[0]?.options.has("requires")).toBe(false);
  });
});

test("a choice that there is not counts as what Pacemaker takes instead", () => {
  const { definition } = readCib(
    cibText({
      constraints: `<rsc_order id="o" first="a" then="b" kind="foo" score="0" symmetrical="maybe"
        require-all="perhaps"/><rsc_colocation id="c" rsc="a" with-rsc="b" score="1" influence="x"/>`,
    }),
  );
  const [order, colocation] = definition!.constraints;
  expect(order).toMatchObject({ orderKind: "Mandatory", requireAll: "false" });
  expect(order).not.toHaveProperty("symmetrical");
  expect(colocation).not.toHaveProperty("influence");
});

describe("readCib, the status", () => {
  const operation = `<lrm_rsc_op id="web_last_0" operation="start" operation_key="web_start_0"
    interval="0" call-id="7" rc-code="0" op-status="0" on_node="node1" last-rc-change="1000"
    transition-key="3:5:0:uuid" transition-magic="0:0;3:5:0:uuid" op-digest="d" exit-reason="fine"/>`;
  const history = `<lrm_resource id="web" ${DUMMY}>${operation}</lrm_resource>`;

  test("reads histories, attributes, tickets and the head", () => {
    const attribute = `<nvpair id="p" name="pingd" value="100"/>`;
    const status = `${member(1, history, attribute)}<tickets>
      <ticket_state id="t" granted="true" standby="false" last-granted="9"/></tickets>`;
    const head = `have-quorum="true" dc-uuid="1" execution-date="1500000000" crm_feature_set="3.19"`;
    const read = readCib(cibText({ head, status }));
    expect(read.executionDate).toBe(1_500_000_000_000);
    expect(read.status).toMatchObject({ quorate: true, dcNode: "node1", featureSet: "3.19" });
    expect(read.status?.tickets).toMatchObject([{ id: "t", granted: true, lastGranted: 9 }]);
    const [node] = read.status!.nodes;
    expect(node?.attributes.get("pingd")).toBe("100");
    expect(node?.history[0]?.operations[0]).toEqual({
      id: "web_last_0",
      operation: "start",
      operationKey: "web_start_0",
      intervalMs: 0,
      callId: 7,
      rc: 0,
      status: 0,
      expectedRc: 0,
      onNode: "node1",
      lastRcChange: 1000,
      transitionKey: "3:5:0:uuid",
      transitionMagic: "0:0;3:5:0:uuid",
      digest: "d",
      exitReason: "fine",
    });
  });

  test.each([
    ['in_ccm="true" crmd="online"', { member: true, daemonOnline: true }],
    ['in_ccm="0" crmd="0"', { member: false, daemonOnline: false }],
    [
      'in_ccm="1700000000" crmd="1700000005"',
      { member: true, memberSince: 1_700_000_000, daemonOnline: true, joinedAt: 1_700_000_005 },
    ],
    ['crmd="offline" expected="down" join="down"', { expected: "down", join: "down" }],
  ])("node_state %s", (attributes, expected) => {
    const status = `<node_state id="1" uname="node1" ${attributes}/>`;
    const [node] = readCib(cibText({ status })).status!.nodes;
    expect(node).toMatchObject(expected);
  });

  test("a node_state without a name is that of the node with the id", () => {
    const { status } = readCib(cibText({ status: `<node_state id="2" in_ccm="1700000000"/>` }));
    expect(status?.nodes.map((node) => node.name)).toEqual(["node2"]);
  });
});

describe("readCib, what is wrong", () => {
  test.each([
    ["not xml", 1, 1, "XML_MALFORMED"],
    ["<cib>\n  <configuration>\n</cib>", 3, 1, "XML_MALFORMED"],
    ["<cluster/>", 1, 1, "CIB_EXPECTED"],
    ["<cib/>", 1, 1, "CIB_NO_CONFIGURATION"],
  ])("%j", (text, line, column, code) => {
    const { definition, diagnostics } = readCib(text);
    expect(definition).toBeUndefined();
    expect(diagnostics).toMatchObject([{ code, severity: "error", at: { line, column } }]);
  });

  test.each([
    [{ resources: "\n<thing id='x'/>" }, "CIB_UNKNOWN_ELEMENT"],
    [{ resources: "<primitive class='ocf' type='x'/>" }, "CIB_MISSING_ATTRIBUTE"],
    [{ resources: "<primitive id='x'/>" }, "CIB_MISSING_ATTRIBUTE"],
    [{ resources: "<clone id='x'/>" }, "CIB_EMPTY_CLONE"],
    [{ resources: "<bundle id='x'/>" }, "CIB_BAD_BUNDLE"],
    [{ constraints: "<rsc_location id='l' rsc='a' node='b' score='many'/>" }, "CIB_BAD_SCORE"],
    [{ constraints: "<rsc_ticket id='l' rsc='a'/>" }, "CIB_MISSING_ATTRIBUTE"],
    [{ constraints: "<rsc_order id='l' first='a' then='b' kind='foo'/>" }, "CIB_BAD_CHOICE"],
    [{ more: "<surprise/>" }, "CIB_UNKNOWN_ELEMENT"],
    [
      {
        resources: `<primitive id="x" ${DUMMY}><meta_attributes id-ref="gone"/></primitive>`,
      },
      "CIB_DANGLING_REFERENCE",
    ],
  ])("%j is told with its position, the rest is read", (parts, code) => {
    const { definition, diagnostics } = readCib(cibText(parts));
    expect(definition?.nodes).toHaveLength(2);
    expect(diagnostics.map((each) => each.code)).toContain(code);
    for (const each of diagnostics) expect(each.at?.line).toBeGreaterThan(1);
  });
});
