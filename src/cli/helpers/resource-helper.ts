import { overrideId } from "../../model/override-id.ts";
import type { StatusReport } from "../../model/status-report.ts";
import {
  authorOf,
  HELPER_EXIT,
  type Helper,
  type HelperContext,
  HelperError,
  localNode,
  noSuch,
  usage,
} from "./helper-context.ts";
import { type OptionTable, type ParsedOptions, parseOptions } from "./helper-options.ts";

const CRM_RESOURCE: OptionTable = {
  resource: ["value", "r", "resource"],
  node: ["value", "N", "node", "H", "host-uname"],
  locate: ["flag", "W", "locate"],
  ban: ["flag", "B", "ban"],
  clear: ["flag", "U", "clear"],
  cleanup: ["flag", "C", "cleanup", "refresh"],
  "list-operations": ["flag", "O", "list-operations"],
  "get-parameter": ["value", "g", "get-parameter"],
  "set-parameter": ["value", "p", "set-parameter"],
  "delete-parameter": ["value", "d", "delete-parameter"],
  ignored: ["flag", "Q", "quiet", "V", "verbose", "z", "utilization", "m", "meta", "f", "force"],
  values: ["value", "v", "parameter-value", "n", "operation", "I", "interval", "t", "T"],
};

/** `crm_resource`, as far as agents use it. */
export const crmResource: Helper = async (context, args) => {
  const options = parseOptions(args, CRM_RESOURCE);
  const actions = ["locate", "ban", "clear", "cleanup", "list-operations"];
  const action = options.last(
    ...[...actions, "get-parameter", "set-parameter", "delete-parameter"],
  );
  switch (action) {
    case "locate":
      return locate(context, await context.ask({ method: "status" }), resourceOf(options));
    case "ban":
      return await ban(context, options);
    case "clear":
      return await clear(context, options);
    case "cleanup":
      return await cleanup(context, options);
    case "list-operations":
      listOperations(context, await context.ask({ method: "status" }), options.get("node"));
      return 0;
    case "get-parameter":
      throw noSuch();
    case undefined:
      throw usage("what is to be done?");
    default:
      throw new HelperError(
        HELPER_EXIT.unimplemented,
        "resources are changed in cluster.yaml only: paceline config edit",
      );
  }
};

function resourceOf(options: ParsedOptions): string {
  const resource = options.get("resource");
  if (resource === undefined) throw usage("which resource? Use --resource");
  return resource;
}

function locate(context: HelperContext, report: StatusReport, resource: string): number {
  const instances = report.resources.filter((each) =>
    [each.id, each.resource, each.clone, each.group].includes(resource),
  );
  if (instances.length === 0) throw noSuch();
  const active = instances.filter((each) => each.nodes.length > 0);
  if (active.length === 0) context.out(`resource ${resource} is NOT running\n`);
  for (const { nodes, role } of active) {
    const suffix = role === "Promoted" ? " Promoted" : "";
    for (const node of nodes) {
      context.out(`resource ${resource} is running on: ${node}${suffix}\n`);
    }
  }
  return 0;
}

async function ban(context: HelperContext, options: ParsedOptions): Promise<number> {
  const target = baseName(resourceOf(options));
  const node = options.get("node") ?? (await localNode(context));
  const id = overrideId("ban", target, node);
  const override = { id, kind: "ban", target, node, author: authorOf(context) } as const;
  await context.ask({ method: "override-set", override });
  return 0;
}

async function clear(context: HelperContext, options: ParsedOptions): Promise<number> {
  const target = baseName(resourceOf(options));
  const node = options.get("node");
  const { overrides } = await context.ask({ method: "status" });
  const mine = overrides.filter(
    (each) =>
      (each.kind === "ban" || each.kind === "migrate") &&
      each.target === target &&
      (node === undefined || each.node === node),
  );
  if (mine.length === 0) return 0;
  await context.ask({ method: "override-remove", ids: mine.map((each) => each.id) });
  return 0;
}

async function cleanup(context: HelperContext, options: ParsedOptions): Promise<number> {
  const resource = options.get("resource");
  const node = options.get("node");
  await context.ask({
    method: "cleanup",
    ...(resource === undefined ? {} : { resource }),
    ...(node === undefined ? {} : { node }),
  });
  return 0;
}

/** Only what is running now: agents ask whether anything is pending. */
function listOperations(
  context: HelperContext,
  report: StatusReport,
  node: string | undefined,
): void {
  for (const { operation, resource, node: where } of report.transition.running) {
    if (resource === null || (node !== undefined && where !== node)) continue;
    const agent = report.resources.find((each) => each.id === resource)?.agent ?? "";
    const role = report.resources.find((each) => each.id === resource)?.role ?? "Stopped";
    const name = `${resource}_${operation}_0 (node=${where}, call=-1, rc=193)`;
    context.out(`${resource}\t(${agent}):\t ${role}: ${name}: pending\n`);
  }
}

const CRM_FAILCOUNT: OptionTable = {
  resource: ["value", "r", "resource-id", "resource"],
  node: ["value", "N", "node", "U", "uname"],
  query: ["flag", "G", "query"],
  delete: ["flag", "D", "delete"],
  update: ["value", "v", "update"],
  quiet: ["flag", "q", "quiet", "Q"],
  values: ["value", "n", "operation", "I", "interval", "i", "attr-id"],
  ignored: ["flag", "V", "verbose"],
};

/** `crm_failcount`: how often a resource has failed on a node. */
export const crmFailcount: Helper = async (context, args) => {
  const options = parseOptions(args, CRM_FAILCOUNT);
  const resource = options.get("resource") ?? context.env["OCF_RESOURCE_INSTANCE"];
  if (resource === undefined) throw usage("of which resource? Use --resource");
  const node = options.get("node") ?? (await localNode(context));
  const action = options.last("query", "delete", "update");
  if (action === "delete" || options.get("update") === "0") {
    await context.ask({ method: "cleanup", resource, node });
    return 0;
  }
  if (action === "update") throw usage("a failcount can only be set to 0");
  const { resources } = await context.ask({ method: "status" });
  const count = resources
    .filter((each) => each.id === resource || each.resource === resource)
    .flatMap((each) => each.failcounts)
    .filter((each) => each.node === node)
    .reduce((sum, each) => Math.max(sum, each.count), 0);
  const value = count >= 1_000_000 ? "INFINITY" : String(count);
  const text = options.has("quiet")
    ? value
    : `scope=status  name=fail-count-${resource} value=${value}`;
  context.out(`${text}\n`);
  return 0;
};

/** The definition knows a clone's resource, not its instances. */
function baseName(resource: string): string {
  return resource.replace(/:\d+$/, "");
}
