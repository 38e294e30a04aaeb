import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { RegisterRequest, TieBreakerAnswer } from "../model/vote-register.ts";
import {
  ArbiterSealer,
  arbiterClusterId,
  openArbiterFrame,
  parseArbiterReply,
} from "../wire/arbiter-frame.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import { randomSeed } from "../wire/seal.ts";

export interface ArbiterClientOptions {
  readonly cluster: string;
  readonly node: string;
  /** ADDRESS:PORT or [ADDRESS]:PORT. */
  readonly place: string;
  /** The first seals, any opens. */
  readonly keys: readonly ClusterKey[];
}

/** After so long nothing is expected any more; the machine has asked again meanwhile. */
const GIVE_UP_MS = 2_000;

/** Asks an arbiter, one datagram each way; who asks sees to asking again. */
export class ArbiterClient {
  readonly #options: ArbiterClientOptions;
  readonly #sealer = new ArbiterSealer(randomSeed());
  readonly #pending = new Map<string, (answer: TieBreakerAnswer) => void>();
  #socket: Socket | undefined;

  constructor(options: ArbiterClientOptions) {
    this.#options = options;
  }

  /** Resolves with the answer, or with `failed`; never rejects. */
  ask(request: RegisterRequest): Promise<TieBreakerAnswer> {
    const { cluster, node, place, keys } = this.#options;
    const [key] = keys;
    if (key === undefined) return Promise.resolve({ kind: "failed", detail: "there is no key" });
    const token = `${randomSeed().toString(36)}${randomSeed().toString(36)}`;
    const frame = this.#sealer.seal("request", key, cluster, { cluster, node, token, request });
    return new Promise((resolve) => {
      const done = (answer: TieBreakerAnswer): void => {
        clearTimeout(timer);
        this.#pending.delete(token);
        resolve(answer);
      };
      const timer = setTimeout(() => done({ kind: "failed", detail: "no answer" }), GIVE_UP_MS);
      timer.unref();
      this.#pending.set(token, done);
      const { host, port } = splitPlace(place);
      this.#open(host).send(frame, port, host, (error) => {
        if (error !== null) done({ kind: "failed", detail: error.message });
      });
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  #open(host: string): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    this.#socket = socket;
    socket.on("message", (bytes) => this.#onReply(bytes));
    socket.on("error", () => {
      // A new one is opened with the next question.
      socket.close();
      if (this.#socket === socket) this.#socket = undefined;
    });
    socket.unref();
    return socket;
  }

  #onReply(bytes: Uint8Array): void {
    const { cluster, keys } = this.#options;
    const id = arbiterClusterId(cluster);
    const body = openArbiterFrame("reply", bytes, (other) => (other === id ? keys : []));
    const reply = parseArbiterReply(body);
    if (reply === undefined) return;
    this.#pending.get(reply.token)?.({ kind: "register", state: reply.state });
  }
}

/** `ADDRESS:PORT` or `[ADDRESS]:PORT` in its parts. */
export function splitPlace(place: string): { readonly host: string; readonly port: number } {
  const at = place.lastIndexOf(":");
  return { host: place.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(place.slice(at + 1)) };
}
