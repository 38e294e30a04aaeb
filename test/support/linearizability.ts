/**
 * Is a recorded history of concurrent calls linearizable (Herlihy and Wing 1990)? That is: is there
 * one order of all calls, each taking effect at one moment between its begin and its end, that a
 * sequential object could have answered just so?
 *
 * Theory of operation: the search of Wing and Gong (1993) with Lowe's memory of places already
 * visited (2017). Calls and returns stand in a list in the order of time. A call may be taken next if
 * no other call has returned before it began, which means: if it stands before the first return.
 * Taking it removes both of its entries; where nothing can be taken any more, the last one is put back.
 * A place is the set of calls taken and the state they led to: no place is visited twice.
 *
 * A call whose outcome nobody knows has no return: it may take effect at any later time, or never.
 */

/** One call of one client, as the client saw it. Times are of one clock, in any unit. */
export interface RecordedCall<Call, Answer> {
  readonly client: string;
  readonly call: Call;
  /** undefined: unknown, for instance because the answer was lost. */
  readonly answer: Answer | undefined;
  readonly begun: number;
  /** undefined exactly where the answer is. */
  readonly ended: number | undefined;
}

/** What the object does when it is called by one client at a time. */
export interface SequentialObject<State, Call, Answer> {
  readonly initial: State;
  /**
   * The state after the call; `impossible` if the object would not have answered that. An undefined
   * answer is possible whatever the object does.
   */
  next(state: State, call: Call, answer: Answer | undefined): State | typeof impossible;
  /** Equal states have equal names. */
  name(state: State): string;
}

/** This object does not answer so in this state. */
export const impossible = Symbol("impossible");

export type LinearizabilityVerdict =
  | { readonly kind: "linearizable" }
  /** `problem`: in words, the longest explanation found and the calls that do not fit after it. */
  | { readonly kind: "violated"; readonly problem: string }
  /** Too many possibilities: take a shorter history, or fewer calls with unknown outcome. */
  | { readonly kind: "undecided"; readonly problem: string };

/** Places visited before the search gives up; at some µs each. */
const PLACES_MAX = 2_000_000;

/** Judges the history. Calls may be given in any order; begin and end at one moment overlap. */
export function judgeLinearizability<State, Call, Answer>(
  object: SequentialObject<State, Call, Answer>,
  history: readonly RecordedCall<Call, Answer>[],
  placesMax: number = PLACES_MAX,
): LinearizabilityVerdict {
  return new Search(object, history).run(placesMax);
}

/** Hand it the answer, once there is one that is certain. */
export type CallEnd<Answer> = (answer: Answer, at: number) => void;

/** Collects a history while it happens. */
export class CallRecorder<Call, Answer> {
  readonly #calls = new Map<CallEnd<Answer>, RecordedCall<Call, Answer>>();

  /** A client calls. Until it is given an answer the outcome counts as unknown. */
  begin(client: string, call: Call, at: number): CallEnd<Answer> {
    const end: CallEnd<Answer> = (answer, ended) => {
      this.#calls.set(end, { client, call, answer, begun: at, ended });
    };
    this.#calls.set(end, { client, call, answer: undefined, begun: at, ended: undefined });
    return end;
  }

  /** The call was refused, and certainly did and said nothing: it is no part of the history. */
  withdraw(end: CallEnd<Answer>): void {
    this.#calls.delete(end);
  }

  /** Everything so far. */
  calls(): readonly RecordedCall<Call, Answer>[] {
    return [...this.#calls.values()];
  }
}

interface Entry<Call, Answer> {
  readonly index: number;
  readonly recorded: RecordedCall<Call, Answer>;
  readonly isReturn: boolean;
  readonly at: number;
  /** Of a call: its return, if there was one. */
  match: Entry<Call, Answer> | undefined;
  next: Entry<Call, Answer> | undefined;
  previous: Entry<Call, Answer> | undefined;
}

class Search<State, Call, Answer> {
  readonly #object: SequentialObject<State, Call, Answer>;
  /** Stands before the first entry. */
  readonly #head: { next: Entry<Call, Answer> | undefined };
  #returnsLeft = 0;
  #best: readonly Entry<Call, Answer>[] = [];
  #bestState: State;
  readonly #size: number;

