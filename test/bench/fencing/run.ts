import { execFileSync } from "node:child_process";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { scratchDirectory } from "../../support/at-end.ts";
import { haveIpmi, IPMI_PASSWORD, IpmiSim } from "../../support/ipmi-sim.ts";
import { canMakeNamespaces } from "../../support/lab-commands.ts";
import { havePacemaker } from "../../support/pacemaker-lab.ts";
import { summarize, table } from "../bench-table.ts";
import { pacelineFencings } from "./fencing-paceline.ts";
import { pacemakerFencings } from "./fencing-pacemaker.ts";

/**
 * From the cut of the owner's cable to its address on another node, with real IPMI fencing in
 * between: three nodes in namespaces, a simulated controller each, ipmitool. Beside corosync and
 * pacemaker with fence_ipmilan in the same namespaces, where they are installed.
 */
const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    /** Token timeouts of corosync in ms; 0 is its default. */
    tokens: { type: "string", default: "0,1000" },
    "no-peer": { type: "boolean", default: false },
  },
});

if (!canMakeNamespaces() || !haveIpmi()) {
  process.stdout.write("needs root for network namespaces, ipmitool, and ipmi_sim (openipmi)\n");
  process.exit(1);
}
const runs = Number(values.runs);
const load = () => (loadavg()[0] ?? 0).toFixed(1);
const ms = (list: readonly number[]) => summarize(list).text;

const controller = await controllerNeeds(runs);
process.stdout.write(
  `load average ${load()}; the controller itself: off and status take ${ms(controller)} ms\n`,
);
const ours = await pacelineFencings(runs);
const rows = [
  ["milliseconds, min / median / max of", `${runs} cuts`],
  ["paceline: detect", ms(ours.map((each) => each.detectMs))],
  ["paceline: elect, decide", ms(ours.map((each) => each.decideMs))],
  ["paceline: fence, verify, commit", ms(ours.map((each) => each.fenceMs))],
  ["paceline: start", ms(ours.map((each) => each.startMs))],
  ["paceline: cut to order at the controller", ms(ours.map((each) => each.orderedMs))],
  ["paceline: cut to address", ms(ours.map((each) => each.upMs))],
];
const median = (list: readonly number[]) => summarize(list).median;
const decided = median(ours.map((each) => each.detectMs + each.decideMs));
const beyond = median(ours.map((each) => each.fenceMs)) - median(controller);
rows.push(["paceline: fencing beyond what the controller needs", beyond.toFixed(1)]);
if (!values["no-peer"] && havePacemaker("fence_ipmilan")) {
  for (const token of values.tokens.split(",").map(Number)) {
    const theirs = await pacemakerFencings(token, runs);
    const name = `pacemaker, ${token === 0 ? "defaults" : `token ${token} ms`}`;
    const ordered = theirs.map((each) => each.orderedMs);
    rows.push(
      [`${name}: cut to order at the controller`, ms(ordered)],
      [`${name}: cut to address`, ms(theirs.map((each) => each.upMs))],
      ["  detection and decision, ours : theirs", (decided / median(ordered)).toFixed(3)],
      [
        "  cut to address, ours : theirs",
        (median(ours.map((each) => each.upMs)) / median(theirs.map((each) => each.upMs))).toFixed(
          3,
        ),
      ],
    );
  }
} else rows.push(["pacemaker", "not run"]);
process.stdout.write(`${table(rows)}\nload average ${load()}\n`);

/** How long the controller takes by itself, asked directly: the order, and a look at the state. */
async function controllerNeeds(count: number): Promise<number[]> {
  const directory = scratchDirectory("paceline-bmc");
  const sim = new IpmiSim({ directory: directory.path, address: "127.0.0.1", port: 19_623 });
  const ask = (verb: string) => {
    const args = ["-I", "lanplus", "-H", "127.0.0.1", "-p", "19623", "-U", "fence", "-C", "3"];
    execFileSync("ipmitool", [...args, "-E", "chassis", "power", verb], {
      env: { ...process.env, IPMI_PASSWORD },
      stdio: "ignore",
    });
  };
  const times: number[] = [];
  try {
    sim.start();
    await new Promise((done) => setTimeout(done, 1_000));
    for (let each = 0; each < count; each++) {
      const from = performance.now();
      ask("off");
      ask("status");
      times.push(performance.now() - from);
    }
  } finally {
    sim.stop();
    directory.remove();
  }
  return times;
}
