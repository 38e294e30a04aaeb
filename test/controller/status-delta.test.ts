import { expect, test } from "vitest";
import { applyDelta, statusDelta } from "../../src/controller/status-delta.ts";
import type { LocalStatus } from "../../src/model/operation.ts";

function status(revision: number, attributes: readonly string[], resources: readonly string[]) {
  const local: LocalStatus = {
    node: "node1",
    incarnation: 1,
    revision,
    attributes: Object.fromEntries(attributes.map((name) => [name, "1"])),
    history: resources.map((resource) => ({
      resource,
      agentClass: "ocf",
      agentType: "dummy",
      operations: [],
    })),
    inFlight: [],
  };
  return local;
}

test("a status kept up to date by changes is byte for byte the one that a new DC is told", () => {
  const before = status(1, ["b", "d"], ["kept", "zebra"]);
  const after = status(2, ["a", "c", "d"], ["apple", "kept", "yak"]);
  const made = applyDelta(before, statusDelta(before, after));
  expect(JSON.stringify(made)).toBe(JSON.stringify(after));
});

test("changes that do not follow on what is known are refused", () => {
  const before = status(1, [], []);
  const delta = statusDelta(before, status(3, ["a"], []));
  expect(applyDelta(status(2, [], []), delta)).toBeUndefined();
  expect(applyDelta({ ...before, incarnation: 2 }, delta)).toBeUndefined();
});
