import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IPMI_PASSWORD, IpmiSim } from "./ipmi-sim.ts";
import { Lab } from "./lab.ts";
import { until } from "./lab-commands.ts";
import type { LabNode } from "./lab-node.ts";

export interface IpmiLabOptions {
  readonly nodes: number;
  /** Controllers for each node, each with the power of one supply; default 1. */
  readonly supplies?: 1 | 2;
  /** YAML lines of the whole `fencing:` block; default: one device for each controller. */
  readonly fencing?: string;
  /** Options of every device, in YAML. */
  readonly deviceOptions?: string;
  /** What is to run beside the address, as YAML lines. */
  readonly resources?: string;
  /** Further top-level lines: properties and the like. */
  readonly more?: string;
  /** Controllers say "on" for so many seconds after an "off". */
  readonly lateSeconds?: number;
  /** A node that gets its power back starts its daemon, as after a boot; default false. */
  readonly boots?: boolean;
  readonly logLevel?: string;
  /** See LabOptions. */
  readonly withAgents?: boolean;
  /** The last node is a witness. */
  readonly witness?: boolean;
  /** Votes of a node by its name, where it has not one. */
  readonly votes?: Readonly<Record<string, number>>;
}

export const BMC_ADDRESS = "10.78.0.200";
const FIRST_PORT = 9001;

/**
 * A cluster in namespaces in which each node has a management controller whose chassis control
 * really ends that node: all of its processes die at once, and what is kept in memory is lost. The
 * controllers are on a network of their own, which is the second link of every node.
 */
export class IpmiLab {
  readonly vip = "10.77.0.100";
  readonly lab: Lab;
  /** By node, then by supply. */
  readonly sims: readonly IpmiSim[];
  readonly #options: IpmiLabOptions;
  readonly #watch: NodeJS.Timeout | undefined;
  readonly #booted = new Map<LabNode, number>();

