import { join } from "node:path";
import type { Lab } from "../support/lab.ts";
import { ROOT, until } from "../support/lab-commands.ts";

export interface WebAnswer {
  readonly node: string;
  /** When it came, in milliseconds of the wall clock. */
  readonly at: number;
  /** Since the answer before, in milliseconds. */
  readonly gapMs: number;
}

/** A client in its own namespace that asks a URL every 10 ms and notes who answers. */
export class WebClient {
  readonly answers: WebAnswer[] = [];
  readonly #lab: Lab;
  #buffer = "";

  constructor(lab: Lab, url: string) {
    this.#lab = lab;
    const script = join(ROOT, "dist-test/test/demo/web-client.js");
    const child = lab.spawn(lab.clientNamespace, process.execPath, [script, url]);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  /** The node that answers now. */
  async servedBy(): Promise<string> {
    return await until("the client is answered", () => Promise.resolve(this.answers.at(-1)?.node));
  }

  /** The first answer of another node after so many changes. */
  async nextChange(count: number): Promise<WebAnswer> {
    return await until("another node answers", () => Promise.resolve(this.answers[count]));
  }

  #read(text: string): void {
    this.#buffer += text;
    const lines = this.#buffer.split("\n");
    this.#buffer = lines.pop() ?? "";
    for (const line of lines) {
      const [monotonic = "0", address = "", gap = "0"] = line.split(" ");
      const node = this.#lab.nodes.find(
        (each) => address === each.name || address === `10.77.0.${each.index}`,
      );
      const at = wallTimeOf(Number(monotonic));
      this.answers.push({ node: node?.name ?? address, at, gapMs: Number(gap) });
    }
  }
}

/** All namespaces share the monotonic clock, and the cluster tells its story by the wall clock. */
function wallTimeOf(monotonicMs: number): number {
  return Date.now() - (Number(process.hrtime.bigint()) / 1e6 - monotonicMs);
}
