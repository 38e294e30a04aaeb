import pino, { type Logger } from "pino";
import type { Note } from "../core/note.ts";

export type LogLevel = "error" | "warn" | "info" | "debug";

/**
 * The daemon's log: one JSON line per note on standard output, synchronous, so that the last line
 * before a crash is there. systemd's journal keeps it.
 */
export function createLog(level: LogLevel, node: string): Logger {
  return pino(
    {
      level,
      base: { node },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 1, sync: true }),
  );
}

/** Writes a note of the core as one line. */
export function logNote(log: Logger, entry: Note): void {
  log[entry.level]({ event: entry.event, ...entry.fields }, entry.message);
}
