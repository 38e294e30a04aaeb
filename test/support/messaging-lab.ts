import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { MessagingConfig } from "../../src/model/peer.ts";
import { atEnd } from "./at-end.ts";
import { ip, removeNamespace } from "./lab-commands.ts";
import type { NodeRequest } from "./messaging-node.ts";

/** One line that a node printed: an event of the messaging layer, or an answer. */
export interface Line {
  readonly kind: string;
  readonly at: number;
  readonly node?: string;
  readonly [field: string]: unknown;
}

export interface MessagingLabOptions {
  readonly nodes: readonly string[];
  readonly links?: number;
  readonly family?: 4 | 6;
  readonly config?: Partial<MessagingConfig>;
}

/** Nodes that have only their messaging layer, each in a network namespace, on one bridge per link. */
export class MessagingLab {
  readonly nodes = new Map<string, MessagingProcess>();
  readonly #options: Required<MessagingLabOptions>;
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #forget: () => void;
  static #count = 0;

  constructor(options: MessagingLabOptions) {
    MessagingLab.#count += 1;
    this.#prefix = `pcm${process.pid}x${MessagingLab.#count}`;
    this.#options = { links: 1, family: 4, config: {}, ...options };
    this.#forget = atEnd(() => this.#clear());
    this.#build();
    for (const name of options.nodes) this.start(name);
  }

  node(name: string): MessagingProcess {
    return this.nodes.get(name)!;
  }

  start(name: string): MessagingProcess {
    const node = new MessagingProcess(this.namespace(name), this.config(name));
    this.nodes.set(name, node);
    return node;
  }

  config(self: string): MessagingConfig {
    const { nodes, links, config } = this.#options;
    return {
      cluster: "lab",
      self,
      transport: "multicast",
      group: "239.255.77.1",
      port: 7700,
      advertIntervalMs: 100,
      maxDatagram: 1400,
      stuckAfterMs: 3000,
      nodes: nodes.map((name) => ({
        name,
        addresses: Array.from({ length: links }, (_, link) => this.address(name, link)),
      })),
      ...config,
    };
  }

  address(name: string, link: number): string {
    const index = this.#options.nodes.indexOf(name) + 1;
    return this.#options.family === 4
      ? `10.${80 + link}.0.${index}`
      : `fd00:${80 + link}::${index}`;
  }

  namespace(name: string): string {
    return `${this.#prefix}n${this.#options.nodes.indexOf(name) + 1}`;
  }

  /** Runs a program of Node in a node's namespace; the caller ends it. */
  run(name: string, script: string, ...args: string[]): ChildProcess {
    const command = [
      "netns",
      "exec",
      this.namespace(name),
      process.execPath,
      "-e",
      script,
      ...args,
    ];
    return spawn("ip", command, { stdio: ["ignore", "inherit", "inherit"] });
  }

  /** Cuts or mends a node's cable at the switch: the node itself notices nothing. */
  setCable(name: string, isUp: boolean, link?: number): void {
    const index = this.#options.nodes.indexOf(name) + 1;
    for (let i = 0; i < this.#options.links; i++) {
      if (link !== undefined && link !== i) continue;
      ip("-n", this.#switch, "link", "set", `p${index}l${i}`, isUp ? "up" : "down");
    }
  }

  /** Takes a node's own interface down, or brings it up again. */
  setInterface(name: string, isUp: boolean, link: number): void {
    ip("-n", this.namespace(name), "link", "set", `eth${link}`, isUp ? "up" : "down");
  }

  addAddress(name: string, link: number): void {
    const { family } = this.#options;
    const network = family === 4 ? "24" : "64";
    const flags = family === 6 ? ["nodad"] : [];
    const address = `${this.address(name, link)}/${network}`;
    ip("-n", this.namespace(name), "addr", "add", address, "dev", `eth${link}`, ...flags);
  }

  removeAddress(name: string, link: number): void {
    ip("-n", this.namespace(name), "addr", "flush", "dev", `eth${link}`);
  }

  close(): void {
    this.#forget();
    this.#clear();
  }

  #clear(): void {
    for (const node of this.nodes.values()) node.kill();
    for (const name of this.#namespaces) removeNamespace(name);
  }

  #addNamespace(name: string): void {
    this.#namespaces.push(name);
    ip("netns", "add", name);
  }

  get #switch(): string {
    return `${this.#prefix}sw`;
  }

  #build(): void {
    const { nodes, links } = this.#options;
    this.#addNamespace(this.#switch);
    for (let link = 0; link < links; link++) {
      ip("-n", this.#switch, "link", "add", `br${link}`, "type", "bridge", "mcast_snooping", "0");
      ip("-n", this.#switch, "link", "set", `br${link}`, "up");
    }
    for (const name of nodes) {
      this.#addNamespace(this.namespace(name));
      ip("-n", this.namespace(name), "link", "set", "lo", "up");
      for (let link = 0; link < links; link++) this.#plug(name, link);
    }
  }

  #plug(name: string, link: number): void {
    const port = `p${this.#options.nodes.indexOf(name) + 1}l${link}`;
    const peer = ["peer", "name", `eth${link}`, "netns", this.namespace(name)];
    ip("-n", this.#switch, "link", "add", port, "type", "veth", ...peer);
    ip("-n", this.#switch, "link", "set", port, "master", `br${link}`, "up");
    ip("-n", this.namespace(name), "link", "set", `eth${link}`, "up");
    this.addAddress(name, link);
  }
}

/** The messaging layer of one node, running in its namespace. */
export class MessagingProcess {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(namespace: string, config: MessagingConfig) {
    const args = ["netns", "exec", namespace, process.execPath, PROGRAM, JSON.stringify(config)];
    this.#child = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
    createInterface({ input: this.#child.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line) as Line);
      for (const check of [...this.#waiting]) check();
    });
  }

  ask(request: NodeRequest): void {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
  }

  told(kind: string, about?: string): Line[] {
    return this.lines.filter(
      (line) => line.kind === kind && (about === undefined || line.node === about),
    );
  }

  /** Waits for a line that fits, among those after the first `skip` lines. */
  async until(fits: (line: Line) => boolean, skip = 0, timeoutMs = 45_000): Promise<Line> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.lines.slice(skip).find(fits);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`not told in time; last: ${JSON.stringify(this.lines.slice(-5))}`));
      }, timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }

  signal(signal: NodeJS.Signals): void {
    // `ip netns exec` becomes the program, so the signal reaches it.
    this.#child.kill(signal);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

const PROGRAM = compiled("test/support/messaging-node.js");

/** A compiled program of `npm run build:tools`; tests run from the sources, programs cannot. */
function compiled(path: string): string {
  const here = fileURLToPath(new URL("../..", import.meta.url));
  return here.endsWith("dist-test/") ? `${here}${path}` : `${here}dist-test/${path}`;
}
