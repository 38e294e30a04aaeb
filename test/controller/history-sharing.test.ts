import { describe, expect, test } from "vitest";
import { HistorySharing, readEntries } from "../../src/controller/history-sharing.ts";
import { Timeline } from "../../src/controller/timeline.ts";

const MEMBERS = new Map([
  ["a", 1],
  ["b", 1],
  ["c", 1],
]);

class Historian {
  readonly timeline: Timeline;
  readonly sharing: HistorySharing;

  constructor(name: string, incarnation = 1) {
    this.timeline = new Timeline(`${name}/${incarnation}`);
    this.sharing = new HistorySharing(name, this.timeline);
  }

  /** What is told a second later, with that node as the coordinator. */
  tell(now: number, coordinator: string | undefined, members = MEMBERS) {
    this.sharing.observe(now);
    return this.sharing.tick(now + 1000, coordinator, members);
  }

  messages(): string[] {
    return this.timeline.last(100).map((entry) => entry.message);
  }
}

describe("the timeline outlives the DC", () => {
  test("what the coordinator records reaches every member, once", () => {
    const a = new Historian("a");
    a.timeline.note(1000, "b left cleanly");
    const batches = a.tell(0, "a");
    expect(batches.map((batch) => batch.to)).toEqual(["b", "c"]);
    const b = new Historian("b");
    for (const { entries } of batches) b.timeline.merge(readEntries(entries));
    expect(b.messages()).toEqual(["b left cleanly"]);
    expect(a.tell(2000, "a")).toEqual([]);
    // The next DC has nothing to tell those who know it, and all for who starts anew.
    const anew = new Map([...MEMBERS, ["c", 2]] as const);
    b.sharing.viewChanged(3000);
    expect(b.tell(3000, "b", anew).map((batch) => [batch.to, batch.entries.length])).toEqual([
      ["c", 1],
    ]);
  });

  test("all see a peer go silent, and only the coordinator tells of it", () => {
    const a = new Historian("a");
    const b = new Historian("b");
    for (const each of [a, b]) each.timeline.fault(1000, "last sign of life of c");
    expect(b.tell(0, undefined)).toEqual([]);
    expect(b.messages()).toHaveLength(1);
    expect(b.tell(1000, "a")).toEqual([]);
    expect(b.messages()).toEqual([]);
    b.timeline.fault(9000, "another one, much later");
    const [first] = b.timeline.last(1);
    expect(first?.incident).toContain("1970-01-01T00:00:09Z-b-");
    expect(a.tell(0, "a").map((batch) => batch.to)).toEqual(["b", "c"]);
  });

  test("what a partition without us did is told when it is over", () => {
    const b = new Historian("b");
    b.timeline.fault(1000, "last sign of life of a");
    b.timeline.step(1100.5, "recovery", "vip started on b");
    expect(b.tell(0, "b", new Map([["b", 1]]))).toEqual([]);
    b.sharing.viewChanged(5000);
    const [batch, ...others] = b.tell(5000, "a");
    expect(others).toEqual([]);
    const a = new Historian("a");
    a.timeline.note(1050, "between the two");
    a.timeline.merge(readEntries(batch?.entries));
    a.timeline.merge(readEntries(batch?.entries));
    expect(a.messages()).toEqual(["last sign of life of a", "between the two", "vip started on b"]);
    expect(a.tell(6000, "a").map((each) => [each.to, each.entries.length])).toEqual([
      ["b", 1],
      ["c", 3],
    ]);
  });

  test("a thousand entries leave the newest five hundred", () => {
    const a = new Historian("a");
    for (let at = 1; at <= 1000; at++) a.timeline.note(at, `note ${at}`);
    expect(a.timeline.last(1000)).toHaveLength(500);
    expect(a.timeline.last(1)[0]?.message).toBe("note 1000");
  });
});

test.each([
  ["no list", { length: 3 }],
  ["no objects", [1, null, "x"]],
  ["a phase that does not exist", [{ at: 1, number: 1, origin: "b/1", phase: "x", message: "m" }]],
  ["no origin", [{ at: 1, number: 1, phase: "note", message: "m" }]],
  [
    "a text without end",
    [{ at: 1, number: 1, origin: "b/1", phase: "note", message: "m".repeat(5000) }],
  ],
  ["a time that is none", [{ at: "now", number: 1, origin: "b/1", phase: "note", message: "m" }]],
])("entries from a peer with %s are not taken", (_what, value) => {
  expect(readEntries(value)).toEqual([]);
});
