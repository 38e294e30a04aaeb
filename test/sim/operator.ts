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
import type { MemberLines } from "./member-lines.ts";
import type { SimulatedCluster } from "./simulated-cluster.ts";
import type { SimulatedHost } from "./simulated-host.ts";

interface Shown {
  readonly version: number;
  readonly text: string;
}

export interface OperatorHabits {
  readonly pauseMs?: Millis;
  readonly reshapes?: boolean;
  readonly changesMembers?: boolean;
}

/** Mean time between two things that the operator does, where the profile does not say. */
const PAUSE_MS: Millis = 1_500;

/** So long somebody waits for a daemon to leave. */
const PATIENCE_MS: Millis = 10_000;

function hasLeft({ exitReason }: SimulatedHost): boolean {
  return exitReason !== undefined && exitReason !== "";
}

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
  /** Takes nodes out of the definition, and puts them back, if it has these. */
  readonly #members: MemberLines | undefined;
  #serial = 0;
  /** Everything that was asked of the CIB, and answered, in true time. */
  readonly definitionCalls = new CallRecorder<DefinitionCall, DefinitionAnswer>();
  readonly overrideCalls = new Map<string, CallRecorder<OverrideCall, OverrideAnswer>>();

  constructor(
    cluster: SimulatedCluster,
    random: Random,
    resources: readonly string[],
    writes: AcknowledgedWrites,
    habits: OperatorHabits = {},
    members?: MemberLines,
  ) {
    this.#members = habits.changesMembers === true ? members : undefined;
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
    if (this.#members !== undefined && this.#random.below(3) === 0) {
      this.#changeMembers(host, this.#members);
      return;
    }
    const choice = this.#random.below(10);
    if (choice < 5) this.#append(host);
    else if (choice < 6) this.#standby(host);
    else if (choice < 7) this.#ban(host);
    else if (choice < 9) this.#freeAll(host);
    else this.#ask(host, { method: "cleanup" });
  }

  #append(host: SimulatedHost): void {
    this.#edit(host, (before) => (this.#reshapes ? this.#reshaped(before) : before));
  }

  /**
   * Whoever takes a machine out stops its daemon first, mostly, and mostly waits until it has left.
   * What is out is put back before long, and started.
   */
  #changeMembers(host: SimulatedHost, members: MemberLines): void {
    const target = this.#pick(this.#cluster.hosts);
    const isPatient = this.#random.below(4) > 0;
    const puttingBack = this.#random.below(2) === 0;
    if (puttingBack) {
      this.#edit(host, (before) => members.withAll(before));
      for (const each of this.#cluster.hosts) if (hasLeft(each)) each.startDaemon();
      return;
    }
    if (this.#random.below(4) > 0) target.deliver({ kind: "shutdown", mode: "leave" });
    const takeOut = () => this.#edit(host, (before) => this.#without(members, before, target.name));
    if (isPatient) this.#onceLeft(target, this.#now() + PATIENCE_MS, takeOut);
    else takeOut();
  }

  #onceLeft(target: SimulatedHost, until: Millis, act: () => void): void {
    if (hasLeft(target)) act();
    else if (this.#now() < until) {
      this.#cluster.queue.after(500, () => this.#onceLeft(target, until, act));
    }
  }

  /** Two always stay. */
  #without(members: MemberLines, text: string, name: string): string {
    const isSmall = this.#cluster.hosts.length - members.missingIn(text).length <= 2;
    return isSmall ? text : members.without(text, name);
  }

  #edit(host: SimulatedHost, change: (text: string) => string): void {
    const mark = `# mark ${++this.#serial}.`;
    host.request({ method: "config-show" }, (reply) => {
      if (!reply.ok) return;
      const { version, text: before } = reply.result as Shown;
      const text = change(before);
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
    const members = this.#members;
    if (members !== undefined && this.isSomebodyOut()) {
      for (const each of this.#cluster.hosts) this.#edit(each, (text) => members.withAll(text));
    }
  }

  /** Whether some host still believes a definition without all nodes. */
  isSomebodyOut(): boolean {
    const { hosts } = this.#cluster;
    const texts = hosts.map((host) => this.#cluster.observe(host)?.cib?.definition?.text);
    const members = this.#members;
    if (members === undefined) return false;
    return texts.some((text) => text !== undefined && members.missingIn(text).length > 0);
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
