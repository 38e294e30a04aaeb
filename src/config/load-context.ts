import type { DefinitionReport } from "./definition-report.ts";
import type { Span } from "./source-text.ts";

/** A name used somewhere that has to be declared somewhere else. */
export interface Reference {
  readonly kind: "node" | "resource" | "template" | "device" | "tag-member" | "promotable";
  readonly name: string;
  readonly span: Span;
  /** What uses it, for the message: `constraint location-web`. */
  readonly by: string;
  /** A dangling one is only doubtful. */
  readonly soft?: boolean;
}

/** What every reader of a section is handed. */
export interface LoadContext {
  readonly report: DefinitionReport;
  /** The whole file. */
  readonly text: string;
  /** For what-if questions: addresses are not needed, and safety is only advised. */
  readonly simulation: boolean;
  readonly references: Reference[];
  /** Ids of constraints, rules, attribute sets …: where each was declared. */
  readonly ids: Map<string, Span>;
  /** Per wanted id, the last number that was put behind it. */
  readonly idNumbers: Map<string, number>;
}

/** An id that is free: the wanted one, or that with a number. */
export function freeId(context: LoadContext, wanted: string, span: Span): string {
  let id = wanted;
  // Where the last number for this wish left off: thousands of constraints may be alike.
  let number = context.idNumbers.get(wanted) ?? 1;
  while (context.ids.has(id)) {
    number += 1;
    id = `${wanted}-${number}`;
  }
  context.idNumbers.set(wanted, number);
  context.ids.set(id, span);
  return id;
}
