import type {
  ColocationConstraint,
  Constraint,
  LocationConstraint,
  OrderConstraint,
  ResourceSet,
  TicketConstraint,
} from "../model/policy-definition.ts";
import type { Rule } from "../model/rule.ts";
import { writeRule } from "../model/rule-text.ts";
import { formatScore, type Score } from "../model/score.ts";
import { defined } from "./constraint-parts.ts";

type Plain = Readonly<Record<string, unknown>>;

/** Constraints by kind, as plain values for the section `constraints`. */
export function plainConstraints(constraints: readonly Constraint[]): Plain {
  const of = <Kind extends Constraint["kind"]>(kind: Kind) =>
    constraints.filter((each): each is Constraint & { kind: Kind } => each.kind === kind);
  const lists = {
    location: of("location").map(plainLocation),
    colocation: of("colocation").map(plainColocation),
    order: of("order").map(plainOrder),
    ticket: of("ticket").map(plainTicket),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

function plainLocation(constraint: LocationConstraint): Plain {
  const { id, resource, pattern, sets, role, node, score, rules, discovery, expires } = constraint;
  return defined({
    id,
    resource,
    pattern,
    sets: sets?.map(plainSet),
    role,
    node,
    // Without a score Pacemaker takes 0, which has no effect; here it has to be said.
    score: rules.length > 0 ? undefined : writeScore(score ?? 0),
    rules: rules.length > 0 ? rules.map(plainRule) : undefined,
    discovery,
    expires,
  });
}

function plainRule(rule: Rule): Plain {
  const { id, role, score, scoreAttribute } = rule;
  return defined({
    id,
    role,
    rule: writeRule(rule),
    score: scoreAttribute === undefined ? writeScore(score ?? 0) : undefined,
    "score-attribute": scoreAttribute,
  });
}

function plainColocation(constraint: ColocationConstraint): Plain {
  return defined({
    id: constraint.id,
    resource: withSuffix(constraint.resource, constraint.role),
    with: withSuffix(constraint.with, constraint.withRole),
    score: writeScore(constraint.score ?? 0),
    instance: constraint.instance,
    "with-instance": constraint.withInstance,
    "node-attribute": constraint.nodeAttribute,
    influence: constraint.influence,
    sets: constraint.sets?.map(plainSet),
  });
}

function plainOrder(constraint: OrderConstraint): Plain {
  return defined({
    id: constraint.id,
    first: withSuffix(constraint.first, constraint.firstAction),
    // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
    then: withSuffix(constraint.then, constraint.thenAction),
    kind: constraint.orderKind,
    score: constraint.score,
    "first-instance": constraint.firstInstance,
    "then-instance": constraint.thenInstance,
    symmetrical: constraint.symmetrical,
    "require-all": constraint.requireAll,
    sets: constraint.sets?.map(plainSet),
  });
}

function plainTicket(constraint: TicketConstraint): Plain {
  return defined({
    id: constraint.id,
    ticket: constraint.ticket,
    resource: withSuffix(constraint.resource, constraint.role),
    "loss-policy": constraint.lossPolicy,
    sets: constraint.sets?.map(plainSet),
  });
}

function plainSet({ id, members, requireAll, ...options }: ResourceSet): unknown {
  const given = defined({ ...options, "require-all": requireAll });
  return Object.keys(given).length === 0 ? members : { id, members, ...given };
}

function withSuffix(resource: string | undefined, suffix: string | undefined): string | undefined {
  return resource === undefined || suffix === undefined ? resource : `${resource}:${suffix}`;
}

function writeScore(score: Score): string {
  return formatScore(score);
}
