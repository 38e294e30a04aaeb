import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { splitDelay, unspared, untilFenced } from "../../src/controller/fencing-priority.ts";
import {
  countsAsFenced,
  fencingsOver,
  recentFencings,
  requesterOf,
} from "../../src/controller/fencing-records.ts";
import type { View } from "../../src/membership/membership.ts";
import type { FencingRecord } from "../../src/model/cib.ts";
import type { Definition } from "../../src/model/definition.ts";

function record(changes: Partial<FencingRecord> = {}): FencingRecord {
  return {
    id: "n1-1-1",
    target: "b",
    incarnation: 7,
    action: "reboot",
    requestedBy: requesterOf("a"),
    reason: "lost",
    startedAt: 1_000,
    finishedAt: 2_000,
    outcome: "succeeded",
    ...changes,
  };
}

describe("who counts as fenced", () => {
  test.each<[string, FencingRecord[], number | undefined, boolean]>([
    ["never fenced", [], 7, false],
    ["fenced in the life that was heard last", [record()], 7, true],
    ["heard of in a later life", [record()], 8, false],
    ["never heard of by this node: the record says it", [record()], undefined, true],
    ["came back since, as another coordinator recorded", [record({ over: true })], 7, false],
    ["failed", [record({ outcome: "failed" })], 7, false],
    ["under way", [record({ outcome: "pending" })], 7, false],
    ["only powered on", [record({ action: "on" })], 7, false],
    ["sworn to", [record({ outcome: "confirmed-by-operator", action: "off" })], 7, true],
    ["another node", [record({ target: "c" })], 7, false],
    ["a failure after it takes nothing back", [record(), record({ outcome: "failed" })], 7, true],
    ["came back from the last one", [record(), record({ over: true })], 7, false],
    ["unknown life fenced, heard of since or before", [noLife()], 7, false],
  ])("%s", (_what, records, heard, expected) => {
    expect(countsAsFenced(records, "b", heard)).toBe(expected);
  });

  function noLife(): FencingRecord {
    const { incarnation: _unknown, ...rest } = record();
    return rest;
  }

  test("a member ends its record, whatever life it is in", () => {
    expect(fencingsOver([record()], ["a"])).toEqual([]);
    expect(fencingsOver([record()], ["a", "b"])).toEqual([record({ over: true })]);
    expect(fencingsOver([record({ over: true })], ["b"])).toEqual([]);
  });

  test("the breaker counts what the cluster did since a person last did something", () => {
    const byHand = record({ requestedBy: "jo" });
    expect(recentFencings([record(), record()], 5_000)).toEqual([
      { target: "b", agoMs: 3_000 },
      { target: "b", agoMs: 3_000 },
    ]);
    expect(recentFencings([record(), byHand, record()], 5_000)).toHaveLength(1);
  });
});

function definition(more = "", names = ["a", "b"]): Definition {
  const nodes = names.map((name, i) => `  ${name}: 10.0.0.${i + 1}`).join("\n");
  const devices = names.map(
    (name) => `    d-${name}: { agent: exec, targets: [${name}], params: { command: "true" } }`,
  );
  const text = `cluster: c
nodes:
${nodes}
messaging: { key-file: /k }
fencing:
  devices:
${devices.join("\n")}
resources:
  big: { agent: dummy, meta: { priority: 10 } }
  small: { agent: dummy }
  other: { agent: dummy }
${more}`;
  const loaded = loadDefinition(text);
  if (loaded.definition === undefined) throw new Error(JSON.stringify(loaded.diagnostics));
  return loaded.definition;
}

describe("a split of two", () => {
  test.each<[string, string[], string[], "a" | "b"]>([
    ["the more important resource wins, whatever the number", ["big"], ["small", "other"], "a"],
    ["nothing against all", [], ["big", "small", "other"], "b"],
  ])("%s", (_what, onA, onB, winner) => {
    const delays = {
      a: splitDelay(definition(), onA, "a", ["b"]),
      b: splitDelay(definition(), onB, "b", ["a"]),
    };
    const loser = winner === "a" ? "b" : "a";
    expect(delays[winner]).toBe(0);
    expect(delays[loser]).toBeGreaterThan(0);
  });

  test("of several sets the one with the highest score says it, as config check reads it", () => {
    const set = (score: number, delay: string) =>
      `{ score: ${score}, values: { priority-fencing-delay: ${delay} } }`;
    const both = definition(`properties: [ ${set(1, "5s")}, ${set(2, "15s")} ]\n`);
    expect(splitDelay(both, [], "a", ["b"])).toBe(15_000);
  });

  test("priority-fencing-delay is the delay; 0s switches it off", () => {
    const long = definition("properties: { priority-fencing-delay: 15s }\n");
    expect(splitDelay(long, [], "b", ["a"])).toBe(15_000);
    const none = definition("properties: { priority-fencing-delay: 0s }\n");
    expect(splitDelay(none, [], "b", ["a"])).toBe(0);
  });

  test("of equals exactly one waits", () => {
    const { policy, ...rest } = definition();
    const empty = { ...rest, policy: { ...policy, resources: [] } };
    expect(splitDelay(empty, [], "a", ["b"])).toBe(0);
    expect(splitDelay(empty, [], "b", ["a"])).toBeGreaterThan(0);
  });

  test("what runs is kept until the other side is fenced, unless the definition says otherwise", () => {
    const view = viewOf(["a"], { quorate: false, needsDismissal: ["b"] });
    const frozen = (given: Definition, seen: View) =>
      untilFenced(given, seen, { policy: given.policy }).policy.properties[0]?.values.get(
        "no-quorum-policy",
      );
    expect(frozen(definition(), view)).toBe("freeze");
    const says = definition("properties: { no-quorum-policy: stop }\n");
    expect(frozen(says, view)).toBe("stop");
    expect(frozen(definition(), viewOf(["a"], { quorate: false }))).not.toBe("freeze");
  });
});

describe("never more nodes than quorum can spare", () => {
  const three = definition("", ["a", "b", "c"]);
  test.each<[string, string[], string, string[], boolean]>([
    ["one of three members", ["a", "b", "c"], "c", [], true],
    ["a second one while the first is being fenced", ["a", "b", "c"], "c", ["b"], false],
    ["one of two left", ["a", "b"], "b", [], false],
    ["a lost node costs nothing", ["a", "b"], "c", [], true],
  ])("%s", (_what, members, target, busy, may) => {
    const view = viewOf(members, { quorate: true, expected: 3, needed: 2 });
    expect(unspared(three, view, target, busy) === undefined).toBe(may);
  });

  test("the last of two may: it leads alone then", () => {
    const view = viewOf(["a", "b"], { quorate: true, expected: 2, needed: 2 });
    expect(unspared(definition(), view, "b", [])).toBeUndefined();
  });
});

function viewOf(members: string[], quorum: Partial<View["quorum"]>): View {
  return {
    viewId: "",
    members,
    peers: [],
    joined: [],
    lost: [],
    evicted: [],
    elsewhere: [],
    quorum: {
      quorate: true,
      reason: "majority",
      votes: members.length,
      expected: 3,
      needed: 2,
      evenSplit: false,
      waitingFor: [],
      needsDismissal: [],
      mayDismiss: [],
      explanation: "",
      ...quorum,
    },
  };
}
