import type {
  AttributeRecord,
  Cib,
  CibCommand,
  CibResult,
  DefinitionVersion,
  DepartureRecord,
  FencingRecord,
  Override,
  TicketRecord,
} from "../model/cib.ts";
import { newNodes, presentMessage, presentNodes } from "./away-nodes.ts";

/**
 * The replicated state machine. `applyCommand` is a pure function of the CIB and the command, so
 * every node that applies the same log has the same CIB, byte for byte. It reads no clock: times are
 * in the commands. Validity of a definition is the proposer's business (all nodes may run different
 * versions of the program, and must still agree); here only what depends on the order of commands is
 * decided: compare-and-swap, replacement, removal, bounds.
 */

/** Earlier definitions kept. */
export const MAX_HISTORY = 50;
/** Fencing records kept; pending ones are never dropped. */
export const MAX_FENCING = 200;
/** Permanent attributes at once: a bound as well. */
export const MAX_ATTRIBUTES = 5000;
/** Overrides at once: a bound against a script gone wild. */
export const MAX_OVERRIDES = 1000;

/** The CIB of a cluster in which nothing was ever committed. */
export function emptyCib(): Cib {
  return {
    index: 0,
    definition: undefined,
    history: [],
    overrides: [],
    fencing: [],
    tickets: [],
  };
}

export interface Applied {
  readonly cib: Cib;
  readonly result: CibResult;
}

/**
 * Applies the command at that log index. A refused command changes nothing but the index. An index
 * that was applied before changes nothing at all.
 */
export function applyCommand(cib: Cib, index: number, command: CibCommand): Applied {
  if (index <= cib.index) {
    return { cib, result: refusal("ALREADY_APPLIED", `Index ${index} was applied before.`) };
  }
  const { changes, result } = change(cib, index, command);
  return { cib: { ...cib, ...changes, index }, result };
}

interface Change {
  readonly changes: Partial<Cib>;
  readonly result: CibResult;
}

function change(cib: Cib, index: number, command: CibCommand): Change {
  switch (command.kind) {
    case "apply-definition":
      return applyDefinition(cib, index, command);
    case "set-override":
      return setOverride(cib, index, command.override);
    case "remove-overrides":
      return removeOverrides(cib, index, command.ids);
    case "record-fencing":
      return done(index, { fencing: recordFencing(cib.fencing, command.record) });
    case "set-ticket":
      return done(index, { tickets: setTicket(cib.tickets, command.ticket) });
    case "set-attribute":
      return setAttribute(cib, index, command);
    case "record-departure":
      return done(index, { departures: withDeparture(cib.departures ?? [], command.departure) });
    case "end-departure":
      return done(index, { departures: departuresBut(cib.departures ?? [], command.node) });
    case "nothing":
      return done(index, {});
    default:
      // A newer program's command: the same refusal on every node of this version.
      return refused("UNKNOWN_COMMAND", "This version does not know that command.");
  }
}

function done(index: number, changes: Partial<Cib>, version?: number): Change {
  const result = version === undefined ? { ok: true, index } : { ok: true, index, version };
  return { changes, result: result as CibResult };
}

function refusal(code: string, message: string): CibResult {
  return { ok: false, code, message };
}

function refused(code: string, message: string): Change {
  return { changes: {}, result: refusal(code, message) };
}

type ApplyDefinition = Extract<CibCommand, { kind: "apply-definition" }>;

function applyDefinition(cib: Cib, index: number, command: ApplyDefinition): Change {
  const inForce = cib.definition?.version ?? 0;
  const { baseVersion, text, author, at, comment, nodes } = command;
  if (baseVersion !== undefined && baseVersion !== inForce) {
    const message = `The definition changed meanwhile: version ${inForce} is in force, not ${baseVersion}.`;
    return refused("VERSION_CONFLICT", message);
  }
  if (cib.definition !== undefined && cib.definition.text === text) {
    return done(index, {}, inForce); // Nothing changes, so there is nothing to remember.
  }
  const present = presentNodes(cib, nodes);
  if (present.length > 0) {
    return refused("NODE_PRESENT", presentMessage(present));
  }
  const version = inForce + 1;
  const definition: DefinitionVersion = {
    ...{ version, text, author, at },
    ...(comment === undefined ? {} : { comment }),
    ...(nodes === undefined ? {} : { nodes }),
  };
  const history = cib.definition === undefined ? [] : [...cib.history, cib.definition];
  const changes = { definition, history: history.slice(-MAX_HISTORY), ...newcomers(cib, command) };
  return done(index, changes, version);
}

