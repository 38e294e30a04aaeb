import { ArbiterClient } from "../io/arbiter-client.ts";
import { probe } from "../io/check-probe.ts";
import { readKeyFile } from "../io/key-file.ts";
import type { Definition } from "../model/definition.ts";
import type { TieBreakerAnswer, TieBreakerAsk } from "../model/vote-register.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import { SharedDisk } from "./shared-disk.ts";

/** How long a ping target has to answer. */
const PING_TIMEOUT_MS = 1_000;

/** The tie-breakers of a definition, asked for real. Connections are made with the first question. */
export class TieBreakers {
  readonly #node: string;
  readonly #keys: readonly ClusterKey[];
  #definition: Definition;
  #arbiter: ArbiterClient | undefined;
  #disk: SharedDisk | undefined;

  constructor(node: string, definition: Definition, keys: readonly ClusterKey[]) {
    this.#node = node;
    this.#definition = definition;
    this.#keys = keys;
  }

  /** Another definition is in force. */
  configure(definition: Definition): void {
    this.#definition = definition;
    this.close();
  }

  close(): void {
    this.#arbiter?.close();
    this.#disk?.close();
    this.#arbiter = undefined;
    this.#disk = undefined;
  }

  /** Resolves with the answer or with `failed`; may reject where something unforeseen happens. */
  async ask(ask: TieBreakerAsk): Promise<TieBreakerAnswer> {
    if (ask.means === "ping") return await this.#ping();
    if (ask.request === undefined) return { kind: "failed", detail: "nothing was asked" };
    if (ask.means === "arbiter") return await this.#askArbiter(ask.request);
    return await this.#askDisk(ask.request);
  }

  async #ping(): Promise<TieBreakerAnswer> {
    const { pingTargets } = this.#definition.quorum;
    const reached = await probe({
      name: "ping-targets",
      kind: "ping",
      targets: pingTargets,
      intervalMs: PING_TIMEOUT_MS,
      timeoutMs: PING_TIMEOUT_MS,
      rise: 1,
      fall: 1,
      attribute: "",
      weight: 0,
    });
    return { kind: "pinged", reached };
  }

  async #askArbiter(request: NonNullable<TieBreakerAsk["request"]>): Promise<TieBreakerAnswer> {
    const { cluster, quorum } = this.#definition;
    if (quorum.arbiter === undefined) return { kind: "failed", detail: "there is no arbiter" };
    if (this.#arbiter === undefined) {
      const read =
        quorum.arbiterKeyFile === undefined ? undefined : readKeyFile(quorum.arbiterKeyFile);
      if (read !== undefined && "problem" in read) {
        return { kind: "failed", detail: read.problem.message };
      }
      const keys = read?.keys ?? this.#keys;
      this.#arbiter = new ArbiterClient({ cluster, node: this.#node, place: quorum.arbiter, keys });
    }
    return await this.#arbiter.ask(request);
  }

  async #askDisk(request: NonNullable<TieBreakerAsk["request"]>): Promise<TieBreakerAnswer> {
    const { cluster, quorum, nodes } = this.#definition;
    if (quorum.disk === undefined) return { kind: "failed", detail: "there is no disk" };
    this.#disk ??= new SharedDisk({
      path: quorum.disk,
      cluster,
      self: this.#node,
      nodes: nodes.map((node) => node.name),
      keys: this.#keys,
    });
    return await this.#disk.ask(request);
  }
}
