import { closest } from "../core/suggestion.ts";
import type { FencingDevice, FencingSettings } from "../model/definition.ts";
import type { TopologyLevel } from "../model/policy-definition.ts";
import { DEVICE_OPTIONS, EXEC_PARAMS, IPMI_PARAMS, SSH_PARAMS } from "./fencing-options.ts";
import { readTopology } from "./fencing-topology.ts";
import { parseIp } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import type { NodeSource } from "./nodes-section.ts";
import { type OptionTable, readOption } from "./option-table.ts";
import type { Span } from "./source-text.ts";
import { quote, readMap, readScalar } from "./value-readers.ts";
import type { YamlEntry, YamlValue } from "./yaml-tree.ts";

const AGENTS = ["ipmi", "exec", "ssh"];
const DEVICE_EXAMPLE = "{ agent: ipmi, targets: [node1], params: … }";
const DEVICES_EXAMPLE = `devices: { bmc1: ${DEVICE_EXAMPLE} }`;
const PASSWORD_FILE = "/etc/paceline/NAME.pass";
/** Parameters that hold a secret, by the names that agents give them. */
const SECRETS = ["password", "passwd", "passphrase", "snmp-priv-passwd", "token"];

export interface FencingSource {
  readonly settings: FencingSettings;
  readonly levels: readonly TopologyLevel[];
  /** The devices as written. */
  readonly devices: YamlValue | undefined;
}

/** Reads `fencing`: the devices, and which of them to use for which node in which order. */
export function readFencing(
  context: LoadContext,
  entry: YamlEntry | undefined,
  nodes: readonly NodeSource[],
): FencingSource {
  const none = { settings: { devices: [], topology: new Map() }, levels: [], devices: undefined };
  const map = entry && readMap(context, entry.value, "fencing", `fencing: { ${DEVICES_EXAMPLE} }`);
  if (entry === undefined || map === undefined) return none;
  const fields = new MapFields(context, map, "fencing", entry.keySpan);
  const given = fields.value("devices");
  const devices =
    (given && readMap(context, given, "fencing devices", DEVICES_EXAMPLE))?.entries ?? [];
  const read = devices.flatMap((each) => readDevice(context, each) ?? []);
  const topology = readTopology(context, fields.value("topology"), nodes, read);
  fields.finish();
  const settings = { devices: read, topology: topology.byNode };
  return { settings, levels: topology.levels, devices: given };
}

function readDevice(context: LoadContext, entry: YamlEntry): FencingDevice | undefined {
  const name = entry.key;
  const map = readMap(context, entry.value, `device ${name}`, `${name}: ${DEVICE_EXAMPLE}`);
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, `device ${name}`, entry.keySpan);
  const agent = readFenceAgent(context, fields);
  const options = readPairs(context, fields.entry("options"), DEVICE_OPTIONS, {
    label: `options of ${name}`,
    example: "options: { delay-base: 5s }",
  });
  const targets = readTargets(context, fields, options);
  const table = { ipmi: IPMI_PARAMS, exec: EXEC_PARAMS, ssh: SSH_PARAMS }[agent ?? ""];
  const spans = new Map<string, Span>();
  const block = { label: `params of ${name}`, example: "params: { address: 10.0.9.1 }" };
  const params = readPairs(context, fields.entry("params"), table, block, spans);
  fields.finish();
  if (agent === undefined) return undefined;
  checkSecrets(context, fields);
  checkParams(context, fields, agent, params, (param) => spans.get(param) ?? fields.span);
  return { name, agent, targets, params, options };
}

function readFenceAgent(context: LoadContext, fields: MapFields): string | undefined {
  const given = fields.text("agent");
  if (given === undefined) {
    if (!fields.has("agent"))
      fields.missing("agent", "ipmi, exec, ssh, or an installed fence_* agent");
    return undefined;
  }
  const agent = given.replace(/^stonith:/, "");
  if (AGENTS.includes(agent) || /^fence_[\w-]+$/.test(agent)) return agent;
  const near = closest(agent, AGENTS);
  const hint = near ? `did you mean ${near}?` : "ipmi, exec, ssh, or an installed fence_* agent";
  const message = `${quote(agent)} is no fence agent`;
  context.report.error("UNKNOWN_AGENT", fields.value("agent")?.span, message, hint);
  return undefined;
}

