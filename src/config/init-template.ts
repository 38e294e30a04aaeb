/** How two nodes decide who goes on when they lose each other. */
export type SplitChoice = "witness" | "arbiter" | "disk" | "fencing" | "ping" | "ignore";

export interface InitAnswers {
  readonly cluster: string;
  readonly nodes: readonly { readonly name: string; readonly address: string }[];
  /** Address with prefix length that the cluster is to hold; without it no resource is written. */
  readonly vip?: string;
  /** Asked for where there are two nodes. */
  readonly split?: SplitChoice;
  /** witness: the third node. */
  readonly witness?: { readonly name: string; readonly address: string };
  /** arbiter: its address; disk: its path; ping: addresses, separated by commas. */
  readonly tieBreaker?: string;
  readonly transport?: "multicast" | "unicast";
}

/** The choices for two nodes, as `paceline init` explains them. */
export const SPLIT_CHOICES: readonly { readonly choice: SplitChoice; readonly text: string }[] = [
  {
    choice: "witness",
    text: "a third machine votes and runs nothing: whoever it still hears goes on. The best without fencing.",
  },
  {
    choice: "arbiter",
    text: "a small daemon on a third machine (pacelined --arbiter), for any number of clusters, gives the right to go on to one side. It holds no copy of anything.",
  },
  {
    choice: "disk",
    text: "a small block device or file that both nodes share gives the right to go on to one side.",
  },
  {
    choice: "fencing",
    text: "the survivor powers the other node off through its management controller, then takes over. The one choice that is safe for data on shared disks.",
  },
  {
    choice: "ping",
    text: "who still reaches the gateway goes on. If both do, both go on: addresses are then active twice.",
  },
  {
    choice: "ignore",
    text: "both go on. Addresses then are active twice until the nodes meet again: as with Keepalived.",
  },
];

/** Writes a first definition with the choice explained in it; it loads without an error. */
export function initTemplate(answers: InitAnswers): string {
  const { cluster, split } = answers;
  const nodes = [
    ...answers.nodes.map(({ name, address }) => `  ${name}: { addresses: [${address}] }`),
    ...witnessLines(answers),
  ];
  const sections = [
    [`cluster: ${cluster}`],
    ["nodes:", ...nodes],
    answers.transport === "unicast" ? ["messaging: { transport: unicast }"] : [],
    splitLines(answers),
    propertyLines(answers.nodes.length === 2 ? split : undefined, answers),
    ["resources:", ...resourceLines(answers.vip)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function witnessLines({ split, witness }: InitAnswers): string[] {
  if (split !== "witness") return [];
  // What is left open is written so that it does not load, with the place to fill in.
  const { name, address } = witness ?? { name: "witness", address: "ADDRESS" };
  return [`  ${name}: { addresses: [${address}], role: witness }   # votes, never runs anything`];
}

/** What is left open is written so that it does not load, with the place to fill in. */
function tieBreakerLines({ split, tieBreaker }: InitAnswers): string[] {
  if (split === "arbiter") {
    return [
      "# The side of a split that the arbiter (pacelined --arbiter there) chooses goes on, the other one",
      "# stops. A node that boots alone waits for the other one.",
      `quorum: { arbiter: ${tieBreaker ?? "ADDRESS"}, wait-for-all: true }`,
    ];
  }
  if (split === "disk") {
    return [
      "# The side of a split that gets the shared disk (its first megabyte is overwritten) goes on, the",
      "# other one stops. A node that boots alone waits for the other one.",
      `quorum: { disk: ${tieBreaker ?? "PATH"}, wait-for-all: true }`,
    ];
  }
  if (split !== "ping") return [];
  return [
    "# A side that reaches none of these stops. If both sides reach one, both go on.",
    `quorum: { ping-targets: [${tieBreaker ?? "ADDRESS"}] }`,
  ];
}

function splitLines(answers: InitAnswers): string[] {
  const { split, nodes } = answers;
  if (split !== "fencing") return tieBreakerLines(answers);
  return [
    "# Fencing decides a split: the survivor powers the other node off, then takes over. A node that",
    "# boots alone waits for the other one, since it can't know whether that one is running things.",
    "quorum: { two-node: true, wait-for-all: true }",
    "fencing:",
    "  devices:",
    ...nodes.flatMap(({ name }) => [
      `    ${name}-bmc:`,
      "      agent: ipmi",
      `      targets: [${name}]`,
      "      # the address of its management controller; the file holds the password, mode 0600",
      `      params: { address: ${name}-bmc, username: admin, password-file: /etc/paceline/${name}-bmc.pass }`,
    ]),
  ];
}

function propertyLines(split: SplitChoice | undefined, answers: InitAnswers): string[] {
  if (answers.nodes.length < 2 || split === "fencing") return [];
  const lines = ["properties:"];
  if (split === "ping") lines.push("  no-quorum-policy: ignore");
  if (split === "ignore") {
    lines.push(
      "  # Both nodes go on if they lose each other, and addresses are then active twice.",
    );
    lines.push("  no-quorum-policy: ignore");
  }
  lines.push(
    "  # Nothing powers a hanging node off: don't let two nodes write to one disk like this.",
  );
  lines.push("  fencing-enabled: false");
  return lines;
}

function resourceLines(vip: string | undefined): string[] {
  if (vip === undefined) return ["  # vip: { agent: vip, params: { ip: 10.0.0.100/24 } }"];
  return [`  vip: { agent: vip, params: { ip: ${vip} } }`];
}
