import type { Tick } from "../core/machine.ts";
import type { Note } from "../core/note.ts";
import type { Instant, Millis } from "../core/units.ts";
import type { VoterSet, VotingRules } from "./voters.ts";

/** Any JSON value: what is proposed and applied. Raft never looks inside. */
export type Command = unknown;

export type Entry = { readonly index: number; readonly term: number } & (
  | { readonly kind: "command"; readonly command: Command }
  /** The first entry of a leader's term (thesis §6.4): it commits what earlier terms left. */
  | { readonly kind: "no-op" }
  /** A new voter set, in force from the moment it is in the log (thesis §4.1). */
  | { readonly kind: "voters"; readonly voters: VoterSet; readonly founding: string }
);

export type EntryBody = Entry extends infer E
  ? E extends Entry
    ? Omit<E, "index" | "term">
    : never
  : never;

/** Everything up to `index`, as one value. `data` is the encoded state machine (text). */
export interface Snapshot {
  readonly index: number;
  readonly term: number;
  readonly voters: VoterSet;
  readonly founding: string;
  readonly data: string;
}

/** What a node must not forget: one small record, written whole. */
export interface HardState {
  readonly term: number;
  /** Whom this node gave its vote in `term`. */
  readonly vote: string | undefined;
  /** Id of this state directory, made at its first start. */
  readonly disk: string;
  /** A lower bound of the commit index, so that a restart knows the CIB without a leader. */
  readonly commit: number;
}

/** What storage held at start; see `loadRaftState`. */
export interface LoadedRaft {
  readonly hard: HardState | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly Entry[];
}

interface Addressed {
  readonly term: number;
  /** Which founding of the cluster the sender belongs to; "" while it has none. */
  readonly founding: string;
}

interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** Messages between the replicas; `term` and `founding` are in all of them. */
export type RaftMessage = Addressed &
  (
    | ({ readonly kind: "pre-vote"; readonly digest: string } & LogEnd)
    | ({
        readonly kind: "pre-vote-reply";
        readonly granted: boolean;
        readonly disk: string;
        /** The leader that the replier still believes in. */
        readonly leader: string;
      } & LogEnd)
    | ({
        readonly kind: "vote";
        readonly digest: string;
        /** Asked for by the old leader itself (thesis §3.10): a living leader is no objection. */
        readonly transfer: boolean;
      } & LogEnd)
    | { readonly kind: "vote-reply"; readonly granted: boolean; readonly disk: string }
    | {
        readonly kind: "append";
        readonly prevIndex: number;
        readonly prevTerm: number;
        readonly entries: readonly Entry[];
        readonly commit: number;
        /** The leader counts what this node acknowledges. */
        readonly counted: boolean;
        /** The leader's clock, echoed in the reply: the lease is measured from when it was sent. */
        readonly sentAt: Instant;
      }
    | {
        readonly kind: "append-reply";
        readonly ok: boolean;
        /** ok: all entries up to here are durable; else: retry from at most here. */
        readonly match: number;
        readonly disk: string;
        readonly echo: Instant;
      }
    | { readonly kind: "snapshot"; readonly snapshot: Snapshot; readonly sentAt: Instant }
    /** Stand for election at once: the leader hands over. */
    | { readonly kind: "stand-now" }
    /** The sender led `term` and does not any more. */
    | { readonly kind: "stepped-down" }
  );

/** Keys of a message that the sender adds by itself. */
export type RaftMessageBody = RaftMessage extends infer M
  ? M extends RaftMessage
    ? Omit<M, "founding">
    : never
  : never;

export interface Peer {
  readonly name: string;
  readonly incarnation: number;
  /** Rank in elections: higher stands first, ties by name. */
  readonly priority: number;
}

export type DismissReason = "fenced" | "left" | "tie-break" | "operator";

