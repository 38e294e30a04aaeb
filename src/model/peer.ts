import type { Instant, Millis } from "../core/units.ts";

/** What every advertisement says about its sender. Small: it travels ten times a second. */
export interface AdvertBody {
  /** Rank in DC elections; higher goes first. */
  readonly priority: number;
  /** The view this node lives in: its counter and the node that formed it. */
  readonly viewId: string;
  /** The DC this node follows, empty if none. */
  readonly dc: string;
  readonly term: number;
  readonly quorate: boolean;
  /** Version of the definition this node runs (index of its last change in the CIB). */
  readonly definitionVersion: number;
  /** Short digest of what is active here: a hint, see `saysTheSame`. */
  readonly activeDigest: string;
  /** Running operations, when anything else in here last changed: a hint. */
  readonly load: number;
}

/**
 * Whether two advertisements differ in nothing but hints. A hint travels with the next frame; nobody
 * is woken for it, since it changes twice with each operation.
 */
export function saysTheSame(a: AdvertBody, b: AdvertBody): boolean {
  return (
    a.priority === b.priority &&
    a.viewId === b.viewId &&
    a.dc === b.dc &&
    a.term === b.term &&
    a.quorate === b.quorate &&
    a.definitionVersion === b.definitionVersion
  );
}

/** What the messaging layer tells the rest of the node. All times are this node's monotonic time. */
export type PeerEvent =
  | {
      /** First advertisement of this incarnation, or the first after `peer-down`. */
      readonly kind: "peer-up";
      readonly node: string;
      readonly incarnation: number;
      readonly advert: AdvertBody;
      readonly at: Instant;
    }
  | {
      /** The contents of its advertisement changed beyond its hints, or what it hears did. */
      readonly kind: "peer-advert";
      readonly node: string;
      readonly incarnation: number;
      readonly advert: AdvertBody;
      /** Other nodes that this peer hears directly. */
      readonly hears: readonly string[];
      readonly at: Instant;
    }
  | {
      /** Not alive any more: silent past the bound and no answer to probes, or it said goodbye. */
      readonly kind: "peer-down";
      readonly node: string;
      readonly incarnation: number;
      readonly reason: "silent" | "left" | "restarted" | "stuck";
      /** When its last authentic frame arrived. */
      readonly lastHeard: Instant;
      readonly at: Instant;
    }
  | {
      readonly kind: "link";
      readonly node: string;
      readonly link: number;
      readonly up: boolean;
      readonly at: Instant;
    }
  | {
      /** A whole message over the reliable, ordered channel of that incarnation. */
      readonly kind: "message";
      readonly node: string;
      readonly incarnation: number;
      readonly payload: Uint8Array;
      readonly at: Instant;
    }
  | {
      /** This node did not run for so long: do not judge others by that time. */
      readonly kind: "self-paused";
      readonly ms: Millis;
      readonly at: Instant;
    }
  | {
      /** Another daemon uses our name with a different incarnation. */
      readonly kind: "name-conflict";
      readonly node: string;
      readonly address: string;
      /** It was started later than we: peers heed it, and not us any more. */
      readonly superseded: boolean;
      readonly at: Instant;
    };

/** What the rest of the node asks of the messaging layer. */
export type MessagingCommand =
  | { readonly kind: "advertise"; readonly body: AdvertBody }
  | { readonly kind: "send"; readonly to: string; readonly payload: Uint8Array }
  /** Peers, addresses, interval … from the (new) definition. Running channels survive. */
  | { readonly kind: "configure"; readonly config: MessagingConfig }
  /** Say goodbye in the last advertisements. */
  | { readonly kind: "leave" }
  /** The main loop is alive; without it for `stuckAfterMs` the advertisements say "stuck". */
  | { readonly kind: "main-alive" };

export interface MessagingConfig {
  readonly cluster: string;
  readonly self: string;
  readonly transport: "multicast" | "unicast";
  readonly group: string;
  readonly port: number;
  readonly advertIntervalMs: Millis;
  readonly maxDatagram: number;
  readonly stuckAfterMs: Millis;
  /** All nodes of the definition, this one included, each with one address per link. */
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] }[];
}