  constructor(options: IpmiLabOptions) {
    this.#options = options;
    const names = Array.from({ length: options.nodes }, (_, i) => `node${i + 1}`);
    this.lab = new Lab({
      nodes: names,
      links: 2,
      definition: this.#definition(names),
      ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
      ...(options.withAgents === undefined ? {} : { withAgents: options.withAgents }),
    });
    const network = ["-n", this.lab.switchNamespace, "addr", "add", `${BMC_ADDRESS}/24`];
    execFileSync("ip", [...network, "dev", "br1"]);
    this.sims = this.lab.nodes.flatMap((node) => this.#simsOf(node));
    if (options.boots === true) this.#watch = setInterval(() => this.#bootNodes(), 50);
  }

  simOf(node: LabNode, supply = 0): IpmiSim {
    return this.sims[(node.index - 1) * (this.#options.supplies ?? 1) + supply] as IpmiSim;
  }

  get nodes(): readonly LabNode[] {
    return this.lab.nodes;
  }

  /** Starts controllers and nodes, and waits until all are members and the address is up. */
  async startAll(): Promise<[LabNode, LabNode, LabNode]> {
    for (const sim of this.sims) sim.start();
    for (const node of this.nodes) node.start();
    const wanted = this.nodes.map((node) => `${node.name} online`).join(", ");
    await until("all are members and one has the address", async () => {
      const seen = await Promise.all(this.nodes.map((node) => statesSeenBy(node)));
      return seen.every((each) => each === wanted) && (await this.holders()).length === 1;
    });
    return this.nodes as unknown as [LabNode, LabNode, LabNode];
  }

  /** The owner of the address, and another node. */
  async ownerAndOther(): Promise<[LabNode, LabNode]> {
    const [owner] = await this.holders();
    const other = this.nodes.find((node) => node !== owner);
    return [owner, other] as [LabNode, LabNode];
  }

  async holders(): Promise<LabNode[]> {
    const found: LabNode[] = [];
    for (const node of this.nodes) if (await node.hasAddress(this.vip)) found.push(node);
    return found;
  }

  get #journal(): string {
    return join(this.lab.directory, "orders");
  }

  /** The orders to all controllers in the order in which they came: `9001 0`. */
  journal(): string[] {
    return existsSync(this.#journal)
      ? readFileSync(this.#journal, "utf8").trimEnd().split("\n")
      : [];
  }

  /** The orders that the controllers of all nodes were given. */
  orders(): string[][] {
    return this.sims.map((sim) => sim.orders);
  }

  close(): void {
    clearInterval(this.#watch);
    for (const sim of this.sims) sim.stop();
    this.lab.close();
  }

  #simsOf(node: LabNode): IpmiSim[] {
    const { supplies = 1, lateSeconds } = this.#options;
    const directory = (supply: number) => join(this.lab.directory, `bmc${node.index}-${supply}`);
    return Array.from({ length: supplies }, (_, supply) => {
      const other = supplies === 1 ? undefined : join(directory(1 - supply), "power");
      return new IpmiSim({
        directory: directory(supply),
        address: BMC_ADDRESS,
        port: portOf(node.index, supply),
        namespace: this.lab.switchNamespace,
        onOff: powerCut(node, this.vip, other),
        journal: this.#journal,
        ...(lateSeconds === undefined ? {} : { lateSeconds }),
      });
    });
  }

  #bootNodes(): void {
    for (const node of this.nodes) {
      const { orders, power } = this.simOf(node);
      if (
        power === "on" &&
        orders.at(-1) === "1" &&
        orders.length > (this.#booted.get(node) ?? 0)
      ) {
        this.#booted.set(node, orders.length);
        if (!node.isRunning) node.start();
      }
    }
  }

  #definition(names: readonly string[]): string {
    const { resources = "", more = "", witness = false, votes = {} } = this.#options;
    const nodes = names.map((name, i) => {
      const role = witness && i === names.length - 1 ? ", role: witness" : "";
      const weight = votes[name] === undefined ? "" : `, votes: ${votes[name]}`;
      return `${name}: { addresses: [10.77.0.${i + 1}]${role}${weight} }`;
    });
    return `cluster: fenced
nodes: { ${nodes.join(", ")} }
messaging: { key-file: KEYFILE }
${more}${this.#options.fencing ?? this.#devices(names)}resources:
  vip: { agent: vip, params: { ip: ${this.vip}/24, nic: eth0 } }
${resources}`;
  }

  #devices(names: readonly string[]): string {
    const { supplies = 1, deviceOptions = "check-interval: 1h" } = this.#options;
    const devices = names.flatMap((name, i) =>
      Array.from({ length: supplies }, (_, supply) => {
        return `    ${deviceName(i + 1, supply)}: ${ipmiDevice(name, i + 1, deviceOptions, supply)}\n`;
      }),
    );
    const both = names.map(
      (name, i) => `    ${name}: [[${deviceName(i + 1, 0)}, ${deviceName(i + 1, 1)}]]\n`,
    );
    const topology = supplies === 1 ? "" : `  topology:\n${both.join("")}`;
    return `fencing:\n  devices:\n${devices.join("")}${topology}`;
  }
}

function deviceName(index: number, supply: number): string {
  return supply === 0 ? `bmc${index}` : `bmc${index}b`;
}

export function portOf(index: number, supply: number): number {
  return FIRST_PORT + 10 * supply + index - 1;
}

/** A device of the definition, in YAML, for the controller of a node. */
export function ipmiDevice(
  target: string,
  index: number,
  options = "check-interval: 1h",
  supply = 0,
  password = IPMI_PASSWORD,
): string {
  const port = portOf(index, supply);
  const params = `address: ${BMC_ADDRESS}, port: ${port}, username: fence, password: ${password}`;
  return `{ agent: ipmi, targets: [${target}], params: { ${params}, cipher-suite: 3 }, options: { ${options} } }`;
}

/**
 * Ends all processes of a node at once and takes its addresses with it, and what it has in /run. With
 * a second supply only if that has no power either.
 */
function powerCut(node: LabNode, vip: string, otherSupply: string | undefined): string {
  const { namespace } = node;
  const guard = otherSupply === undefined ? "" : `[ "$(cat '${otherSupply}')" = 1 ] || `;
  return (
    `${guard}{ for pid in $(ip netns pids ${namespace}); do kill -9 $pid; done; ` +
    `ip -n ${namespace} addr del ${vip}/24 dev eth0 2>/dev/null; ` +
    `rm -rf '${node.agentRunDir}'/*; true; }`
  );
}

/** What a node says of all nodes, as `node1 online, node2 offline`. */
export async function statesSeenBy(node: LabNode): Promise<string> {
  const report = await node.status();
  const rows = (report?.["nodes"] ?? []) as { name: string; state: string }[];
  return rows.map((row) => `${row.name} ${row.state}`).join(", ");
}
