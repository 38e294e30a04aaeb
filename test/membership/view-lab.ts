import { Membership, type MembershipOutput } from "../../src/membership/membership.ts";
import type { QuorumSettings } from "../../src/model/definition.ts";
import type { AdvertBody } from "../../src/model/peer.ts";

const INTERVAL = 100;
const SILENCE = 300;

interface LabNode {
  readonly name: string;
  incarnation: number;
  machine: Membership | undefined;
  advert: AdvertBody;
  /** When each peer was last heard, and what it said. */
  heard: Map<string, { at: number; incarnation: number; said: string }>;
}

export const PLAIN_SETTINGS: QuorumSettings = {
  twoNode: false,
  waitForAll: false,
  autoTieBreaker: false,
  autoTieBreakerNode: [],
  lastManStanding: false,
  lastManStandingWindowMs: 10_000,
  pingTargets: [],
};

const ADVERT: AdvertBody = {
  priority: 100,
  viewId: "",
  dc: "",
  term: 0,
  quorate: false,
  definitionVersion: 1,
  activeDigest: "",
  load: 0,
};

/**
 * Membership machines that advertise to one another every 100 ms over links that can be cut one way
 * or both, with a failure detector of 300 ms of silence (and 10 ms more for each later node, so that
 * nodes notice a death one after the other).
 */
export class ViewLab {
  readonly nodes: LabNode[];
  readonly votes: readonly { readonly name: string; readonly votes: number }[];
  readonly log: string[] = [];
  readonly #settings: QuorumSettings;
  readonly #cuts = new Set<string>();
  /** Changes of membership so far, of all nodes. */
  views = 0;
  now = 0;

  constructor(
    votes: readonly { readonly name: string; readonly votes: number }[],
    settings: Partial<QuorumSettings> = {},
  ) {
    this.votes = votes;
    this.#settings = { ...PLAIN_SETTINGS, ...settings };
    this.nodes = votes.map(({ name }) => {
      return { name, incarnation: 0, machine: undefined, advert: ADVERT, heard: new Map() };
    });
  }

  node(name: string): LabNode {
    const node = this.nodes.find((other) => other.name === name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  up(name: string): void {
    const node = this.node(name);
    node.incarnation += 1;
    node.heard = new Map();
    node.advert = ADVERT;
    const { incarnation } = node;
    node.machine = new Membership({
      self: name,
      incarnation,
      nodes: this.votes,
      quorum: this.#settings,
      formDelayMs: 20,
    });
    this.#take(node, node.machine.step(this.now, { kind: "tick" }));
  }

  down(name: string): void {
    this.node(name).machine = undefined;
  }

  cut(from: string, to: string): void {
    this.#cuts.add(`${from}>${to}`);
  }

  mend(from: string, to: string): void {
    this.#cuts.delete(`${from}>${to}`);
  }

  mendAll(): void {
    this.#cuts.clear();
  }

  input(name: string, input: Parameters<Membership["step"]>[1]): void {
    const node = this.node(name);
    if (node.machine !== undefined) this.#take(node, node.machine.step(this.now, input));
  }

  run(ms: number): void {
    const end = this.now + ms;
    for (; this.now < end; this.now += 10) {
      if (this.now % INTERVAL === 0) for (const node of this.nodes) this.#advertise(node);
      for (const [i, node] of this.nodes.entries()) this.#watch(node, SILENCE + i * 10);
      for (const node of this.nodes) {
        const deadline = node.machine?.nextDeadline();
        if (deadline !== undefined && deadline <= this.now) this.input(node.name, { kind: "tick" });
      }
    }
  }

  #advertise(from: LabNode): void {
    if (from.machine === undefined) return;
    const hears = [...from.heard.keys()].sort();
    const said = JSON.stringify([from.advert, hears]);
    const { name: node, incarnation, advert } = from;
    for (const to of this.nodes) {
      if (to === from || to.machine === undefined || this.#cuts.has(`${from.name}>${to.name}`))
        continue;
      const known = to.heard.get(from.name);
      const at = this.now;
      const isNew = known?.incarnation !== incarnation;
      to.heard.set(from.name, { at, incarnation, said });
      if (isNew)
        this.input(to.name, {
          kind: "peer",
          event: { kind: "peer-up", node, incarnation, advert, at },
        });
      if (!isNew && known.said === said) continue;
      const event = { kind: "peer-advert", node, incarnation, advert, hears, at } as const;
      this.input(to.name, { kind: "peer", event });
    }
  }

  #watch(node: LabNode, silence: number): void {
    for (const [name, { at, incarnation }] of [...node.heard]) {
      if (this.now - at < silence) continue;
      node.heard.delete(name);
      const event = {
        kind: "peer-down",
        node: name,
        incarnation,
        reason: "silent",
        lastHeard: at,
        at: this.now,
      } as const;
      this.input(node.name, { kind: "peer", event });
    }
  }

  /** The node says goodbye. */
  leave(name: string): void {
    const { incarnation } = this.node(name);
    this.down(name);
    for (const to of this.nodes) {
      if (!to.heard.delete(name)) continue;
      const event = {
        kind: "peer-down",
        node: name,
        incarnation,
        reason: "left",
        lastHeard: this.now,
        at: this.now,
      } as const;
      this.input(to.name, { kind: "peer", event });
    }
  }

  #take(node: LabNode, outputs: readonly MembershipOutput[]): void {
    for (const output of outputs) {
      if (output.kind === "advertise") {
        node.advert = { ...node.advert, viewId: output.viewId, quorate: output.quorate };
      } else if (output.kind === "note") {
        this.log.push(`${node.name}: ${output.message}`);
      } else {
        const { lost, joined } = output.view;
        if (lost.length > 0 || joined.length > 0) this.views += 1;
        for (const one of lost) this.log.push(`${node.name}: lost ${one.node} (${one.reason})`);
      }
    }
  }

  /** `a: a b c, quorum` for each living node. */
  describe(): readonly string[] {
    return this.nodes.flatMap((node) => {
      const view = node.machine?.view;
      if (view === undefined) return [];
      const out = view.evicted.length === 0 ? "" : `, without ${view.evicted.join(" ")}`;
      const { quorate, explanation } = view.quorum;
      return [
        `${node.name}: ${view.members.join(" ")}${out}; ${quorate ? "quorum" : "no quorum"} (${explanation})`,
      ];
    });
  }
}
