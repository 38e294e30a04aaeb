import { fstatSync } from "node:fs";

/** One line of pino's, taken apart. */
export interface LogEntry {
  readonly level: string;
  readonly time: string;
  /** The node whose daemon says it. */
  readonly daemon: string;
  readonly event?: string;
  readonly message?: string;
  readonly [field: string]: unknown;
}

/** What a line begins with in systemd's journal: `journalctl -p warning` goes by it. sd-daemon(3). */
const PRIORITY: Readonly<Record<string, string>> = {
  error: "<3>",
  warn: "<4>",
  info: "<6>",
  debug: "<7>",
};

const PLAIN = /^[\w.:/@%+-]+$/;

/**
 * A log entry as a person reads it: the sentence, then the event's code and its fields in brackets.
 * The journal keeps time, priority and host by itself; elsewhere the line begins with time, level
 * and whose it is. A sentence of several lines stays that, each with its priority.
 */
export function logText(entry: LogEntry, toJournal: boolean): string {
  const { level, time, daemon, event, message = "", ...fields } = entry;
  const facts = Object.entries(fields).flatMap(([name, value]) =>
    isEmpty(value) ? [] : [`${name}=${fieldText(value)}`],
  );
  const code = [...(event === undefined ? [] : [event]), ...facts].join(" ");
  const text = code === "" ? message : `${message} [${code}]`;
  if (!toJournal) return `${time} ${level.padEnd(5)} ${daemon}: ${text}\n`;
  const lines = text.split("\n").map((line) => `${PRIORITY[level] ?? ""}${line}\n`);
  return lines.join("");
}

/** Says nothing to a person; what collects logs has every field of an event. */
function isEmpty(value: unknown): boolean {
  return value === "" || value === false || (Array.isArray(value) && value.length === 0);
}

function fieldText(value: unknown): string {
  if (typeof value === "string" && PLAIN.test(value)) return value;
  return JSON.stringify(value);
}

/** Whether standard output is the journal's, as systemd says it: `JOURNAL_STREAM`, systemd.exec(5). */
export function writesToJournal(environment: NodeJS.ProcessEnv): boolean {
  const { JOURNAL_STREAM: stream } = environment;
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(1, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
