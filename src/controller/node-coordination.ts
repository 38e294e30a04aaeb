import { actingCoordinator } from "../consensus/acting-coordinator.ts";
import { RAFT_DEFAULTS } from "../consensus/raft-types.ts";
import { note } from "../core/note.ts";
import type { View } from "../membership/membership.ts";
import type { CibCommand } from "../model/cib.ts";
import type { CoordinatorOutput } from "./coordinator-ports.ts";
import { recordLeave } from "./fencing-departures.ts";
import { fenceForPlan, fenceForQuorum, layDownFencing, takeUpFencing } from "./fencing-duty.ts";
import { dropUnwanted } from "./fencing-returns.ts";
import { leftUndone } from "./left-undone.ts";
import { propose } from "./node-cib.ts";
import type { NodeCore } from "./node-core.ts";
import type { Coordination, NodeMessage } from "./node-message.ts";

/**
 * Who coordinates: the Raft leader that is ready, while its view has quorum (the DC). In a view
 * without quorum, the first of its members by rank (the acting coordinator), which follows
 * no-quorum-policy and never changes the CIB. A node that has just started listens for a while
 * before it acts alone.
 */
function coordination(node: NodeCore): Coordination | undefined {
  const { view, election } = node;
  if (view === undefined) return undefined;
  if (isOnlyListening(node, view)) return undefined;
  if (node.leave.saidGoodbye && !view.quorum.quorate) return undefined;
  if (view.quorum.quorate) {
    return election.leads && election.ready ? { term: election.term, acting: false } : undefined;
  }
  if (node.now < node.listenUntil) return undefined;
  if (actingOf(node, view) !== node.self) return undefined;
  return { term: Math.max(election.term, node.member.term), acting: true };
}

/**
 * Just started, and nobody else was heard yet: who is alive may only not have been heard yet. That goes
 * for a node, too, that has quorum all alone, by a tie-breaker say.
 */
function isOnlyListening(node: NodeCore, view: View): boolean {
  if (node.now >= node.listenUntil) return false;
  const voters = node.force.definition.nodes.filter((each) => each.votes > 0);
  return !view.quorum.quorate || (view.peers.length === 0 && voters.length > 1);
}

function actingOf(node: NodeCore, view: View): string | undefined {
  return actingCoordinator([{ name: node.self, priority: RAFT_DEFAULTS.priority }, ...view.peers]);
}

/** The coordinator this node looks to; undefined: there is none. */
export function follows(node: NodeCore): string | undefined {
  if (node.coordinator.by !== undefined) return node.self;
  const view = node.view;
  if (view === undefined) return undefined;
  const name = view.quorum.quorate ? node.election.leader : actingOf(node, view);
  return name !== undefined && name !== node.self && view.members.includes(name) ? name : undefined;
}

/**
 * Takes up or lays down the coordinator's duties, as view and election have it. `lost`: the view
 * has just changed, and these nodes are no longer in it.
 */
export function settleOffice(
  node: NodeCore,
  closeDesk: () => void,
  lost?: readonly string[],
): void {
  const wanted = coordination(node);
  const current = node.coordinator.by;
  const view = node.view;
  if (wanted === undefined || view === undefined) {
    if (current === undefined) return;
    fromCoordinator(node, node.coordinator.deactivate(node.now));
    layDownFencing(node);
    closeDesk();
    return;
  }
  const quorate = view.quorum.quorate;
  if (current?.term !== wanted.term || current.acting !== wanted.acting) {
    // What was begun with a quorum is not gone on with without one, nor the other way round.
    if (current !== undefined) layDownFencing(node);
    takeOffice(node, wanted, view);
  } else if (lost !== undefined) {
    const { coordinator, now } = node;
    const members = node.members();
    fromCoordinator(node, coordinator.setView(now, wanted, members, quorate, lost, view.joined));
  }
  if (wanted.acting) fenceForQuorum(node);
}

function takeOffice(node: NodeCore, by: Coordination, view: View): void {
  const message = by.acting
    ? `${node.self} coordinates this partition without quorum: ${view.quorum.explanation}`
    : `${node.self} is the DC of term ${by.term}`;
  const members = node.members();
  const fields = { term: by.term, acting: by.acting, members: [...members.keys()] };
  node.out.push(note("info", "coordinator", message, fields));
  node.coordinator.setWall(node.wall());
  fromCoordinator(node, node.coordinator.activate(node.now, by, members, view.quorum.quorate));
  takeUpFencing(node);
  if (!by.acting) found(node);
}

/** The first DC of a new cluster commits its own file as the first definition. */
function found(node: NodeCore): void {
  if (node.store.cib.definition !== undefined) return;
  const command: CibCommand = {
    kind: "apply-definition",
    text: node.force.definition.text,
    author: `${node.self} (founding)`,
    at: node.wall(),
    nodes: node.force.definition.nodes.map(({ name }) => name),
  };
  propose(node, command, (result) => {
    if (result.ok) return;
    node.out.push(note("warn", "founding-failed", `cannot found the cluster: ${result.message}`));
  });
}

/** Performs what the coordinator's duties ask for. */
export function fromCoordinator(node: NodeCore, outputs: readonly CoordinatorOutput[]): void {
  for (const output of outputs) {
    switch (output.kind) {
      case "tell":
        tellMember(node, output.node, output.message);
        break;
      case "fence":
        fenceForPlan(node, output);
        break;
      case "fencing-unwanted":
        dropUnwanted(node, output.keys);
        break;
      case "planned":
        node.incidents.planned(output.plan, output.transitionId, node.wall());
        break;
      case "settled":
        settled(node);
        break;
      default:
        node.out.push(output);
    }
  }
}

/** That a node may leave is committed before it is told. */
function tellMember(node: NodeCore, name: string, message: NodeMessage): void {
  const tell = () => node.tell(name, message);
  if (message.t === "order" && message.order.kind === "shutdown") recordLeave(node, name, tell);
  else tell();
}

function settled(node: NodeCore): void {
  const { plan } = node.coordinator;
  const { policy } = node.force.policy(node.store.cib, node.wall());
  node.incidents.settled(node.wall(), plan === undefined ? [] : leftUndone(plan, policy));
  const by = node.coordinator.by;
  if (by === undefined) return;
  if (node.announceWhenSettled) {
    node.announceWhenSettled = false;
    for (const member of node.members().keys()) {
      node.tell(member, { t: "order", by, order: { kind: "announce", term: by.term } });
    }
  }
  if (by.acting) return;
  dropExpired(node);
  node.office.settled(node);
}

/** Overrides that have expired are taken out of the CIB, so that nobody wonders about them. */
function dropExpired(node: NodeCore): void {
  const wall = node.wall();
  const ids = node.store.cib.overrides
    .filter((override) => override.expires !== undefined && override.expires <= wall)
    .map((override) => override.id);
  if (ids.length > 0) propose(node, { kind: "remove-overrides", ids }, () => undefined);
}
