import { describe, expect, test } from "vitest";
import { simulateCluster } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";

const BATCH = 25;
const BATCH_TIMEOUT_MS = 300_000;

/** Tests that simulate the first `count` seeds of a profile; a failure names its seeds. */
export function testSeeds(name: string, count: number): void {
  const profile = PROFILES.find((candidate) => candidate.name === name)!;
  const batches = Array.from({ length: Math.ceil(count / BATCH) }, (_, i) => 1 + i * BATCH);
  describe(`profile ${name}`, () => {
    test.each(batches)(
      `seeds from %i`,
      (first) => {
        const problems: string[] = [];
        for (let seed = first; seed < Math.min(first + BATCH, count + 1); seed++) {
          try {
            simulateCluster({ seed, profile, isShort: true });
          } catch (error) {
            const replay = `npm run simulate -- --short --profile ${name} --seed ${seed}`;
            problems.push(`${replay}: ${error instanceof Error ? error.message : error}`);
          }
        }
        expect(problems).toEqual([]);
      },
      BATCH_TIMEOUT_MS,
    );
  });
}
