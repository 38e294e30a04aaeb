import { expect, it } from "vitest";
import { frameRehearsal } from "../../src/messaging/frame-rehearsal.ts";
import type { MessagingConfig } from "../../src/model/peer.ts";
import { MessagingNet } from "./messaging-net.ts";

function stepsOf(config: MessagingConfig, intervals: number): number {
  return [...frameRehearsal(config, intervals)].length;
}

it.each([
  { transport: "multicast", links: 1 },
  { transport: "unicast", links: 2 },
] as const)("three nodes talk to each other by $transport, and each time as much", (options) => {
  const config = new MessagingNet({ nodes: ["a", "b", "c"], ...options }).config("b");
  const steps = stepsOf(config, 50);
  // Each hears two others on every link, in every interval.
  expect(steps).toBeGreaterThan(50 * 6 * options.links);
  expect(stepsOf(config, 50)).toBe(steps);
});

it("a large cluster costs no more than three nodes", () => {
  const nodes = Array.from({ length: 32 }, (_, i) => `node${i + 1}`);
  const few = new MessagingNet({ nodes: nodes.slice(0, 3) }).config("node1");
  expect(stepsOf(new MessagingNet({ nodes }).config("node1"), 20)).toBe(stepsOf(few, 20));
});

it("a node alone has little to say, and comes to an end", () => {
  expect(stepsOf(new MessagingNet({ nodes: ["a"] }).config("a"), 50)).toBeLessThan(200);
});
