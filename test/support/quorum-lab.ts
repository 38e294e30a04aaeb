import { readFileSync, writeFileSync } from "node:fs";
import type { StatusReport } from "../../src/model/status-report.ts";
import { Lab } from "./lab.ts";
import { until } from "./lab-commands.ts";
import type { LabNode } from "./lab-node.ts";
import { setCuts } from "./lab-switch.ts";

/** Of one node or of several, by their numbers: "13" is node1 and node3. */
type Digits = string;

/** What a definition says beside what all of these tests have. */
export interface QuorumDefinition {
  readonly nodes: number;
  /** In the braces of `quorum`. */
  readonly quorum?: string;
  /** In the braces of `properties`, beside that fencing is off. */
  readonly properties?: string;
  /** In the braces of a node, after its addresses, by its number. */
  readonly extra?: Readonly<Record<number, string>>;
  /** Further lines under `resources`. */
  readonly resources?: string;
  /** In the brackets of `location`. */
  readonly location?: string;
}

/** How long a loaded machine may take for anything: a test that waits so long has failed anyway. */
const PATIENCE_MS = 60_000;

export const QUORUM_VIP = "10.77.0.100";

/** The definition of a cluster without fencing that has an address to run. */
export function quorumDefinition(options: QuorumDefinition): string {
  const { nodes, quorum, properties, extra = {}, resources = "", location } = options;
  const lines = Array.from({ length: nodes }, (_, i) => {
    return `  node${i + 1}: { addresses: [10.77.0.${i + 1}]${extra[i + 1] ?? ""} }\n`;
  });
  return `cluster: quorate
nodes:
${lines.join("")}messaging: { key-file: KEYFILE }
${quorum === undefined ? "" : `quorum: { ${quorum} }\n`}properties: { fencing-enabled: false${properties === undefined ? "" : `, ${properties}`} }
resources:
  vip: { agent: vip, params: { ip: ${QUORUM_VIP}/24, nic: eth0 } }
${resources}${location === undefined ? "" : `constraints: { location: [ ${location} ] }\n`}`;
}

/** A cluster of real daemons that is split at the switch, and asked who goes on. */
export class QuorumLab {
  readonly lab: Lab;
  readonly #key: string;

  constructor(definition: QuorumDefinition) {
    const names = Array.from({ length: definition.nodes }, (_, i) => `node${i + 1}`);
    const text = quorumDefinition(definition);
    this.lab = new Lab({ nodes: names, definition: text });
    this.#key = `${this.lab.directory}/key`;
  }

  node(number: number): LabNode {
    return this.lab.node(`node${number}`);
  }

  start(digits: Digits): void {
    for (const node of this.#nodes(digits)) node.start();
  }

  /** Puts another definition in force on a cluster that is whole. */
  async apply(definition: QuorumDefinition): Promise<void> {
    this.heal();
    await this.whole();
    const file = `${this.lab.directory}/next.yaml`;
    writeFileSync(file, quorumDefinition(definition).replaceAll("KEYFILE", this.#key));
    await until(
      "the definition is applied",
      async () => {
        const { code, stderr } = await this.node(1).paceline("config", "apply", file, "--yes");
        if (code !== 0 && !/coordinator|quorum|timed out/.test(stderr)) throw new Error(stderr);
        return code === 0;
      },
      PATIENCE_MS,
    );
    await this.whole();
  }

  /** Cuts the nodes into groups: "12|34". Nodes that are not named are left as they are. */
  cut(how: string): void {
    const groups = how.split("|").map((digits) => this.#nodes(digits));
    const cuts = groups.flatMap((group) =>
      groups
        .filter((other) => other !== group)
        .flatMap((other) =>
          group.flatMap((from) => other.map((to) => [from, to] as [LabNode, LabNode])),
        ),
    );
    setCuts(this.lab, cuts);
  }

  heal(): void {
    setCuts(this.lab, []);
  }

  /** All nodes see all, run one definition, have nothing left to do, and one holds the address. */
  async whole(): Promise<void> {
    await this.becomes("all are members, and one holds the address", async (seen) => {
      const versions = new Set(seen.map((report) => report.definition?.version));
      const isWell = seen.every(
        ({ nodes, quorum, transition, definition }) =>
          nodes.every(({ state }) => state === "online") &&
          quorum.quorate &&
          transition.state === "idle" &&
          definition?.behind.length === 0,
      );
      return isWell && versions.size === 1 && (await this.holders()).length === 1;
    });
  }

  /** Waits until that side has quorum, nobody else has, and just these nodes hold the address. */
  async goesOn(side: Digits, holders: Digits | RegExp): Promise<void> {
    const pattern = typeof holders === "string" ? new RegExp(`^${holders}$`) : holders;
    await this.becomes(`${side || "nobody"} goes on`, async (seen) => {
      const quorate = seen.filter((report) => report.quorum.quorate).map(digitOf);
      if (quorate.join("") !== side) return false;
      // A node that has not noticed yet counts the votes of all.
      if (seen.some((report) => report.quorum.votes === sumOfVotes(report))) return false;
      return pattern.test(await this.holders());
    });
  }

  /** Waits until the reports of all daemons that run are so. */
  async becomes(
    what: string,
    holds: (seen: readonly StatusReport[]) => boolean | Promise<boolean>,
  ): Promise<void> {
    await until(
      what,
      async () => {
        const running = this.lab.nodes.filter((node) => node.isRunning);
        const seen = await Promise.all(running.map((node) => node.report()));
        const known = seen.filter((report) => report !== undefined);
        return known.length === running.length && (await holds(known));
      },
      PATIENCE_MS,
    );
  }

  /** Who really has the address. */
  async holders(): Promise<Digits> {
    const held = await Promise.all(this.lab.nodes.map((node) => node.hasAddress(QUORUM_VIP)));
    return this.lab.nodes.flatMap((node, i) => (held[i] ? [node.index] : [])).join("");
  }

  log(number: number): string {
    return readFileSync(this.node(number).logFile, "utf8");
  }

  close(): void {
    this.lab.close();
  }

  #nodes(digits: Digits): LabNode[] {
    return [...digits].map((digit) => this.node(Number(digit)));
  }
}

function digitOf(report: StatusReport): string {
  return report.node.replace("node", "");
}

function sumOfVotes(report: StatusReport): number {
  return report.nodes.reduce((sum, node) => sum + node.votes, 0);
}
