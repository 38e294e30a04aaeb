import type { WallTime } from "../core/units.ts";

/** The replicated cluster information base. Changed only by commands committed through the DC. */
export interface Cib {
  /** Log index of the last command applied. */
  readonly index: number;
  /** The definition in force; undefined before the first apply. */
  readonly definition: DefinitionVersion | undefined;
  /** Earlier definitions, newest last, bounded. */
  readonly history: readonly DefinitionVersion[];
  readonly overrides: readonly Override[];
  readonly fencing: readonly FencingRecord[];
  readonly tickets: readonly TicketRecord[];
  /** What agents keep here; absent until the first one does. Sorted by node, then by name. */
  readonly attributes?: readonly AttributeRecord[];
  /** Nodes that left cleanly and have not joined again; absent until the first one does. By node. */
  readonly departures?: readonly DepartureRecord[];
}

/** A node was let go: nothing is active on it until it joins again, so it is never fenced. */
export interface DepartureRecord {
  readonly node: string;
  /** The life in which it left: a later one is not covered. 0: it is new, and was never seen. */
  readonly incarnation: number;
  readonly at: WallTime;
}

/** An attribute that an agent set to stay: of a node, or without one of the cluster. */
export interface AttributeRecord {
  readonly node?: string;
  readonly name: string;
  readonly value: string;
}

export interface DefinitionVersion {
  /** Counts up from 1 with every change of the definition. */
  readonly version: number;
  readonly text: string;
  readonly author: string;
  readonly at: WallTime;
  readonly comment?: string;
  /** The members that it defines; absent in what an earlier program committed. */
  readonly nodes?: readonly string[];
}

export type OverrideKind =
  | "standby"
  | "maintenance"
  | "migrate"
  | "ban"
  | "stop"
  | "start"
  | "unmanage";

/** Something an operator set by hand: kept apart from the file, listed, removed by its own command. */
export interface Override {
  /** `KIND:TARGET` or `KIND:TARGET:NODE`: setting it again replaces it. */
  readonly id: string;
  readonly kind: OverrideKind;
  /** A node (standby, maintenance) or a resource. */
  readonly target: string;
  /** migrate: where to; ban: where not. */
  readonly node?: string;
  readonly role?: string;
  readonly author: string;
  readonly reason?: string;
  readonly at: WallTime;
  readonly expires?: WallTime;
}

export interface FencingRecord {
  /** Unique: DC term and a counter. */
  readonly id: string;
  readonly target: string;
  /** Incarnation of the target that was to be fenced, where known. */
  readonly incarnation?: number;
  readonly action: "off" | "on" | "reboot";
  readonly device?: string;
  readonly requestedBy: string;
  readonly reason: string;
  readonly startedAt: WallTime;
  readonly finishedAt?: WallTime;
  /** Withdrawn: it was no longer wanted, and nothing says that the node is off. */
  readonly outcome: "pending" | "succeeded" | "failed" | "withdrawn" | "confirmed-by-operator";
  readonly detail?: string;
  /** The node was a member again since: that it was fenced says nothing any more. */
  readonly over?: true;
}

export interface TicketRecord {
  readonly id: string;
  readonly granted: boolean;
  readonly standby: boolean;
  readonly lastGranted?: WallTime;
}

/** A change of the CIB: plain JSON, deterministic to apply (times are in it, no clock is read). */
export type CibCommand =
  | {
      readonly kind: "apply-definition";
      readonly text: string;
      readonly author: string;
      readonly at: WallTime;
      readonly comment?: string;
      /** The members that it defines. */
      readonly nodes?: readonly string[];
      /** Compare-and-swap: refused unless this is the version in force. */
      readonly baseVersion?: number;
    }
  | { readonly kind: "set-override"; readonly override: Override }
  | { readonly kind: "remove-overrides"; readonly ids: readonly string[] }
  | { readonly kind: "record-fencing"; readonly record: FencingRecord }
  | { readonly kind: "set-ticket"; readonly ticket: TicketRecord; readonly author?: string }
  | {
      readonly kind: "set-attribute";
      readonly node?: string;
      readonly name: string;
      /** Absent: the attribute goes. */
      readonly value?: string;
    }
  | { readonly kind: "record-departure"; readonly departure: DepartureRecord }
  /** The node is a member again. */
  | { readonly kind: "end-departure"; readonly node: string }
  | { readonly kind: "nothing" };

/** What applying a command said; goes back to whoever proposed it. */
export type CibResult =
  | {
      readonly ok: true;
      readonly index: number;
      readonly version?: number;
      /** Overrides that were there to be removed. */
      readonly removed?: readonly string[];
    }
  | { readonly ok: false; readonly code: string; readonly message: string };
