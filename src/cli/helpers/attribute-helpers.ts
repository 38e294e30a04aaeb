import type { AttributeAnswer, AttributeScope } from "../../model/control.ts";
import { type Helper, type HelperContext, localNode, noSuch, usage } from "./helper-context.ts";
import { type OptionTable, type ParsedOptions, parseOptions } from "./helper-options.ts";
import { answerStandby } from "./standby-helper.ts";

const CRM_ATTRIBUTE: OptionTable = {
  name: ["value", "n", "name", "attr-name"],
  node: ["value", "N", "node", "U", "uname"],
  resource: ["value", "r", "resource"],
  update: ["value", "v", "update", "attr-value"],
  delete: ["flag", "D", "delete"],
  query: ["flag", "G", "query", "get-value"],
  quiet: ["flag", "q", "quiet", "Q"],
  lifetime: ["value", "l", "lifetime"],
  type: ["value", "t", "type"],
  promotion: ["optional", "p", "promotion"],
  default: ["value", "d", "default"],
  utilization: ["flag", "z", "utilization"],
  ignored: ["value", "s", "set-name", "i", "id"],
  verbose: ["flag", "V", "verbose", "!", "inhibit-policy-engine"],
};

/** How Pacemaker calls the places where the scopes are kept. */
const PLACES: Readonly<Record<AttributeScope, string>> = {
  transient: "status",
  permanent: "nodes",
  cluster: "crm_config",
};

/** `crm_attribute`: node attributes, promotion scores, cluster-wide attributes. */
export const crmAttribute: Helper = async (context, args) =>
  await attribute(context, parseOptions(args, CRM_ATTRIBUTE), false);

/** `crm_master`, the older name of `crm_attribute --promotion`. */
export const crmMaster: Helper = async (context, args) =>
  await attribute(context, parseOptions(args, CRM_ATTRIBUTE), true);

async function attribute(
  context: HelperContext,
  options: ParsedOptions,
  promotion: boolean,
): Promise<number> {
  if (options.has("utilization")) throw usage("utilization is set in the definition only");
  const isScore = promotion || options.has("promotion");
  const name = isScore ? scoreName(context, options) : options.get("name");
  if (name === undefined) throw usage("which attribute? Use --name");
  const scope = scopeOf(options, isScore);
  const action = options.last("update", "delete", "query");
  if (scope === "permanent" && name === "standby") {
    const value = action === "delete" ? "off" : options.get("update");
    const node = options.get("node") ?? (await localNode(context));
    return await answerStandby(context, { node, value, quiet: options.has("quiet") });
  }
  const given = await context.ask({
    method: "attribute",
    action: action === "update" ? "set" : action === "delete" ? "delete" : "get",
    name,
    scope,
    ...optional("value", action === "update" ? options.get("update") : undefined),
    ...optional("node", options.get("node")),
  });
  if (action === "update" || action === "delete") return 0;
  const value = given.value ?? options.get("default");
  if (value === undefined) throw noSuch();
  const text = options.has("quiet") ? value : `scope=${PLACES[scope]}  name=${name} value=${value}`;
  context.out(`${text}\n`);
  return 0;
}

function scoreName(context: HelperContext, options: ParsedOptions): string {
  const named = options.get("promotion") || options.get("resource");
  const resource = named ?? context.env["OCF_RESOURCE_INSTANCE"];
  if (resource === undefined || resource === "") {
    throw usage("whose promotion score? OCF_RESOURCE_INSTANCE is not set");
  }
  return `master-${resource}`;
}

function scopeOf(options: ParsedOptions, isScore: boolean): AttributeScope {
  const lifetime = options.get("lifetime");
  if (lifetime !== undefined) return lifetime === "reboot" ? "transient" : "permanent";
  switch (options.get("type")) {
    case "status":
      return "transient";
    case "nodes":
      return "permanent";
    case "crm_config":
      return "cluster";
    case undefined:
      if (isScore) return "transient";
      return options.has("node") ? "permanent" : "cluster";
    default:
      throw usage(`attributes of the type ${options.get("type")} are in the definition only`);
  }
}

const ATTRD_UPDATER: OptionTable = {
  name: ["value", "n", "name"],
  node: ["value", "N", "node"],
  update: ["value", "U", "v", "update", "B", "update-both"],
  delete: ["flag", "D", "delete"],
  query: ["flag", "Q", "query"],
  all: ["flag", "A", "all"],
  refresh: ["flag", "R", "refresh"],
  // Here every change is told at once: there is nothing to delay, to wait for, or to keep private.
  flags: ["flag", "p", "private", "q", "quiet", "V", "verbose", "Y", "update-delay"],
  values: ["value", "d", "delay", "S", "section", "s", "set", "W", "wait", "t", "lifetime"],
};

/** `attrd_updater`: transient attributes. */
export const attrdUpdater: Helper = async (context, args) => {
  const options = parseOptions(args, ATTRD_UPDATER);
  const action = options.last("update", "delete", "query", "refresh");
  if (action === "refresh") return 0;
  const name = options.get("name");
  if (name === undefined) throw usage("which attribute? Use --name");
  if (action === undefined) throw usage("what is to be done? Use --update, --delete or --query");
  const request = {
    method: "attribute",
    name,
    scope: "transient",
    ...optional("node", options.get("node")),
  } as const;
  if (action === "query") return await queryTransient(context, options, request);
  const change =
    action === "update"
      ? ({ action: "set", ...optional("value", options.get("update")) } as const)
      : ({ action: "delete" } as const);
  await context.ask({ ...request, ...change });
  return 0;
};

async function queryTransient(
  context: HelperContext,
  options: ParsedOptions,
  request: { method: "attribute"; name: string; scope: "transient"; node?: string },
): Promise<number> {
  const get = async (node?: string): Promise<AttributeAnswer> =>
    await context.ask({ ...request, action: "get", ...optional("node", node ?? request.node) });
  const answers: AttributeAnswer[] = [];
  if (options.has("all")) {
    const { nodes } = await context.ask({ method: "status" });
    for (const { name } of nodes) answers.push(await get(name));
  } else answers.push(await get());
  const known = answers.filter((each) => each.value !== null);
  if (known.length === 0) throw noSuch();
  for (const { name, node, value } of known) {
    context.out(`name="${name}" host="${node}" value="${value}"\n`);
  }
  return 0;
}

function optional<Key extends string>(
  key: Key,
  value: string | undefined,
): Partial<Record<Key, string>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, string>);
}
