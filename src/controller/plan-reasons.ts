import { type Note, note } from "../core/note.ts";
import type { WallTime } from "../core/units.ts";
import type { Cib, CibCommand, DefinitionVersion, Override, TicketRecord } from "../model/cib.ts";
import { overrideWords } from "../model/override-words.ts";

/** Why a plan is made, as its line in the log says it; and what people did by hand. */

/** An attribute of a node has changed; null: it is gone. A failure shows as its count. */
export function attributeReason(node: string, name: string, value: string | null): string {
  const failure = /^(?:fail-count|last-failure)-(.+)#(\w+)_\d+$/.exec(name);
  if (failure === null) return `${name} of ${node} changed`;
  const [, resource, operation] = failure;
  return value === null
    ? `failures of ${resource} on ${node} are forgotten`
    : `${operation} of ${resource} failed on ${node}`;
}

export function viewReason(lost: readonly string[], joined: readonly string[]): string {
  if (lost.length > 0) return `${lost.join(", ")} lost`;
  return joined.length > 0 ? `${joined.join(", ")} joined` : "view changed";
}

/** What was committed; undefined: more than one thing, as a snapshot. */
export function changeReason(command: CibCommand | undefined): string {
  switch (command?.kind) {
    case "apply-definition":
      return `a definition by ${command.author}`;
    case "set-override":
      return overrideWords(command.override);
    case "remove-overrides":
      return `${command.ids.join(", ")} taken back`;
    case "record-fencing":
      return `fencing of ${command.record.target}: ${command.record.outcome}`;
    case "set-ticket":
      return ticketWords(command.ticket);
    case "set-attribute":
      return `${command.name}${command.node === undefined ? "" : ` of ${command.node}`} changed`;
    case "record-departure":
      return `${command.departure.node} may leave`;
    case "end-departure":
      return `${command.node} is back`;
    case undefined:
    case "nothing":
      return "the CIB changed";
  }
}

/** What somebody did by hand, or what of it has ended by itself. */
export function handNotes(before: Cib, command: CibCommand | undefined, now: WallTime): Note[] {
  if (command?.kind === "set-override") {
    const { override } = command;
    const message = `${overrideWords(override)}, by ${override.author}${remarks(override)}`;
    return [note("info", "override-set", message, { id: override.id })];
  }
  if (command?.kind === "set-ticket") {
    const { ticket, author } = command;
    const by = author === undefined ? "" : `, by ${author}`;
    return [note("info", "ticket", `${ticketWords(ticket)}${by}`, { ticket: ticket.id })];
  }
  if (command?.kind !== "remove-overrides") return [];
  const removed = before.overrides.filter(({ id }) => command.ids.includes(id));
  return removed.map((override) => {
    const isOver = override.expires !== undefined && override.expires <= now;
    const how = isOver ? "its time is over" : "taken back";
    return note("info", "override-removed", `${how}: ${overrideWords(override)}`, {
      id: override.id,
    });
  });
}

/** That another definition is in force, by whom and what for. */
export function definitionWords(definition: DefinitionVersion | undefined): string[] {
  if (definition === undefined) return [];
  const { version, author, comment } = definition;
  const why = comment === undefined ? "" : `: ${comment}`;
  return [`definition ${version} is in force, by ${author}${why}`];
}

function ticketWords({ id, granted, standby }: TicketRecord): string {
  const state = granted ? "granted" : "not granted";
  return `ticket ${id} is ${state}${standby ? ", in standby" : ""}`;
}

function remarks({ reason, expires }: Override): string {
  const until = expires === undefined ? "" : ` until ${new Date(expires).toISOString()}`;
  return `${until}${reason === undefined ? "" : `: ${reason}`}`;
}
