import { applyToRegister, type RegisterState } from "../model/vote-register.ts";
import {
  type ArbiterReply,
  type ArbiterSealer,
  arbiterClusterId,
  openArbiterFrame,
  parseArbiterRequest,
} from "../wire/arbiter-frame.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";

/** Clusters that one arbiter keeps a register for: a bound for its memory and its file. */
const CLUSTERS_MAX = 1_000;

export interface ArbiterDeskOptions {
  /** The keys of every cluster that has none of its own. */
  readonly keys: readonly ClusterKey[];
  /** Keys of single clusters, by name. */
  readonly clusterKeys: ReadonlyMap<string, readonly ClusterKey[]>;
  readonly registers: ReadonlyMap<string, RegisterState>;
  readonly sealer: ArbiterSealer;
  /** Must be durable when it returns: the answer is a promise. */
  readonly save: (registers: ReadonlyMap<string, RegisterState>) => void;
  readonly log: (level: "info" | "warn" | "error", message: string) => void;
}

/**
 * Answers the frames of nodes. What is not authentic is counted and not answered, so that nobody
 * learns anything from it and nobody else is sent anything.
 */
export class ArbiterDesk {
  readonly #options: ArbiterDeskOptions;
  readonly #registers: Map<string, RegisterState>;
  readonly #keysById: ReadonlyMap<string, readonly ClusterKey[]>;
  dropped = 0;

  constructor(options: ArbiterDeskOptions) {
    this.#options = options;
    this.#registers = new Map(options.registers);
    const own = [...options.clusterKeys].map(
      ([cluster, keys]) => [arbiterClusterId(cluster), keys] as const,
    );
    this.#keysById = new Map(own);
  }

  get clusters(): number {
    return this.#registers.size;
  }

  /** The reply to a frame; undefined: there is none. Never throws. */
  answer(bytes: Uint8Array): Uint8Array | undefined {
    const { keys, sealer } = this.#options;
    const keysOf = (id: string) => this.#keysById.get(id) ?? keys;
    const request = parseArbiterRequest(openArbiterFrame("request", bytes, keysOf));
    const id = request === undefined ? "" : arbiterClusterId(request.cluster);
    const usable = request === undefined ? [] : keysOf(id);
    // The cluster named inside must be the one whose key opened the frame.
    const key = usable.find((each) => each.id === bytes[6]);
    const named = Buffer.from(bytes.subarray(7, 15)).toString("hex");
    if (request === undefined || key === undefined || named !== id) {
      this.dropped += 1;
      return undefined;
    }
    const { cluster, node, token } = request;
    const before = this.#registers.get(cluster);
    const after = applyToRegister(before, request.request);
    if (after !== before && after !== undefined) {
      if (!this.#keep(cluster, node, after)) return undefined;
    }
    const reply: ArbiterReply = { token, state: after };
    return sealer.seal("reply", key, cluster, reply);
  }

  #keep(cluster: string, node: string, state: RegisterState): boolean {
    const { save, log } = this.#options;
    const before = this.#registers.get(cluster);
    if (before === undefined && this.#registers.size >= CLUSTERS_MAX) {
      log("warn", `no room for cluster ${cluster}: ${CLUSTERS_MAX} clusters are kept already`);
      return false;
    }
    this.#registers.set(cluster, state);
    try {
      save(this.#registers);
    } catch (error) {
      // It may or may not be on the disk, so neither answer would be true: none is given.
      const reason = error instanceof Error ? error.message : String(error);
      log("error", `cannot write the registers: ${reason}`);
      if (before === undefined) this.#registers.delete(cluster);
      else this.#registers.set(cluster, before);
      return false;
    }
    const names = state.electorate.join(", ");
    log(
      "info",
      `cluster ${cluster}: the votes of ${names} count (change ${state.number}, by ${node})`,
    );
    return true;
  }
}
