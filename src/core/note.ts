/**
 * Levels by their consequence for the operator: `error` needs a person, `warn` may soon need one,
 * `info` is what a person asks for after an incident, `debug` is for us.
 */
export type NoteLevel = "error" | "warn" | "info" | "debug";

/** Something worth telling. Becomes one log line, and one line of a scenario's output. */
export interface Note {
  readonly kind: "note";
  readonly level: NoteLevel;
  /** A stable code in kebab-case, such as `peer-lost`: what people search their logs for. */
  readonly event: string;
  /** One plain sentence. */
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export function note(
  level: NoteLevel,
  event: string,
  message: string,
  fields?: Readonly<Record<string, unknown>>,
): Note {
  return fields === undefined
    ? { kind: "note", level, event, message }
    : { kind: "note", level, event, message, fields };
}
