import type { Diagnostic } from "../../model/diagnostic.ts";
import type { CliContext } from "../cli-context.ts";

/** Tells what is doubtful in a file, one line each, as compilers do. */
export function reportDiagnostics(
  context: CliContext,
  file: string,
  diagnostics: readonly Diagnostic[],
): void {
  for (const { severity, message, at, hint } of diagnostics) {
    const place = at === undefined ? file : `${file}:${at.line}:${at.column}`;
    const style = severity === "error" ? "red" : "yellow";
    const advice = hint === undefined ? "" : ` (${hint})`;
    context.err(`${place}: ${context.paint(style, `${severity}:`)} ${message}${advice}\n`);
  }
}
