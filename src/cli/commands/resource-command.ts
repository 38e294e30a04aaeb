import type { ControlClient } from "../../io/control-client.ts";
import type { OverrideKind } from "../../model/cib.ts";
import { overrideId } from "../../model/override-id.ts";
import type { StatusReport } from "../../model/status-report.ts";
import { type CliContext, printJson, withClient } from "../cli-context.ts";
import { CliError, usageError } from "../cli-error.ts";
import { EXIT, type ExitCode } from "../cli-exit-codes.ts";
import { type OverrideOptions, waitMs } from "../program-options.ts";
import type { PlaceOptions } from "../program-resource.ts";
import { nothingToDo, removeOverrides, setOverride } from "./override-change.ts";
import { activeNodes, knownNode, knownRows } from "./report-names.ts";
import { isFine, isOff, isOn, isStarted, isStopped } from "./resource-verdicts.ts";
import { settleAndVerify } from "./settle.ts";

type Id = string | undefined;

/** Moves to a node; without one away from where it is, which is a ban (crm_resource --move). */
export async function migrate(
  context: CliContext,
  id: Id,
  node: Id,
  options: PlaceOptions,
): Promise<ExitCode> {
  if (node === undefined) return await ban(context, id, undefined, options);
  return await withReport(context, async (client, report) => {
    const target = id ?? "";
    knownRows(report, target);
    const to = knownNode(report, node);
    const role = roleOf(options);
    await dropContradiction(context, client, report, "ban", target, to);
    const wish = { kind: "migrate", target, node: to, ...role } as const;
    return await setOverride(context, client, wish, options, isOn(target, to, role.role));
  });
}

export async function ban(
  context: CliContext,
  id: Id,
  node: Id,
  options: PlaceOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    const target = id ?? "";
    const rows = knownRows(report, target);
    const role = roleOf(options);
    const from =
      node === undefined ? theNode(target, activeNodes(rows, role.role)) : knownNode(report, node);
    await dropContradiction(context, client, report, "migrate", target, from);
    const wish = { kind: "ban", target, node: from, ...role } as const;
    return await setOverride(context, client, wish, options, isOff(target, from, role.role));
  });
}

/** Takes migrate and ban back. */
export async function clear(context: CliContext, id: Id, options: PlaceOptions): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    const found = report.overrides.filter(
      (each) =>
        each.target === id &&
        (each.kind === "ban" || (each.kind === "migrate" && options.node === undefined)) &&
        (options.node === undefined || each.node === options.node),
    );
    if (found.length > 0) return await removeOverrides(context, client, found, options);
    knownRows(report, id ?? "");
    return nothingToDo(context, `${id} is neither moved nor banned by hand: nothing to take back`);
  });
}

export async function stop(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    const target = id ?? "";
    knownRows(report, target);
    const started = report.overrides.filter(
      (each) => each.kind === "start" && each.target === target,
    );
    if (started.length > 0) {
      await client.request({ method: "override-remove", ids: started.map((each) => each.id) });
    }
    const wish = { kind: "stop", target } as const;
    return await setOverride(context, client, wish, options, isStopped(target));
  });
}

/** Takes a stop back; where the definition keeps it stopped, starts it against the definition. */
export async function start(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    const target = id ?? "";
    const rows = knownRows(report, target);
    const verify = isStarted(target);
    const stops = report.overrides.filter((each) => each.kind === "stop");
    const own = stops.filter((each) => each.target === target);
    if (own.length > 0) return await removeOverrides(context, client, own, options, verify);
    const above = stops.find((each) =>
      rows.every((row) => [row.group, row.clone].includes(each.target)),
    );
    if (above !== undefined) {
      const message = `${target} is stopped together with ${above.target}`;
      throw new CliError("STOPPED_ABOVE", message, `paceline resource start ${above.target}`);
    }
    if (rows.some((row) => row.targetRole === "Stopped")) {
      return await setOverride(context, client, { kind: "start", target }, options, verify);
    }
    const verdict = verify(report);
    if (verdict instanceof CliError) throw verdict;
    return nothingToDo(context, `${target} is not stopped: ${verdict}`);
  });
}

