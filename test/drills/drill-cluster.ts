import { mkdirSync, readFileSync, rmSync } from "node:fs";
import type { StatusReport } from "../../src/model/status-report.ts";
import { installHolder, type TakenLock, takenLocks } from "../support/holder-agent.ts";
import { IpmiLab } from "../support/ipmi-lab.ts";
import { startArbiter } from "../support/lab-arbiter.ts";
import { until } from "../support/lab-commands.ts";
import type { LabNode } from "../support/lab-node.ts";
import { type Cut, setCuts } from "../support/lab-switch.ts";
import { type Overlap, overlaps } from "../support/presence.ts";
import { PresenceWatcher } from "../support/presence-watcher.ts";
import type { DrillFault, DrillRound } from "./drill-faults.ts";
import { ARBITER, type DrillKind, kindLines } from "./drill-kinds.ts";

/** A cluster may take so long to serve again once nothing is wrong any more. */
const HEALED_MS = 45_000;
const STARTED_MS = 60_000;

/** A cluster of real daemons under drill, with eyes on what is really active where. */
export class DrillCluster {
  readonly kind: DrillKind;
  readonly #lab: IpmiLab;
  readonly #watcher: PresenceWatcher;
  readonly #journal: string;
  #cuts: readonly Cut[] = [];

