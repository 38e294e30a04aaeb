import type { VotingRules } from "../../src/consensus/voters.ts";

/** Known bugs, planted from outside, that the checker must find. */
export type PlantedBug = "vote-not-persisted" | "ack-before-durable" | "stale-term-accepted";

export interface RaftSimOptions {
  readonly seed: number;
  readonly nodes: readonly { readonly name: string; readonly votes: number }[];
  readonly quorum?: Partial<VotingRules["quorum"]>;
  readonly loss?: number;
  readonly duplicates?: number;
  readonly diskLoss?: boolean;
  /** The living half may fence the rest when it is an even split. */
  readonly fencing?: boolean;
  readonly leaseMs?: number;
  readonly changeRules?: boolean;
  readonly faultMs?: number;
  readonly bug?: PlantedBug;
  readonly trace?: boolean;
  /** How long a sync takes at first. */
  readonly fsyncMs?: number;
}

/** Rules of a majority and nothing else. */
export const PLAIN_QUORUM: VotingRules["quorum"] = {
  twoNode: false,
  autoTieBreaker: false,
  autoTieBreakerNode: [],
  lastManStanding: false,
  lastManStandingWindowMs: 2000,
};
