import type { ChildProcess } from "node:child_process";
import { spawnBound } from "../../support/at-end.ts";
import type { LabNode } from "../../support/lab-node.ts";

/** Tells when an address comes up in the namespaces of nodes, by the kernel's own word. */
export class AddressWatch {
  readonly #children: ChildProcess[];
  /** When it came up, by node, in milliseconds of the wall clock. */
  readonly cameUp = new Map<string, number>();

  constructor(nodes: readonly LabNode[], address: string) {
    this.#children = nodes.map((node) => {
      const args = ["-n", node.namespace, "monitor", "address"];
      const child = spawnBound("ip", args, { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        const added = text.split("\n").some((line) => {
          return line.includes(` ${address}/`) && !line.startsWith("Deleted");
        });
        if (added && !this.cameUp.has(node.name)) this.cameUp.set(node.name, Date.now());
      });
      return child;
    });
  }

  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}
