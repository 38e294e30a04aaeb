import type { OptionTable } from "./option-table.ts";

const BASIC = {
  priority: "score",
  "target-role": ["Started", "Stopped", "Unpromoted", "Promoted"],
  "is-managed": "boolean",
  maintenance: "boolean",
  "resource-stickiness": "score",
  requires: ["nothing", "quorum", "fencing", "unfencing"],
  "migration-threshold": "threshold",
  "failure-timeout": "duration",
  "multiple-active": ["block", "stop_only", "stop_start", "stop_unexpected"],
  "allow-migrate": "boolean",
  "allow-unhealthy-nodes": "boolean",
  critical: "boolean",
  "container-attribute-target": ["host"],
  "restart-type": ["ignore", "restart"],
  "remote-node": "text",
  "remote-port": "count",
  "remote-addr": "text",
  "remote-allow-migrate": "boolean",
  "remote-connect-timeout": "duration",
  // Ours: a second active instance does no lasting harm, so a split may be survived without fencing.
  "harmless-twice": "boolean",
} as const;

const CLONE = {
  "clone-max": "count",
  "clone-min": "count",
  "clone-node-max": "count",
  "globally-unique": "boolean",
  interleave: "boolean",
  notify: "boolean",
  ordered: "boolean",
  promotable: "boolean",
  "promoted-max": "count",
  "promoted-node-max": "count",
} as const;

const FORMER = {
  "master-max": "promoted-max",
  "master-node-max": "promoted-node-max",
  is_managed: "is-managed",
  resource_stickiness: "resource-stickiness",
  target_role: "target-role",
  multiple_active: "multiple-active",
};

const FORMER_VALUES = { Master: "Promoted", Slave: "Unpromoted" };

/** Pacemaker Explained, "Resource Options", beside our own `harmless-twice`. */
export const RESOURCE_META: OptionTable = {
  noun: "meta attribute",
  otherwise: "what is for the agent belongs into params",
  unknownWarnsInSimulation: true,
  kinds: BASIC,
  formerNames: FORMER,
  formerValues: FORMER_VALUES,
  elsewhere: Object.fromEntries(
    Object.keys(CLONE).map((name) => [name, "that belongs into the meta of the clone"]),
  ),
};

/** Clones take what resources take, for their instances, and their own. So do defaults. */
export const CLONE_META: OptionTable = {
  ...RESOURCE_META,
  kinds: { ...BASIC, ...CLONE },
  elsewhere: {},
};

/** Pacemaker Explained, "Operation Properties". */
export const OPERATION_OPTIONS: OptionTable = {
  noun: "operation option",
  otherwise: "what is for the agent belongs into the params of the operation",
  unknownWarnsInSimulation: true,
  formerValues: FORMER_VALUES,
  kinds: {
    interval: "duration",
    timeout: "duration",
    "on-fail": [
      "ignore",
      "block",
      "demote",
      "stop",
      "restart",
      "fence",
      "standby",
      "restart-container",
    ],
    role: ["Started", "Stopped", "Unpromoted", "Promoted"],
    enabled: "boolean",
    "record-pending": "boolean",
    "start-delay": "duration",
    "interval-origin": "text",
    requires: ["nothing", "quorum", "fencing", "unfencing"],
    description: "text",
  },
};

/** Operations of the agent classes; anything else is taken for a typing mistake. */
export const OPERATION_NAMES: readonly string[] = [
  "monitor",
  "start",
  "stop",
  "promote",
  "demote",
  "notify",
  "reload",
  "reload-agent",
  "migrate_to",
  "migrate_from",
  "meta-data",
  "validate-all",
  "status",
];
