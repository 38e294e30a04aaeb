import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";

const VIP = "vip: { agent: vip, params: { ip: 10.0.0.9/24 } }";
const DATA = "db: { agent: 'systemd:postgresql' }";
const BMC =
  "fencing: { devices: { d: { agent: ipmi, params: { address: 10.9.0.1, username: u, password-file: /p } } } }";

function decide(nodes: number, rest: string, resources: string) {
  const names = ["a", "b", "c", "d"].slice(0, nodes);
  const list = names.map((name, index) => `${name}: 10.0.0.${index + 1}`).join(", ");
  const text = `cluster: c\nnodes: { ${list} }\nresources: { ${resources} }\n${rest}\n`;
  const { definition, diagnostics } = loadDefinition(text);
  const property = (name: string) => definition?.policy.properties[0]?.values.get(name);
  return {
    codes: diagnostics.map((each) => each.code),
    quorum: property("no-quorum-policy"),
    fencing: property("fencing-enabled"),
    twoNode: definition?.quorum.twoNode,
    advice: definition?.advice.map((each) => each.code),
  };
}

/** What is there, and what follows: codes said, no-quorum-policy, fencing-enabled, two-node. */
describe("what a split does", () => {
  test.each([
    ["two nodes, an address", 2, "", VIP, ["SPLIT_BOTH_ACTIVE"], "ignore", "false", false],
    ["two nodes, nothing yet", 2, "", "", ["SPLIT_BOTH_ACTIVE"], "ignore", "false", false],
    ["two nodes, data", 2, "", DATA, ["SPLIT_UNDECIDED"], undefined, undefined, undefined],
    [
      "two nodes, data beside an address",
      2,
      "",
      `${VIP}, ${DATA}`,
      ["SPLIT_UNDECIDED"],
      undefined,
      undefined,
      undefined,
    ],
    [
      "an address whose owner says that it must not be twice",
      2,
      "",
      "v: { agent: 'ocf:heartbeat:IPaddr2', meta: { harmless-twice: false } }",
      ["SPLIT_UNDECIDED"],
      undefined,
      undefined,
      undefined,
    ],
    [
      "data marked as harmless",
      2,
      "",
      "db: { agent: 'systemd:x', meta: { harmless-twice: true } }",
      ["SPLIT_BOTH_ACTIVE"],
      "ignore",
      "false",
      false,
    ],
    [
      "data, and a choice: stop",
      2,
      "properties: { no-quorum-policy: stop, fencing-enabled: false }",
      DATA,
      ["FENCING_DISABLED"],
      "stop",
      "false",
      false,
    ],
    [
      "data, and a choice: ignore",
      2,
      "properties: { no-quorum-policy: ignore, fencing-enabled: false }",
      DATA,
      ["SPLIT_BOTH_ACTIVE", "FENCING_DISABLED"],
      "ignore",
      "false",
      false,
    ],
    ["data, and fencing", 2, BMC, DATA, [], "stop", "true", true],
    [
      "fencing, and a tie-breaker",
      2,
      `${BMC}\nquorum: { auto-tie-breaker: yes }`,
      DATA,
      [],
      "stop",
      "true",
      false,
    ],
    [
      "a tie-breaker, fencing not spoken of",
      2,
      "quorum: { ping-targets: [10.0.0.254] }",
      DATA,
      ["FENCING_NOT_CHOSEN", "PING_DECIDES_NOTHING"],
      "stop",
      "false",
      false,
    ],
    [
      "an arbiter, fencing declined, an address",
      2,
      "quorum: { arbiter: 10.0.0.8 }\nproperties: { fencing-enabled: no }",
      VIP,
      [],
      "stop",
      "false",
      false,
    ],
    ["three nodes, nothing said", 3, "", VIP, ["FENCING_NOT_CHOSEN"], "stop", "false", false],
    [
      "three nodes, fencing declined, data",
      3,
      "properties: { stonith-enabled: false }",
      DATA,
      ["FENCING_DISABLED", "FORMER_NAME"],
      "stop",
      "false",
      false,
    ],
    [
      "three nodes, a clone only",
      3,
      "",
      "r: { agent: dummy }, rs: { clone: r }",
      [],
      "stop",
      "false",
      false,
    ],
    ["three nodes, fencing", 3, BMC, DATA, [], "stop", "true", false],
    [
      "fencing by watchdog alone",
      3,
      "properties: { fencing-enabled: true, fencing-watchdog-timeout: 10s }",
      DATA,
      [],
      "stop",
      "true",
      false,
    ],
    ["one node", 1, "", DATA, [], "stop", "false", false],
  ])("%s", (_name, nodes, rest, resources, codes, quorum, fencing, twoNode) => {
    const found = decide(nodes, rest, resources);
    expect(found.codes.sort()).toEqual([...codes].sort());
    expect([found.quorum, found.fencing, found.twoNode]).toEqual([quorum, fencing, twoNode]);
  });

  test("one node beside a witness can't run anything twice", () => {
    const text = `cluster: c
nodes: { a: 10.0.0.1, w: { addresses: 10.0.0.3, role: witness } }
resources: { ${DATA} }
`;
    expect(loadDefinition(text).diagnostics).toEqual([]);
  });

  test("unequal votes decide a split by themselves", () => {
    const text = `cluster: c
nodes: { a: { addresses: 10.0.0.1, votes: 2 }, b: 10.0.0.2 }
properties: { fencing-enabled: false }
resources: { ${DATA} }
`;
    expect(loadDefinition(text).definition?.choices.noQuorumPolicy).toBe("stop");
  });

  test("a witness decides", () => {
    const text = `cluster: c
nodes: { a: 10.0.0.1, b: 10.0.0.2, w: { addresses: 10.0.0.3, role: witness } }
properties: { fencing-enabled: false }
resources: { ${VIP} }
`;
    const { definition, diagnostics } = loadDefinition(text);
    expect(diagnostics).toEqual([]);
    expect(definition?.choices.noQuorumPolicy).toBe("stop");
  });

  test("advice is what status repeats: safety, not spelling", () => {
    expect(decide(3, "properties: { stonith-enabled: false }", DATA).advice).toEqual([
      "FENCING_DISABLED",
    ]);
  });
});
