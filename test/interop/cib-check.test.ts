import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { block, type CibParts, cibText, member } from "./cib-text.ts";

const DUMMY = `class="ocf" provider="heartbeat" type="Dummy"`;
const A = `<primitive id="a" ${DUMMY}/>`;
const B = `<primitive id="b" ${DUMMY}/>`;

function findings(parts: CibParts) {
  return readCib(cibText(parts)).diagnostics.map(({ severity, code, message }) => {
    return { severity, code, message };
  });
}

describe("an element that has no place where it stands is told of", () => {
  test.each<[string, string, CibParts]>([
    ["configuration", "surprise", { more: "<surprise/>" }],
    ["crm_config", "meta_attributes", { options: "<meta_attributes id='m'/>" }],
    [
      "cluster_property_set",
      "option",
      { options: "<cluster_property_set id='c'><option/></cluster_property_set>" },
    ],
    ["nodes", "host", { nodes: "<node id='1' uname='node1'/><host/>" }],
    [
      "node",
      "meta_attributes",
      { nodes: "<node id='1' uname='node1'><meta_attributes id='m'/></node>" },
    ],
    ["resources", "thing", { resources: "<thing id='x'/>" }],
    [
      "primitive",
      "op",
      { resources: `<primitive id="a" ${DUMMY}><op id="o" name="monitor"/></primitive>` },
    ],
    [
      "operations",
      "monitor",
      { resources: `<primitive id="a" ${DUMMY}><operations><monitor/></operations></primitive>` },
    ],
    ["group", "clone", { resources: `<group id="g">${A}<clone id="c">${B}</clone></group>` }],
    ["clone", "clone", { resources: `<clone id="c">${A}<clone id="d">${B}</clone></clone>` }],
    ["constraints", "rsc_nonsense", { constraints: "<rsc_nonsense id='n'/>" }],
    [
      "rsc_location",
      "expression",
      { constraints: "<rsc_location id='l' rsc='a'><expression id='e'/></rsc_location>" },
    ],
    [
      "resource_set",
      "primitive",
      {
        constraints:
          "<rsc_order id='o'><resource_set id='s'><primitive id='a'/></resource_set></rsc_order>",
      },
    ],
    [
      "rule",
      "guess",
      { constraints: "<rsc_location id='l' rsc='a'><rule id='r'><guess/></rule></rsc_location>" },
    ],
    ["tag", "resource_ref", { more: "<tags><tag id='t'><resource_ref id='a'/></tag></tags>" }],
    ["fencing-topology", "level", { more: "<fencing-topology><level/></fencing-topology>" }],
    ["status", "node", { status: "<node id='1'/>" }],
    [
      "node_state",
      "lrm_resources",
      { status: "<node_state id='1' uname='node1'><lrm_resources/></node_state>" },
    ],
    [
      "lrm_resource",
      "op",
      { status: member(1, `<lrm_resource id="a" ${DUMMY}><op/></lrm_resource>`) },
    ],
  ])("%s: %s", (parent, child, parts) => {
    const effect = parent === "rule" ? "it never holds" : "it is passed over";
    expect(findings(parts)).toEqual([
      {
        severity: "warning",
        code: "CIB_UNKNOWN_ELEMENT",
        message: `<${child}> has no place in <${parent}>: ${effect}`,
      },
    ]);
  });
});

