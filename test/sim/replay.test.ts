import { describe, expect, test } from "vitest";
import { simulateCluster } from "./cluster-simulation.ts";
import { PROFILES } from "./profiles.ts";
import { readArguments, replayCommand } from "./replay.ts";

const NAMES = PROFILES.map(({ name }) => name);
/** More than a short run tells. */
const LINES = 1_000_000;

/** A short run of a whole cluster, told in full. */
function played(name: string, seed: number, traceLimit = LINES) {
  const profile = PROFILES.find((candidate) => candidate.name === name)!;
  const { cluster, acknowledged, recoveryMs } = simulateCluster({
    ...{ seed, profile, traceLimit, isShort: true },
  });
  return { steps: cluster.steps, acknowledged, recoveryMs, trace: cluster.trace.lines() };
}

describe("a run follows from its seed alone", { timeout: 60_000 }, () => {
  test.each(NAMES)("profile %s: the same again, line by line", (name) => {
    const first = played(name, 3);
    const second = played(name, 3);
    expect(first.trace.length).toBeGreaterThan(100);
    expect(second).toEqual(first);
  });

  test("another seed is another run", () => {
    expect(played("calm", 4).trace).not.toEqual(played("calm", 3).trace);
  });

  test("that nobody looks changes nothing", () => {
    const { trace: none, ...unseen } = played("fencing", 3, 0);
    const { trace, ...seen } = played("fencing", 3);
    expect(none).toEqual([]);
    expect(trace).not.toEqual([]);
    expect(unseen).toEqual(seen);
  });
});

describe("the command that a failure names", () => {
  const runs = NAMES.flatMap((profile) => [true, false].map((isShort) => ({ profile, isShort })));

  test.each(runs)("plays that run again: $profile, short: $isShort", (run) => {
    const command = replayCommand({ ...run, seed: 1029 });
    const [head, words] = command.split(" -- ");
    expect(head).toBe("npm run simulate");
    const { profile, isShort: short } = run;
    const expected = { ...readArguments([]), profile, seed: "1029", short };
    expect({ ...readArguments(words!.split(" ")) }).toEqual(expected);
  });
});
