import pino, { type Logger } from "pino";
import type { Note } from "../core/note.ts";
import { type LogEntry, logText, writesToJournal } from "./log-text.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

/** For people, or for what collects logs. */
export type LogFormat = "text" | "json";

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
}

/**
 * The daemon's log: one line per note on standard output, synchronous, so that the last line before
 * a crash is there. systemd's journal keeps it.
 */
export function createLog({ level, format }: LogOptions, node: string): Logger {
  const output = pino.destination({ dest: 1, sync: true });
  return pino(
    {
      level,
      // Not `node`: many notes have one, that of which they speak.
      base: { daemon: node },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    format === "json" ? output : readable(output, writesToJournal(process.env)),
  );
}

function readable(output: pino.DestinationStream, toJournal: boolean): pino.DestinationStream {
  return {
    write: (line) => void output.write(logText(JSON.parse(line) as LogEntry, toJournal)),
  };
}

/** Writes a note of the core as one line. */
export function logNote(log: Logger, entry: Note): void {
  log[entry.level]({ event: entry.event, ...entry.fields }, entry.message);
}
