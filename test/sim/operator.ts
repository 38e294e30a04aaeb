import type { Random } from "../../src/core/random.ts";
import type { Millis } from "../../src/core/units.ts";
import type { Override } from "../../src/model/cib.ts";
import type { ControlReply, ControlRequest } from "../../src/model/control.ts";
import {
  type DefinitionAnswer,
  type DefinitionCall,
  effectOf,
  type OverrideAnswer,
  type OverrideCall,
} from "../support/cib-registers.ts";
import { CallRecorder } from "../support/linearizability.ts";
import type { AcknowledgedWrites } from "./checkers/acknowledged-writes.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

interface Shown {
  readonly version: number;
  readonly text: string;
}

/** Mean time between two things that the operator does, where the profile does not say. */
const PAUSE_MS: Millis = 1_500;

/** The line that tells one text from another. */
export function lastLineOf(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}

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
  readonly #pauseMs: Millis;
  /** Changes options at times, not only comments. */
  readonly #reshapes: boolean;
  #serial = 0;
  /** Everything that was asked of the CIB, and answered, in true time. */
  readonly definitionCalls = new CallRecorder<DefinitionCall, DefinitionAnswer>();
  readonly overrideCalls = new Map<string, CallRecorder<OverrideCall, OverrideAnswer>>();

  constructor(
    cluster: SimulatedCluster,
    random: Random,
    resources: readonly string[],
    writes: AcknowledgedWrites,
    habits: { readonly pauseMs?: Millis; readonly reshapes?: boolean } = {},
  ) {
    this.#pauseMs = habits.pauseMs ?? PAUSE_MS;
    this.#reshapes = habits.reshapes ?? false;
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
      queue.after(-this.#pauseMs * Math.log(1 - this.#random.next()), next);
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
      const { version, text: before } = reply.result as Shown;
      const text = this.#reshapes ? this.#reshaped(before) : before;
      const request: ControlRequest = {
        method: "config-apply",
        text: `${text}${mark}\n`,
        author: "operator",
        baseVersion: version,
      };
      const call = { kind: "apply", text: mark, baseVersion: version } as const;
      const done = this.definitionCalls.begin(host.name, call, this.#now());
      this.#ask(host, request, (answer) => {
        const effect = effectOf(answer);
        if (effect === "none") this.definitionCalls.withdraw(done);
        if (effect === "conflict") done({ kind: "conflict" }, this.#now());
        if (!answer.ok) return;
        this.#writes.acknowledged(mark);
        const { version: applied } = answer.result as { version: number };
        done({ kind: "applied", version: applied }, this.#now());
      });
    });
  }

  /** At times another advertisement interval, or another policy for the loss of quorum. */
  #reshaped(text: string): string {
    const choice = this.#random.below(8);
    if (choice === 0) {
      const interval = this.#pick([100, 200, 500, 1_000]);
      return text.replace(/advert-interval: \d+ms/, `advert-interval: ${interval}ms`);
    }
    if (choice > 1) return text;
    const policy = this.#pick(["stop", "freeze", "demote", "suicide"]);
    return text.replace(/no-quorum-policy: \w+/, `no-quorum-policy: ${policy}`);
  }

  #now(): number {
    return this.#cluster.queue.now;
  }

  #setOverride(host: SimulatedHost, override: Omit<Override, "at">): void {
    const reason = `for the ${++this.#serial}th time`;
    const recorder = this.#recorderOf(override.id);
    const done = recorder.begin(host.name, { kind: "set", value: reason }, this.#now());
    this.#ask(host, { method: "override-set", override: { ...override, reason } }, (reply) => {
      if (reply.ok) done({ kind: "set" }, this.#now());
      else if (effectOf(reply) === "none") recorder.withdraw(done);
    });
  }

  #recorderOf(id: string): CallRecorder<OverrideCall, OverrideAnswer> {
    const known = this.overrideCalls.get(id) ?? new CallRecorder();
    this.overrideCalls.set(id, known);
    return known;
  }

  #standby(host: SimulatedHost): void {
    const target = this.#pick(this.#cluster.hosts).name;
    const override = { id: `standby:${target}`, kind: "standby", target, author: "op" } as const;
    this.#setOverride(host, override);
  }

  #ban(host: SimulatedHost): void {
    const target = this.#pick(this.#resources);
    const node = this.#pick(this.#cluster.hosts).name;
    const id = `ban:${target}:${node}`;
    const override = { id, kind: "ban", target, node, author: "op" } as const;
    this.#setOverride(host, override);
  }

  #freeAll(host: SimulatedHost): void {
    const ids: string[] = [];
    for (const node of this.#cluster.hosts) {
      ids.push(`standby:${node.name}`);
      for (const resource of this.#resources) ids.push(`ban:${resource}:${node.name}`);
    }
    const calls = ids.map((id) => {
      const recorder = this.#recorderOf(id);
      return { id, recorder, done: recorder.begin(host.name, { kind: "remove" }, this.#now()) };
    });
    this.#ask(host, { method: "override-remove", ids }, (reply) => {
      if (effectOf(reply) === "none") for (const each of calls) each.recorder.withdraw(each.done);
      if (!reply.ok) return;
      const { removed } = reply.result as { removed: readonly string[] };
      for (const { id, done } of calls) {
        done({ kind: "removed", existed: removed.includes(id) }, this.#now());
      }
    });
  }

  /** Leaves the cluster as it was found; to be repeated until it has worked. */
  cleanUp(): void {
    const [host] = this.#cluster.hosts;
    this.#freeAll(host!);
    this.#ask(host!, { method: "cleanup" });
  }

  #ask(
    host: SimulatedHost,
    request: ControlRequest,
    onReply: (reply: ControlReply) => void = () => {},
  ): void {
    host.request(request, (reply) => {
      this.#cluster.trace.tell("OPERATOR", () => {
        const { method } = request;
        return `${method} on ${host.name}: ${reply.ok ? "done" : `${reply.code} ${reply.message}`}`;
      });
      onReply(reply);
    });
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#random.below(items.length)]!;
  }
}