describe("an attribute that an element does not have is told of", () => {
  test.each<[string, CibParts]>([
    ["primitive", { resources: `<primitive id="a" ${DUMMY} colour="red"/>` }],
    [
      "op",
      {
        resources: `<primitive id="a" ${DUMMY}><operations><op id="o" name="monitor" colour="red"/></operations></primitive>`,
      },
    ],
    ["group", { resources: `<group id="g" colour="red">${A}</group>` }],
    [
      "rsc_location",
      { constraints: "<rsc_location id='l' rsc='a' node='node1' score='1' colour='red'/>" },
    ],
    ["rsc_order", { constraints: "<rsc_order id='o' first='a' then='b' colour='red'/>" }],
    [
      "nvpair",
      {
        options:
          "<cluster_property_set id='c'><nvpair id='p' name='x' value='y' colour='red'/></cluster_property_set>",
      },
    ],
    [
      "fencing-level",
      {
        more: "<fencing-topology><fencing-level id='f' index='1' target='node1' devices='d' colour='red'/></fencing-topology>",
      },
    ],
  ])("%s", (element, parts) => {
    expect(findings(parts)).toEqual([
      {
        severity: "warning",
        code: "CIB_UNKNOWN_ATTRIBUTE",
        message: `<${element}> has no attribute colour: it is passed over`,
      },
    ]);
  });

  test("but not of marks that Pacemaker leaves, nor of notes in the status", () => {
    const node = `<node_state id="1" uname="node1" colour="red" crm-debug-origin="do_update"/>`;
    const resources = `<primitive id="a" ${DUMMY} __crm_diff_marker__="added:top"/>`;
    expect(findings({ resources, status: node, head: `colour="red"` })).toEqual([]);
  });
});

const LOCATION = (more: string, rule = "") =>
  `<rsc_location id="l" rsc="a" ${more}>${rule}</rsc_location>`;
const SET = (kind: string, more: string) =>
  `<${kind} id="k" ticket="t"><resource_set id="s" ${more}><resource_ref id="a"/></resource_set></${kind}>`;
const RULE = (attributes: string, condition: string) =>
  LOCATION("", `<rule id="r" score="1" ${attributes}>${condition}</rule>`);

describe("a value that an attribute does not have is told of", () => {
  test.each([
    [LOCATION(`node="node1" score="1" role="Boss"`), "role", "Boss", "it is passed over"],
    [
      LOCATION(`resource-discovery="x" node="node1" score="1"`),
      "resource-discovery",
      "x",
      "it is taken as always",
    ],
    [
      `<rsc_colocation id="c" rsc="a" with-rsc="b" rsc-role="x"/>`,
      "rsc-role",
      "x",
      "it is passed over",
    ],
    [
      `<rsc_colocation id="c" rsc="a" with-rsc="b" with-rsc-role="x"/>`,
      "with-rsc-role",
      "x",
      "it is passed over",
    ],
    [
      `<rsc_colocation id="c" rsc="a" with-rsc="b" influence="x"/>`,
      "influence",
      "x",
      "it is passed over",
    ],
    [
      `<rsc_order id="o" first="a" then="b" kind="mandatory"/>`,
      "kind",
      "mandatory",
      "it is taken as Mandatory",
    ],
    [
      `<rsc_order id="o" first="a" then="b" symmetrical="x"/>`,
      "symmetrical",
      "x",
      "it is passed over",
    ],
    [
      `<rsc_order id="o" first="a" then="b" then-action="x"/>`,
      "then-action",
      "x",
      "nothing is ordered by it",
    ],
    [
      `<rsc_ticket id="k" rsc="a" ticket="t" loss-policy="x"/>`,
      "loss-policy",
      "x",
      "it is passed over",
    ],
    [`<rsc_ticket id="k" rsc="a" ticket="t" rsc-role="x"/>`, "rsc-role", "x", "it is passed over"],
    [SET("rsc_ticket", `role="x"`), "role", "x", "it is passed over"],
    [RULE(`role="x"`, ""), "role", "x", "its constraint is ignored"],
    [RULE(`boolean-op="xor"`, ""), "boolean-op", "xor", "it is taken as and"],
    [
      RULE("", `<expression id="e" attribute="z" operation="like"/>`),
      "operation",
      "like",
      "it never holds",
    ],
    [
      RULE("", `<expression id="e" attribute="z" operation="eq" type="x"/>`),
      "type",
      "x",
      "all is equal by it",
    ],
    [
      RULE("", `<expression id="e" attribute="z" operation="eq" value-source="x"/>`),
      "value-source",
      "x",
      "it is taken as literal",
    ],
    [
      RULE("", `<date_expression id="d" operation="after"/>`),
      "operation",
      "after",
      "it never holds",
    ],
  ])("%s", (constraints, name, value, effect) => {
    const text = cibText({ constraints });
    const { diagnostics } = readCib(text);
    expect(diagnostics).toMatchObject([
      {
        severity: "warning",
        code: "CIB_BAD_CHOICE",
        message: `${name} is not ${JSON.stringify(value)}: ${effect}`,
        at: { line: 6 },
      },
    ]);
    expect(diagnostics[0]?.hint).toBeTruthy();
  });

  test("a set of an order: every one of them", () => {
    const options = `sequential="x" require-all="x" ordering="x" action="x" kind="x"`;
    const found = findings({ constraints: SET("rsc_order", options).replace(' ticket="t"', "") });
    expect(found.map(({ message }) => message)).toEqual([
      `sequential is not "x": it is taken as false in an order, passed over elsewhere`,
      `require-all is not "x": it is taken as false`,
      `ordering is not "x": it is taken as listed`,
      `action is not "x": nothing is ordered by it`,
      `kind is not "x": it is taken as Mandatory`,
    ]);
  });
});

