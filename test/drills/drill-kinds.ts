/** A sort of cluster that is drilled: how it decides who may act when it is split. */
export interface DrillKind {
  readonly name: string;
  readonly nodes: number;
  /** The last node is a witness. */
  readonly witness?: true;
  /** Votes of a node by its name, where it has not one. */
  readonly votes?: Readonly<Record<string, number>>;
  /** An arbiter runs outside of the cluster. */
  readonly arbiter?: true;
  /** YAML of the `quorum` map. */
  readonly quorum?: string;
  readonly noQuorumPolicy?: "stop" | "freeze" | "demote" | "suicide" | "ignore";
  /** Lost nodes lose their power by IPMI; else nothing but the rules keeps two from acting. */
  readonly fenced: boolean;
  /** The definition itself allows both sides of a split to serve. */
  readonly mayServeTwice?: true;
}

/** The client of the lab, which stands where a gateway would. */
export const GATEWAY = "10.77.0.250";

/** Where the arbiter listens, on the client of the lab. */
export const ARBITER = `${GATEWAY}:7799`;

/** Every quorum option, on two to five nodes. */
export const DRILL_KINDS: readonly DrillKind[] = [
  { name: "two-fenced", nodes: 2, quorum: "two-node: true", fenced: true },
  { name: "two-tie-breaker", nodes: 2, quorum: "auto-tie-breaker: true", fenced: false },
  { name: "two-arbiter", nodes: 2, arbiter: true, quorum: `arbiter: "${ARBITER}"`, fenced: false },
  { name: "two-disk", nodes: 2, quorum: "disk: KEYFILE.slots", fenced: false },
  { name: "two-ping", nodes: 2, quorum: `ping-targets: [${GATEWAY}]`, fenced: false },
  { name: "two-witness", nodes: 3, witness: true, fenced: false },
  { name: "two-ignore", nodes: 2, noQuorumPolicy: "ignore", fenced: false, mayServeTwice: true },
  { name: "three-stop", nodes: 3, noQuorumPolicy: "stop", fenced: false },
  { name: "three-votes", nodes: 3, votes: { node2: 3 }, fenced: false },
  { name: "three-wait-for-all", nodes: 3, quorum: "wait-for-all: true", fenced: false },
  { name: "three-fenced", nodes: 3, fenced: true },
  { name: "three-freeze", nodes: 3, noQuorumPolicy: "freeze", fenced: true },
  { name: "three-suicide", nodes: 3, noQuorumPolicy: "suicide", fenced: true },
  { name: "four-tie-breaker", nodes: 4, quorum: "auto-tie-breaker: true", fenced: false },
  {
    name: "four-tie-breaker-node",
    nodes: 4,
    quorum: "auto-tie-breaker-node: node3",
    fenced: false,
  },
  { name: "four-expected-votes", nodes: 4, quorum: "expected-votes: 5", fenced: false },
  {
    name: "four-last-man-standing",
    nodes: 4,
    quorum: "last-man-standing: true, last-man-standing-window: 2s, wait-for-all: true",
    fenced: false,
  },
  { name: "four-demote", nodes: 4, noQuorumPolicy: "demote", fenced: true },
  { name: "five-stop", nodes: 5, noQuorumPolicy: "stop", fenced: false },
  { name: "five-fenced", nodes: 5, fenced: true },
];

/** The top-level lines of the definition beside nodes, devices and resources. */
export function kindLines(kind: DrillKind): string {
  const properties = [
    ...(kind.noQuorumPolicy === undefined ? [] : [`no-quorum-policy: ${kind.noQuorumPolicy}`]),
    ...(kind.fenced ? [] : ["fencing-enabled: false"]),
  ];
  const lines = [
    ...(kind.quorum === undefined ? [] : [`quorum: { ${kind.quorum} }\n`]),
    ...(properties.length === 0 ? [] : [`properties: { ${properties.join(", ")} }\n`]),
  ];
  return lines.join("");
}
