import type { FencingRecord } from "../../model/cib.ts";
import type {
  FencingDeviceReport,
  StatusReport,
  WatchdogReport,
} from "../../model/status-report.ts";
import { authorOf, type CliContext, confirm, printJson, withClient } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import type { YesOptions } from "../program-options.ts";
import { columns } from "../views/columns.ts";
import { plain, type Style } from "../views/paint.ts";
import { agoText, clockText, spanText } from "../views/time-text.ts";
import { activeNodes, knownNode } from "./report-names.ts";

/** A BMC may take minutes over a power cycle. */
const FENCE_TIMEOUT_MS = 600_000;

/** `paceline fence history`, newest first. */
export async function fenceHistory(context: CliContext): Promise<ExitCode> {
  const history = await withClient(context, (client) =>
    client.request({ method: "fence-history" }),
  );
  if (context.json) {
    printJson(context, history);
    return EXIT.ok;
  }
  const newestFirst = [...history].sort((a, b) => b.startedAt - a.startedAt);
  const rows = newestFirst.map((record) => historyRow(context, record));
  for (const line of columns(rows)) context.out(`${line}\n`);
  if (rows.length === 0) context.out("nothing was ever fenced\n");
  return EXIT.ok;
}

const STYLES: Readonly<Partial<Record<FencingRecord["outcome"], Style>>> = {
  pending: "yellow",
  withdrawn: "yellow",
  failed: "red",
};

function historyRow(context: CliContext, record: FencingRecord): string[] {
  const style = STYLES[record.outcome] ?? "green";
  const took =
    record.finishedAt === undefined ? "" : `in ${spanText(record.finishedAt - record.startedAt)}`;
  const outcome = record.outcome.replaceAll("-", " ");
  return [
    clockText(record.startedAt, context.now()),
    plain(record.action),
    context.paint("bold", plain(record.target)),
    context.paint(style, outcome),
    took,
    record.device === undefined ? "" : plain(`by ${record.device}`),
    plain(record.reason),
    record.detail === undefined ? "" : context.paint("dim", plain(record.detail)),
  ];
}

/** `paceline fence status [node]`. */
export async function fenceStatus(
  context: CliContext,
  node: string | undefined,
): Promise<ExitCode> {
  if (node !== undefined) return await ask(context, "status", node);
  const { fencing, at, dc } = await withClient(context, (client) =>
    client.request({ method: "status" }),
  );
  if (context.json) {
    printJson(context, fencing);
    return EXIT.ok;
  }
  context.out(
    fencing.enabled ? "fencing is enabled\n" : "fencing is off (fencing-enabled: false)\n",
  );
  if (fencing.held !== null) context.out(`held back: ${plain(fencing.held)}\n`);
  if (fencing.watchdog !== undefined) sayWatchdog(context, fencing.watchdog);
  const rows = fencing.devices.map((device) => deviceRow(context, device, at, dc));
  for (const line of columns(rows)) context.out(`${line}\n`);
  if (rows.length === 0 && fencing.watchdog === undefined) {
    context.out("no fencing device is defined (fencing.devices)\n");
  }
  return EXIT.ok;
}

function sayWatchdog(context: CliContext, { waitMs, here, state, counted }: WatchdogReport): void {
  const who = counted.length === 0 ? "no node yet" : plain(counted.join(", "));
  context.out(
    `watchdog: without quorum a node ends itself; after ${spanText(waitMs)} it counts as off\n`,
  );
  context.out(`  counted on for: ${who}\n  this node: ${state}; ${plain(here)}\n`);
}

/** What a DC before this one was answered is not known any more. */
function deviceRow(
  context: CliContext,
  device: FencingDeviceReport,
  at: number,
  dc: string | null,
): string[] {
  const { lastCheck } = device;
  const state =
    lastCheck === null
      ? context.paint("dim", dc === null ? "not asked yet" : `not asked yet by ${plain(dc)}`)
      : context.paint(lastCheck.ok ? "green" : "red", lastCheck.ok ? "answers" : "FAILS");
  return [
    plain(device.name),
    plain(device.agent),
    plain(device.targets.join(", ")),
    state,
    lastCheck === null
      ? context.paint("dim", "paceline fence test NODE asks now")
      : plain(`${agoText(lastCheck.at, at)}  ${lastCheck.detail}`),
  ];
}

/** `paceline fence test NODE`. */
export async function fenceTest(context: CliContext, node: string): Promise<ExitCode> {
  return await ask(context, "test", node);
}

/** `paceline fence off|on|reboot|confirm NODE`: says what it costs, asks, does it. */
export async function fenceNode(
  context: CliContext,
  action: "off" | "on" | "reboot" | "confirm",
  name: string,
  options: YesOptions,
): Promise<ExitCode> {
  const question = await withClient(context, async (client) => {
    const report = await client.request({ method: "status" });
    const node = knownNode(report, name);
    if (action === "on") return undefined;
    const running = report.resources.filter((each) => activeNodes([each]).includes(node));
    const what =
      running.length === 0 ? "" : ` Active there: ${running.map((each) => each.id).join(", ")}.`;
    if (action === "confirm") {
      return `Is ${node} really off? If it still runs, its resources will run twice and data may be lost.`;
    }
    return `This cuts the power of ${node} at once.${what}${quorumCost(report, node)} Go on?`;
  });
  if (question !== undefined && !(await confirm(context, question, options.yes === true))) {
    if (!context.interactive)
      throw usageError(`not done, as nobody can be asked: ${question}`, "if so: --yes");
    context.err("nothing was done\n");
    return EXIT.failed;
  }
  return await ask(context, action, name);
}

/** The cluster spares a node by itself only where quorum can; a person may know better. */
function quorumCost({ nodes, quorum }: StatusReport, name: string): string {
  const node = nodes.find((each) => each.name === name);
  if (!quorum.quorate || node === undefined || node.incarnation === null) return "";
  const left = quorum.votes - node.votes;
  const isPair = quorum.options.includes("two-node") && left * 2 >= quorum.expected;
  if (left >= quorum.needed || isPair) return "";
  return ` Only ${left} of ${quorum.expected} votes are left then, and ${quorum.needed} are needed.`;
}

async function ask(
  context: CliContext,
  action: "off" | "on" | "reboot" | "confirm" | "status" | "test",
  target: string,
): Promise<ExitCode> {
  const author = authorOf(context);
  const report = await withClient(context, async (client) => {
    knownNode(await client.request({ method: "status" }), target);
    const wish = { method: "fence", action, target, author } as const;
    return await client.request(wish, { timeoutMs: FENCE_TIMEOUT_MS });
  });
  if (context.json) printJson(context, report);
  const detail = report.detail === undefined ? "" : `: ${plain(report.detail)}`;
  if (report.outcome === "failed") {
    const hint = "paceline fence status shows the devices; paceline fence history what was tried";
    throw new CliError("FENCING_FAILED", `${action} of ${target} failed${detail}`, hint);
  }
  if (!context.json) {
    const took = report.durationMs === undefined ? "" : ` in ${spanText(report.durationMs)}`;
    const by = report.device === undefined ? "" : ` by ${plain(report.device)}`;
    context.out(
      action === "confirm"
        ? `${plain(target)} counts as off now, by the word of ${plain(author)}: what ran there starts elsewhere\n`
        : `${action} of ${plain(target)} ${report.outcome.replaceAll("-", " ")}${by}${took}${detail}\n`,
    );
  }
  return EXIT.ok;
}
