import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { canMakeNamespaces } from "../../support/lab-commands.ts";
import { summarize, table } from "../bench-table.ts";
import type { Case } from "./cuts.ts";
import { falseFailovers } from "./false-failover.ts";
import { keepalivedOutages, keepalivedStops } from "./keepalived.ts";
import { migrateOutages, pacelineOutages } from "./paceline.ts";

/**
 * Client-seen outage of a VIP after the active node's link is cut, beside Debian's keepalived in
 * the same namespaces with the same advertisement interval; and that of a planned migration, beside
 * a keepalived that is ended in good order.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "6" },
    intervals: { type: "string", default: "1000,100,50,10" },
    nodes: { type: "string", default: "2,3" },
    /** Seconds that each cluster, ours and the peer's, has run before its first cut. */
    settle: { type: "string", default: "15" },
    peer: { type: "boolean", default: true },
    migrate: { type: "boolean", default: true },
    /** Instead of all that: so many minutes without a fault on a busy machine. */
    "false-failover-minutes": { type: "string" },
    "false-failover-interval": { type: "string", default: "100" },
    hogs: { type: "string", default: String(availableParallelism()) },
  },
  allowNegative: true,
});

if (!canMakeNamespaces()) {
  process.stdout.write("needs root: network namespaces cannot be made here\n");
  process.exit(1);
}
if (values["false-failover-minutes"] !== undefined) {
  await watchForFalseFailovers(Number(values["false-failover-minutes"]));
  process.exit();
}
const runs = Number(values.runs);
const settleMs = Number(values.settle) * 1000;
const rows: string[][] = [
  [
    "interval",
    "nodes",
    "runs",
    "paceline min/median/max ms",
    "keepalived min/median/max ms",
    "ratio",
  ],
];
for (const interval of values.intervals.split(",").filter(Boolean).map(Number)) {
  for (const nodes of values.nodes.split(",").map(Number)) {
    const wanted = { interval, nodes, runs, settleMs };
    await compare(`${interval} ms`, wanted, pacelineOutages, keepalivedOutages);
  }
}
if (values.migrate) {
  const wanted = { interval: 100, nodes: 3, runs, settleMs };
  await compare("planned, 100 ms", wanted, migrateOutages, keepalivedStops);
}
process.stdout.write(`\n${table(rows)}\n`);

type Outages = (wanted: Case) => Promise<number[]>;

/** Measures ours and the peer's; another row of the table. */
async function compare(name: string, wanted: Case, ours: Outages, theirs: Outages): Promise<void> {
  const own = summarize(await ours(wanted));
  const peer = values.peer ? summarize(await theirs(wanted)) : undefined;
  const row = [
    name,
    String(wanted.nodes),
    String(wanted.runs),
    own.text,
    peer?.text ?? "not run",
    peer === undefined ? "-" : (own.median / peer.median).toFixed(2),
  ];
  rows.push(row);
  process.stdout.write(`${row.join("  |  ")}\n`);
}

async function watchForFalseFailovers(minutes: number): Promise<void> {
  const interval = Number(values["false-failover-interval"]);
  const hogs = Number(values.hogs);
  const found = await falseFailovers({ interval, nodes: 3, minutes, hogs });
  const { moves, verdicts, longestGapMs } = found;
  const load = loadavg()[0]?.toFixed(1);
  process.stdout.write(
    `${minutes} minutes without a fault, 3 nodes, ${interval} ms, ${hogs} hogs, load average ${load}:\n` +
      `  ${moves} moves of the address, ${verdicts.length} false verdicts, the client waited ${longestGapMs.toFixed(0)} ms at most\n`,
  );
  for (const verdict of verdicts) process.stdout.write(`  ${verdict}\n`);
  process.exitCode = moves + verdicts.length === 0 ? 0 : 1;
}
