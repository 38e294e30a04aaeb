import type { NodeReport, ResourceReport, StatusReport } from "../../model/status-report.ts";
import { HELPER_EXIT, type Helper, HelperError, noSuch } from "./helper-context.ts";
import { type OptionTable, parseOptions } from "./helper-options.ts";
import { isMember } from "./node-helper.ts";

const CRM_MON: OptionTable = {
  xml: ["flag", "X", "as-xml"],
  as: ["value", "output-as"],
  daemon: ["flag", "d", "daemonize"],
  html: ["value", "h", "as-html"],
  ignored: [
    "flag",
    ...["1", "one-shot", "r", "inactive", "n", "group-by-node", "A", "show-node-attributes"],
    ...["f", "failcounts", "o", "operations", "N", "no-headers", "R", "show-detail", "V", "b"],
  ],
};

/** `crm_mon -1`: the state of the cluster once, as XML for those agents that search it. */
export const crmMon: Helper = async (context, args) => {
  const options = parseOptions(args, CRM_MON);
  if (options.has("daemon") || options.has("html")) {
    throw new HelperError(HELPER_EXIT.unimplemented, "there is no page kept up to date: -1 only");
  }
  const report = await context.ask({ method: "status" });
  if (options.has("xml") || options.get("as") === "xml") context.out(asXml(report));
  else context.out(asText(report));
  return 0;
};

/** Pacemaker calls the coordinator of a partition without quorum its DC as well. */
function coordinatorOf({ dc, acting }: StatusReport): string | null {
  return dc ?? acting;
}

function asText(report: StatusReport): string {
  const lines = report.resources.map(
    (each) => `  * ${each.id}\t(${each.agent}):\t ${each.role} ${each.nodes.join(" ")}`,
  );
  const online = report.nodes.filter(isMember).map((node) => node.name);
  const quorum = report.quorum.quorate ? "with" : "WITHOUT";
  return `Current DC: ${coordinatorOf(report) ?? "NONE"} - partition ${quorum} quorum
Online: [ ${online.join(" ")} ]
${lines.join("\n")}
`;
}

/** The attributes stand in Pacemaker's order: agents search by regular expressions. */
function asXml(report: StatusReport): string {
  const dc = coordinatorOf(report) ?? "";
  const quorate = report.quorum.quorate;
  return `<?xml version="1.0"?>
<pacemaker-result api-version="2.30" request="crm_mon">
  <summary>
    ${element("current_dc", { present: dc !== "", name: dc, with_quorum: quorate }, true)}
  </summary>
  <nodes>
${report.nodes.map((node, index) => nodeElement(node, index, report)).join("\n")}
  </nodes>
  <resources>
${report.resources.map((each) => resourceElement(each)).join("\n")}
  </resources>
  <status code="0" message="OK"/>
</pacemaker-result>
`;
}

function nodeElement(node: NodeReport, index: number, report: StatusReport): string {
  const running = report.resources.filter((each) => each.nodes.includes(node.name)).length;
  return `    ${element(
    "node",
    {
      name: node.name,
      id: index + 1,
      online: isMember(node),
      standby: node.state === "standby",
      standby_onfail: false,
      maintenance: node.state === "maintenance",
      pending: node.state === "pending",
      unclean: node.state === "unclean",
      shutdown: false,
      expected_up: isMember(node),
      is_dc: node.name === coordinatorOf(report),
      resources_running: running,
      type: "member",
    },
    true,
  )}`;
}

function resourceElement(resource: ResourceReport): string {
  const { clone, nodes, role } = resource;
  const start = element(
    "resource",
    {
      // An instance of an anonymous clone goes by the name of its resource.
      id: clone === null ? resource.id : resource.resource,
      resource_agent: resource.agent.replace(/^([^:]+):(?=[^:]+:)/, "$1::"),
      role,
      active: role !== "Stopped",
      orphaned: resource.orphan,
      blocked: resource.blocked !== null,
      managed: resource.managed,
      failed: resource.failed,
      failure_ignored: false,
      nodes_running_on: nodes.length,
    },
    nodes.length === 0,
  );
  if (nodes.length === 0) return `    ${start}`;
  const on = nodes.map((name) => `      ${element("node", { name, cached: true }, true)}`);
  return [`    ${start}`, ...on, "    </resource>"].join("\n");
}

const CIBADMIN: OptionTable = {
  query: ["flag", "Q", "query"],
  xpath: ["value", "A", "xpath"],
  ignored: ["flag", "l", "local", "V", "verbose"],
};

/**
 * `cibadmin -Q`: only the node attributes, which is what agents look for. There is no CIB in XML
 * here; an `--xpath` is understood as far as it asks for a name, and for nodes that are online.
 */
export const cibadmin: Helper = async (context, args) => {
  const options = parseOptions(args, CIBADMIN);
  if (!options.has("query")) {
    throw new HelperError(HELPER_EXIT.unimplemented, "only --query is understood");
  }
  const { nodes } = await context.ask({ method: "status" });
  const path = options.get("xpath");
  if (path === undefined) {
    const states = nodes.map((node) => stateElement(node));
    context.out(`<cib>\n  <status>\n${states.join("\n")}\n  </status>\n</cib>\n`);
    return 0;
  }
  const name = /nvpair\[@name=['"]([^'"]*)['"]\]/.exec(path)?.[1];
  const online = /@crmd=['"]online['"]/.test(path);
  const found = nodes
    .filter((node) => !online || isMember(node))
    .flatMap((node) => pairs(node).filter((pair) => pair.name === name));
  if (found.length === 0) throw noSuch();
  for (const pair of found) context.out(`${element("nvpair", pair, true)}\n`);
  return 0;
};

function stateElement(node: NodeReport): string {
  const crmd = isMember(node) ? "online" : "offline";
  const inner = pairs(node).map((pair) => `        ${element("nvpair", pair, true)}`);
  return [
    `    ${element("node_state", { id: node.name, uname: node.name, crmd }, false)}`,
    ...["      <transient_attributes><instance_attributes>", ...inner],
    ...["      </instance_attributes></transient_attributes>", "    </node_state>"],
  ].join("\n");
}

function pairs(node: NodeReport): { id: string; name: string; value: string }[] {
  return Object.entries(node.attributes).map(([name, value]) => ({
    id: `status-${node.name}-${name}`,
    name,
    value,
  }));
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean>>,
  empty: boolean,
): string {
  const words = Object.entries(attributes).map(([key, value]) => `${key}="${escaped(value)}"`);
  return `<${[name, ...words].join(" ")}${empty ? "/" : ""}>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escaped(value: string | number | boolean): string {
  return String(value).replace(/[&<>"]/g, (character) => ENTITIES[character] as string);
}
