import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { ControlRequest } from "../../src/model/control.ts";
import type { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

interface Shown {
  readonly version: number;
  readonly text: string;
}

/** Mean time between two things that the operator does. */
const PAUSE_MS: Millis = 1_500;

/**
 * Somebody who works on the cluster while things go wrong: adds lines to the definition
 * (read, append, apply if nobody else has in between), sets nodes to standby, bans and frees
 * resources, cleans up. Several windows are open at once, each on another node.
 */
export class Operator {
  readonly #cluster: SimulatedCluster;
  readonly #random: Random;
  readonly #resources: readonly string[];
  readonly #writes: AcknowledgedWrites;
  #serial = 0;

  constructor(
    cluster: SimulatedCluster,
    random: Random,
    resources: readonly string[],
    writes: AcknowledgedWrites,
  ) {
    this.#cluster = cluster;
    this.#random = random;
    this.#resources = resources;
    this.#writes = writes;
  }

  /** Works until `end`. */
  work(end: Millis): void {
    const { queue } = this.#cluster;
    const next = () => {
      if (queue.now >= end) return;
      this.#act();
      queue.after(-PAUSE_MS * Math.log(1 - this.#random.next()), next);
    };
    queue.after(1_000, next);
  }

  #act(): void {
    const host = this.#pick(this.#cluster.hosts);
    const choice = this.#random.below(10);
    if (choice < 5) this.#append(host);
    else if (choice < 6) this.#standby(host);
    else if (choice < 7) this.#ban(host);
    else if (choice < 9) this.#freeAll(host);
    else this.#ask(host, { method: "cleanup" });
  }

  #append(host: SimulatedHost): void {
    const mark = `# mark ${++this.#serial}.`;
    host.request({ method: "config-show" }, (reply) => {
      if (!reply.ok) return;
      const { version, text } = reply.result as Shown;
      const request: ControlRequest = {
        method: "config-apply",
        text: `${text}${mark}\n`,
        author: "operator",
        baseVersion: version,
      };
      this.#ask(host, request, () => this.#writes.acknowledged(mark));
    });
  }

  #standby(host: SimulatedHost): void {
    const target = this.#pick(this.#cluster.hosts).name;
    const override = { id: `standby:${target}`, kind: "standby", target, author: "op" } as const;
    this.#ask(host, { method: "override-set", override });
  }

  #ban(host: SimulatedHost): void {
    const target = this.#pick(this.#resources);
    const node = this.#pick(this.#cluster.hosts).name;
    const id = `ban:${target}:${node}`;
    const override = { id, kind: "ban", target, node, author: "op" } as const;
    this.#ask(host, { method: "override-set", override });
  }

  #freeAll(host: SimulatedHost): void {
    const ids: string[] = [];
    for (const node of this.#cluster.hosts) {
      ids.push(`standby:${node.name}`);
      for (const resource of this.#resources) ids.push(`ban:${resource}:${node.name}`);
    }
    this.#ask(host, { method: "override-remove", ids });
  }

  /** Leaves the cluster as it was found; to be repeated until it has worked. */
  cleanUp(): void {
    const [host] = this.#cluster.hosts;
    this.#freeAll(host!);
    this.#ask(host!, { method: "cleanup" });
  }

  #ask(host: SimulatedHost, request: ControlRequest, onDone: () => void = () => {}): void {
    host.request(request, (reply) => {
      this.#cluster.trace.tell("OPERATOR", () => {
        const { method } = request;
        return `${method} on ${host.name}: ${reply.ok ? "done" : `${reply.code} ${reply.message}`}`;
      });
      if (reply.ok) onDone();
    });
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }
}
