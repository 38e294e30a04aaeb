import type { RaftInput } from "../consensus/raft-types.ts";
import { note } from "../core/note.ts";
import type { CibCommand, CibResult } from "../model/cib.ts";
import { tellOlder } from "./definition-news.ts";
import { settleDepartures } from "./fencing-departures.ts";
import { configureFencing } from "./fencing-duty.ts";
import { fromCoordinator } from "./node-coordination.ts";
import type { NodeCore } from "./node-core.ts";
import { configureChecks, leaveSteps } from "./node-leaving.ts";
import { arbitrationSettings, arbitrationStep } from "./node-tie-breaker.ts";
import { diskRefuses } from "./node-trust.ts";
import { fromMembership } from "./node-view.ts";
import { changeReason, definitionWords, handNotes } from "./plan-reasons.ts";
import type { ReplicatedCibOutput } from "./replicated-cib.ts";

export function raftStep(node: NodeCore, input: RaftInput): void {
  fromCib(node, node.store.step(node.now, input));
}

/** Proposes a change of the CIB; `done` is called once it is committed and applied, or refused. */
export function propose(
  node: NodeCore,
  command: CibCommand,
  done: (result: CibResult) => void,
): void {
  node.proposalCount += 1;
  const id = `${node.options.incarnation}-${node.proposalCount}`;
  node.proposals.set(id, done);
  fromCib(node, node.store.propose(node.now, id, command));
}

/** The disk refuses: this node promises nothing until it can write again. */
export function storeFailed(node: NodeCore, message: string): void {
  node.out.push(
    note("error", "storage", `cannot write to the state directory: ${message}`, {
      hint: "free space or mend the file system: this node promises nothing until it can write",
    }),
  );
  diskRefuses(node, message);
  raftStep(node, { kind: "storage-trouble", on: true, message });
}

export function fromCib(node: NodeCore, outputs: readonly ReplicatedCibOutput[]): void {
  for (const output of outputs) {
    switch (output.kind) {
      case "send":
        node.tell(output.to, { t: "raft", body: output.body });
        break;
      case "role":
        roleChanged(node, output);
        break;
      case "voters":
        votersChanged(node);
        break;
      case "cib-changed":
        cibChanged(node, output);
        break;
      case "proposed": {
        const done = node.proposals.get(output.id);
        node.proposals.delete(output.id);
        done?.(output.result);
        break;
      }
      case "left":
        leaveSteps(node, node.leave.handedOver(node.now));
        break;
      default:
        node.out.push(output);
    }
  }
  confirmDefinition(node);
}

/** What was in force on the word of this node's disk alone is the cluster's definition after all. */
function confirmDefinition(node: NodeCore): void {
  const { cib, isCurrent } = node.store;
  if (!node.unconfirmed || !isCurrent || cib.definition === undefined) return;
  node.unconfirmed = false;
  const { text, version } = cib.definition;
  node.out.push({ kind: "definition", text, version, isCurrent });
}

function roleChanged(node: NodeCore, role: Extract<ReplicatedCibOutput, { kind: "role" }>): void {
  const { ready, term, leader } = role;
  node.election = { leads: role.role === "leader", ready, term, leader };
  votersChanged(node);
  node.out.push({ kind: "changed" });
}

/** Votes that do not count for now (last man standing, a dismissed peer) lower what is expected. */
function votersChanged(node: NodeCore): void {
  const nodes = node.store.excused();
  fromMembership(node, node.membership.step(node.now, { kind: "excused", nodes }));
}

/** Another definition is in force: everybody who works by it is told. */
export function definitionChanged(node: NodeCore): void {
  const { nodes, quorum } = node.force.definition;
  const config = node.force.messagingConfig(node.self);
  node.out.push({ kind: "messaging", command: { kind: "configure", config } });
  configureChecks(node);
  raftStep(node, { kind: "rules", rules: { nodes, quorum } });
  fromMembership(node, node.membership.step(node.now, { kind: "rules", nodes, quorum }));
  arbitrationStep(node, {
    kind: "settings",
    settings: arbitrationSettings(node.force.definition),
  });
  configureFencing(node);
}

/** A command was applied: a new definition goes everywhere it matters, and the plan is stale. */
function cibChanged(
  node: NodeCore,
  { before, command }: Extract<ReplicatedCibOutput, { kind: "cib-changed" }>,
): void {
  const { changed, notes } = node.force.update(node.store.cib);
  node.out.push(...notes, { kind: "changed" });
  const version = node.store.cib.definition;
  if (changed && version !== undefined) {
    const { isCurrent } = node.store;
    node.unconfirmed = !isCurrent;
    node.out.push({
      kind: "definition",
      text: version.text,
      version: version.version,
      isCurrent,
    });
    definitionChanged(node);
    tellOlder(node);
  }
  settleDepartures(node);
  if (node.coordinator.by?.acting === false) {
    const told = handNotes(before, command, node.wall());
    node.out.push(...told);
    const definition = changed ? definitionWords(version) : [];
    for (const words of [...told.map(({ message }) => message), ...definition]) {
      node.incidents.byHand(words, node.wall());
    }
  }
  fromCoordinator(node, node.coordinator.replan(node.now, changeReason(command)));
}
