import { describe, expect, test } from "vitest";
import { MessagingNet } from "./messaging-net.ts";

const NODES = ["a", "b", "c"];

/** Starts them a third of an interval apart; the times at which each sent, from a moment on. */
function sent(net: MessagingNet, intervalMs: number, settleMs: number): Map<string, number[]> {
  for (const name of NODES) {
    net.start(name);
    net.run(intervalMs / 3);
  }
  net.run(settleMs);
  const times = new Map(NODES.map((name) => [name, [] as number[]]));
  net.wiretap = ({ from }) => {
    const name = NODES[Number(from.address.split(".").at(-1)) - 1] ?? "";
    times.get(name)?.push(net.now);
  };
  return times;
}

describe("nodes advertise in step", () => {
  test("with the first of them by name, at their interval", () => {
    const net = new MessagingNet({ nodes: NODES });
    // By now all is quiet: but for advertisements nothing is sent for some seconds.
    const times = sent(net, 100, 4000);
    net.run(2050);
    for (const [name, at] of times) {
      expect([name, at.length >= 20 && at.length <= 21]).toEqual([name, true]);
      for (const [i, moment] of at.entries()) {
        expect(Math.abs(moment - times.get("a")![i]!)).toBeLessThan(10);
      }
    }
  });

  test("and go on at their interval when that one is gone", () => {
    const net = new MessagingNet({ nodes: NODES });
    const times = sent(net, 100, 4000);
    net.crash("a");
    net.run(1000);
    for (const name of NODES) times.set(name, []);
    net.run(2050);
    for (const name of ["b", "c"]) {
      const at = times.get(name)!;
      for (let i = 1; i < at.length; i++) expect(at[i]! - at[i - 1]!).toBeLessThanOrEqual(103);
    }
    expect(net.told("peer-down").map(({ node }) => node)).toEqual(["a", "a"]);
  });

  test("but not at intervals in which the delay of one would be the delay of all", () => {
    const net = new MessagingNet({ nodes: NODES, intervalMs: 12 });
    const times = sent(net, 12, 5000);
    net.run(120);
    const apart = times.get("b")!.map((at, i) => Math.abs(at - times.get("a")![i]!));
    expect(Math.min(...apart)).toBeGreaterThan(1);
  });
});
