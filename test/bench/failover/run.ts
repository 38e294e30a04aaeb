import { parseArgs } from "node:util";
import { canMakeNamespaces } from "../../support/lab-commands.ts";
import { summarize, table } from "../bench-table.ts";
import { keepalivedOutages } from "./keepalived.ts";
import { migrateOutages, pacelineOutages } from "./paceline.ts";

/**
 * Client-seen outage of a VIP after the active node's link is cut, beside Debian's keepalived in
 * the same namespaces with the same advertisement interval; and that of a planned migration.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "6" },
    intervals: { type: "string", default: "1000,100,50,10" },
    nodes: { type: "string", default: "2,3" },
    "no-peer": { type: "boolean", default: false },
    migrate: { type: "boolean", default: true },
  },
});

if (!canMakeNamespaces()) {
  process.stdout.write("needs root: network namespaces cannot be made here\n");
  process.exit(1);
}
const runs = Number(values.runs);
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
for (const interval of values.intervals.split(",").map(Number)) {
  for (const nodes of values.nodes.split(",").map(Number)) {
    const ours = summarize(await pacelineOutages({ interval, nodes, runs }));
    const peer = values["no-peer"]
      ? undefined
      : summarize(await keepalivedOutages({ interval, nodes, runs }));
    const row = [
      `${interval} ms`,
      String(nodes),
      String(runs),
      ours.text,
      peer?.text ?? "not run",
      peer === undefined ? "-" : (ours.median / peer.median).toFixed(2),
    ];
    rows.push(row);
    process.stdout.write(`${row.join("  |  ")}\n`);
  }
}
if (values.migrate) {
  const planned = summarize(await migrateOutages({ interval: 100, nodes: 3, runs }));
  rows.push(["planned migrate, 100 ms", "3", String(runs), planned.text, "-", "-"]);
}
process.stdout.write(`\n${table(rows)}\n`);
