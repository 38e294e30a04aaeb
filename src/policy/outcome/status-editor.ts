import type {
  ClusterStatus,
  NodeStatus,
  OperationRecord,
  ResourceHistory,
} from "../../model/cluster-status.ts";
import { EXECUTION, OCF } from "../../model/exit-code.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface EditedHistory extends Mutable<ResourceHistory> {
  operations: OperationRecord[];
}

interface EditedNode extends Mutable<NodeStatus> {
  attributes: Map<string, string>;
  history: EditedHistory[];
}

/** What is looked up again and again while thousands of results are recorded. */
interface NodeIndex {
  readonly byResource: Map<string, EditedHistory>;
  nextCallId: number;
}

/** A cluster status that can be changed: copies what it touches, leaves the original as it is. */
export class StatusEditor {
  readonly #status: ClusterStatus;
  readonly #nodes: (NodeStatus | EditedNode)[];
  readonly #edited = new Map<string, EditedNode>();
  readonly #indices = new Map<EditedNode, NodeIndex>();

  constructor(status: ClusterStatus) {
    this.#status = status;
    this.#nodes = [...status.nodes];
  }

  finish(): ClusterStatus {
    return { ...this.#status, nodes: this.#nodes };
  }

  /** The node's status to be changed; a node never heard of gets one as a member. */
  node(name: string): EditedNode {
    const known = this.#edited.get(name);
    if (known !== undefined) return known;
    const index = this.#nodes.findIndex((each) => each.name === name);
    const copy = copyNode(index < 0 ? newMember(name) : this.#nodes[index]!);
    if (index < 0) this.#nodes.push(copy);
    else this.#nodes[index] = copy;
    this.#edited.set(name, copy);
    return copy;
  }

  /** Notes a result as the executor would: it replaces the one of the same id. */
  record(
    nodeName: string,
    resource: Omit<ResourceHistory, "operations">,
    result: Omit<OperationRecord, "callId">,
  ): void {
    const node = this.node(nodeName);
    const index = this.#index(node);
    let history = index.byResource.get(resource.resource);
    if (history === undefined) {
      history = { ...resource, operations: [] };
      node.history.push(history);
      index.byResource.set(resource.resource, history);
    }
    const callId = index.nextCallId++;
    const kept = history.operations.filter((each) => each.id !== result.id);
    history.operations = [...kept, { ...result, callId }];
  }

  /**
   * Forgets a recurring operation that was cancelled, unless nothing else tells that the resource
   * is active: what a monitor saw does not stop with the monitor.
   */
  cancel(nodeName: string, resource: string, intervalMs: number): void {
    for (const history of this.node(nodeName).history) {
      if (history.resource !== resource) continue;
      const rest = history.operations.filter((each) => each.intervalMs !== intervalMs);
      if (rest.some(tellsState) || !history.operations.some(tellsState)) history.operations = rest;
    }
  }

  /** Forgets all that a node knows of a resource. */
  forget(nodeName: string, resource: string): void {
    const node = this.node(nodeName);
    node.history = node.history.filter((each) => each.resource !== resource);
    this.#indices.delete(node);
  }

  /** The history that a node has of a resource, if any. */
  hasHistory(nodeName: string, resource: string): boolean {
    return this.#index(this.node(nodeName)).byResource.has(resource);
  }

  /** Fenced: down for certain, its history and transient attributes are void. */
  fence(nodeName: string): void {
    const node = this.node(nodeName);
    Object.assign(node, { member: false, daemonOnline: false, join: "down", expected: "down" });
    delete node.memberSince;
    delete node.joinedAt;
    delete node.unclean;
    node.attributes = new Map();
    node.history = [];
    node.fencedRemotely = true;
    this.#indices.delete(node);
  }

  #index(node: EditedNode): NodeIndex {
    const known = this.#indices.get(node);
    if (known !== undefined) return known;
    const byResource = new Map(node.history.map((each) => [each.resource, each]));
    const index = { byResource, nextCallId: nextCallId(node) };
    this.#indices.set(node, index);
    return index;
  }
}

/** A result from which the resource's state can be told, other than that it does not run. */
function tellsState({ operation, rc, status }: OperationRecord): boolean {
  return status !== EXECUTION.pending && (operation !== "monitor" || rc !== OCF.notRunning);
}

function newMember(name: string): NodeStatus {
  return {
    name,
    member: true,
    daemonOnline: true,
    join: "member",
    expected: "member",
    attributes: new Map(),
    history: [],
  };
}

function copyNode(node: NodeStatus): EditedNode {
  const history = node.history.map((each) => ({ ...each, operations: [...each.operations] }));
  return { ...node, attributes: new Map(node.attributes), history };
}

function nextCallId(node: EditedNode): number {
  let highest = 0;
  for (const history of node.history) {
    for (const each of history.operations) highest = Math.max(highest, each.callId);
  }
  return highest + 1;
}
