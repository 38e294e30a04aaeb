import { describe, expect, test } from "vitest";
import { simulateCluster } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";
import { replayCommand } from "./replay.ts";

const BATCH = 25;
const BATCH_TIMEOUT_MS = 300_000;

/**
 * Tests that simulate the first `count` seeds of a profile; a failure names its seeds. `open` are
 * seeds that are known to fail and not understood yet: each must go on failing, so that the one
 * that is mended is taken off the list.
 */
export function testSeeds(name: string, count: number, open: readonly number[] = []): void {
  const profile = PROFILES.find((candidate) => candidate.name === name)!;
  const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => 1 + i * BATCH);
  describe(`profile ${name}`, () => {
    test.each(batches)(
      `seeds from %i`,
      (first) => {
        const problems: string[] = [];
        for (let seed = first; seed < Math.min(first + BATCH, count + 1); seed++) {
          if (open.includes(seed)) continue;
          try {
            simulateCluster({ seed, profile, isShort: true });
          } catch (error) {
            const replay = replayCommand({ profile: name, seed, isShort: true });
            problems.push(`${replay}: ${error instanceof Error ? error.message : error}`);
          }
        }
        expect(problems).toEqual([]);
      },
      BATCH_TIMEOUT_MS,
    );
    for (const seed of open) {
      test.fails(
        `open: seed ${seed}`,
        () => {
          simulateCluster({ seed, profile, isShort: true });
        },
        BATCH_TIMEOUT_MS,
      );
    }
  });
}
