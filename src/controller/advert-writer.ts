import { RAFT_DEFAULTS } from "../consensus/raft-types.ts";
import { type AdvertBody, saysTheSame } from "../model/peer.ts";

/** What of the node's state goes into its advertisements beside the view. */
export interface AdvertFacts {
  readonly dc: string;
  readonly term: number;
  readonly definitionVersion: number;
  /** Names of the active resources. */
  readonly active: readonly string[];
  readonly load: number;
}

/** Writes the node's advertisement, and only when it differs from the last one in more than its load. */
export class AdvertWriter {
  #viewId = "";
  #quorate = false;
  #last: AdvertBody | undefined;
  #digest: { active: string; text: string } = { active: "", text: "" };

  setView(viewId: string, quorate: boolean): void {
    this.#viewId = viewId;
    this.#quorate = quorate;
  }

  /** The advertisement to send from now on; undefined: as before. */
  write(facts: AdvertFacts): AdvertBody | undefined {
    const body: AdvertBody = {
      priority: RAFT_DEFAULTS.priority,
      viewId: this.#viewId,
      dc: facts.dc,
      term: facts.term,
      quorate: this.#quorate,
      definitionVersion: facts.definitionVersion,
      activeDigest: this.#digestOf(facts.active),
      load: facts.load,
    };
    if (this.#last !== undefined && isSame(this.#last, body)) return undefined;
    this.#last = body;
    return body;
  }

  #digestOf(active: readonly string[]): string {
    const key = active.join(" ");
    if (this.#digest.active !== key) this.#digest = { active: key, text: fnv1a(key) };
    return this.#digest.text;
  }
}

function isSame(a: AdvertBody, b: AdvertBody): boolean {
  return saysTheSame(a, b) && a.activeDigest === b.activeDigest;
}

/** FNV-1a, 32 bits: tells two lists apart, no more is wanted of it. */
function fnv1a(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}
