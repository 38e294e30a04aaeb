import { setTimeout as sleep } from "node:timers/promises";
import { startHogs } from "../../support/hogs.ts";
import { Lab } from "../../support/lab.ts";
import type { LabNode } from "../../support/lab-node.ts";
import { Prober, startEchoes } from "../../support/prober.ts";
import { definitionFor, settledOwner } from "./paceline.ts";

export interface FalseFailovers {
  /** The client was answered by another node than before. */
  readonly moves: number;
  /** A daemon believed another one dead, by the logs. */
  readonly verdicts: readonly string[];
  readonly longestGapMs: number;
}

const VIP = "10.77.0.100";
const PORT = 5005;

/** Minutes in which nothing happens, while as many processes as there are cores do nothing but compute. */
export async function falseFailovers(options: {
  readonly interval: number;
  readonly nodes: number;
  readonly minutes: number;
  readonly hogs: number;
}): Promise<FalseFailovers> {
  const names = Array.from({ length: options.nodes }, (_, i) => `node${i + 1}`);
  const definition = definitionFor(names, options.interval);
  const lab = new Lab({ nodes: names, definition, logLevel: "info" });
  let stopHogs = (): void => undefined;
  try {
    await startEchoes(lab, VIP, PORT);
    for (const node of lab.nodes) node.start();
    const prober = new Prober(lab, VIP, PORT);
    await settledOwner(lab, prober);
    stopHogs = startHogs(options.hogs);
    const answers = prober.answers.length;
    const told = lab.nodes.map((node) => verdictsOf(node).length);
    prober.forgetLongest();
    await sleep(options.minutes * 60_000);
    return {
      moves: prober.answers.length - answers,
      verdicts: lab.nodes.flatMap((node, i) => verdictsOf(node).slice(told[i])),
      longestGapMs: await prober.longestGapMs(),
    };
  } finally {
    stopHogs();
    lab.close();
  }
}

/** What a daemon's log says of lost members. */
function verdictsOf(node: LabNode): string[] {
  return node
    .logEntries()
    .filter(({ event }) => event === "member-lost")
    .map(({ time, message }) => `${time} ${node.name}: ${message}`);
}
