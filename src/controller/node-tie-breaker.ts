import { note } from "../core/note.ts";
import {
  type ArbitrationInput,
  type ArbitrationSettings,
  LOOK_AGAIN_MS,
  type Situation,
} from "../membership/split-arbitration.ts";
import type { Definition } from "../model/definition.ts";
import { raftStep } from "./node-cib.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMembership } from "./node-view.ts";

/** How often a tie-breaker is asked while nothing is to be decided. */
const POLL_MS = 2_000;

/** How long an answer may take: a round trip and a write; for ping, a second and the process. */
const RETRY_MS = { arbiter: 250, disk: 1_000, ping: 1_500 } as const;

/** The tie-breaker of a definition. Of several, the one that can decide alone. */
export function arbitrationSettings(definition: Definition): ArbitrationSettings {
  const { arbiter, disk, pingTargets } = definition.quorum;
  const pollMs = POLL_MS;
  if (arbiter !== undefined) {
    return { means: "arbiter", place: arbiter, pollMs, retryMs: RETRY_MS.arbiter };
  }
  if (disk !== undefined) return { means: "disk", place: disk, pollMs, retryMs: RETRY_MS.disk };
  const place = pingTargets.join(", ");
  const means = pingTargets.length > 0 ? "ping" : undefined;
  return { means, place, pollMs, retryMs: RETRY_MS.ping };
}

/** Hands the arbitration an input, and does what follows. */
export function arbitrationStep(node: NodeCore, input: ArbitrationInput): void {
  for (const output of node.arbitration.step(node.now, input)) {
    switch (output.kind) {
      case "ask":
        node.out.push({ kind: "ask-tie-breaker", ask: output.ask });
        break;
      case "verdict":
        gaveVerdict(node, output.verdict);
        break;
      case "admit":
        raftStep(node, { kind: "admit", names: output.names });
        break;
      case "changed":
        node.out.push({ kind: "changed" });
        fromCoordinator(node, node.coordinator.replan(node.now, "the tie-breaker's state changed"));
        break;
      default:
        node.out.push(output);
    }
  }
}

function gaveVerdict(node: NodeCore, verdict: "granted" | "refused" | "unknown"): void {
  fromMembership(node, node.membership.step(node.now, { kind: "tie-break", verdict }));
  const { quorum } = node.force.definition;
  const isExclusive = quorum.arbiter !== undefined || quorum.disk !== undefined;
  if (!isExclusive || node.view === undefined) return;
  if (verdict === "refused") raftStep(node, { kind: "tie-break-refused" });
  if (verdict !== "granted") return;
  for (const other of node.view.quorum.mayDismiss) {
    const { retryMs } = arbitrationSettings(node.force.definition);
    node.takeovers.refused(other, node.now, LOOK_AGAIN_MS + retryMs);
    node.out.push(
      note("info", "tie-break-granted", `The tie-breaker chose this side: ${other} is out.`),
    );
    raftStep(node, { kind: "peer-dismissed", node: other, why: "tie-break" });
  }
}

/** To be called whenever view, votes or office may have changed. */
export function settleArbitration(node: NodeCore): void {
  const { leader } = node.election;
  if (leader !== undefined) node.lastDc = leader;
  if (node.arbitration.means === undefined) return;
  const situation = situationOf(node);
  arbitrationStep(node, { kind: "situation", situation });
}

function situationOf(node: NodeCore): Situation {
  const { view, store, self } = node;
  if (view === undefined) return { split: undefined, wanted: undefined };
  const { evenSplit, reason } = view.quorum;
  const isOpen = evenSplit && (reason.startsWith("tie-break-") || reason === "needs-dismissal");
  if (!isOpen) return { split: undefined, wanted: store.electorate() };
  const excused = store.excused();
  const electorate = node.force.definition.nodes
    .filter(({ name, votes }) => votes > 0 && !excused.includes(name))
    .map(({ name }) => name)
    .sort();
  const side = electorate.filter((name) => view.members.includes(name));
  if (!side.includes(self)) return { split: undefined, wanted: undefined };
  const lostDc = node.lastDc !== undefined && !view.members.includes(node.lastDc);
  return { split: { electorate, side, mayClaim: store.inSync, lostDc }, wanted: undefined };
}
