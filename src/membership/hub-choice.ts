import type { HeardPeer } from "./link-matrix.ts";
import { HOPS_MAX, parseViewId, type ViewWord } from "./view-id.ts";

/** What makes a node the one to decide who is in. */
export interface HubRank {
  /** How many nodes it hears: the more, the more broken pairs it can judge. */
  readonly size: number;
  /** It decides already: a mended link must not bring another judge in. */
  readonly decides: boolean;
  readonly name: string;
}

/**
 * The word to follow, with one hop more, of those that the neighbours (nodes that hear us and that we
 * hear) act upon; undefined: nobody ranks above `own`, so we decide.
 */
export function chooseWord(own: HubRank, mutual: readonly HeardPeer[]): ViewWord | undefined {
  const neighbours = new Set([own.name, ...mutual.map((peer) => peer.name)]);
  let chosen: ViewWord | undefined;
  let best = own;
  for (const peer of mutual) {
    const word = parseViewId(peer.advert.viewId);
    if (word === undefined || word.hops >= HOPS_MAX || word.former === own.name) continue;
    const { former, hops } = word;
    // Who follows a judge that we cannot follow ourselves passes on the word of a better one,
    // unless that one says itself that it is left out.
    const isOut = word.excluded.flat().includes(former);
    const passesOn = hops === 1 && !neighbours.has(former) && !isOut;
    const size = peer.hears.size + (passesOn ? 0.5 : 0);
    const rank = { size, decides: hops === 0, name: peer.name };
    if (!isBetterHub(rank, best)) continue;
    chosen = { ...word, hops: hops + 1 };
    best = rank;
  }
  return chosen;
}

function isBetterHub(a: HubRank, b: HubRank): boolean {
  if (a.size !== b.size) return a.size > b.size;
  if (a.decides !== b.decides) return a.decides;
  return a.name < b.name;
}