/** A new node has run nothing before it joins: it is not suspected of hanging, and not fenced. */
function newcomers(cib: Cib, { nodes, at }: ApplyDefinition): Partial<Cib> {
  const added = newNodes(cib, nodes).map((node) => ({ node, incarnation: 0, at }));
  if (added.length === 0) return {};
  return { departures: added.reduce(withDeparture, cib.departures ?? []) };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

function setOverride(cib: Cib, index: number, override: Override): Change {
  const others = cib.overrides.filter((other) => other.id !== override.id);
  if (others.length >= MAX_OVERRIDES) {
    return refused("TOO_MANY_OVERRIDES", `There are ${MAX_OVERRIDES} overrides already.`);
  }
  return done(index, { overrides: [...others, override].sort(byId) });
}

/** Ids that do not exist are an error only if none of them does: a race of two removals is fine. */
function removeOverrides(cib: Cib, index: number, ids: readonly string[]): Change {
  const overrides = cib.overrides.filter((override) => !ids.includes(override.id));
  if (overrides.length === cib.overrides.length && ids.length > 0) {
    return refused("UNKNOWN_OVERRIDE", `There is no override ${ids.join(", ")}.`);
  }
  const removed = ids.filter((id) => cib.overrides.some((override) => override.id === id));
  return { changes: { overrides }, result: { ok: true, index, removed } };
}

/** A record with a known id replaces it (its outcome became known), in its place. */
function recordFencing(
  records: readonly FencingRecord[],
  record: FencingRecord,
): readonly FencingRecord[] {
  const known = records.some((other) => other.id === record.id);
  const all = known
    ? records.map((other) => (other.id === record.id ? record : other))
    : [...records, record];
  let surplus = all.length - MAX_FENCING;
  return all.filter((other) => {
    if (surplus <= 0 || other.outcome === "pending" || other === record) return true;
    surplus -= 1;
    return false;
  });
}

function setTicket(
  tickets: readonly TicketRecord[],
  ticket: TicketRecord,
): readonly TicketRecord[] {
  return [...tickets.filter((other) => other.id !== ticket.id), ticket].sort(byId);
}

type Departures = readonly DepartureRecord[];

function departuresBut(departures: Departures, node: string): Departures {
  return departures.filter((departure) => departure.node !== node);
}

/** One record for each node: the last time that it left. */
function withDeparture(departures: Departures, departure: DepartureRecord): Departures {
  const all = [...departuresBut(departures, departure.node), departure];
  return all.sort((a, b) => (a.node < b.node ? -1 : 1));
}

type SetAttribute = Extract<CibCommand, { kind: "set-attribute" }>;

function setAttribute(cib: Cib, index: number, command: SetAttribute): Change {
  const { node, name, value } = command;
  const all = cib.attributes ?? [];
  const others = all.filter((other) => other.node !== node || other.name !== name);
  if (value === undefined) {
    return others.length === all.length ? done(index, {}) : done(index, { attributes: others });
  }
  if (others.length >= MAX_ATTRIBUTES) {
    return refused("TOO_MANY_ATTRIBUTES", `There are ${MAX_ATTRIBUTES} attributes already.`);
  }
  const record: AttributeRecord = node === undefined ? { name, value } : { node, name, value };
  return done(index, { attributes: [...others, record].sort(byNodeAndName) });
}

function byNodeAndName(a: AttributeRecord, b: AttributeRecord): number {
  const left = a.node ?? "";
  const right = b.node ?? "";
  if (left !== right) return left < right ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
