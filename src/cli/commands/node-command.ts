import type { OverrideKind } from "../../model/cib.ts";
import type { StatusReport } from "../../model/status-report.ts";
import { type CliContext, withClient } from "../cli-context.ts";
import { CliError } from "../cli-error.ts";
import type { ExitCode } from "../cli-exit-codes.ts";
import type { OverrideOptions } from "../program-options.ts";
import { nothingToDo, removeOverrides, setOverride, type Verify } from "./override-change.ts";
import { knownNode } from "./report-names.ts";

/** A drain waits as long as slow databases need to stop. */
const DRAIN_WAIT_MS = 600_000;

export async function standbyNode(
  context: CliContext,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await setForNode(context, "standby", name, options, isEmpty);
}

export async function drainNode(
  context: CliContext,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  const drain = { reason: "drain", ...options, wait: options.wait ?? DRAIN_WAIT_MS };
  return await setForNode(context, "standby", name, drain, isEmpty);
}

export async function maintainNode(
  context: CliContext,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await setForNode(context, "maintenance", name, options, () => isQuiet);
}

export async function onlineNode(
  context: CliContext,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await takeBack(context, "standby", name, options);
}

export async function readyNode(
  context: CliContext,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await takeBack(context, "maintenance", name, options);
}

async function setForNode(
  context: CliContext,
  kind: OverrideKind,
  name: string | undefined,
  options: OverrideOptions,
  verify: (node: string) => Verify,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    const report = await client.request({ method: "status" });
    const node = knownNode(report, name);
    return await setOverride(context, client, { kind, target: node }, options, verify(node));
  });
}

async function takeBack(
  context: CliContext,
  kind: OverrideKind,
  name: string | undefined,
  options: OverrideOptions,
): Promise<ExitCode> {
  return await withClient(context, async (client) => {
    const report = await client.request({ method: "status" });
    const node = knownNode(report, name);
    const found = report.overrides.filter((each) => each.kind === kind && each.target === node);
    if (found.length > 0) return await removeOverrides(context, client, found, options);
    return nothingToDo(context, notSet(report, node, kind));
  });
}

function notSet(report: StatusReport, node: string, kind: OverrideKind): string {
  const state = report.nodes.find((each) => each.name === node)?.state;
  if (state !== kind) return `${node} is not in ${kind}: nothing to take back`;
  throw new CliError(
    "IN_DEFINITION",
    `${node} is in ${kind} by the definition, not by hand`,
    `change attributes of ${node} there: paceline config edit`,
  );
}

/** Nothing runs there any more; what is unmanaged may. */
function isEmpty(node: string): Verify {
  return (report) => {
    const left = report.resources.filter((each) => each.managed && each.nodes.includes(node));
    if (left.length === 0) return `nothing runs on ${node}`;
    const names = left.map((each) => each.id).join(", ");
    const first = left[0];
    return new CliError(
      "NOT_REACHED",
      `still on ${node}: ${names}`,
      first?.blocked?.command ?? `paceline explain ${first?.resource ?? ""}`,
    );
  };
}

const isQuiet: Verify = () => "everything is left as it is there";
