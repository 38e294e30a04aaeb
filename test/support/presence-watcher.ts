import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "./lab.ts";
import { ROOT } from "./lab-commands.ts";
import type { LabNode } from "./lab-node.ts";
import type { Presence } from "./presence.ts";

const WATCH = join(ROOT, "dist-test/test/support/presence-watch.js");

/**
 * One process in every node's namespace that notes when an address is really up there. They are
 * hosts' eyes, not part of the node: a node that loses its power gets a new one.
 */
export class PresenceWatcher {
  readonly #lab: Lab;
  readonly #address: string;
  readonly #presences: { node: string; from: number; to: number | undefined }[] = [];
  readonly #children = new Map<string, ChildProcess>();

  constructor(lab: Lab, address: string) {
    this.#lab = lab;
    this.#address = address;
    for (const node of lab.nodes) this.#watch(node);
  }

  get presences(): readonly Presence[] {
    return this.#presences;
  }

  stop(): void {
    const children = [...this.#children.values()];
    this.#children.clear();
    for (const child of children) child.kill("SIGKILL");
  }

  #watch(node: LabNode): void {
    const child = this.#lab.spawn(node.namespace, process.execPath, [WATCH, this.#address]);
    this.#children.set(node.name, child);
    let text = "";
    child.stdout?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) this.#note(node.name, line);
    });
    child.once("exit", () => {
      if (this.#children.get(node.name) !== child) return;
      // Killed with its node, and its address with it.
      this.#end(node.name, Number(process.hrtime.bigint()) / 1e6);
      this.#watch(node);
    });
  }

  #note(node: string, line: string): void {
    const [sign, time = ""] = line.split(" ");
    if (sign === "+") this.#presences.push({ node, from: Number(time), to: undefined });
    if (sign === "-") this.#end(node, Number(time));
  }

  #end(node: string, at: number): void {
    const open = this.#presences.find((each) => each.node === node && each.to === undefined);
    if (open !== undefined) open.to = at;
  }
}