describe("a pattern that is none is told of", () => {
  const level = `<fencing-level id="f" index="1" target-pattern="a(" devices="d"/>`;

  test.each([
    [
      { constraints: String.raw`<rsc_location id="l" rsc-pattern="!\d" node="node1" score="1"/>` },
      String.raw`rsc-pattern "!\\d" is no regular expression: \d has no meaning: its constraint is ignored`,
    ],
    [
      { more: `<fencing-topology>${level}</fencing-topology>` },
      'target-pattern "a(" is no regular expression: a ( is never closed: it matches no node',
    ],
  ])("%j", (parts, message) => {
    expect(findings(parts)).toEqual([{ severity: "warning", code: "CIB_BAD_PATTERN", message }]);
  });
});

test("of what may be there once, only the first counts, and the others are told of", () => {
  const { definition, diagnostics } = readCib(
    cibText({ resources: `<clone id="c">${A}${B}</clone>`, more: "<resources/>" }),
  );
  expect(definition!.resources).toMatchObject([{ id: "c", child: { id: "a" } }]);
  expect(diagnostics.map(({ message }) => message)).toEqual([
    "<clone> has a <primitive> already: <primitive> is passed over",
    "<configuration> has a <resources> already: <resources> is passed over",
  ]);
});

test("what is found is told in the order of the text", () => {
  const { diagnostics } = readCib(
    cibText({ resources: "\n<thing/>\n<primitive id='x'/>\n<thing/>", more: "\n<surprise/>" }),
  );
  const lines = diagnostics.map(({ at }) => at!.line);
  expect(lines).toEqual(lines.toSorted((a, b) => a - b));
  expect(diagnostics).toHaveLength(4);
});

test("a rule with a condition that nobody knows does not hold", () => {
  const guess = `<guess id="g"/><expression id="e" attribute="#uname" operation="defined"/>`;
  const constraints = RULE("", guess).replace('score="1"', 'score="-INFINITY"');
  const options = block("cluster_property_set", "o", { "stonith-enabled": "false" });
  const { definition, status } = readCib(cibText({ options, resources: A, constraints }));
  const { placements } = plan(definition!, status!, 0);
  expect(placements[0]?.next.nodes).toEqual(["node1"]);
});

const XML = resolve(import.meta.dirname, "../../../shared/cts/xml");
const CASES = existsSync(XML) ? readdirSync(XML).filter((name) => name.endsWith(".xml")) : [];

describe.skipIf(CASES.length === 0)("Pacemaker's own cases", () => {
  /** They are about just that. */
  const WRONG = ["colocation-influence.xml", "order-wrong-kind.xml"];

  test("have nothing that is not known", () => {
    for (const name of CASES) {
      const { diagnostics } = readCib(readFileSync(join(XML, name), "utf8"));
      const strange = diagnostics.filter(({ code }) => code !== "CIB_MISSING_ATTRIBUTE");
      expect(strange.length, name).toBe(WRONG.includes(name) ? 1 : 0);
    }
  });
});
