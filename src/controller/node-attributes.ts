import type { AttributeRecord, CibCommand, CibResult } from "../model/cib.ts";
import type {
  AttributeAnswer,
  AttributeRequest,
  ControlFailure,
  ControlReply,
  ControlRequest,
} from "../model/control.ts";
import type { NodeCore } from "./node-core.ts";
import { fromMember } from "./node-leaving.ts";
import { fail, ok, type Respond } from "./replies.ts";

/** An attribute is a word or a number; agents also keep log positions and lists of them there. */
const NAME_MAX = 255;
const VALUE_MAX = 16_384;

interface AttributeRules {
  propose(command: CibCommand, done: (result: CibResult) => void): void;
}

/** A request to be passed on: "this node" is said by name. */
export function asOf(self: string, request: ControlRequest): ControlRequest {
  if (request.method !== "attribute" || request.scope === "cluster") return request;
  return { ...request, node: request.node ?? self };
}

/**
 * A node's own transient attributes are its own business, with a coordinator or without: an agent
 * must be able to withdraw its promotion score at any time. undefined: the coordinator's to answer.
 */
export function ownAttribute(node: NodeCore, request: AttributeRequest): ControlReply | undefined {
  if (request.scope !== "transient" || (request.node ?? node.self) !== node.self) return undefined;
  const refusal = refuse(request);
  if (refusal !== undefined) return refusal;
  const { name } = request;
  if (request.action !== "get") {
    const value = request.action === "set" ? request.value : undefined;
    fromMember(node, node.member.lrm(node.now, { kind: "set-attribute", name, value }));
  }
  return answer(request, node.self, node.member.attributes()[name]);
}

/** Answers for other nodes, and for what the CIB keeps. */
export function coordinatorAttribute(
  node: NodeCore,
  rules: AttributeRules,
  request: AttributeRequest,
  respond: Respond,
): void {
  const target = request.scope === "cluster" ? undefined : request.node;
  const refusal = refuse(request) ?? refuseTarget(node, target, request.scope);
  if (refusal !== undefined) respond(refusal);
  else if (request.scope === "transient") respond(transient(node, request, target ?? node.self));
  else if (request.action === "get") respond(answer(request, target, kept(node, request, target)));
  else change(node, rules, request, target, respond);
}

function refuse(request: AttributeRequest): ControlFailure | undefined {
  const { name, value = "" } = request;
  if (name === "" || name.length > NAME_MAX || /\p{Cc}/u.test(name)) {
    return fail("BAD_REQUEST", "an attribute has a name of up to 255 characters");
  }
  if (value.length > VALUE_MAX) return fail("BAD_REQUEST", `the value of ${name} is too long`);
  return request.action === "set" && request.value === undefined
    ? fail("BAD_REQUEST", "to set an attribute takes a value")
    : undefined;
}

function refuseTarget(
  node: NodeCore,
  target: string | undefined,
  scope: AttributeRequest["scope"],
): ControlFailure | undefined {
  const { nodes } = node.force.definition;
  if (scope === "cluster") return undefined;
  if (target !== undefined && nodes.some((each) => each.name === target)) return undefined;
  return fail("UNKNOWN_NODE", `there is no node ${target ?? ""}`, "see `paceline status`");
}

function transient(node: NodeCore, request: AttributeRequest, target: string): ControlReply {
  const own = ownAttribute(node, { ...request, node: target });
  if (own !== undefined) return own;
  const { name, action } = request;
  const { by, status } = node.coordinator;
  if (action === "get") return answer(request, target, status.get(target)?.attributes[name]);
  if (by === undefined || !status.isMember(target)) {
    // It will come back without any: to delete is done, to set is in vain.
    return action === "delete"
      ? answer(request, target, undefined)
      : fail("NODE_OFFLINE", `${target} is not there: its transient attributes are gone with it`);
  }
  const value = action === "set" ? (request.value ?? null) : null;
  const order = { kind: "set-attribute", term: by.term, name, value } as const;
  node.tell(target, { t: "order", by, order });
  return answer(request, target, value ?? undefined);
}

/** What agents set goes before what the definition says. */
function kept(
  node: NodeCore,
  request: AttributeRequest,
  target: string | undefined,
): string | undefined {
  const { name } = request;
  const set = node.store.cib.attributes?.find((each) => each.node === target && each.name === name);
  if (set !== undefined || target === undefined) return set?.value;
  const written = node.force.definition.policy.nodes.find((each) => each.name === target);
  return written?.attributes.find((block) => block.values.has(name))?.values.get(name);
}

function change(
  node: NodeCore,
  rules: AttributeRules,
  request: AttributeRequest,
  target: string | undefined,
  respond: Respond,
): void {
  if (node.coordinator.by?.acting !== false) {
    respond(fail("NOT_QUORATE", "this partition has no quorum: nothing was changed"));
    return;
  }
  const { name } = request;
  const record: Omit<AttributeRecord, "value"> =
    target === undefined ? { name } : { node: target, name };
  const value = request.action === "set" ? request.value : undefined;
  const current = node.store.cib.attributes?.find(
    (each) => each.node === target && each.name === name,
  );
  if (current?.value === value) {
    respond(answer(request, target, value));
    return;
  }
  const command: CibCommand = {
    kind: "set-attribute",
    ...record,
    ...(value === undefined ? {} : { value }),
  };
  rules.propose(command, (result) => {
    respond(result.ok ? answer(request, target, value) : fail(result.code, result.message));
  });
}

function answer(
  request: AttributeRequest,
  target: string | undefined,
  value: string | undefined,
): ControlReply {
  const { name } = request;
  const result: AttributeAnswer = { name, node: target ?? null, value: value ?? null };
  return ok(result);
}
