import { describe, expect, test } from "vitest";
import { guardianGraceMs } from "../../src/daemon/real-world.ts";
import { skewOf, timingOf } from "../../src/messaging/detector-timing.ts";
import { interimSpeaker } from "../messaging/interim-speaker.ts";
import { MessagingNet } from "../messaging/messaging-net.ts";

/** What the guardian needs to take addresses down once it has waited. */
const TAKEN_DOWN_MS = 20;
const NODES = ["a", "b", "c"];

/** From the shortest interval at which a guardian speaks for its daemon up to the longest there is. */
const INTERVALS = [45, 50, 100, 200, 500, 1_000, 2_000, 5_000, 7_000, 20_000, 60_000];

describe.each(INTERVALS)(
  "a daemon that advertised every %i ms dies and stays away",
  (intervalMs) => {
    const graceMs = guardianGraceMs(intervalMs);

    test("its addresses are down before a silence is long enough to miss it", () => {
      const { deadAfterMs } = timingOf({
        intervalMs,
        skewMs: skewOf(100, intervalMs),
        roundTripMs: undefined,
        peerLatenessMs: 0,
        ownLatenessMs: 0,
        lossShare: 0,
      });
      expect(graceMs + TAKEN_DOWN_MS).toBeLessThan(deadAfterMs);
    });

    test("the guardian is told to wait so long that it speaks meanwhile", () => {
      // As agents/lib/guardian has it: below 50 ms it says nothing.
      expect((graceMs / 1000).toFixed(3)).not.toMatch(/^0\.0[0-4]/);
    });

    test.each([0.05, 0.35, 0.65, 0.95])(
      "nobody misses it before they are down, at whatever moment it dies (after %f intervals)",
      (share) => {
        const net = new MessagingNet({ nodes: NODES, intervalMs }).startAll();
        net.run((20 + share) * intervalMs);
        const { everyMs } = net.interimFrames("a");
        const speak = interimSpeaker(net, NODES, "a");
        net.crash("a");
        const downAt = net.now + graceMs + TAKEN_DOWN_MS;
        // It falls silent when it has waited, or has nothing left to say.
        for (let said = 0; said < graceMs; said += everyMs) speak(1);
        net.run(Math.max(0, downAt - net.now));
        expect(net.told("peer-down")).toEqual([]);
        net.run(5 * intervalMs);
        expect(net.told("peer-down").map(({ observer }) => observer)).toEqual(["b", "c"]);
      },
    );
  },
);
