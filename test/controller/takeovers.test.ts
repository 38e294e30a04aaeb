import { beforeEach, describe, expect, it } from "vitest";
import { Takeovers } from "../../src/controller/node-takeover.ts";

const INTERVAL = 100;
/** Who is left out of the view is decided within that. */
const DECIDED = 20 * INTERVAL;
const EVERYBODY = { refused: false, heard: false };

let takeovers: Takeovers;
beforeEach(() => {
  takeovers = new Takeovers();
});

describe("the time that a lost node is given to let go, without fencing", () => {
  it("is an interval where nobody hears it any more", () => {
    takeovers.lost("node3", 1000, INTERVAL);
    takeovers.heard([], 1000, INTERVAL);
    expect(takeovers.awaited(1099, EVERYBODY)).toEqual(["node3"]);
    expect(takeovers.awaited(1100, EVERYBODY)).toEqual([]);
    expect(takeovers.nextDeadline()).toBe(1100);
    takeovers.expire(1100);
    expect(takeovers.nextDeadline()).toBeUndefined();
  });

  it("ends an interval after the last member has lost it too", () => {
    takeovers.lost("node3", 1000, INTERVAL);
    takeovers.heard(["node3"], 1000, INTERVAL);
    expect(takeovers.awaited(1000 + DECIDED - 1, EVERYBODY)).toEqual(["node3"]);
    takeovers.heard([], 1500, INTERVAL);
    expect(takeovers.awaited(1599, EVERYBODY)).toEqual(["node3"]);
    expect(takeovers.awaited(1600, EVERYBODY)).toEqual([]);
  });

  it("is not prolonged without end by one that is heard and lost in turns", () => {
    takeovers.lost("node3", 1000, INTERVAL);
    for (let now = 1000; now < 1000 + DECIDED; now += 2 * INTERVAL) {
      takeovers.heard(["node3"], now, INTERVAL);
      takeovers.heard([], now + 50, INTERVAL);
    }
    takeovers.heard(["node3"], 1000 + DECIDED, INTERVAL);
    expect(takeovers.awaited(1000 + DECIDED, EVERYBODY)).toEqual([]);
  });

  it("begins anew when a member hears it again after it was over", () => {
    takeovers.lost("node3", 1000, INTERVAL);
    takeovers.heard([], 1000, INTERVAL);
    takeovers.expire(1100);
    takeovers.heard(["node3"], 60_000, INTERVAL);
    expect(takeovers.awaited(60_000 + DECIDED - 1, EVERYBODY)).toEqual(["node3"]);
    expect(takeovers.awaited(60_000 + DECIDED, EVERYBODY)).toEqual([]);
  });

  it("is given to one that a member hears and this node has never met", () => {
    takeovers.heard(["node3"], 5000, INTERVAL);
    expect(takeovers.awaited(5000, { refused: false, heard: true })).toEqual(["node3"]);
    expect(takeovers.nextDeadline()).toBe(5000 + DECIDED);
    takeovers.over("node3");
    expect(takeovers.awaited(5000, EVERYBODY)).toEqual([]);
  });
});
