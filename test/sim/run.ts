import { InvariantViolation } from "./checkers/checker.ts";
import { type Profile, simulateCluster } from "./cluster-simulation.ts";
import { describeDecisions } from "./decision-time.ts";
import { PROFILES } from "./profiles.ts";
import { readArguments, replayCommand } from "./replay.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";

const USAGE = `usage: npm run simulate -- [--seeds N] [--from S] [--profile NAME] [--short] [--for SECONDS]
       npm run simulate -- --nodes N [--interval MS] [--seeds N]
       npm run simulate -- --seed S [--profile NAME] [--short] [--lines N] [--node NAME]

Runs whole clusters on virtual time under faults, and checks invariants after every step.
--seeds N   so many seeds of every profile (100)
--for S     stops after so many seconds for each profile, whatever the number of seeds
--short     faults for a shorter time, as the tests do; seeds mean something else then
--nodes N   loses one node of N, and the DC of N: how long until it is missed, and until the others act
--seed S    one seed of every profile, with a readable trace of those that fail; of one profile
            the trace is always printed
profiles: ${PROFILES.map((profile) => profile.name).join(" ")}
`;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** Enough to look into: the rest of that profile is not run. */
const FAILURES_MAX = 20;

interface Campaign {
  readonly from: number;
  readonly count: number;
  readonly isShort: boolean;
  readonly seconds: number;
}

function runMany(profiles: readonly Profile[], campaign: Campaign): number {
  const { from, count, isShort } = campaign;
  let failures = 0;
  for (const profile of profiles) {
    const begun = process.hrtime.bigint();
    const cpu = process.cpuUsage();
    const totals = { steps: 0, acknowledged: 0, recoveries: [] as number[], failed: 0, seeds: 0 };
    for (let seed = from; seed < from + count; seed++) {
      if (Number(process.hrtime.bigint() - begun) / 1e9 > campaign.seconds) break;
      if (totals.failed >= FAILURES_MAX) break;
      totals.seeds++;
      try {
        const { cluster, acknowledged, recoveryMs } = simulateCluster({ seed, profile, isShort });
        totals.steps += cluster.steps;
        totals.acknowledged += acknowledged;
        totals.recoveries.push(recoveryMs);
      } catch (error) {
        totals.failed++;
        report(profile, seed, error, isShort);
      }
    }
    failures += totals.failed;
    const used = process.cpuUsage(cpu);
    const cpuSeconds = (used.user + used.system) / 1e6;
    const recoveries = totals.recoveries.sort((a, b) => a - b);
    const at = (share: number) =>
      Math.round(recoveries[Math.floor(share * recoveries.length)] ?? 0);
    print(
      `${profile.name}: ${totals.seeds} seeds from ${from}, ${totals.failed} failed, ${totals.steps} steps, ` +
        `${totals.acknowledged} acknowledged writes, recovery median ${at(0.5)} ms, ` +
        `p99 ${at(0.99)} ms, ${(totals.seeds / cpuSeconds).toFixed(1)} seeds per CPU second`,
    );
  }
  return failures;
}

function report(profile: Profile, seed: number, error: unknown, isShort: boolean): void {
  const message = error instanceof InvariantViolation ? error.message : describe(error);
  print(`FAILED ${profile.name} seed ${seed}: ${message.split("\n").slice(0, 12).join("\n  ")}`);
  print(`  replay: ${replayCommand({ profile: profile.name, seed, isShort })}`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

interface OneRun {
  readonly seed: number;
  readonly isShort: boolean;
  /** The trace: of so many lines, of one node or of all, and of a run that holds or only of others. */
  readonly lines: number;
  readonly node: string | undefined;
  readonly isAlwaysTold: boolean;
}

function runOne(profile: Profile, run: OneRun): number {
  const { seed, isShort, lines, node, isAlwaysTold } = run;
  let cluster: SimulatedCluster | undefined;
  let failure: unknown;
  try {
    simulateCluster({
      seed,
      profile,
      isShort,
      traceLimit: lines,
      prepare: (made) => {
        cluster = made;
      },
    });
  } catch (error) {
    failure = error;
  }
  const ofNode = (line: string) =>
    node === undefined || new RegExp(`^ *[0-9.]+ (${node}|FAULT|OPERATOR) `).test(line);
  const told = isAlwaysTold || failure !== undefined ? cluster?.trace.lines() : [];
  for (const line of told ?? []) if (ofNode(line)) print(line);
  if (failure === undefined) {
    print(`${profile.name} seed ${seed}: all invariants held`);
    return 0;
  }
  report(profile, seed, failure, isShort);
  return 1;
}

function main(): number {
  const values = readArguments(process.argv.slice(2));
  const named = PROFILES.filter(({ name }) => name === values.profile);
  if (values.help || (values.profile !== undefined && named.length === 0)) {
    print(USAGE);
    return values.help ? 0 : 2;
  }
  if (values.nodes !== undefined) {
    const size = { nodes: Number(values.nodes), intervalMs: Number(values.interval) };
    const { lines, isWithin } = describeDecisions(size, Number(values.seeds ?? 3));
    for (const line of lines) print(line);
    return isWithin ? 0 : 1;
  }
  const profiles = named.length > 0 ? named : PROFILES;
  if (values.seed !== undefined) {
    const run: OneRun = {
      ...{ seed: Number(values.seed), isShort: values.short, node: values.node },
      ...{ lines: Number(values.lines), isAlwaysTold: named.length > 0 },
    };
    return Math.max(...profiles.map((profile) => runOne(profile, run)));
  }
  const campaign: Campaign = {
    from: Number(values.from),
    count: Number(values.seeds ?? 100),
    isShort: values.short,
    seconds: Number(values.for),
  };
  return runMany(profiles, campaign) > 0 ? 1 : 0;
}

process.exitCode = main();
