import { describe, expect, test } from "vitest";
import { applyOverrides } from "../../src/cib/override-policy.ts";
import type { Override } from "../../src/model/cib.ts";
import type { PolicyDefinition, ResourceDefinition } from "../../src/model/policy-definition.ts";
import type { AttributeSet } from "../../src/model/rule.ts";
import { override, POLICY, set } from "./override-fixture.ts";

const NOW = 5000;

/** The value in force as Pacemaker merges sets: the highest score, then the first. */
function inForce(sets: readonly AttributeSet[], name: string): string | undefined {
  const sorted = [...sets].sort((a, b) => b.score - a.score);
  return sorted.find((each) => each.values.has(name))?.values.get(name);
}

function nodeValue(policy: PolicyDefinition, node: string, name: string): string | undefined {
  return inForce(policy.nodes.find((each) => each.name === node)!.attributes, name);
}

function metaValue(policy: PolicyDefinition, id: string, name: string): string | undefined {
  const all = policy.resources.flatMap((each): ResourceDefinition[] => {
    if (each.kind === "group") return [each, ...each.members];
    return each.kind === "clone" ? [each, each.child] : [each];
  });
  return inForce(all.find((each) => each.id === id)!.meta, name);
}

const apply = (...overrides: Override[]) => applyOverrides(POLICY, overrides, NOW);

test("without overrides the policy is the same object", () => {
  const result = apply();
  expect(result.policy).toBe(POLICY);
  expect(result).toMatchObject({ nextExpiry: undefined, stale: [] });
});

test("standby and maintenance of a node beat what the file says, and leave other nodes alone", () => {
  const { policy } = apply(override("standby", "node1"), override("maintenance", "node2"));
  expect(nodeValue(policy, "node1", "standby")).toBe("on");
  expect(nodeValue(policy, "node1", "rack")).toBe("a");
  expect(nodeValue(policy, "node1", "maintenance")).toBeUndefined();
  expect(nodeValue(policy, "node2", "maintenance")).toBe("true");
  expect(nodeValue(POLICY, "node1", "standby")).toBe("off");
});

test.each<[Override["kind"], string, string, string, string[]]>([
  ["stop", "web", "target-role", "Stopped", ["web", "web-ip", "web-server"]],
  ["stop", "cache-set", "target-role", "Stopped", ["cache-set", "cache"]],
  ["stop", "web-ip", "target-role", "Stopped", ["web-ip"]],
  ["start", "db", "target-role", "Started", ["db"]],
  ["unmanage", "web", "is-managed", "false", ["web", "web-ip", "web-server"]],
  ["maintenance", "web", "maintenance", "true", ["web", "web-ip", "web-server"]],
  ["maintenance", "db", "maintenance", "true", ["db"]],
])("%s %s sets %s=%s", (kind, target, name, value, where) => {
  const { policy, stale } = apply(override(kind, target));
  expect(stale).toEqual([]);
  for (const id of ["db", "web", "web-ip", "web-server", "cache-set", "cache", "ping"]) {
    const expected = where.includes(id) ? value : metaValue(POLICY, id, name);
    expect([id, metaValue(policy, id, name)]).toEqual([id, expected]);
  }
});

test("starting a group does not start a member that the file stops", () => {
  const file = {
    ...POLICY,
    resources: POLICY.resources.map((each) =>
      each.kind === "group"
        ? {
            ...each,
            members: [{ ...each.members[0]!, meta: [set("x", { "target-role": "Stopped" })] }],
          }
        : each,
    ),
  };
  const { policy } = applyOverrides(file, [override("start", "web")], NOW);
  expect(metaValue(policy, "web", "target-role")).toBe("Started");
  expect(metaValue(policy, "web-ip", "target-role")).toBe("Stopped");
});

test.each([
  ["stop", "start", "Started", undefined],
  ["start", "stop", "Stopped", "Stopped"],
] as const)(
  "of %s and a later %s the later one wins, whatever their order",
  (one, two, group, member) => {
    const first = override(one, "web", { at: 100 });
    const second = override(two, "web", { at: 200 });
    for (const list of [
      [first, second],
      [second, first],
    ]) {
      const { policy } = apply(...list);
      expect(metaValue(policy, "web", "target-role")).toBe(group);
      expect(metaValue(policy, "web-ip", "target-role")).toBe(member);
    }
  },
);

describe("migrate and ban", () => {
  test("become location constraints with the override's id", () => {
    const { policy } = apply(
      override("migrate", "cache-set", { node: "node2", role: "Promoted" }),
      override("ban", "web", { node: "node1" }),
    );
    expect(policy.constraints).toEqual([
      {
        kind: "location",
        id: "ban:web:node1",
        resource: "web",
        node: "node1",
        score: -1_000_000,
        rules: [],
        says: "web is banned from node1",
      },
      {
        kind: "location",
        id: "migrate:cache-set",
        resource: "cache-set",
        node: "node2",
        score: 1_000_000,
        rules: [],
        role: "Promoted",
        says: "cache-set (Promoted) is moved to node2",
      },
    ]);
  });

  test("one resource may be banned from several nodes, but migrated to one only", () => {
    expect(override("ban", "web", { node: "node1" }).id).not.toBe(
      override("ban", "web", { node: "node2" }).id,
    );
    expect(override("migrate", "web", { node: "node1" }).id).toBe(
      override("migrate", "web", { node: "node2" }).id,
    );
  });
});

describe("expiry", () => {
  test.each([
    [NOW - 1, false],
    [NOW, false],
    [NOW + 1, true],
    [undefined, true],
  ])("an override that expires at %s is in force at 5000: %s", (expires, holds) => {
    const { policy } = apply(
      override("standby", "node2", expires === undefined ? {} : { expires }),
    );
    expect(nodeValue(policy, "node2", "standby")).toBe(holds ? "on" : undefined);
  });

  test("the next expiry is the earliest of those in force", () => {
    const { nextExpiry } = apply(
      override("standby", "node1", { expires: NOW - 5 }),
      override("standby", "node2", { expires: NOW + 20 }),
      override("stop", "web", { expires: NOW + 10 }),
      override("stop", "db"),
    );
    expect(nextExpiry).toBe(NOW + 10);
  });
});

test("overrides about what the definition no longer has are named and do nothing", () => {
  const gone = [
    override("standby", "node9"),
    override("stop", "mail"),
    override("ban", "web", { node: "node9" }),
    override("migrate", "web"),
    override("maintenance", "nobody"),
  ];
  const result = apply(...gone);
  expect(result.stale.map((each) => each.id)).toEqual(gone.map((each) => each.id).sort());
  expect(result.policy).toBe(POLICY);
});