export type RaftInput =
  | Tick
  | {
      readonly kind: "message";
      readonly from: string;
      readonly incarnation: number;
      readonly body: RaftMessage;
    }
  /** Who is alive now, by the failure detector (this node left out). Replaces the last such set. */
  | { readonly kind: "peers"; readonly alive: readonly Peer[] }
  /**
   * `node` is certain not to act: confirmed fenced, left cleanly, refused by the tie-breaker, or an
   * operator's word. Feed it before the `peers` input that lacks the node.
   */
  | { readonly kind: "peer-dismissed"; readonly node: string; readonly why: DismissReason }
  /** The tie-breaker chose the other side: this node must not lead by dismissing others. */
  | { readonly kind: "tie-break-refused" }
  /** That peer is known to have heard us at `at` (an echo in its advertisements): extends the lease. */
  | { readonly kind: "heard-by"; readonly node: string; readonly at: Instant }
  | { readonly kind: "propose"; readonly id: string; readonly command: Command }
  /** The write with that id, and all before it, are durable. */
  | { readonly kind: "stored"; readonly id: number }
  /** Writes do not succeed (on), or do again (off). */
  | { readonly kind: "storage-trouble"; readonly on: boolean; readonly message: string }
  /** The state machine's encoded state after applying `index`. Answer to `snapshot-wanted`. */
  | { readonly kind: "snapshot-taken"; readonly index: number; readonly data: string }
  /** Voting rules of the definition in force (after each change of it). */
  | { readonly kind: "rules"; readonly rules: VotingRules }
  /**
   * Which nodes without a counting vote may get one (back); undefined: all. An exclusive tie-breaker
   * has to know first whose votes count (`SplitArbitration`).
   */
  | { readonly kind: "admit"; readonly names: readonly string[] | undefined }
  /** Own rank. */
  | { readonly kind: "priority"; readonly priority: number }
  /** Hand leadership over (to that node, or the best one). */
  | { readonly kind: "transfer"; readonly to?: string }
  /** This node stops taking part for good: hands over, then votes and acknowledges no more. */
  | { readonly kind: "leave" };

export type RaftRole = "follower" | "pre-candidate" | "candidate" | "leader";

export interface Write {
  readonly key: string;
  /** undefined: remove the key. */
  readonly bytes: Uint8Array | undefined;
}

export type ProposalFailure =
  /** Nothing happened; ask the leader. */
  | "not-leader"
  /** Nothing happened; try again soon. */
  | "not-ready"
  | "too-many"
  /** It may or may not be committed later. */
  | "unknown";

export type RaftOutput =
  | Note
  | { readonly kind: "send"; readonly to: string; readonly body: RaftMessage }
  | {
      readonly kind: "persist";
      readonly id: number;
      /** All or nothing, and never before an earlier persist. */
      readonly writes: readonly Write[];
      /** To be performed once durable, then feed `stored` with the id. */
      readonly whenDurable: readonly RaftOutput[];
    }
  | {
      readonly kind: "apply";
      readonly index: number;
      readonly term: number;
      readonly command: Command;
    }
  /** Replace the state machine by this snapshot. */
  | { readonly kind: "restore"; readonly index: number; readonly data: string }
  | { readonly kind: "snapshot-wanted"; readonly index: number }
  | {
      readonly kind: "proposal-result";
      readonly id: string;
      readonly result:
        | { readonly ok: true; readonly index: number; readonly term: number }
        | {
            readonly ok: false;
            readonly reason: ProposalFailure;
            readonly leader: string | undefined;
          };
    }
  | {
      readonly kind: "role";
      readonly role: RaftRole;
      readonly term: number;
      readonly leader: string | undefined;
      /** Leader only: a no-op of its term is committed; it may act. */
      readonly ready: boolean;
    }
  /** The voter set in force changed. */
  | { readonly kind: "voters"; readonly voters: VoterSet }
  /** `leave` is done: leadership handed over or nobody to take it. */
  | { readonly kind: "left" };

export interface RaftOptions {
  readonly self: string;
  readonly incarnation: number;
  readonly priority: number;
  readonly rules: VotingRules;
  /** Rank k waits k times this before it stands. A round trip and two fsyncs should fit in. */
  readonly rankStepMs: Millis;
  /** How long an unanswered candidacy lasts before it is tried again. */
  readonly electionTimeoutMs: Millis;
  /** A leader's append interval, and what a lost message costs; longer while nothing is outstanding. */
  readonly heartbeatMs: Millis;
  /**
   * A leader that no quorum acknowledged for so long steps down; 0: only the failure detector makes
   * it. At most the failure detector's bound, at least twice the heartbeat.
   */
  readonly leaseMs: Millis;
  /** A follower whose leader is alive but says nothing for so long asks for an election. */
  readonly leaderSilenceMs: Millis;
  /** Entries kept before a snapshot is asked for. */
  readonly snapshotEntries: number;
  /** Founding a cluster waits for every voter of the definition instead of a majority. */
  readonly foundingNeedsAll: boolean;
  readonly maxProposals: number;
}

export const RAFT_DEFAULTS = {
  priority: 100,
  rankStepMs: 100,
  electionTimeoutMs: 400,
  heartbeatMs: 500,
  leaseMs: 0,
  leaderSilenceMs: 5000,
  snapshotEntries: 256,
  foundingNeedsAll: false,
  maxProposals: 1024,
} as const;
