import type { Machine, Tick } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import { Timers } from "../core/timers.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { QuorumSettings } from "../model/definition.ts";
import type { PeerEvent } from "../model/peer.ts";
import { heardElsewhere } from "./heard-elsewhere.ts";
import { chooseWord } from "./hub-choice.ts";
import { type HeardPeer, LinkMatrix } from "./link-matrix.ts";
import { judgeQuorum, type QuorumVerdict, type TieBreakVerdict } from "./quorum.ts";
import { chooseGroups } from "./view-formation.ts";
import {
  areTogether,
  type Exclusions,
  formatViewId,
  parseViewId,
  type ViewWord,
} from "./view-id.ts";
import { viewNotes } from "./view-notes.ts";

/**
 * Turns what messaging tells of peers into a view: who is in, whether it has quorum, and why.
 *
 * 1. A member is a node of the definition that we hear and that hears us. Losing either is the end
 *    of its membership at once; joining waits `formDelayMs`, so that nodes that come together join
 *    together. Another incarnation is a leave and a join.
 * 2. With all links whole that is an agreed view: everybody hears everybody. With a cut between two
 *    living nodes (A-B, while both hear C) it is not, and somebody must be left out. Who that is
 *    only a node that hears both can judge, so the node that hears most nodes, the *hub* (of equals
 *    the one that decides already, then the lower name), decides for its neighbours: it leaves out
 *    the smallest set that covers all broken pairs, preferring not the DC, then who is not in the
 *    view, then the fewest votes, then later names (`view-formation.ts`). Those left out are divided
 *    by the same rule. Its word is its view id; who follows it passes it on, two hops at most.
 *    Everybody acts on the word it advertises, and whoever leaves us out by its word is no member of
 *    ours: so views agree inside as soon as the words have arrived, whichever words these are.
 * 3. Nothing re-forms for ever: a pair counts as broken only after a grace time, and a repaired one
 *    is held broken for a time that doubles each time it breaks again (`link-matrix.ts`). A settled
 *    view keeps its members whoever else turns up.
 * 4. Safety does not rest on any of this: elections need a quorum of votes whatever the views say.
 */
export interface MembershipOptions {
  readonly self: string;
  readonly incarnation: number;
  readonly nodes: readonly { readonly name: string; readonly votes: number }[];
  readonly quorum: QuorumSettings;
  /** How long a joining node waits for others to join in the same view. */
  readonly formDelayMs: Millis;
  /** How long two living nodes may not hear each other before one is left out. Default 500. */
  readonly graceMs?: Millis;
}

export type MembershipInput =
  | Tick
  | { readonly kind: "peer"; readonly event: PeerEvent }
  | {
      readonly kind: "rules";
      readonly nodes: MembershipOptions["nodes"];
      readonly quorum: QuorumSettings;
    }
  /** Votes that do not count at present, by the leader's committed decision. */
  | { readonly kind: "excused"; readonly nodes: readonly string[] }
  /** That node is certain not to act until it is seen again. */
  | {
      readonly kind: "dismissed";
      readonly node: string;
      readonly why?: "fenced" | "left" | "tie-break" | "operator";
    }
  | { readonly kind: "tie-break"; readonly verdict: TieBreakVerdict };

export interface ViewPeer {
  readonly name: string;
  readonly incarnation: number;
  readonly priority: number;
}

export interface LostNode {
  readonly node: string;
  readonly incarnation: number;
  /** `cut`: alive, but does not hear us, or was left out of the view. */
  readonly reason: "silent" | "left" | "restarted" | "stuck" | "cut";
  /** When its last frame arrived, as far as known. */
  readonly lastHeard: Instant;
}

export interface View {
  readonly viewId: string;
  /** Names, this node included, sorted. */
  readonly members: readonly string[];
  /** The members but this node. */
  readonly peers: readonly ViewPeer[];
  /** Since the view before. */
  readonly joined: readonly string[];
  readonly lost: readonly LostNode[];
  /** Alive, but left out because they do not hear all of us. */
  readonly evicted: readonly string[];
  /** Not members, but one of them hears them and nobody has left them out: they may act with it. */
  readonly elsewhere: readonly string[];
  readonly quorum: QuorumVerdict;
}

export type MembershipOutput =
  | Note
  /** Members or quorum changed. */
  | { readonly kind: "view"; readonly view: View }
  /** To be said in the advertisements. */
  | { readonly kind: "advertise"; readonly viewId: string; readonly quorate: boolean };

type Departure = Pick<LostNode, "reason" | "lastHeard">;

