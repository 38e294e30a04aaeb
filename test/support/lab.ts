import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atEnd, removeDirectory } from "./at-end.ts";
import { ip, removeNamespace } from "./lab-commands.ts";
import { LabNode } from "./lab-node.ts";

/** What makes a lab. */
export interface LabOptions {
  /** Node names; node i gets 10.77.0.i on its first link and 10.78.0.i on its second. */
  readonly nodes: readonly string[];
  readonly links?: 1 | 2;
  /** The definition; `KEYFILE` in it becomes the path of the lab's key. */
  readonly definition: string;
  readonly logLevel?: string;
  /** Makes a directory `agents` in the lab's own one, which every daemon searches for agents. */
  readonly withAgents?: boolean;
  /** Further arguments of every daemon; `NODEDIR` becomes the directory of its node. */
  readonly daemonArgs?: readonly string[];
}

/**
 * A cluster on this machine: each node a network namespace on a bridge, with a real daemon in it.
 * The bridge stands in a namespace of its own, so that nothing of it is seen outside. `close`
 * removes everything, and so does the end of this process, whether by itself, by an error or a signal.
 */
export class Lab {
  readonly directory: string;
  readonly nodes: readonly LabNode[];
  readonly #prefix: string;
  readonly #switch: string;
  readonly #children = new Set<ChildProcess>();
  readonly #namespaces: string[] = [];
  readonly #forget: () => void;
  static #count = 0;

  constructor(options: LabOptions) {
    Lab.#count += 1;
    this.#prefix = `pcl${process.pid}x${Lab.#count}`;
    this.#switch = `${this.#prefix}sw`;
    this.directory = mkdtempSync(join(tmpdir(), "paceline-lab-"));
    this.#forget = atEnd(() => this.#clear());
    const key = join(this.directory, "key");
    writeFileSync(key, `1:${"5a".repeat(32)}\n`, { mode: 0o600 });
    const text = options.definition.replaceAll("KEYFILE", key);
    if (options.withAgents === true) mkdirSync(this.agentDir);
    const links = options.links ?? 1;
    this.#makeSwitch(links);
    this.nodes = options.nodes.map((name, index) => {
      const namespace = `${this.#prefix}n${index + 1}`;
      this.#makeNode(namespace, index + 1, links);
      return new LabNode(this, {
        name,
        index: index + 1,
        namespace,
        text,
        logLevel: options.logLevel ?? "info",
        ...(options.withAgents === true && { agentDir: this.agentDir }),
        ...(options.daemonArgs === undefined ? {} : { daemonArgs: options.daemonArgs }),
      });
    });
    this.#makeClient();
  }

  get agentDir(): string {
    return join(this.directory, "agents");
  }

  get clientNamespace(): string {
    return `${this.#prefix}cl`;
  }

  node(name: string): LabNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`the lab has no node ${name}`);
    return found;
  }

  /** Cuts or mends the cable of a node at the switch (all links, or one). */
  setCable(node: LabNode, up: boolean, link?: number): void {
    for (const number of link === undefined ? node.linkNumbers : [link]) {
      ip("-n", this.#switch, "link", "set", `p${node.index}l${number}`, up ? "up" : "down");
    }
  }

  /** Sets the largest packet of every cable: by default 1500 bytes, as Ethernet has. */
  setMtu(bytes: number): void {
    const ports = this.nodes.flatMap(({ index, linkNumbers }) =>
      linkNumbers.map((link) => `p${index}l${link}`),
    );
    const mtu = ["mtu", String(bytes)];
    for (const port of [...ports, "pclient"]) ip("-n", this.#switch, "link", "set", port, ...mtu);
    for (const { namespace, linkNumbers } of this.nodes) {
      for (const link of linkNumbers) ip("-n", namespace, "link", "set", `eth${link}`, ...mtu);
    }
    ip("-n", this.clientNamespace, "link", "set", "eth0", ...mtu);
  }

  /** Starts a process in a namespace; it is killed when the lab closes. */
  spawn(
    namespace: string,
    command: string,
    args: readonly string[],
    options: { readonly log?: string; readonly env?: NodeJS.ProcessEnv } = {},
  ): ChildProcess {
    const log = options.log === undefined ? "ignore" : openSync(options.log, "a");
    const child = spawn("ip", ["netns", "exec", namespace, command, ...args], {
      stdio: ["pipe", options.log === undefined ? "pipe" : log, log],
      env: { ...process.env, ...options.env },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  get prefix(): string {
    return this.#prefix;
  }

  get switchNamespace(): string {
    return this.#switch;
  }

  /** Ends every process by pid and removes every namespace and file of this lab. */
  close(): void {
    this.#forget();
    this.#clear();
  }

  #clear(): void {
    // Those that are on their way into their namespace are not found there yet.
    for (const child of this.#children) child.kill("SIGKILL");
    for (const namespace of this.#namespaces) removeNamespace(namespace);
    removeDirectory(this.directory);
  }

  #addNamespace(name: string): void {
    this.#namespaces.push(name);
    ip("netns", "add", name);
  }

  #makeSwitch(links: number): void {
    this.#addNamespace(this.#switch);
    for (let link = 0; link < links; link++) {
      ip("-n", this.#switch, "link", "add", `br${link}`, "type", "bridge", "mcast_snooping", "0");
      ip("-n", this.#switch, "link", "set", `br${link}`, "up");
    }
    ip("-n", this.#switch, "link", "set", "lo", "up");
  }

  #makeNode(namespace: string, index: number, links: number): void {
    this.#addNamespace(namespace);
    ip("-n", namespace, "link", "set", "lo", "up");
    for (let link = 0; link < links; link++) {
      this.#plug(namespace, `eth${link}`, `p${index}l${link}`, `br${link}`);
      ip("-n", namespace, "addr", "add", `10.${77 + link}.0.${index}/24`, "dev", `eth${link}`);
    }
  }

  #makeClient(): void {
    this.#addNamespace(this.clientNamespace);
    ip("-n", this.clientNamespace, "link", "set", "lo", "up");
    this.#plug(this.clientNamespace, "eth0", "pclient", "br0");
    ip("-n", this.clientNamespace, "addr", "add", "10.77.0.250/24", "dev", "eth0");
  }

  #plug(namespace: string, device: string, port: string, bridge: string): void {
    ip(
      "-n",
      this.#switch,
      "link",
      "add",
      port,
      "type",
      "veth",
      "peer",
      "name",
      device,
      "netns",
      namespace,
    );
    ip("-n", this.#switch, "link", "set", port, "master", bridge, "up");
    ip("-n", namespace, "link", "set", device, "up");
  }
}