/** A stop that ends by itself even if this command is killed halfway. */
export async function restart(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  const timeoutMs = waitMs(options) ?? RESTART_WAIT_MS;
  return await withReport(context, async (client, report) => {
    const target = id ?? "";
    const rows = knownRows(report, target);
    if (rows.some((row) => !row.managed)) {
      const why = `${target} is unmanaged: it would not be stopped`;
      throw new CliError("UNMANAGED", why, `paceline explain ${target} says why it is`);
    }
    const stopOptions = { reason: "restart", expires: timeoutMs * 2, wait: timeoutMs };
    const quiet = { ...context, json: false, out: () => undefined };
    const wish = { kind: "stop", target } as const;
    const stopId = overrideId("stop", target, undefined);
    try {
      await setOverride(quiet, client, wish, stopOptions, isStopped(target));
    } catch (error) {
      // Whoever asks for a restart wants it to run: what does not stop is not to be stopped later.
      await client.request({ method: "override-remove", ids: [stopId] }).catch(() => {
        const until = `it ends by itself in ${timeoutMs / 500} s`;
        context.err(`${target} may stay stopped (${until}): paceline resource start ${target}\n`);
      });
      throw error;
    }
    if (!context.json) context.out(`${target} is stopped\n`);
    const now = await client.request({ method: "status" });
    const own = now.overrides.filter((each) => each.id === stopId);
    const startOptions = { wait: timeoutMs };
    return await removeOverrides(context, client, own, startOptions, isStarted(target));
  });
}

const RESTART_WAIT_MS = 120_000;

export async function unmanage(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await setFor(context, "unmanage", id, options);
}

export async function maintain(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await setFor(context, "maintenance", id, options);
}

/** Takes unmanage and maintenance back. */
export async function manage(
  context: CliContext,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    const found = report.overrides.filter(
      (each) => each.target === id && (each.kind === "unmanage" || each.kind === "maintenance"),
    );
    if (found.length > 0) return await removeOverrides(context, client, found, options);
    const rows = knownRows(report, id ?? "");
    if (rows.every((row) => row.managed)) return nothingToDo(context, `${id} is managed`);
    throw new CliError(
      "IN_DEFINITION",
      `${id} is unmanaged by the definition, by a group or clone around it, or by its node`,
      "paceline status lists what was set by hand; paceline config edit changes the definition",
    );
  });
}

export async function cleanup(
  context: CliContext,
  id: Id,
  options: PlaceOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    if (id !== undefined) knownRows(report, id);
    const node = options.node === undefined ? {} : { node: knownNode(report, options.node) };
    const resource = id === undefined ? {} : { resource: id };
    const result = await client.request({ method: "cleanup", ...resource, ...node });
    if (!context.json) {
      for (const resource of new Set(result.cleaned.map((each) => each.resource))) {
        const nodes = result.cleaned.filter((each) => each.resource === resource);
        const where = nodes.map((each) => each.node).join(", ");
        context.out(`${resource} is looked at anew on ${where}, and its failures are forgotten\n`);
      }
      if (result.cleaned.length === 0) context.out("there was nothing to look at anew\n");
    }
    const timeoutMs = waitMs(options);
    if (timeoutMs !== undefined) {
      await settleAndVerify(context, client, timeoutMs, isFine(id));
    }
    if (context.json) printJson(context, { ...result, settled: timeoutMs !== undefined });
    return EXIT.ok;
  });
}

async function setFor(
  context: CliContext,
  kind: OverrideKind,
  id: Id,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await withReport(context, async (client, report) => {
    knownRows(report, id ?? "");
    return await setOverride(context, client, { kind, target: id ?? "" }, options);
  });
}

async function withReport(
  context: CliContext,
  use: (client: ControlClient, report: StatusReport) => Promise<ExitCode>,
): Promise<ExitCode> {
  return await withClient(context, async (client) =>
    use(client, await client.request({ method: "status" })),
  );
}

/** A ban beats a move to the same node: the newer wish is the one that counts. */
async function dropContradiction(
  context: CliContext,
  client: ControlClient,
  report: StatusReport,
  kind: OverrideKind,
  target: string,
  node: string,
): Promise<void> {
  const found = report.overrides.filter(
    (each) => each.kind === kind && each.target === target && each.node === node,
  );
  if (found.length === 0) return;
  await client.request({ method: "override-remove", ids: found.map((each) => each.id) });
  if (!context.json) context.out(`the earlier ${kind} of ${target} (${node}) is taken back\n`);
}

function roleOf(options: PlaceOptions): { readonly role?: string } {
  if (options.role === undefined) return {};
  const role = ROLES[options.role.toLowerCase()];
  if (role === undefined) throw usageError(`there is no role ${options.role}`, "Promoted, Started");
  return role === "Started" ? {} : { role };
}

/** Pacemaker's old words are understood. */
const ROLES: Readonly<Record<string, string>> = {
  promoted: "Promoted",
  master: "Promoted",
  unpromoted: "Unpromoted",
  slave: "Unpromoted",
  started: "Started",
};

/** The one node where it is now; anything else needs a word from the operator. */
function theNode(target: string, nodes: readonly string[]): string {
  const [only, second] = nodes;
  if (only === undefined) {
    throw new CliError("NOT_ACTIVE", `${target} does not run anywhere now`, "name the node");
  }
  if (second !== undefined) {
    throw new CliError(
      "SEVERAL_NODES",
      `${target} runs on ${nodes.join(", ")}`,
      "name the node, or with --role Promoted mean the promoted instance",
    );
  }
  return only;
}
