import { diffDefinitions } from "../../config/diff-definitions.ts";
import type { ControlClient } from "../../io/control-client.ts";
import type { ApplyReport } from "../../model/control.ts";
import { authorOf, type CliContext, confirm, printJson, withClient } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { ApplyOptions } from "../program-config.ts";
import { waitMs } from "../program-options.ts";
import { changesView } from "../views/changes-view.ts";
import { columns } from "../views/columns.ts";
import { plain } from "../views/paint.ts";
import { textDiff } from "../views/text-diff.ts";
import { clockText } from "../views/time-text.ts";
import { countDiagnostics, showDiagnostics } from "./config-check.ts";
import { type CheckedSource, checkBytes, readDefinition } from "./definition-source.ts";
import { settleAndVerify } from "./settle.ts";

/** `paceline config show [version]`: the text as written, comments and all. */
export async function showConfig(
  context: CliContext,
  version: string | undefined,
): Promise<ExitCode> {
  const wanted = version === undefined ? {} : { version: readVersion(version) };
  const shown = await withClient(context, (client) =>
    client.request({ method: "config-show", ...wanted }),
  );
  if (context.json) printJson(context, shown);
  else context.out(shown.text.endsWith("\n") ? shown.text : `${shown.text}\n`);
  return EXIT.ok;
}

/** `paceline config history`. */
export async function configHistory(context: CliContext): Promise<ExitCode> {
  const history = await withClient(context, (client) =>
    client.request({ method: "config-history" }),
  );
  if (context.json) {
    printJson(context, history);
    return EXIT.ok;
  }
  const newestFirst = [...history].sort((a, b) => b.version - a.version);
  const rows = newestFirst.map((each, i) => [
    String(each.version),
    clockText(each.at, context.now()),
    plain(each.author),
    plain(each.comment ?? ""),
    i === 0 ? context.paint("green", "in force") : "",
  ]);
  for (const line of columns(rows)) context.out(`${line}\n`);
  if (history.length === 0) context.out("no definition has been applied yet\n");
  return EXIT.ok;
}

/** `paceline config diff [file]`: what differs in words, then line by line. */
export async function diffConfig(context: CliContext, file: string | undefined): Promise<ExitCode> {
  const source = await readDefinition(file);
  const inForce = await withClient(context, (client) => client.request({ method: "config-show" }));
  const before = checkBytes(new TextEncoder().encode(inForce.text), `version ${inForce.version}`);
  const words =
    source.definition === undefined ? [] : diffDefinitions(before.definition, source.definition);
  const lines = textDiff(inForce.text, source.text);
  if (context.json) {
    printJson(context, { version: inForce.version, same: lines.length === 0, words, lines });
    return EXIT.ok;
  }
  if (lines.length === 0) {
    context.out(`${source.file} is the definition in force (version ${inForce.version})\n`);
    return EXIT.ok;
  }
  for (const word of words) context.out(`${plain(word)}\n`);
  if (words.length > 0) context.out("\n");
  context.out(`--- version ${inForce.version}, in force\n+++ ${source.file}\n`);
  for (const line of lines) context.out(`${paintDiff(context, line)}\n`);
  if (countDiagnostics(source).errors > 0) {
    context.err("this file has errors: paceline config check says which\n");
  }
  return EXIT.ok;
}

function paintDiff(context: CliContext, line: string): string {
  if (line.startsWith("+")) return context.paint("green", line);
  if (line.startsWith("-")) return context.paint("red", line);
  return line.startsWith("@") ? context.paint("cyan", line) : line;
}

/** `paceline config apply [file]` and `plan`. */
export async function applyConfig(
  context: CliContext,
  file: string | undefined,
  options: ApplyOptions,
): Promise<ExitCode> {
  return await applySource(context, await readDefinition(file), options);
}

/** Checks here, so that errors come with the line, then lets the cluster commit it. */
export async function applySource(
  context: CliContext,
  source: CheckedSource,
  options: ApplyOptions,
): Promise<ExitCode> {
  const { errors } = countDiagnostics(source);
  if (errors > 0) {
    if (!context.json) showDiagnostics(context, source);
    throw Object.assign(
      new CliError("INVALID_DEFINITION", `${source.file} has errors: nothing was changed`),
      context.json ? { details: source.diagnostics } : {},
    );
  }
  if (!context.json) showDiagnostics(context, source);
  const base = options.base === undefined ? {} : { baseVersion: options.base };
  const comment = options.comment === undefined ? {} : { comment: options.comment };
  const request = {
    method: "config-apply",
    text: source.text,
    author: authorOf(context),
    ...comment,
    ...base,
  } as const;
  return await carryOut(context, options, (client, dryRun) =>
    client.request({ ...request, ...dryRun }, { timeoutMs: 60_000 }),
  );
}

/** `paceline config rollback VERSION`. */
export async function rollback(
  context: CliContext,
  version: string | undefined,
  options: ApplyOptions,
): Promise<ExitCode> {
  const request = {
    method: "config-rollback",
    version: readVersion(version ?? ""),
    author: authorOf(context),
  } as const;
  return await carryOut(context, options, (client, dryRun) =>
    client.request({ ...request, ...dryRun }, { timeoutMs: 60_000 }),
  );
}

type Carry = (client: ControlClient, dryRun: { readonly dryRun?: true }) => Promise<ApplyReport>;

/** Shows what would change and asks, where somebody can be asked; then does it. */
async function carryOut(
  context: CliContext,
  options: ApplyOptions,
  carry: Carry,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    if (options.dryRun === true) {
      const report = await carry(client, { dryRun: true });
      showReport(context, report, "would change");
      return EXIT.ok;
    }
    if (context.interactive && options.yes !== true && !context.json) {
      const plan = await carry(client, { dryRun: true });
      if (!plan.unchanged && plan.changes.length > 0) {
        showReport(context, plan, "would change");
        if (!(await confirm(context, "Go on?", false))) {
          context.err("nothing was changed\n");
          return EXIT.failed;
        }
      }
    }
    const report = await carry(client, {});
    showReport(context, report, "changes");
    const timeoutMs = waitMs(options);
    if (timeoutMs !== undefined) {
      await settleAndVerify(context, client, timeoutMs, () => "the definition is carried out");
    }
    return EXIT.ok;
  });
}

function showReport(context: CliContext, report: ApplyReport, verb: string): void {
  if (context.json) {
    printJson(context, report);
    return;
  }
  if (report.unchanged) {
    context.out(`nothing changed: this is version ${report.version}, already in force\n`);
    return;
  }
  if (verb === "changes") {
    context.out(`${context.paint("green", `version ${report.version} is in force`)}\n`);
  }
  for (const each of report.differences ?? []) context.out(`  ${plain(each)}\n`);
  if (report.differences?.length === 0) context.out("  only comments or layout differ\n");
  const lines = changesView(report.changes, context.paint);
  context.out(lines.length === 0 ? "no resource is touched\n" : `what ${verb}:\n`);
  for (const line of lines) context.out(`${line}\n`);
  // Warnings about the text were shown when it was checked here.
}

function readVersion(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw usageError(`${text} is no version`, "paceline config history lists them");
}
