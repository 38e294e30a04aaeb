import { renderDiagnostics } from "../../config/render-diagnostics.ts";
import { type CliContext, printJson } from "../cli-context.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { type CheckedSource, readDefinition } from "./definition-source.ts";

/** `paceline config check [file]`: all errors at once, with line, column and a hint. */
export async function checkConfig(
  context: CliContext,
  file: string | undefined,
  options: { readonly strict?: boolean },
): Promise<ExitCode> {
  const source = await readDefinition(file);
  const { errors, warnings } = countDiagnostics(source);
  const valid = errors === 0 && (options.strict !== true || warnings === 0);
  if (context.json) {
    printJson(context, { valid, errors, warnings, diagnostics: source.diagnostics });
  } else {
    showDiagnostics(context, source);
    if (valid) context.out(`${source.file}: ${summary(source, warnings)}\n`);
    else
      context.err(`${source.file}: ${counted(errors, "error")}, ${counted(warnings, "warning")}\n`);
  }
  return valid ? EXIT.ok : EXIT.invalidDefinition;
}

/** Prints what the loader said, to standard error. */
export function showDiagnostics(context: CliContext, source: CheckedSource): void {
  if (source.diagnostics.length === 0) return;
  const color = context.paint("bold", "x") !== "x";
  context.err(renderDiagnostics(source.diagnostics, source.text, { color, file: source.file }));
  context.err("\n");
}

export function countDiagnostics(source: CheckedSource): { errors: number; warnings: number } {
  const errors = source.diagnostics.filter((each) => each.severity === "error").length;
  return { errors, warnings: source.diagnostics.length - errors };
}

function summary(source: CheckedSource, warnings: number): string {
  const { definition } = source;
  const size =
    definition === undefined
      ? ""
      : ` (cluster ${definition.cluster}, ${counted(definition.nodes.length, "node")}, ${counted(definition.policy.resources.length, "resource")})`;
  return `valid${warnings === 0 ? "" : `, with ${counted(warnings, "warning")}`}${size}`;
}

function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