  constructor(
    object: SequentialObject<State, Call, Answer>,
    history: readonly RecordedCall<Call, Answer>[],
  ) {
    this.#object = object;
    this.#bestState = object.initial;
    this.#size = history.length;
    const entries = history.flatMap((recorded, index) => entriesOf(recorded, index));
    entries.sort((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn));
    for (const [i, entry] of entries.entries()) {
      entry.previous = entries[i - 1];
      entry.next = entries[i + 1];
      if (entry.isReturn) this.#returnsLeft++;
    }
    this.#head = { next: entries[0] };
  }

  run(placesMax: number): LinearizabilityVerdict {
    const object = this.#object;
    const taken: { entry: Entry<Call, Answer>; before: State }[] = [];
    const visited = new Set<string>();
    let set = 0n;
    let state = object.initial;
    let entry = this.#head.next;
    while (this.#returnsLeft > 0) {
      if (entry !== undefined && !entry.isReturn) {
        const after = object.next(state, entry.recorded.call, entry.recorded.answer);
        const withIt: bigint = set | (1n << BigInt(entry.index));
        if (after !== impossible && this.#isNew(visited, withIt, after)) {
          if (visited.size > placesMax) return this.#undecided(placesMax);
          taken.push({ entry, before: state });
          state = after;
          set = withIt;
          this.#take(entry);
          if (taken.length > this.#best.length) {
            this.#best = taken.map((each) => each.entry);
            this.#bestState = state;
          }
          entry = this.#head.next;
        } else {
          entry = entry.next;
        }
        continue;
      }
      const last = taken.pop();
      if (last === undefined) return this.#violated();
      this.#putBack(last.entry);
      state = last.before;
      set &= ~(1n << BigInt(last.entry.index));
      entry = last.entry.next;
    }
    return { kind: "linearizable" };
  }

  #isNew(visited: Set<string>, set: bigint, state: State): boolean {
    const before = visited.size;
    visited.add(`${set.toString(36)} ${this.#object.name(state)}`);
    return visited.size > before;
  }

  #take(entry: Entry<Call, Answer>): void {
    this.#unlink(entry);
    if (entry.match === undefined) return;
    this.#unlink(entry.match);
    this.#returnsLeft--;
  }

  #unlink(entry: Entry<Call, Answer>): void {
    if (entry.previous === undefined) this.#head.next = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
  }

  /** In reverse order of taking, so that each entry's neighbours are those it was taken from. */
  #putBack(entry: Entry<Call, Answer>): void {
    if (entry.match !== undefined) {
      this.#link(entry.match);
      this.#returnsLeft++;
    }
    this.#link(entry);
  }

  #link(entry: Entry<Call, Answer>): void {
    if (entry.previous === undefined) this.#head.next = entry;
    else entry.previous.next = entry;
    if (entry.next !== undefined) entry.next.previous = entry;
  }

  #undecided(placesMax: number): LinearizabilityVerdict {
    const problem = `${this.#size} calls, and no verdict after ${placesMax} places`;
    return { kind: "undecided", problem };
  }

  #violated(): LinearizabilityVerdict {
    const explained = new Set(this.#best.map((entry) => entry.index));
    const rest: string[] = [];
    for (let entry = this.#head.next; entry !== undefined; entry = entry.next) {
      if (!entry.isReturn && !explained.has(entry.index)) rest.push(describe(entry.recorded));
    }
    const lines = [
      `no order of these ${this.#size} calls explains all answers`,
      `after ${this.#best.length} calls in state ${this.#object.name(this.#bestState)}, the last of them:`,
      ...this.#best.slice(-5).map((entry) => `  ${describe(entry.recorded)}`),
      "none of these fits:",
      ...rest.slice(0, 5).map((line) => `  ${line}`),
    ];
    return { kind: "violated", problem: lines.join("\n") };
  }
}

function entriesOf<Call, Answer>(
  recorded: RecordedCall<Call, Answer>,
  index: number,
): Entry<Call, Answer>[] {
  const links = { match: undefined, next: undefined, previous: undefined };
  const call: Entry<Call, Answer> = {
    ...links,
    index,
    recorded,
    isReturn: false,
    at: recorded.begun,
  };
  if (recorded.ended === undefined) return [call];
  const end: Entry<Call, Answer> = {
    ...links,
    index,
    recorded,
    isReturn: true,
    at: recorded.ended,
  };
  call.match = end;
  return [call, end];
}

function describe<Call, Answer>(recorded: RecordedCall<Call, Answer>): string {
  const { client, call, answer, begun, ended } = recorded;
  const said = answer === undefined ? "?" : JSON.stringify(answer);
  return `[${begun.toFixed(3)}, ${ended?.toFixed(3) ?? "?"}] ${client}: ${JSON.stringify(call)} -> ${said}`;
}
