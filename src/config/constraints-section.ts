import type {
  ColocationConstraint,
  Constraint,
  OrderConstraint,
  TicketConstraint,
} from "../model/policy-definition.ts";
import { INFINITY_SCORE } from "../model/score.ts";
import {
  ACTIONS,
  asText,
  constraintId,
  defined,
  ROLES,
  readOneTarget,
  readRole,
  readSets,
} from "./constraint-parts.ts";
import type { LoadContext } from "./load-context.ts";
import { readLocation } from "./location-constraint.ts";
import { MapFields } from "./map-fields.ts";
import { readItems, readMap } from "./value-readers.ts";
import type { YamlEntry, YamlMap } from "./yaml-tree.ts";

const READERS = {
  location: readLocation,
  colocation: readColocation,
  order: readOrder,
  ticket: readTicket,
} as const;

const EXAMPLES = {
  all: "constraints: { colocation: [ … ], order: [ … ] }",
  location: "{ resource: web, node: node1, score: 100 }",
  colocation: "{ resource: web, with: db }",
  order: "{ first: db, then: web }",
  ticket: "{ ticket: NAME, resource: web }",
} as const;

/** Reads `constraints`: lists of location, colocation, order and ticket constraints. */
export function readConstraints(context: LoadContext, entry: YamlEntry | undefined): Constraint[] {
  const map = entry && readMap(context, entry.value, "constraints", EXAMPLES.all);
  if (entry === undefined || map === undefined) return [];
  const fields = new MapFields(context, map, "constraints", entry.keySpan);
  const constraints: Constraint[] = [];
  for (const kind of Object.keys(READERS) as (keyof typeof READERS)[]) {
    const value = fields.value(kind);
    const items = value === undefined ? [] : readItems(value);
    for (const [index, item] of items.entries()) {
      const label = `${kind} constraint ${index + 1}`;
      const content = readMap(context, item, label, EXAMPLES[kind]);
      const constraint = content && READERS[kind](context, content, label);
      if (constraint !== undefined) constraints.push(constraint);
    }
  }
  fields.finish();
  return constraints;
}

function readColocation(
  context: LoadContext,
  map: YamlMap,
  label: string,
): ColocationConstraint | undefined {
  const fields = new MapFields(context, map, label, map.span);
  const resource = readOneTarget(context, fields, "resource", ROLES);
  const other = readOneTarget(context, fields, "with", ROLES);
  const name = `colocation-${resource?.resource ?? "sets"}-${other?.resource ?? "together"}`;
  const id = constraintId(context, fields, name, map.span);
  const sets = readSets(context, fields, id);
  const constraint: ColocationConstraint = {
    kind: "colocation",
    id,
    // Nobody writes a colocation to have no effect, which Pacemaker's default of 0 would mean.
    score: fields.score("score") ?? INFINITY_SCORE,
    ...defined({
      resource: resource?.resource,
      role: resource?.suffix ?? readRole(context, fields, "role"),
      instance: asText(fields.integer("instance", { min: 0 })),
      with: other?.resource,
      withRole: other?.suffix ?? readRole(context, fields, "with-role"),
      withInstance: asText(fields.integer("with-instance", { min: 0 })),
      nodeAttribute: fields.text("node-attribute"),
      influence: asText(fields.boolean("influence")),
      sets,
    }),
  };
  fields.finish();
  checkPair(context, fields, "colocation", ["resource", "with"]);
  if (resource !== undefined && resource.resource === other?.resource && !sets) {
    const message = `${label} puts ${resource.resource} with itself`;
    const hint = "name the resource beside which it should run";
    const same = resource.suffix === other.suffix;
    if (same) context.report.error("CYCLE", other.word.span, message, hint);
  }
  return constraint;
}

function readOrder(context: LoadContext, map: YamlMap, label: string): OrderConstraint | undefined {
  const fields = new MapFields(context, map, label, map.span);
  const first = readOneTarget(context, fields, "first", ACTIONS);
  const following = readOneTarget(context, fields, "then", ACTIONS);
  const name = `order-${first?.resource ?? "sets"}-${following?.resource ?? "chain"}`;
  const id = constraintId(context, fields, name, map.span);
  const sets = readSets(context, fields, id);
  const score = fields.score("score") === undefined ? undefined : fields.text("score");
  const constraint: OrderConstraint = {
    kind: "order",
    id,
    ...defined({
      orderKind: fields.choice("kind", ["Mandatory", "Optional", "Serialize"]),
      score,
      first: first?.resource,
      firstAction: first?.suffix ?? fields.choice("first-action", ACTIONS),
      firstInstance: asText(fields.integer("first-instance", { min: 0 })),
      // biome-ignore lint/suspicious/noThenProperty: the name of the constraint's field
      then: following?.resource,
      thenAction: following?.suffix ?? fields.choice("then-action", ACTIONS),
      thenInstance: asText(fields.integer("then-instance", { min: 0 })),
      symmetrical: asText(fields.boolean("symmetrical")),
      requireAll: asText(fields.boolean("require-all")),
      sets,
    }),
  };
  fields.finish();
  checkPair(context, fields, "order", ["first", "then"]);
  if (constraint.first !== undefined && constraint.first === constraint.then) {
    const same = (constraint.firstAction ?? "start") === (constraint.thenAction ?? "start");
    const message = `${label} puts ${constraint.first} before itself`;
    const hint = "name the resource that has to wait for it";
    if (same) context.report.error("CYCLE", following!.word.span, message, hint);
  }
  return constraint;
}

function readTicket(
  context: LoadContext,
  map: YamlMap,
  label: string,
): TicketConstraint | undefined {
  const fields = new MapFields(context, map, label, map.span);
  const ticket = fields.text("ticket");
  const resource = readOneTarget(context, fields, "resource", ROLES);
  const name = `ticket-${ticket ?? "x"}-${resource?.resource ?? "sets"}`;
  const id = constraintId(context, fields, name, map.span);
  const sets = readSets(context, fields, id);
  const role = resource?.suffix ?? readRole(context, fields, "role");
  const lossPolicy = fields.choice("loss-policy", ["stop", "demote", "freeze", "fence"]);
  fields.finish();
  if (ticket === undefined) fields.missing("ticket", EXAMPLES.ticket);
  if (resource === undefined && sets === undefined) fields.missing("resource", "or sets");
  if (ticket === undefined) return undefined;
  const optional = defined({ resource: resource?.resource, role, lossPolicy, sets });
  return { kind: "ticket", id, ticket, ...optional };
}

/** Either both ends or sets. */
function checkPair(
  context: LoadContext,
  fields: MapFields,
  kind: "colocation" | "order",
  [one, two]: readonly [string, string],
): void {
  if (!fields.has("sets")) {
    if (!fields.has(one)) fields.missing(one, EXAMPLES[kind]);
    if (!fields.has(two)) fields.missing(two, EXAMPLES[kind]);
  } else if (fields.has(one) || fields.has(two)) {
    const message = `${fields.label} has sets and ${fields.has(one) ? one : two}`;
    context.report.error("AMBIGUOUS", fields.span, message, "make two constraints of it");
  }
}
