import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runDrill } from "./drill.ts";
import { DRILL_KINDS } from "./drill-kinds.ts";

const USAGE = `usage: npm run drills -- [--rounds N] [--seed S] [--kind NAME] [--each N] [--minutes N]

Splits clusters of real daemons in network namespaces, in every way, and watches that nothing
exclusive is ever active twice and that all is served again once the fault is over.
--rounds N   so many rounds in all (30)
--each N     so many rounds per cluster (5); a new cluster of the next kind follows
--seed S     where the seeds begin (1): the same seed draws the same rounds
--kind NAME  only clusters of that kind
--minutes N  begin no cluster after so long
kinds: ${DRILL_KINDS.map((kind) => kind.name).join(" ")}
`;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "30" },
      each: { type: "string", default: "5" },
      seed: { type: "string", default: "1" },
      minutes: { type: "string", default: "60" },
      kind: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const kinds = DRILL_KINDS.filter(
    (kind) => values.kind === undefined || kind.name === values.kind,
  );
  if (values.help || kinds.length === 0) {
    print(USAGE);
    return 2;
  }
  const [rounds, each, first] = [values.rounds, values.each, values.seed].map(Number) as [
    number,
    number,
    number,
  ];
  const keepIn = join(tmpdir(), "paceline-drills");
  const until = Date.now() + Number(values.minutes) * 60_000;
  const totals = { rounds: 0, failed: 0, healMs: [] as number[] };
  for (let seed = first; totals.rounds < rounds && Date.now() < until; seed++) {
    const kind = kinds[seed % kinds.length]!;
    print(`${kind.name}, seed ${seed}`);
    const result = await runDrill({ kind, seed, rounds: each, keepIn, say: print });
    totals.rounds += result.rounds.length;
    totals.healMs.push(...result.healMs);
    if (result.overlapMs.length + result.lockTakenMs.length > 0) {
      const why = kind.mayServeTwice ? "as its definition allows" : "without fencing";
      print(
        `  ${why}: address up twice for ${listMs(result.overlapMs)}, lock for ${listMs(result.lockTakenMs)}`,
      );
    }
    for (const problem of result.problems) print(`  FAILED ${problem}`);
    if (result.problems.length === 0) continue;
    totals.failed++;
    print(
      `  logs in ${keepIn}; replay: npm run drills -- --kind ${kind.name} --seed ${seed} --rounds 1 --each ${each}`,
    );
  }
  const sorted = totals.healMs.sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  print(
    `${totals.rounds} rounds, ${totals.failed} clusters with problems; ` +
      `served after the fault: median ${at(0.5)} ms, longest ${at(1)} ms`,
  );
  return totals.failed === 0 ? 0 : 1;
}

function listMs(spans: readonly (number | undefined)[]): string {
  return spans.length === 0 ? "no time" : `${spans.map((ms) => ms ?? "?").join(", ")} ms`;
}

process.exitCode = await main();