export class Membership implements Machine<MembershipInput, MembershipOutput> {
  readonly #self: string;
  readonly #formDelayMs: Millis;
  readonly #matrix: LinkMatrix;
  readonly #timers = new Timers<"form">();
  readonly #heard = new Map<string, HeardPeer>();
  readonly #departures = new Map<string, Departure>();
  readonly #dismissed = new Map<string, "fenced" | "left" | "tie-break" | "operator">();
  #nodes: MembershipOptions["nodes"];
  #settings: QuorumSettings;
  #excused: ReadonlySet<string> = new Set();
  #tieBreak: TieBreakVerdict = "unknown";
  #seenAll = false;
  #follows = false;
  #formed = 0;
  #ownExclusions: Exclusions = [];
  #view: View | undefined;
  #advertised = "";
  #outputs: MembershipOutput[] = [];

  constructor(options: MembershipOptions) {
    this.#self = options.self;
    this.#nodes = options.nodes;
    this.#settings = options.quorum;
    this.#formDelayMs = options.formDelayMs;
    this.#matrix = new LinkMatrix(options.self, options.graceMs ?? 500);
  }

  nextDeadline(): Instant | undefined {
    const deadlines = [this.#timers.next(), this.#matrix.nextDeadline()];
    const known = deadlines.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  /** The view in force; undefined before the first step. */
  get view(): View | undefined {
    return this.#view;
  }

  /** The version of the definition that each living node says it runs. */
  definitionVersions(): ReadonlyMap<string, number> {
    return new Map([...this.#heard].map(([name, peer]) => [name, peer.advert.definitionVersion]));
  }

  step(now: Instant, input: MembershipInput): readonly MembershipOutput[] {
    this.#outputs = [];
    this.#timers.takeExpired(now);
    this.#take(now, input);
    this.#matrix.update(now, this.#heard);
    this.#form(now);
    return this.#outputs;
  }

  #take(now: Instant, input: MembershipInput): void {
    switch (input.kind) {
      case "tick":
        return;
      case "peer":
        this.#onPeer(now, input.event);
        return;
      case "rules":
        this.#nodes = input.nodes;
        this.#settings = input.quorum;
        return;
      case "excused":
        this.#excused = new Set(input.nodes);
        return;
      case "dismissed":
        this.#dismissed.set(input.node, input.why ?? "fenced");
        return;
      case "tie-break":
        this.#tieBreak = input.verdict;
    }
  }

  #onPeer(now: Instant, event: PeerEvent): void {
    if (event.kind === "peer-down") {
      const known = this.#heard.get(event.node);
      if (known === undefined || known.incarnation !== event.incarnation) return;
      this.#heard.delete(event.node);
      const { reason, lastHeard } = event;
      this.#departures.set(event.node, { reason, lastHeard });
      if (reason === "left") this.#dismissed.set(event.node, "left");
    } else if (event.kind === "peer-up" || event.kind === "peer-advert") {
      const { node: name, incarnation, advert } = event;
      if (name === this.#self) return;
      const known = this.#heard.get(name);
      const isSame = known?.incarnation === incarnation;
      if (known === undefined) this.#departures.delete(name);
      else if (!isSame) this.#departures.set(name, { reason: "restarted", lastHeard: event.at });
      // Seen (again): nothing said of it before holds any more.
      if (!isSame) this.#dismissed.delete(name);
      const hears =
        event.kind === "peer-advert"
          ? new Set(event.hears)
          : isSame
            ? known.hears
            : new Set<string>();
      this.#heard.set(name, { name, incarnation, advert, hears });
      if (!isSame) this.#timers.set("form", now + this.#formDelayMs);
    }
  }

  // --- Who is in.

  #form(now: Instant): void {
    const word = this.#hubWord();
    const exclusions = word === undefined ? this.#decideExclusions() : word.excluded;
    const mutual = this.#mutual();
    const before = this.#view;
    const wanted = mutual.filter((peer) => areTogether(exclusions, peer.name, this.#self));
    const members = wanted.filter((peer) => this.#hasUs(peer) && this.#mayEnter(peer, before));
    const evicted = mutual.filter((peer) => !wanted.includes(peer)).map((peer) => peer.name);
    const names = this.#nodes.map((node) => node.name).filter((name) => name !== this.#self);
    this.#emitView(now, members, evicted, heardElsewhere(names, members, exclusions));
    this.#advertise(word, exclusions);
  }

  /** A neighbour says by which word it goes: whoever leaves us out is no member of ours. */
  #hasUs(peer: HeardPeer): boolean {
    const word = parseViewId(peer.advert.viewId);
    return word === undefined || areTogether(word.excluded, peer.name, this.#self);
  }

  /** A new member waits for the forming delay; who is in stays in. */
  #mayEnter(peer: HeardPeer, before: View | undefined): boolean {
    if (!this.#timers.isSet("form")) return true;
    const known = before?.peers.find((other) => other.name === peer.name);
    return known?.incarnation === peer.incarnation;
  }

  /** Nodes of the definition that we hear and that hear us, by name. */
  #mutual(): readonly HeardPeer[] {
    const defined = new Set(this.#nodes.map((node) => node.name));
    return [...this.#heard.values()]
      .filter((peer) => defined.has(peer.name) && peer.hears.has(this.#self))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** What the neighbour says whose word we follow; undefined: we decide ourselves. */
  #hubWord(): ViewWord | undefined {
    const own = { size: this.#heard.size, decides: !this.#follows, name: this.#self };
    const word = chooseWord(own, this.#mutual());
    this.#follows = word !== undefined;
    return word;
  }

  #decideExclusions(): Exclusions {
    const votes = new Map(this.#nodes.map((node) => [node.name, node.votes]));
    const members = new Set(this.#view?.members ?? [this.#self]);
    const out = new Set(this.#ownExclusions.flat());
    const dc = this.#dcOfMost();
    this.#ownExclusions = chooseGroups(this.#matrix.broken(), (name) => {
      const isMember = members.has(name) && !out.has(name);
      return { isDc: name === dc, isMember, votes: votes.get(name) ?? 0 };
    });
    return this.#ownExclusions;
  }

  /**
   * The DC of the latest term that anybody with quorum follows. Who acts for a side without quorum, one
   * that was left out say, names itself in its advertisements, and is no DC.
   */
  #dcOfMost(): string {
    let latest = { dc: "", term: -1 };
    for (const { advert } of this.#heard.values()) {
      if (advert.quorate && advert.dc !== "" && advert.term > latest.term) latest = advert;
    }
    return latest.dc;
  }

  // --- What follows from it.

  #emitView(
    now: Instant,
    members: readonly HeardPeer[],
    evicted: readonly string[],
    elsewhere: readonly string[],
  ): void {
    const before = this.#view;
    const peers = members.map(({ name, incarnation, advert }) => {
      return { name, incarnation, priority: advert.priority };
    });
    const names = [this.#self, ...peers.map((peer) => peer.name)].sort();
    const quorum = this.#judge(new Set(names), members);
    const joined = peers.filter((peer) => !isIn(before, peer)).map((peer) => peer.name);
    const gone = (before?.peers ?? []).filter((peer) => !peers.some((p) => isSamePeer(p, peer)));
    const lost = gone.map((peer) => this.#lostNode(now, peer));
    const changed =
      before === undefined ||
      joined.length > 0 ||
      lost.length > 0 ||
      JSON.stringify([before.quorum, before.evicted, before.elsewhere]) !==
        JSON.stringify([quorum, evicted, elsewhere]);
    if (!changed) return;
    if (before === undefined || joined.length > 0 || lost.length > 0) this.#formed += 1;
    const viewId = formatViewId(this.#formed, this.#self, []);
    this.#view = { viewId, members: names, peers, joined, lost, evicted, elsewhere, quorum };
    this.#outputs.push(...viewNotes(before, this.#view, this.#matrix.broken()));
    this.#outputs.push({ kind: "view", view: this.#view });
  }

  #lostNode(now: Instant, peer: ViewPeer): LostNode {
    const known = this.#departures.get(peer.name);
    this.#departures.delete(peer.name);
    const { reason, lastHeard } = known ?? { reason: "cut" as const, lastHeard: now };
    return { node: peer.name, incarnation: peer.incarnation, reason, lastHeard };
  }

  #judge(names: ReadonlySet<string>, members: readonly HeardPeer[]): QuorumVerdict {
    const excused = new Set(this.#excused);
    // Votes that the operator swore away need not be waited for either.
    const sworn = [...this.#dismissed]
      .filter(([, why]) => why === "operator")
      .map(([name]) => name);
    const awaited = this.#nodes.filter((n) => n.votes > 0 && !excused.has(n.name));
    const all = awaited.every((n) => names.has(n.name) || sworn.includes(n.name));
    // A partition that has quorum has waited already (votequorum: so does a joining node).
    this.#seenAll ||= all || members.some((peer) => peer.advert.quorate);
    return judgeQuorum({
      settings: this.#settings,
      nodes: this.#nodes,
      members: names,
      seenAll: this.#seenAll,
      excused,
      dismissed: new Set(this.#dismissed.keys()),
      tieBreak: this.#tieBreak,
    });
  }

  #advertise(word: ViewWord | undefined, exclusions: Exclusions): void {
    const view = this.#view;
    if (view === undefined) return;
    // Followers pass their hub's word on, so that it also reaches who does not hear the hub.
    const { counter, former, hops } = word ?? {
      counter: this.#formed,
      former: this.#self,
      hops: 0,
    };
    const viewId = formatViewId(counter, former, exclusions, hops);
    const text = `${viewId} ${view.quorum.quorate}`;
    if (text === this.#advertised) return;
    this.#advertised = text;
    this.#outputs.push({ kind: "advertise", viewId, quorate: view.quorum.quorate });
  }
}

function isSamePeer(a: ViewPeer, b: ViewPeer): boolean {
  return a.name === b.name && a.incarnation === b.incarnation;
}

function isIn(view: View | undefined, peer: ViewPeer): boolean {
  return view?.peers.some((other) => isSamePeer(other, peer)) ?? false;
}
