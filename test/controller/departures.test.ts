import { expect, test } from "vitest";
import { emptyCib } from "../../src/cib/apply-command.ts";
import { CollectedStatus } from "../../src/controller/collected-status.ts";
import { settleDepartures } from "../../src/controller/fencing-departures.ts";
import type { NodeCore } from "../../src/controller/node-core.ts";
import type { Cib, FencingRecord } from "../../src/model/cib.ts";

/** A node that is no coordinator, with one other in its view, and reads in the CIB how c went. */
function bystander() {
  const status = new CollectedStatus();
  status.setMembers(
    new Map([
      ["a", 1],
      ["b", 1],
      ["c", 3],
    ]),
  );
  status.setMembers(
    new Map([
      ["a", 1],
      ["b", 1],
    ]),
  );
  const core = {
    view: { members: ["a", "b"] },
    coordinator: { status, by: undefined },
    force: { definition: { nodes: ["a", "b", "c"].map((name) => ({ name })) } },
    incarnations: new Map([["c", 3]]),
    fencing: { recordedLeaves: new Map() },
    members: () =>
      new Map([
        ["a", 1],
        ["b", 1],
      ]),
  };
  const read = (cib: Partial<Cib>) => {
    settleDepartures({ ...core, store: { cib: { ...emptyCib(), ...cib } } } as unknown as NodeCore);
    return status.departure("c");
  };
  return { core, status, read };
}

const FENCED: FencingRecord = {
  id: "1",
  target: "c",
  action: "reboot",
  reason: "lost",
  requestedBy: "paceline on b",
  startedAt: 0,
  finishedAt: 1,
  outcome: "succeeded",
  incarnation: 3,
};

test("a node that was fenced, and came back where this one does not see it, is no fenced node here", () => {
  const { read } = bystander();
  expect(read({ fencing: [FENCED] })).toBe("fenced");
  expect(read({ fencing: [{ ...FENCED, over: true }] })).toBe("lost");
});

test("nor has one left that was a member again since: neither by the record nor by its goodbye", () => {
  const left = { node: "c", incarnation: 3, at: 0 };
  const { status, read } = bystander();
  status.setGoodbye("c", 3);
  expect(read({ departures: [left] })).toBe("left");
  expect(read({})).toBe("lost");
  expect(status.goodbye("c")).toBe(undefined);
});

test("a goodbye that nobody has recorded yet stands", () => {
  const { status, read } = bystander();
  status.setGoodbye("c", 3);
  expect(read({})).toBe("left");
});

test("one that is heard again, and is no member yet, is still what it was", () => {
  const { core, read } = bystander();
  expect(read({ fencing: [FENCED] })).toBe("fenced");
  core.incarnations.set("c", 4);
  expect(read({ fencing: [FENCED] })).toBe("fenced");
});
