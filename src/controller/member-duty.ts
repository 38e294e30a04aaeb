import { type Note, note } from "../core/note.ts";
import type { Instant } from "../core/units.ts";
import type { LocalInput, LocalOutput } from "../lrm/local-events.ts";
import type { LocalManager } from "../lrm/local-manager.ts";
import type { AgentCommand, GuardEntry, LocalStatus } from "../model/operation.ts";
import type { Coordination, NodeMessage, NodeOrder } from "./node-message.ts";
import { statusDelta } from "./status-delta.ts";

export type MemberOutput =
  | { readonly kind: "tell"; readonly node: string; readonly message: NodeMessage }
  | { readonly kind: "run"; readonly command: AgentCommand }
  | { readonly kind: "kill"; readonly runId: number }
  | {
      readonly kind: "guard";
      readonly entries: readonly GuardEntry[];
      readonly inactive: readonly string[];
    }
  /** The coordinator says that nothing is left here: the node may leave. */
  | { readonly kind: "released" }
  | { readonly kind: "all-stopped"; readonly failed: readonly string[] }
  | Note;

/**
 * What a node does for its coordinator: reports its status, obeys its orders, and refuses those of
 * an earlier term. It serves one coordinator at a time: the last one that collected its status in a
 * term no older than any seen.
 */
export class MemberDuty {
  readonly #lrm: LocalManager;
  #serves: { readonly node: string; readonly by: Coordination } | undefined;
  #reported: LocalStatus | undefined;
  #term = 0;

  constructor(lrm: LocalManager) {
    this.#lrm = lrm;
  }

  /** The highest term in which anybody gave orders here. */
  get term(): number {
    return this.#term;
  }

  get coordinator(): string | undefined {
    return this.#serves?.node;
  }

  activeResources(): readonly string[] {
    return this.#lrm.activeResources();
  }

  /** Transient attributes of this node. */
  attributes(): Readonly<Record<string, string>> {
    return this.#lrm.status().attributes;
  }

  /** Operations that run or wait here. */
  load(): number {
    return this.#lrm.inFlight().length;
  }

  nextDeadline(): Instant | undefined {
    return this.#lrm.nextDeadline();
  }

  lrm(now: Instant, input: LocalInput): MemberOutput[] {
    return this.#lrm.step(now, input).flatMap((output) => this.#fromLrm(output));
  }

  /** The coordinator went away: nothing is reported until another one asks. */
  nodeLost(node: string): void {
    if (this.#serves?.node === node) this.#serves = undefined;
  }

  /** `held`: keys of orders that this node has taken and not begun. */
  collect(
    now: Instant,
    from: string,
    by: Coordination,
    held: readonly string[] = [],
  ): MemberOutput[] {
    if (by.term < this.#term) return [this.#stale(from, by)];
    this.#term = by.term;
    this.#serves = { node: from, by };
    const outputs = this.lrm(now, { kind: "term", term: by.term });
    const status = this.#lrm.status();
    this.#reported = status;
    const told = { ...status, inFlight: [...status.inFlight, ...held] };
    return [...outputs, { kind: "tell", node: from, message: { t: "status", by, status: told } }];
  }

  /**
   * A coordinator without quorum asks, and this node is in a view that has quorum: it may see how
   * things are, so that it can let go of its own resources, but it gives no orders here.
   */
  show(from: string, by: Coordination): MemberOutput[] {
    if (this.#serves?.node === from && this.#serves.by.acting) this.#serves = undefined;
    const status = this.#lrm.status();
    return [{ kind: "tell", node: from, message: { t: "status", by, status } }];
  }

  order(now: Instant, from: string, by: Coordination, order: NodeOrder): MemberOutput[] {
    const serves = this.#serves;
    if (serves === undefined || serves.node !== from || by.term < this.#term) {
      return [this.#stale(from, by), ...this.#refuse(from, by, order)];
    }
    switch (order.kind) {
      case "execute":
        return this.lrm(now, { kind: "execute", request: order.request });
      case "cancel-recurring": {
        const { resource, operation, intervalMs } = order;
        const outputs = this.lrm(now, { kind: "cancel", resource, operation, intervalMs });
        return [...outputs, this.#done(from, by, order.key)];
      }
      case "forget": {
        const outputs = this.lrm(now, { kind: "forget", resource: order.resource });
        return [...outputs, this.#done(from, by, order.key)];
      }
      case "clear-failcount": {
        const { resource, operation, intervalMs } = order;
        return this.lrm(now, {
          kind: "clear-failcount",
          resource,
          ...(operation === undefined ? {} : { operation }),
          ...(intervalMs === undefined ? {} : { intervalMs }),
        });
      }
      case "shutdown":
        return [{ kind: "released" }];
      case "announce":
        return this.lrm(now, { kind: "announce" });
      case "set-attribute":
        return this.lrm(now, {
          kind: "set-attribute",
          name: order.name,
          value: order.value ?? undefined,
        });
    }
  }

  #done(node: string, by: Coordination, key: string): MemberOutput {
    return { kind: "tell", node, message: { t: "done", by, key, ok: true } };
  }

  /** Says so, instead of letting the sender wait for an answer that will not come. */
  #refuse(node: string, by: Coordination, order: NodeOrder): MemberOutput[] {
    const key =
      order.kind === "execute" ? order.request.key : "key" in order ? order.key : undefined;
    if (key === undefined) return [];
    const detail = `${this.#serves?.node ?? "nobody"} coordinates here, in term ${this.#term}`;
    return [{ kind: "tell", node, message: { t: "done", by, key, ok: false, detail } }];
  }

  #stale(from: string, by: Coordination): Note {
    return note("debug", "order-refused", `an order of ${from} in term ${by.term} is void here`, {
      from,
      term: by.term,
      serves: this.#serves?.node,
      current: this.#term,
    });
  }

  #fromLrm(output: LocalOutput): MemberOutput[] {
    const serves = this.#serves;
    switch (output.kind) {
      case "result":
        return serves === undefined
          ? []
          : [
              {
                kind: "tell",
                node: serves.node,
                message: { t: "result", by: serves.by, result: output.result },
              },
            ];
      case "status-changed":
        return this.#report(output.status);
      default:
        return [output];
    }
  }

  /** Tells the coordinator what changed since the last report. */
  #report(status: LocalStatus): MemberOutput[] {
    const serves = this.#serves;
    const reported = this.#reported;
    if (serves === undefined || reported === undefined) return [];
    this.#reported = status;
    const delta = statusDelta(reported, status);
    return [{ kind: "tell", node: serves.node, message: { t: "delta", by: serves.by, delta } }];
  }
}
