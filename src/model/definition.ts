import type { Millis } from "../core/units.ts";
import type { Diagnostic } from "./diagnostic.ts";
import type { AgentName, PolicyDefinition } from "./policy-definition.ts";

/** A loaded cluster.yaml: the text as written, and what it says. Made by `src/config` only. */
export interface Definition {
  readonly text: string;
  readonly cluster: string;
  /** In the order of the file. */
  readonly nodes: readonly NodeSettings[];
  readonly messaging: MessagingSettings;
  readonly quorum: QuorumSettings;
  /** What the policy engine needs: resources, constraints, properties, defaults. */
  readonly policy: PolicyDefinition;
  readonly checks: readonly CheckSettings[];
  readonly fencing: FencingSettings;
  readonly alerts: readonly AlertSettings[];
  /** What is in force for quorum loss and fencing, and whether the file says so itself. */
  readonly choices: SafetyChoices;
  /** The warnings about safety that hold as long as this definition does: status repeats them. */
  readonly advice: readonly Diagnostic[];
}

export type NoQuorumPolicy = "stop" | "freeze" | "ignore" | "demote" | "suicide";

/** Also in `policy.properties`, as strings; `…IsDefault`: the file says nothing about it. */
export interface SafetyChoices {
  readonly noQuorumPolicy: NoQuorumPolicy;
  readonly noQuorumPolicyIsDefault: boolean;
  readonly fencingEnabled: boolean;
  readonly fencingEnabledIsDefault: boolean;
  /** Nothing that is run does harm if it is active once too often: addresses, what is marked so. */
  readonly harmlessTwice: boolean;
}

export interface NodeSettings {
  readonly name: string;
  /** One per link; link 0 first. IPv4 or IPv6. */
  readonly addresses: readonly string[];
  /** Votes for quorum, 0 or more. */
  readonly votes: number;
  /** A witness votes and never runs resources. */
  readonly role: "full" | "witness";
}

export interface MessagingSettings {
  readonly transport: "multicast" | "unicast";
  /** Multicast group, one for all links; link n adds n to the port. */
  readonly group: string;
  readonly port: number;
  readonly advertIntervalMs: Millis;
  readonly keyFile: string;
  /** Path MTU that frames must fit in, bytes of UDP payload. */
  readonly maxDatagram: number;
}

/** votequorum(5)'s options by their names. */
export interface QuorumSettings {
  /** Undefined: the sum of the votes of all nodes. */
  readonly expectedVotes?: number;
  readonly twoNode: boolean;
  readonly waitForAll: boolean;
  readonly autoTieBreaker: boolean;
  /** lowest, highest, or names in order of preference. */
  readonly autoTieBreakerNode: readonly string[];
  readonly lastManStanding: boolean;
  readonly lastManStandingWindowMs: Millis;
  /** Ping targets that decide an even split. */
  readonly pingTargets: readonly string[];
  /** Path of a shared slot file or block device. */
  readonly disk?: string;
  /** Address and port of an arbiter daemon. */
  readonly arbiter?: string;
  /** The key for talking to the arbiter, where it is not the cluster's own. */
  readonly arbiterKeyFile?: string;
}

export type CheckSettings = {
  readonly name: string;
  readonly intervalMs: Millis;
  readonly timeoutMs: Millis;
  readonly rise: number;
  readonly fall: number;
  /** Node attribute that carries the result: weight times the successes. */
  readonly attribute: string;
  readonly weight: number;
} & (
  | { readonly kind: "ping"; readonly targets: readonly string[] }
  | { readonly kind: "tcp"; readonly targets: readonly string[] }
  | { readonly kind: "http"; readonly targets: readonly string[] }
  | { readonly kind: "command"; readonly command: string }
);

export interface FencingSettings {
  readonly devices: readonly FencingDevice[];
  /** Per target: levels in order, each a list of device names that must all succeed. */
  readonly topology: ReadonlyMap<string, readonly (readonly string[])[]>;
}

export interface FencingDevice {
  readonly name: string;
  /** `ipmi`, `fence_*`, `exec` or `ssh`. */
  readonly agent: string;
  /** Nodes it can fence; empty: what its map or list says. */
  readonly targets: readonly string[];
  readonly params: ReadonlyMap<string, string>;
  /** pcmk_* style options under their own names: delay-base, delay-max, timeout, retries … */
  readonly options: ReadonlyMap<string, string>;
}

export interface AlertSettings {
  readonly name: string;
  readonly command?: string;
  readonly url?: string;
  readonly options: ReadonlyMap<string, string>;
}

export type { AgentName };
