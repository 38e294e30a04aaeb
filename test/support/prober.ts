import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { ROOT, run, until } from "./lab-commands.ts";

const SUPPORT = join(ROOT, "dist-test/test/support");

export interface Answer {
  /** Monotonic, in milliseconds; comparable with `process.hrtime` of this process. */
  readonly at: number;
  readonly node: string;
  /** Since the answer before, which came from another node. */
  readonly gapMs: number;
}

/** Echo servers in every node, bound to an address that is not there yet. */
export async function startEchoes(lab: Lab, address: string, port: number): Promise<void> {
  for (const node of lab.nodes) {
    await run("ip", [
      "netns",
      "exec",
      node.namespace,
      "sysctl",
      "-qw",
      "net.ipv4.ip_nonlocal_bind=1",
    ]);
    const script = join(SUPPORT, "udp-echo.js");
    lab.spawn(node.namespace, process.execPath, [script, address, String(port), node.name]);
  }
}

/** Asks an address every millisecond from the client's namespace and notes who answers. */
export class Prober {
  readonly answers: Answer[] = [];
  readonly #child: ChildProcess;
  #buffer = "";
  #longest: ((gap: number) => void) | undefined;

  constructor(lab: Lab, address: string, port: number) {
    const script = join(SUPPORT, "udp-probe.js");
    this.#child = lab.spawn(lab.clientNamespace, process.execPath, [script, address, String(port)]);
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  /** The node that answered last. */
  get current(): string | undefined {
    return this.answers.at(-1)?.node;
  }

  /** Waits until that node answers; the answer. */
  async awaitNode(node: string, timeoutMs = 30_000): Promise<Answer> {
    return await until(
      `${node} answers`,
      () => Promise.resolve(this.current === node ? this.answers.at(-1) : undefined),
      timeoutMs,
    );
  }

  /** Waits for an answer of any other node after `count` answers. */
  async awaitChange(count: number, timeoutMs = 30_000): Promise<Answer> {
    return await until(
      "another node answers",
      () => Promise.resolve(this.answers.length > count ? this.answers.at(-1) : undefined),
      timeoutMs,
    );
  }

  forgetLongest(): void {
    this.#child.kill("SIGUSR1");
  }

  /** The longest time without an answer since `forgetLongest`. */
  async longestGapMs(): Promise<number> {
    const answer = new Promise<number>((done) => {
      this.#longest = done;
    });
    this.#child.kill("SIGUSR2");
    return await answer;
  }

  stop(): void {
    this.#child.kill("SIGKILL");
  }

  #read(text: string): void {
    this.#buffer += text;
    const lines = this.#buffer.split("\n");
    this.#buffer = lines.pop() ?? "";
    for (const line of lines) {
      const [first = "", second = "", third = ""] = line.split(" ");
      if (first === "longest") this.#longest?.(Number(second));
      else this.answers.push({ at: Number(first), node: second, gapMs: Number(third) });
    }
  }
}
