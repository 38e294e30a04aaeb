import type { TicketAction, TicketReport } from "../../model/control.ts";
import { authorOf, type CliContext, confirm, printJson, withClient } from "../cli-context.ts";
import { usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { type WaitOptions, waitMs, type YesOptions } from "../program-options.ts";
import { changesView } from "../views/changes-view.ts";
import { columns } from "../views/columns.ts";
import { plain } from "../views/paint.ts";
import { ticketRows } from "../views/ticket-rows.ts";
import { settleAndVerify } from "./settle.ts";

export type TicketOptions = YesOptions & WaitOptions;

/** `paceline ticket list`. */
export async function listTickets(context: CliContext): Promise<ExitCode> {
  const report = await withClient(context, (client) => client.request({ method: "status" }));
  if (context.json) {
    printJson(context, report.tickets ?? []);
    return EXIT.ok;
  }
  const lines = columns(ticketRows(report, context.paint));
  for (const line of lines) context.out(`${line}\n`);
  if (lines.length === 0) context.out("no constraint needs a ticket (constraints: ticket)\n");
  return EXIT.ok;
}

/** `paceline ticket grant|revoke|standby|activate TICKET`: shows what comes of it, asks, does it. */
export async function changeTicket(
  context: CliContext,
  action: TicketAction,
  ticket: string,
  options: TicketOptions,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    const request = { method: "ticket", action, ticket, author: authorOf(context) } as const;
    const plan = await client.request({ ...request, dryRun: true });
    if (!plan.unchanged && !(await isMeant(context, action, plan, options))) {
      context.err("nothing was changed\n");
      return EXIT.failed;
    }
    // That it is so already is asked as well: an answer to a change is the word of a quorum.
    const report = await client.request(request);
    if (!context.json) say(context, report);
    const timeoutMs = waitMs(options);
    if (timeoutMs !== undefined) {
      await settleAndVerify(context, client, timeoutMs, () => "nothing is left to do");
    }
    if (context.json) printJson(context, { ...report, settled: timeoutMs !== undefined });
    return EXIT.ok;
  });
}

/** Nothing here knows what other sites hold: who grants a ticket has to. */
async function isMeant(
  context: CliContext,
  action: TicketAction,
  { ticket, changes }: TicketReport,
  options: TicketOptions,
): Promise<boolean> {
  const isGrant = action === "grant";
  const fenced = changes.flatMap((row) => (row.action === "fence" ? [row.node ?? ""] : []));
  const isGrave = isGrant || fenced.length > 0;
  if (options.yes === true || (!isGrave && (!context.interactive || changes.length === 0))) {
    return true;
  }
  const question = isGrant
    ? `Has no other site the ticket ${plain(ticket.id)}? If one has, what needs it runs twice.`
    : fenced.length > 0
      ? `This cuts the power of ${plain(fenced.join(", "))} at once (loss-policy: fence). Go on?`
      : "Go on?";
  if (!context.interactive) {
    throw usageError(`not done, as nobody can be asked: ${question}`, "if so: --yes");
  }
  for (const line of changesView(changes, context.paint)) context.out(`${line}\n`);
  return await confirm(context, question, false);
}

function say(context: CliContext, { ticket, unchanged, changes }: TicketReport): void {
  const state = ticket.granted ? "granted" : "not granted";
  const already = unchanged ? " already" : "";
  const standby = ticket.standby ? ", in standby" : "";
  context.out(`ticket ${plain(ticket.id)} is${already} ${state}${standby}\n`);
  if (unchanged) return;
  for (const line of changesView(changes, context.paint)) context.out(`${line}\n`);
}
