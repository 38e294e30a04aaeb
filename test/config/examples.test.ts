import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type InitAnswers, initTemplate } from "../../src/config/init-template.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";

const ETC = join(import.meta.dirname, "../../etc");

/** The short form as the design has it; etc/two-nodes.yaml is the same with comments. */
const SHORT = `cluster: edge
nodes: { node1: 10.0.0.1, node2: 10.0.0.2 }
resources:
  vip: { agent: vip, params: { ip: 10.0.0.100/24 } }
`;

function codes(text: string): string[] {
  return loadDefinition(text).diagnostics.map((each) => each.code);
}

describe("example definitions", () => {
  test.each(readdirSync(ETC).filter((name) => name.endsWith(".yaml")))("%s loads", (name) => {
    const { definition, diagnostics } = loadDefinition(readFileSync(join(ETC, name), "utf8"));
    expect(diagnostics.filter((each) => each.severity === "error")).toEqual([]);
    expect(definition?.nodes.length).toBeGreaterThanOrEqual(2);
  });

  test("the short form loads, and its split is spoken of", () => {
    const { definition } = loadDefinition(SHORT);
    expect(definition?.choices).toEqual({
      noQuorumPolicy: "ignore",
      noQuorumPolicyIsDefault: true,
      fencingEnabled: false,
      fencingEnabledIsDefault: true,
      harmlessTwice: true,
    });
    expect(definition?.advice.map((each) => each.code)).toEqual(["SPLIT_BOTH_ACTIVE"]);
    const example = readFileSync(join(ETC, "two-nodes.yaml"), "utf8");
    expect(example.replace(/^#.*\n/gm, "")).toBe(SHORT);
  });

  test("what is promoted does harm twice, and so does what is no address, unless it says otherwise", () => {
    const harmless = (resources: string) =>
      loadDefinition(SHORT.replace(/^resources:[\s\S]*/m, `resources:\n${resources}`)).definition
        ?.choices.harmlessTwice;
    const properties = "properties: { no-quorum-policy: stop }\n";
    const vip = "  vip: { agent: vip, params: { ip: 10.0.0.100/24 } }\n";
    const web = "  web: { agent: systemd:nginx";
    const db = "  db: { agent: stateful }\n  set: { clone: db, meta: { promotable: true } }\n";
    expect(harmless(vip + properties)).toBe(true);
    expect(harmless(vip + db + properties)).toBe(false);
    expect(harmless(`${vip}${web} }\n${properties}`)).toBe(false);
    expect(harmless(`${vip}${web}, meta: { harmless-twice: true } }\n${properties}`)).toBe(true);
  });

  test("the three-node example warns of nothing but what it says itself", () => {
    expect(codes(readFileSync(join(ETC, "cluster.yaml"), "utf8"))).toEqual(["FENCING_DISABLED"]);
  });
});

const NODES = [
  { name: "node1", address: "10.0.0.1" },
  { name: "node2", address: "10.0.0.2" },
];
const BASE: InitAnswers = { cluster: "edge", nodes: NODES, vip: "10.0.0.100/24" };

/** Each choice for two nodes, and what there is to be said of the definition that it gives. */
const CHOICES: readonly (readonly [string, InitAnswers, readonly string[]])[] = [
  ["witness", { ...BASE, split: "witness", witness: { name: "wit1", address: "10.0.0.3" } }, []],
  ["arbiter", { ...BASE, split: "arbiter", tieBreaker: "10.0.0.9" }, []],
  ["disk", { ...BASE, split: "disk", tieBreaker: "/dev/mapper/votes" }, []],
  ["ping", { ...BASE, split: "ping", tieBreaker: "10.0.0.254" }, ["SPLIT_BOTH_ACTIVE"]],
  ["fencing", { ...BASE, split: "fencing" }, []],
  ["ignore", { ...BASE, split: "ignore" }, ["SPLIT_BOTH_ACTIVE"]],
  ["one node", { ...BASE, nodes: NODES.slice(0, 1) }, []],
  [
    "no address",
    { cluster: "edge", nodes: [...NODES, { name: "node3", address: "10.0.0.3" }] },
    [],
  ],
  ["unicast", { ...BASE, split: "ignore", transport: "unicast" }, ["SPLIT_BOTH_ACTIVE"]],
];

describe("the template of init", () => {
  test.each(CHOICES)("%s", (_name, answers, expected) => {
    const text = initTemplate(answers);
    expect(codes(text)).toEqual(expected);
    const definition = loadDefinition(text).definition!;
    expect(definition.nodes.filter((node) => node.role === "full")).toHaveLength(
      answers.nodes.length,
    );
    if (answers.split === "fencing") {
      expect(definition.quorum).toMatchObject({ twoNode: true, waitForAll: true });
      expect(definition.choices.fencingEnabled).toBe(true);
    }
  });
});
