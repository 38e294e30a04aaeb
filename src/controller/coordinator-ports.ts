import type { Note } from "../core/note.ts";
import type { Millis, WallTime } from "../core/units.ts";
import type { Cib } from "../model/cib.ts";
import type { ClusterStatus } from "../model/cluster-status.ts";
import type { Plan } from "../model/plan.ts";
import type { PolicyDefinition } from "../model/policy-definition.ts";
import type { Work } from "../policy/work.ts";
import type { NodeMessage } from "./node-message.ts";

/** What the coordinator is given, and what it asks for. */

/** The policy engine, handed in so that a test may put another in its place. */
export type Planner = (
  definition: PolicyDefinition,
  status: ClusterStatus,
  now: WallTime,
  options?: {
    /** Collect what every score is made of; costs time. */
    readonly explain?: boolean;
    /** Promotable clone to the nodes on which the plan under way promotes it. */
    readonly promoting?: ReadonlyMap<string, readonly string[]>;
    /** The partition has no quorum: what only a failed probe says to be here may run elsewhere. */
    readonly wary?: boolean;
  },
) => Plan;

/** The same engine in slices (see PlanMaking); it answers as the planner does. */
export type SlicedPlanner = (...input: Parameters<Planner>) => Work<Plan>;

/** A plan that is only looked at: as things are now, or with another policy or other tickets. */
export interface Question {
  readonly policy?: PolicyDefinition;
  readonly tickets?: Cib["tickets"];
  readonly explain?: boolean;
}

/** What the coordinator works from; all of it may change between two steps. */
export interface CoordinatorContext {
  readonly self: string;
  /** With the name it makes the keys of orders unique, whatever term they are of. */
  readonly incarnation: number;
  readonly planner: Planner;
  /** Without it every plan is made in one go. */
  readonly slicedPlanner?: SlicedPlanner | undefined;
  /** The definition in force with the overrides applied; undefined before there is any. */
  policy(wall: WallTime): { policy: PolicyDefinition; nextExpiry?: WallTime } | undefined;
  cib(): Cib;
  /** Attributes of a node beside those that it tells of itself. */
  attributes?(node: string): Readonly<Record<string, string>>;
}

export type CoordinatorOutput =
  | { readonly kind: "tell"; readonly node: string; readonly message: NodeMessage }
  | {
      readonly kind: "fence";
      readonly key: string;
      readonly target: string;
      readonly operation: "off" | "on" | "reboot";
      readonly reason: string;
      readonly timeoutMs: Millis;
      /** priority-fencing-delay, where it applies. */
      readonly delayMs?: Millis;
    }
  /** Orders of fencing that the newest plan does not want any more. */
  | { readonly kind: "fencing-unwanted"; readonly keys: readonly string[] }
  | { readonly kind: "planned"; readonly plan: Plan; readonly transitionId: number }
  | { readonly kind: "settled" }
  | { readonly kind: "changed" }
  | Note;
