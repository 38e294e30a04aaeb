import { describe, expect, test } from "vitest";
import { actingCoordinator } from "../../src/consensus/acting-coordinator.ts";

describe("acting coordinator", () => {
  test.each([
    [[], undefined],
    [
      [
        { name: "b", priority: 1 },
        { name: "a", priority: 1 },
      ],
      "a",
    ],
    [
      [
        { name: "b", priority: 2 },
        { name: "a", priority: 1 },
      ],
      "b",
    ],
  ])("of %j: %s", (members, expected) => {
    expect(actingCoordinator(members)).toBe(expected);
  });
});
