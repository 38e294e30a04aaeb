import { overrideId } from "../../model/override-id.ts";
import { authorOf, type Helper, type HelperContext, localNode } from "./helper-context.ts";
import { type OptionTable, parseOptions } from "./helper-options.ts";

const CRM_STANDBY: OptionTable = {
  node: ["value", "N", "node", "U", "uname"],
  update: ["value", "v", "update"],
  delete: ["flag", "D", "delete"],
  query: ["flag", "G", "query"],
  quiet: ["flag", "q", "quiet", "Q"],
  ignored: ["value", "l", "lifetime", "i", "id"],
  verbose: ["flag", "V", "verbose"],
};

/** `crm_standby`: with paceline an operator's override, shown and removed like any other. */
export const crmStandby: Helper = async (context, args) => {
  const options = parseOptions(args, CRM_STANDBY);
  const action = options.last("update", "delete", "query");
  const value =
    action === "update" ? options.get("update") : action === "delete" ? "off" : undefined;
  const node = options.get("node") ?? (await localNode(context));
  return await answerStandby(context, { node, value, quiet: options.has("quiet") });
};

/** Sets standby, or says whether it is set where no value is given. */
export async function answerStandby(
  context: HelperContext,
  wanted: { readonly node: string; readonly value: string | undefined; readonly quiet: boolean },
): Promise<number> {
  const { node, value, quiet } = wanted;
  const id = overrideId("standby", node);
  if (value === undefined) {
    const { overrides } = await context.ask({ method: "status" });
    const state = overrides.some((override) => override.id === id) ? "on" : "off";
    context.out(quiet ? `${state}\n` : `scope=nodes  name=standby value=${state}\n`);
  } else if (/^(on|true|yes|y|1)$/i.test(value)) {
    const override = { id, kind: "standby", target: node, author: authorOf(context) } as const;
    await context.ask({ method: "override-set", override });
  } else await context.ask({ method: "override-remove", ids: [id] });
  return 0;
}
