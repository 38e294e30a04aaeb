import type { ControlClient } from "../../io/control-client.ts";
import type { Override, OverrideKind } from "../../model/cib.ts";
import { overrideId } from "../../model/override-id.ts";
import type { StatusReport } from "../../model/status-report.ts";
import { authorOf, type CliContext, printJson } from "../cli-context.ts";
import type { CliError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { type OverrideOptions, waitMs } from "../program-options.ts";
import { changesView } from "../views/changes-view.ts";
import { overrideRemoval, overrideText } from "../views/memory-view.ts";
import { untilText } from "../views/time-text.ts";
import { settleAndVerify } from "./settle.ts";

/** What somebody wants to set by hand. */
export interface Wish {
  readonly kind: OverrideKind;
  readonly target: string;
  readonly node?: string;
  readonly role?: string;
}

/** Whether the wish has come true: words for it, or the error. */
export type Verify = (report: StatusReport) => CliError | string;

/** Of these something is expected to come at once. */
const MOVES: ReadonlySet<OverrideKind> = new Set(["migrate", "ban", "stop"]);

const NOTHING_TO_VERIFY: Verify = () => "nothing is left to do";

/** Sets an override, says what it does and how to take it back, and waits if that is wanted. */
export async function setOverride(
  context: CliContext,
  client: ControlClient,
  wish: Wish,
  options: OverrideOptions,
  verify: Verify = NOTHING_TO_VERIFY,
): Promise<ExitCode> {
  const { kind, target, node, role } = wish;
  const override: Omit<Override, "at"> = {
    id: overrideId(kind, target, node),
    kind,
    target,
    author: authorOf(context),
    ...(node === undefined ? {} : { node }),
    ...(role === undefined ? {} : { role }),
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...(options.expires === undefined ? {} : { expires: context.now() + options.expires }),
  };
  const result = await client.request({ method: "override-set", override });
  if (!context.json) {
    const until =
      override.expires === undefined ? "" : ` ${untilText(override.expires, context.now())}`;
    context.out(`${overrideText(result.override)}${until}\n`);
    for (const line of changesView(result.changes, context.paint)) context.out(`${line}\n`);
    const report = kind === "maintenance" ? await client.request({ method: "status" }) : undefined;
    const removal = overrideRemoval(result.override, report);
    context.out(`${context.paint("cyan", `→ to take it back: ${removal}`)}\n`);
  }
  const timeoutMs = waitMs(options);
  if (timeoutMs !== undefined) await settleAndVerify(context, client, timeoutMs, verify);
  else if (MOVES.has(kind) && !context.json && result.changes.length === 0) {
    await sayWhyNothing(context, client, verify);
  }
  if (context.json) printJson(context, { ...result, settled: timeoutMs !== undefined });
  return EXIT.ok;
}

/** Set, and yet nothing is done about it now: who does not wait is not to believe that it was. */
async function sayWhyNothing(
  context: CliContext,
  client: ControlClient,
  verify: Verify,
): Promise<void> {
  const verdict = verify(await client.request({ method: "status" }));
  if (typeof verdict === "string") return;
  const hint = verdict.hint === undefined ? "" : ` (${verdict.hint})`;
  context.out(`nothing is done about it now: ${verdict.message}${hint}\n`);
}

/** Takes overrides back. Which ones is known to exist from the report. */
export async function removeOverrides(
  context: CliContext,
  client: ControlClient,
  overrides: readonly Override[],
  options: OverrideOptions,
  verify: Verify = NOTHING_TO_VERIFY,
): Promise<ExitCode> {
  const ids = overrides.map((each) => each.id);
  const result = await client.request({ method: "override-remove", ids });
  if (!context.json) {
    for (const each of overrides) context.out(`taken back: ${overrideText(each)}\n`);
  }
  const timeoutMs = waitMs(options);
  if (timeoutMs !== undefined) await settleAndVerify(context, client, timeoutMs, verify);
  if (context.json) printJson(context, { ...result, settled: timeoutMs !== undefined });
  return EXIT.ok;
}

/** Says that things are already as wanted: repeating a command is no error. */
export function nothingToDo(context: CliContext, message: string): ExitCode {
  if (context.json) printJson(context, { removed: [], message });
  else context.out(`${message}\n`);
  return EXIT.ok;
}
