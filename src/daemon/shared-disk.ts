import { setTimeout as sleep } from "node:timers/promises";
import { SharedSlots, SLOT_BYTES, SLOT_COUNT } from "../io/shared-slots.ts";
import {
  type DiskAction,
  DiskRegisterRequest,
  type DiskSlot,
  isDiskSlot,
} from "../membership/disk-register.ts";
import type { RegisterRequest, TieBreakerAnswer } from "../model/vote-register.ts";
import { ArbiterSealer, arbiterClusterId, openArbiterFrame } from "../wire/arbiter-frame.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import { randomSeed } from "../wire/seal.ts";

export interface SharedDiskOptions {
  /** A block device, or a file on a file system that all nodes share. */
  readonly path: string;
  readonly cluster: string;
  readonly self: string;
  readonly nodes: readonly string[];
  /** The first seals, any opens. */
  readonly keys: readonly ClusterKey[];
}

const LENGTH_BYTES = 4;

/** How often a request that others overtook is tried again, and how long the next by name waits. */
const ATTEMPTS_MAX = 5;
const GIVE_WAY_MS = 50;

/** The slot of a node: by its name alone, so that it stays the same when the definition changes. */
export function slotOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % SLOT_COUNT;
}

/** The vote register on a shared disk; see `disk-register.ts`. One question at a time. */
export class SharedDisk {
  readonly #options: SharedDiskOptions;
  readonly #sealer = new ArbiterSealer(randomSeed());
  #slots: SharedSlots | undefined;
  #busy = false;

  constructor(options: SharedDiskOptions) {
    this.#options = options;
  }

  /** Resolves with the answer, or with `failed`; never rejects. A disk that hangs answers late. */
  async ask(request: RegisterRequest): Promise<TieBreakerAnswer> {
    // Two at once would write the slot against each other.
    if (this.#busy) return { kind: "failed", detail: "the disk has not answered yet" };
    this.#busy = true;
    try {
      return await this.#perform(request);
    } catch (error) {
      await this.#reopen();
      const detail = error instanceof Error ? error.message : String(error);
      return { kind: "failed", detail };
    } finally {
      this.#busy = false;
    }
  }

  close(): void {
    if (!this.#busy) void this.#reopen();
  }

  async #reopen(): Promise<void> {
    const slots = this.#slots;
    this.#slots = undefined;
    await slots?.close().catch(() => undefined);
  }

  async #perform(request: RegisterRequest): Promise<TieBreakerAnswer> {
    const { path, self, nodes } = this.#options;
    const twin = nodes.find((name) => name !== self && slotOf(name) === slotOf(self));
    if (twin !== undefined) {
      const detail = `${self} and ${twin} fall on the same slot of the disk: rename one of them`;
      return { kind: "failed", detail };
    }
    this.#slots ??= await SharedSlots.open(path);
    const place = [...nodes].sort().indexOf(self);
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const answer = await this.#attempt(this.#slots, request);
      if (answer !== undefined) return answer;
      // The first by name goes on at once, so that two never stop each other for ever.
      await sleep(place * GIVE_WAY_MS);
    }
    return { kind: "failed", detail: "other nodes are at it" };
  }

  /** Undefined: others wanted the same change at the same time. */
  async #attempt(
    disk: SharedSlots,
    request: RegisterRequest,
  ): Promise<TieBreakerAnswer | undefined> {
    const { self, nodes } = this.#options;
    const run = new DiskRegisterRequest(request, self, nodes);
    let slots = await this.#read();
    let action: DiskAction = run.begin(slots);
    while (action.kind === "write-and-read") {
      await disk.write(slotOf(self), this.#encode(action.slot));
      slots = await this.#read();
      action = run.next(slots);
    }
    if (action.kind === "contended") return undefined;
    const beats = Object.fromEntries([...slots].map(([name, slot]) => [name, slot.beat]));
    return { kind: "register", state: action.state, beats };
  }

  #encode(slot: DiskSlot): Uint8Array {
    const { keys, cluster, self } = this.#options;
    const [key] = keys;
    if (key === undefined) throw new Error("there is no key");
    const frame = this.#sealer.seal("slot", key, cluster, { node: self, slot });
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(frame.length);
    return Buffer.concat([length, frame]);
  }

  async #read(): Promise<Map<string, DiskSlot>> {
    const found = new Map<string, DiskSlot>();
    const all = (await this.#slots?.readAll()) ?? [];
    for (const [index, bytes] of all.entries()) {
      if (bytes[0] === 0 && bytes.every((byte) => byte === 0)) continue;
      const content = this.#decode(bytes);
      // What cannot be read may hide a promise, so nothing is decided beside it.
      if (content === undefined || slotOf(content.node) !== index) {
        throw new Error(
          `slot ${index} of ${this.#options.path} is not of this cluster, or damaged`,
        );
      }
      found.set(content.node, content.slot);
    }
    return found;
  }

  #decode(bytes: Uint8Array): { readonly node: string; readonly slot: DiskSlot } | undefined {
    const { cluster, keys } = this.#options;
    const length = Buffer.from(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).readUInt32BE();
    if (length > SLOT_BYTES - LENGTH_BYTES) return undefined;
    const id = arbiterClusterId(cluster);
    const frame = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    const body = openArbiterFrame("slot", frame, (other) => (other === id ? keys : []));
    if (typeof body !== "object" || body === null) return undefined;
    const { node, slot } = body as Record<string, unknown>;
    return typeof node === "string" && isDiskSlot(slot) ? { node, slot } : undefined;
  }
}