  constructor(kind: DrillKind) {
    this.kind = kind;
    this.#lab = new IpmiLab({
      nodes: kind.nodes,
      more: kindLines(kind),
      resources: "  held: { agent: ocf:paceline:holder }\n",
      withAgents: true,
      boots: true,
      ...(kind.fenced ? {} : { fencing: "" }),
      witness: kind.witness === true,
      ...(kind.votes === undefined ? {} : { votes: kind.votes }),
    });
    this.#journal = installHolder(this.#lab.lab).journal;
    this.#watcher = new PresenceWatcher(this.#lab.lab, this.#lab.vip);
  }

  get nodes(): readonly LabNode[] {
    return this.#lab.nodes;
  }

  async start(): Promise<void> {
    if (this.kind.fenced) for (const sim of this.#lab.sims) sim.start();
    if (this.kind.arbiter === true) startArbiter(this.#lab.lab, ARBITER);
    for (const node of this.nodes) node.start();
    await this.#serves(STARTED_MS);
  }

  /** Does the fault, holds it, ends it, and waits until the cluster serves as before: how long. */
  async round(round: DrillRound): Promise<{ readonly served: number }> {
    await this.#inflict(round.fault, round.holdMs);
    this.#cut([]);
    const healed = now();
    await this.#serves(HEALED_MS);
    return { served: now() - healed };
  }

  /** The times at which the address was up on two nodes, and the lock was found taken. */
  findings(): { readonly overlaps: Overlap[]; readonly twice: TakenLock[] } {
    return {
      overlaps: overlaps(this.#watcher.presences, now()),
      twice: takenLocks(readFileSync(this.#journal, "utf8")),
    };
  }

  close(): void {
    this.#watcher.stop();
    this.#lab.close();
  }

  async #inflict(fault: DrillFault, holdMs: number): Promise<void> {
    const node = (index: number) => this.nodes[index] as LabNode;
    switch (fault.kind) {
      case "partition":
        this.#cut(apart(fault.groups.map((group) => group.map(node))));
        await pause(holdMs);
        break;
      case "one-way":
        this.#cut(fault.to.map((to) => [node(fault.from), node(to)] as const));
        await pause(holdMs);
        break;
      case "pair":
        this.#cut(apart(fault.nodes.map((index) => [node(index)])));
        await pause(holdMs);
        break;
      case "loss":
        this.#cut(lossy(node(fault.node), this.nodes, fault.percent));
        await pause(holdMs);
        break;
      case "flap":
        await this.#flap(node(fault.node), fault.periodsMs);
        break;
      case "hang":
        node(fault.node).signal("SIGSTOP");
        await pause(holdMs);
        node(fault.node).signal("SIGCONT");
        break;
      case "kill":
        await node(fault.node).kill();
        await pause(holdMs / 4);
        this.#startAgain(node(fault.node));
        break;
      case "crash":
        await node(fault.node).crash();
        forgetRuns(node(fault.node));
        await pause(holdMs);
        this.#startAgain(node(fault.node));
    }
  }

  /** Without power nothing starts; when it comes back the lab boots the node. */
  #startAgain(node: LabNode): void {
    if (!node.isRunning && this.#lab.simOf(node).power === "on") node.start();
  }

  async #flap(node: LabNode, periodsMs: readonly number[]): Promise<void> {
    const all = apart([[node], this.nodes.filter((each) => each !== node)]);
    for (const [i, ms] of periodsMs.entries()) {
      this.#cut(i % 2 === 0 ? all : []);
      await pause(ms);
    }
  }

  #cut(cuts: readonly Cut[]): void {
    if (cuts.length === 0 && this.#cuts.length === 0) return;
    this.#cuts = cuts;
    setCuts(this.#lab.lab, cuts);
  }

  /** All agree that all are there, nothing is left to do, and each resource is up once, really. */
  async #serves(timeoutMs: number): Promise<void> {
    let seen = "";
    try {
      await until(
        "the cluster serves",
        async () => {
          seen = await this.#trouble();
          return seen === "";
        },
        timeoutMs,
      );
    } catch {
      throw new Error(`does not serve after ${timeoutMs} ms: ${seen}`);
    }
  }

  async #trouble(): Promise<string> {
    for (const node of this.nodes) {
      const trouble = troubleIn(await node.report(), this.nodes.length);
      if (trouble !== "") return `${node.name}: ${trouble}`;
    }
    const names = (nodes: readonly LabNode[]) => nodes.map((node) => node.name).join(", ");
    const addressed = await this.#lab.holders();
    if (addressed.length !== 1) return `the address is up on ${names(addressed) || "no node"}`;
    const holding = this.nodes.filter(holds);
    return holding.length === 1 ? "" : `the lock is held on ${names(holding) || "no node"}`;
  }
}

function troubleIn(report: StatusReport | undefined, nodes: number): string {
  if (report === undefined) return "no answer";
  const online = report.nodes.filter((node) => node.state === "online");
  if (online.length !== nodes) {
    return report.nodes.map((node) => `${node.name} ${node.state}`).join(", ");
  }
  if (!report.quorum.quorate) return `no quorum: ${report.quorum.waitingFor}`;
  if (report.transition.state !== "idle") return `transition ${report.transition.state}`;
  const off = report.resources.filter((each) => each.role !== "Started" || each.nodes.length !== 1);
  return off.map((each) => `${each.id} ${each.role} on ${each.nodes.join(", ")}`).join("; ");
}

/** Both directions between all groups. */
function apart(groups: readonly (readonly LabNode[])[]): Cut[] {
  return groups.flatMap((group, i) =>
    groups.flatMap((other, j) =>
      i === j ? [] : group.flatMap((from) => other.map((to) => [from, to] as const)),
    ),
  );
}

/** Both directions between a node and all others. */
function lossy(node: LabNode, nodes: readonly LabNode[], percent: number): Cut[] {
  return nodes
    .filter((other) => other !== node)
    .flatMap((other) => [[node, other, percent] as const, [other, node, percent] as const]);
}

/** What agents keep in /run is gone with the power. */
function forgetRuns(node: LabNode): void {
  rmSync(node.agentRunDir, { recursive: true, force: true });
  mkdirSync(node.agentRunDir, { recursive: true });
}

/** Whether the process of the agent `holder` runs on a node, whatever anybody believes. */
function holds(node: LabNode): boolean {
  try {
    const pid = readFileSync(`${node.agentRunDir}/holder.pid`, "utf8").trim();
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(" ")[2] !== "Z";
  } catch {
    return false;
  }
}

/** CLOCK_MONOTONIC, in milliseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A fault lasts in real time: that is what a drill is. */
function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
