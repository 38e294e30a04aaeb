import { type Note, type NoteLevel, note } from "../core/note.ts";
import type { LocalStatus, OperationResult } from "../model/operation.ts";
import type { LocalOutput } from "./local-events.ts";

/**
 * What a step gives out, in the order in which it is to be done: agent runs first, since nothing
 * may delay a takeover; the status before the results, so that whoever acts on a result already
 * knows the status that includes it.
 */
export class StepOutputs {
  #actions: LocalOutput[] = [];
  #results: LocalOutput[] = [];
  #notes: LocalOutput[] = [];

  action(output: LocalOutput): void {
    this.#actions.push(output);
  }

  result(result: OperationResult): void {
    this.#results.push({ kind: "result", result });
  }

  allStopped(failed: readonly string[]): void {
    this.#results.push({ kind: "all-stopped", failed });
  }

  note(
    level: NoteLevel,
    event: string,
    message: string,
    fields?: Readonly<Record<string, unknown>>,
  ): void {
    this.#notes.push(note(level, event, message, fields));
  }

  say(said: Note | undefined): void {
    if (said !== undefined) this.#notes.push(said);
  }

  /** Takes everything, with the status (if there is one to tell) in its place. */
  take(status: LocalStatus | undefined): LocalOutput[] {
    const outputs = [...this.#actions];
    if (status !== undefined) outputs.push({ kind: "status-changed", status });
    outputs.push(...this.#results, ...this.#notes);
    this.#actions = [];
    this.#results = [];
    this.#notes = [];
    return outputs;
  }
}
