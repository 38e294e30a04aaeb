import {
  isElectorate,
  isRegisterState,
  type RegisterRequest,
  type RegisterState,
} from "../model/vote-register.ts";

/**
 * The vote register on a disk that all nodes share but that has no compare-and-swap: Disk Paxos
 * (Gafni and Lamport, 2003) on one disk, one instance for each change of the register.
 *
 * Every node has one slot that only it writes. To change the register from number n to n + 1 a node
 * picks a ballot and, twice (first to promise, then to accept): writes its slot, then reads all
 * slots. If a slot shows a higher ballot of the same instance it starts again with a higher one; if
 * one shows that n + 1 is decided it learns that. In the first round it takes over the value that
 * was accepted with the highest ballot, in the second its own value is accepted, and so decided.
 *
 * What must be true of the disk, and nothing else: a slot is read and written as a whole; a read
 * shows every write that ended before it began, from whichever node; and nothing of a dead daemon
 * is written after its next start has read. Clocks and delays do not matter: a node that was
 * stopped between its write and its read sees what happened meanwhile.
 */
export interface DiskSlot {
  /** The change this slot takes part in. */
  readonly instance: number;
  /** Highest ballot begun (Disk Paxos: mbal). */
  readonly ballot: number;
  /** Ballot with which `value` was accepted (bal); 0: none. */
  readonly accepted: number;
  readonly value: readonly string[] | undefined;
  /** The latest decided state that this node knows. */
  readonly decided: RegisterState | undefined;
  /** Grows with every write: a node whose beat grows is alive. */
  readonly beat: number;
}

export const EMPTY_SLOT: DiskSlot = {
  instance: 0,
  ballot: 0,
  accepted: 0,
  value: undefined,
  decided: undefined,
  beat: 0,
};

/** What to do next: write the own slot, then read those of all; or the end. */
export type DiskAction =
  | { readonly kind: "write-and-read"; readonly slot: DiskSlot }
  | { readonly kind: "done"; readonly state: RegisterState | undefined }
  /** Others want the same change; ask again. */
  | { readonly kind: "contended" };

/** Overtaken so often, a request gives way: who asks waits a little, each node for another time. */
const ROUNDS_MAX = 2;

/**
 * One request, step by step: call `begin` with what all slots say, then `next` after each
 * write-and-read. `index` is the place of this node among `nodes`, the same on all.
 */
export class DiskRegisterRequest {
  readonly #request: RegisterRequest;
  readonly #self: string;
  readonly #index: number;
  readonly #count: number;
  #own: DiskSlot = EMPTY_SLOT;
  #phase: "promise" | "accept" | "announce" = "promise";
  #rounds = 0;

  constructor(request: RegisterRequest, self: string, nodes: readonly string[]) {
    this.#request = request;
    this.#self = self;
    const sorted = [...nodes].sort();
    this.#index = sorted.indexOf(self);
    this.#count = sorted.length;
  }

  begin(slots: ReadonlyMap<string, DiskSlot>): DiskAction {
    this.#own = slots.get(this.#self) ?? EMPTY_SLOT;
    const decided = this.#learn(slots);
    const request = this.#request;
    if (request.kind === "read" || request.number !== (decided?.number ?? 0)) {
      this.#phase = "announce";
      return this.#write({});
    }
    return this.#promise(slots);
  }

  next(slots: ReadonlyMap<string, DiskSlot>): DiskAction {
    const decided = this.#learn(slots);
    if (this.#phase === "announce") return { kind: "done", state: decided };
    const { instance, ballot } = this.#own;
    if (decided !== undefined && decided.number >= instance) {
      this.#phase = "announce";
      return this.#write({});
    }
    const rivals = others(slots, this.#self).filter((slot) => slot.instance === instance);
    // Equal ones are possible only while nodes know different definitions.
    if (rivals.some((slot) => slot.ballot >= ballot)) return this.#promise(slots);
    if (this.#phase === "promise") {
      this.#phase = "accept";
      return this.#write({ accepted: ballot, value: this.#choose(rivals) });
    }
    this.#phase = "announce";
    return this.#write({ decided: { number: instance, electorate: this.#own.value ?? [] } });
  }

  /** The value accepted with the highest ballot, if any was: it may be decided already. */
  #choose(rivals: readonly DiskSlot[]): readonly string[] {
    let best = { accepted: 0, value: undefined as readonly string[] | undefined };
    for (const slot of [...rivals, this.#own]) if (slot.accepted > best.accepted) best = slot;
    const wanted = this.#request.kind === "swap" ? [...this.#request.electorate].sort() : [];
    return best.value ?? wanted;
  }

  #promise(slots: ReadonlyMap<string, DiskSlot>): DiskAction {
    this.#rounds += 1;
    if (this.#rounds > ROUNDS_MAX) return { kind: "contended" };
    const instance = (this.#own.decided?.number ?? 0) + 1;
    const same = [...slots.values(), this.#own].filter((slot) => slot.instance === instance);
    const highest = Math.max(0, ...same.map((slot) => slot.ballot));
    // Ballots of different nodes are never equal.
    const ballot = (Math.floor(highest / this.#count) + 1) * this.#count + this.#index + 1;
    const fresh = this.#own.instance === instance ? {} : { accepted: 0, value: undefined };
    this.#phase = "promise";
    return this.#write({ ...fresh, instance, ballot });
  }

  #learn(slots: ReadonlyMap<string, DiskSlot>): RegisterState | undefined {
    let latest = this.#own.decided;
    for (const { decided } of slots.values()) {
      if (decided !== undefined && decided.number > (latest?.number ?? 0)) latest = decided;
    }
    this.#own = { ...this.#own, decided: latest };
    return latest;
  }

  #write(change: Partial<DiskSlot>): DiskAction {
    this.#own = { ...this.#own, ...change, beat: this.#own.beat + 1 };
    return { kind: "write-and-read", slot: this.#own };
  }
}

function others(slots: ReadonlyMap<string, DiskSlot>, self: string): readonly DiskSlot[] {
  return [...slots].filter(([name]) => name !== self).map(([, slot]) => slot);
}

/** Whether a value that came from the disk is a slot. */
export function isDiskSlot(value: unknown): value is DiskSlot {
  if (typeof value !== "object" || value === null) return false;
  const slot = value as Record<string, unknown>;
  const isCount = (count: unknown) => Number.isSafeInteger(count) && (count as number) >= 0;
  const { instance, ballot, accepted, beat, decided } = slot;
  if (![instance, ballot, accepted, beat].every(isCount)) return false;
  if (slot["value"] !== undefined && !isElectorate(slot["value"])) return false;
  return decided === undefined || isRegisterState(decided);
}