/** `targets: [node1]`, or `targets: { node1: PLUG }`, which becomes the option host-map. */
function readTargets(
  context: LoadContext,
  fields: MapFields,
  options: Map<string, string>,
): string[] {
  const value = fields.value("targets");
  const by = fields.label;
  if (value?.kind === "map") {
    const plugs = value.entries.map((entry) => {
      context.references.push({ kind: "node", name: entry.key, span: entry.keySpan, by });
      const scalar = readScalar(context, entry.value, `plug of ${entry.key}`);
      return `${entry.key}:${scalar?.text ?? ""}`;
    });
    options.set("host-map", plugs.join(";"));
    return value.entries.map((entry) => entry.key);
  }
  const words = fields.words("targets") ?? [];
  for (const { text: name, span } of words) {
    context.references.push({ kind: "node", name, span, by });
  }
  return words.map((word) => word.text);
}

function readPairs(
  context: LoadContext,
  entry: YamlEntry | undefined,
  table: OptionTable | undefined,
  { label, example }: { readonly label: string; readonly example: string },
  spans?: Map<string, Span>,
): Map<string, string> {
  const pairs = new Map<string, string>();
  const map = entry && readMap(context, entry.value, label, example);
  for (const each of map?.entries ?? []) {
    if (table !== undefined) {
      const option = readOption(context, table, each);
      if (option === undefined) continue;
      pairs.set(option.name, option.value);
      spans?.set(option.name, each.value.span);
      continue;
    }
    const scalar = readScalar(context, each.value, `${each.key} in ${label}`);
    if (scalar !== undefined) pairs.set(each.key, scalar.text);
    spans?.set(each.key, each.value.span);
  }
  return pairs;
}

/** The definition is copied to every node and kept in its history: no place for a secret. */
function checkSecrets(context: LoadContext, fields: MapFields): void {
  const params = fields.value("params");
  if (params?.kind !== "map") return;
  for (const entry of params.entries) {
    if (!SECRETS.includes(entry.key.replaceAll("_", "-"))) continue;
    const message = `the ${entry.key} of ${fields.label} stands in the definition for all to read`;
    const hint = `password-file: ${PASSWORD_FILE} (mode 0600, on every node) keeps it out`;
    context.report.warning("PLAIN_SECRET", entry.keySpan, message, hint);
  }
}

function checkParams(
  context: LoadContext,
  fields: MapFields,
  agent: string,
  params: ReadonlyMap<string, string>,
  spanOf: (name: string) => Span,
): void {
  const { report } = context;
  const file = params.get("password-file");
  if (file !== undefined && !file.startsWith("/")) {
    const message = `${quote(file)} is no absolute path`;
    report.error("BAD_PATH", spanOf("password-file"), message, `from the root: ${PASSWORD_FILE}`);
  }
  if (agent === "ipmi") checkIpmi(context, fields, params, spanOf);
  if (agent === "exec" && !params.has("command") && !params.has("off")) {
    fields.missing("params: command", "the command that powers a node off, or one per action");
  }
  if (agent === "ssh") {
    const hint = "only for trying things out: take ipmi, or a fence_* agent";
    const message = `${fields.label}: a node that hangs, or is cut off, can't be fenced by ssh`;
    report.warning("WEAK_FENCING", fields.span, message, hint);
  }
}

function checkIpmi(
  context: LoadContext,
  fields: MapFields,
  params: ReadonlyMap<string, string>,
  spanOf: (name: string) => Span,
): void {
  const address = params.get("address");
  const isHost = address !== undefined && /^[A-Za-z0-9][A-Za-z0-9.-]*$/.test(address);
  if (address === undefined) fields.missing("params: address", "the address of the node's BMC");
  else if (parseIp(address) === undefined && (!isHost || /^[\d.]+$/.test(address))) {
    const message = `${quote(address)} is no address of a BMC`;
    const hint = "its IP address, like 10.0.9.1, or its host name";
    context.report.error("BAD_ADDRESS", spanOf("address"), message, hint);
  }
  const port = Number(params.get("port") ?? 623);
  if (port < 1 || port > 65_535) {
    context.report.error(
      "BAD_NUMBER",
      spanOf("port"),
      `port ${port} is out of range`,
      "1 to 65535",
    );
  }
  if (Number(params.get("cipher-suite") ?? 3) > 17) {
    const message = "there are the cipher suites 0 to 17";
    context.report.error(
      "BAD_NUMBER",
      spanOf("cipher-suite"),
      message,
      "3 is common, 17 is better",
    );
  }
  if (params.get("cipher-suite") === "0") {
    const message = "cipher suite 0 accepts any password";
    context.report.warning(
      "WEAK_FENCING",
      spanOf("cipher-suite"),
      message,
      "3, or 17 where it works",
    );
  }
  if (!params.has("username")) fields.missing("params: username", "a user of the BMC");
  if (!params.has("password-file") && !params.has("password")) {
    fields.missing("params: password-file", `${PASSWORD_FILE}, mode 0600, on every node`);
  }
}
