import { describe, expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { DefinitionInForce } from "../../src/controller/definition-in-force.ts";
import type { Cib } from "../../src/model/cib.ts";

/** A definition of these nodes, as text. */
function textOf(names: readonly string[], cluster = "c"): string {
  const nodes = names.map((name, i) => `${name}: 10.0.0.${i + 1}`).join(", ");
  return `cluster: ${cluster}
nodes: { ${nodes} }
properties: { fencing-enabled: false, no-quorum-policy: stop }
resources: { web: { agent: dummy } }
`;
}

function committed(version: number, names: readonly string[]): Cib {
  return { ...emptyCib(), definition: { version, text: textOf(names), author: "t", at: 0 } };
}

const OLD = ["node1", "node2"];
const NEW = [...OLD, "node3"];

function newForce(): DefinitionInForce {
  return new DefinitionInForce("node1", loadDefinition(textOf(OLD)).definition!);
}

const namesOf = (force: DefinitionInForce) => force.definition.nodes.map(({ name }) => name);

describe("a committed definition that does not name this node", () => {
  test("does not come into force, and that is told once", () => {
    const force = newForce();
    const cib = committed(2, ["node2", "node3"]);
    expect(force.update(cib)).toMatchObject({ changed: false, notes: [{ event: "left-out" }] });
    expect(force.update(cib)).toEqual({ changed: false, notes: [] });
    expect(namesOf(force)).toEqual(OLD);
    expect(force.leftOutBy).toBe(2);
    expect(force.committed).toBe(false);
  });

  test("is over with one that does", () => {
    const force = newForce();
    force.update(committed(2, ["node2", "node3"]));
    expect(force.update(committed(3, NEW))).toEqual({ changed: true, notes: [] });
    expect([namesOf(force), force.leftOutBy, force.committed]).toEqual([NEW, undefined, true]);
  });
});

describe("a definition that a peer tells of", () => {
  test("holds until a newer one is committed, and an older one does not take it back", () => {
    const force = newForce();
    force.update(committed(2, OLD));
    expect(force.hear(4, textOf(NEW))).toBe(true);
    expect(namesOf(force)).toEqual(NEW);
    expect(force.update(committed(3, OLD)).changed).toBe(false);
    expect([namesOf(force), force.heardVersion]).toEqual([NEW, 4]);
    expect(force.update(committed(5, OLD)).changed).toBe(true);
    expect([namesOf(force), force.heardVersion]).toEqual([OLD, 0]);
  });

  test.each([
    ["is no definition", "nodes: ["],
    ["is of another cluster", textOf(NEW, "other")],
    ["does not name this node", textOf(["node2", "node3"])],
  ])("that %s changes nothing", (_, text) => {
    const force = newForce();
    expect(force.hear(4, text)).toBe(false);
    expect(namesOf(force)).toEqual(OLD);
  });

  test("ends being left out", () => {
    const force = newForce();
    force.update(committed(2, ["node2", "node3"]));
    expect(force.hear(3, textOf(NEW))).toBe(true);
    expect(force.leftOutBy).toBeUndefined();
  });
});
