import { accessSync, constants, readFileSync, statSync } from "node:fs";
import type {
  DeviceAction,
  DeviceCommand,
  DeviceOutcome,
  FenceAgentFacts,
} from "../fencing/fence-types.ts";
import { parsePlugs } from "../fencing/plug-list.ts";
import { maskSecrets } from "../model/secret-mask.ts";

/** One process to start for a fencing device, and how to read what comes of it. */
export interface FenceCall {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** What brings the program, where it is missing. */
  readonly install: string;
  readonly read: (exit: CallExit) => DeviceOutcome;
}

export interface CallExit {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Something is missing that no retry brings. */
export class CallProblem extends Error {
  override readonly name = "CallProblem";
}

/** The action is none of the device's. */
export class UnknownAction extends Error {
  override readonly name = "UnknownAction";
}

/** What an agent's metadata says it knows; empty sets: it says nothing. */
export interface AgentKnowledge extends FenceAgentFacts {
  readonly parameters: ReadonlySet<string>;
  readonly actions: ReadonlySet<string>;
}

export type AskAgent = (agent: string) => Promise<AgentKnowledge>;

/** Builds the call of a device; throws a CallProblem or UnknownAction. */
export async function buildCall(command: DeviceCommand, ask: AskAgent): Promise<FenceCall> {
  switch (command.agent) {
    case "ipmi":
      return ipmiCall(command);
    case "exec":
      return execCall(command);
    case "ssh":
      return sshCall(command);
    default:
      return await agentCall(command, ask);
  }
}

// --- ipmi

/** Each request is sent so often, so many seconds apart, before ipmitool gives up. */
const IPMI_PATIENCE = ["-N", "2", "-R", "2"];
/** Only then does ipmitool say why a controller refuses a session. */
const IPMI_VERBOSE = "-v";

/** Passwords go by file or by the environment: arguments are there for everybody to read. */
function ipmiCall(command: DeviceCommand): FenceCall {
  const { params, action } = command;
  if (action === "list") throw new UnknownAction("a controller is of one node: it has no list");
  const address = params["address"];
  if (address === undefined) throw new CallProblem("it has no address");
  const args = ["-I", params["interface"] ?? "lanplus", "-H", address];
  const options = [
    ["-p", params["port"]],
    ["-U", params["username"]],
    ["-C", params["cipher-suite"]],
    ["-L", params["privilege"]?.toUpperCase()],
  ] as const;
  for (const [flag, value] of options) if (value !== undefined) args.push(flag, value);
  args.push(IPMI_VERBOSE, ...IPMI_PATIENCE);
  const passwordFile = params["password-file"];
  const env: Record<string, string> = {};
  if (passwordFile !== undefined) {
    checkReadable(passwordFile);
    args.push("-f", passwordFile);
  } else if (params["password"] !== undefined) {
    env["IPMI_PASSWORD"] = params["password"];
    args.push("-E");
  }
  const verb = { off: "off", on: "on", status: "status", reboot: "reset" }[action];
  args.push("chassis", "power", verb);
  const read = (exit: CallExit) => told(readIpmi(command, address, exit), passwordFile);
  return { file: "ipmitool", args, env, install: "the package ipmitool", read };
}

function readIpmi(command: DeviceCommand, address: string, exit: CallExit): DeviceOutcome {
  const text = `${exit.stdout}\n${exit.stderr}`;
  const power = /Chassis Power is (on|off)/i.exec(text)?.[1]?.toLowerCase();
  if (command.action === "status" && (power === "on" || power === "off")) {
    return { ok: true, power, detail: `power is ${power}` };
  }
  if (exit.code === 0 && command.action !== "status") {
    return { ok: true, detail: `${command.action} ordered` };
  }
  return { ok: false, detail: ipmiProblem(text, address) };
}

/** ipmitool says the same of many troubles; what it says besides tells them apart. */
function ipmiProblem(text: string, address: string): string {
  const said = lastLine(text);
  if (/RAKP 2 HMAC is invalid|password invalid|Invalid (user|password)/i.test(text)) {
    return `the controller at ${address} refuses the password (${said})`;
  }
  if (/unauthorized name|Invalid user name/i.test(text)) {
    return `the controller at ${address} does not know the user name (${said})`;
  }
  if (/insufficient (resources|privilege)|privilege level/i.test(text)) {
    return `the controller at ${address} refuses the privilege level (${said})`;
  }
  if (
    /no matching cipher suite|invalid (confidentiality|integrity|authentication) algorithm/i.test(
      text,
    )
  ) {
    return `the controller at ${address} does not take the cipher suite: set cipher-suite (${said})`;
  }
  if (/Address lookup|Name or service/i.test(text)) return `${address} is no address (${said})`;
  if (/Unable to establish/i.test(text)) {
    return `the controller at ${address} does not answer, or refuses user name or password (${said})`;
  }
  return said === "" ? "ipmitool failed and does not say why" : said;
}

// --- fence_* agents

/** The protocol of the fence agents: parameters as lines on stdin, 0 on, 2 off, else trouble. */
async function agentCall(command: DeviceCommand, ask: AskAgent): Promise<FenceCall> {
  const { agent, params, action, target, plug } = command;
  if (!/^fence_[\w-]+$/.test(agent)) throw new CallProblem(`${agent} is no fence agent`);
  const known = await ask(agent);
  const named = command.actionName ?? agentAction(action, known);
  if (named === "list" && known.actions.size > 0 && !known.actions.has("list")) {
    throw new UnknownAction(`${agent} has no list of what it can switch`);
  }
  const lines = new Map<string, string>([["action", named]]);
  for (const [name, value] of Object.entries(params)) {
    if (name === "password-file") lines.set("password", readSecret(value));
    else lines.set(name.replaceAll("-", "_"), value);
  }
  if (action !== "list") lines.set("nodename", target);
  const argument = command.hostArgument ?? plugArgument(known.parameters);
  const isNamed = argument !== undefined && argument !== "none" && action !== "list";
  if (isNamed && !lines.has(argument)) {
    lines.set(argument, plug ?? target);
  }
  for (const [name, value] of lines) {
    if (/[\r\n]/.test(name + value)) throw new CallProblem(`${name} has a line break in it`);
  }
  const stdin = [...lines].map(([name, value]) => `${name}=${value}\n`).join("");
  const isBlind = action === "status" && lines.get("action") === "monitor";
  const read = (exit: CallExit): DeviceOutcome => {
    const outcome = readByCode(command, exit, {
      ...params,
      password: lines.get("password") ?? "",
    });
    return told(isBlind ? withoutState(outcome) : outcome, params["password-file"]);
  };
  const install = `the package fence-agents or ${agent.replaceAll("_", "-")}`;
  return { file: agent, args: [], env: {}, stdin, install, read };
}

/**
 * A few agents know no `status` (fence_kdump, fence_heuristics_ping): they say by `monitor` whether they
 * work. One that only knows how to reboot does that for `off`.
 */
function agentAction(action: DeviceAction, { actions }: AgentKnowledge): string {
  if (action === "status" && actions.size > 0 && !actions.has("status")) return "monitor";
  if (action === "off" && actions.has("reboot") && !actions.has("off")) return "reboot";
  return action;
}

function withoutState({ ok, detail }: DeviceOutcome): DeviceOutcome {
  return { ok, detail: ok ? "it answers, and cannot tell the power" : detail, unsupported: true };
}

/** Agents that know a parameter `plug` are given it; older ones call it `port`. */
function plugArgument(names: ReadonlySet<string>): string | undefined {
  // What an agent that says nothing is called by has been `port` from the beginning.
  if (names.size === 0) return "port";
  return names.has("plug") ? "plug" : names.has("port") ? "port" : undefined;
}

// --- exec

/** Commands of the site: one per action, or one for all that is given action and node. */
function execCall(command: DeviceCommand): FenceCall {
  const { params, action, target, plug } = command;
  const own = action === "list" ? undefined : params[action];
  const text = own ?? (params["command"] === undefined ? undefined : `${params["command"]} "$@"`);
  if (text === undefined) throw new CallProblem(`it has no command for ${action}`);
  const env = {
    PACELINE_FENCE_ACTION: action,
    PACELINE_FENCE_TARGET: target,
    PACELINE_FENCE_PLUG: plug ?? target,
  };
  const read = (exit: CallExit) => readByCode(command, exit, params);
  return { file: "sh", args: ["-c", text, "sh", action, target], env, install: "sh", read };
}

/** As fence agents answer: 0 is on (or done), 2 is off; a plain word `off` counts as well. */
function readByCode(
  command: DeviceCommand,
  exit: CallExit,
  secrets: Readonly<Record<string, string>>,
): DeviceOutcome {
  const said = maskSecrets(lastLine(`${exit.stdout}\n${exit.stderr}`), secrets);
  if (command.action === "status" && (exit.code === 0 || exit.code === 2)) {
    const power =
      exit.code === 2 || /^(power is )?off$/i.test(lastLine(exit.stdout)) ? "off" : "on";
    return { ok: true, power, detail: `power is ${power}` };
  }
  if (exit.code === 0 && command.action === "list") {
    const plugs = parsePlugs(exit.stdout);
    return { ok: true, plugs, detail: `it lists ${plugs.length} plugs` };
  }
  if (exit.code === 0) return { ok: true, detail: `${command.action} ordered` };
  const permanent = exit.code === 127 && command.agent === "exec";
  const detail = said === "" ? `it ended with ${exit.code} and does not say why` : said;
  return { ok: false, detail, ...(permanent ? { permanent } : {}) };
}

// --- ssh

/** After the connection is closed, so that the order's success can still be told. */
const sysrq = (letter: string) =>
  `nohup sh -c 'sleep 1; echo ${letter} > /proc/sysrq-trigger' > /dev/null 2>&1 &`;

/** For labs: a node that hangs cannot be fenced by it. */
function sshCall(command: DeviceCommand): FenceCall {
  const { params, action, target } = command;
  if (action === "list") throw new UnknownAction("ssh is of one node: it has no list");
  if (action === "on") throw new CallProblem("ssh cannot give power back: fence with action: off");
  const remote = {
    off: params["off-command"] ?? sysrq("o"),
    reboot: params["reboot-command"] ?? sysrq("b"),
    status: "true",
  }[action];
  const args = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"];
  if (params["port"] !== undefined) args.push("-p", params["port"]);
  if (params["identity-file"] !== undefined) args.push("-i", params["identity-file"]);
  const address = params["address"] ?? target;
  if (address.startsWith("-")) throw new CallProblem(`${address} is no address`);
  const user = params["username"] ?? "root";
  args.push("-l", user, "--", address, remote);
  const read = (exit: CallExit): DeviceOutcome => {
    if (action === "status" && exit.code === 255) {
      return { ok: true, power: "off", detail: `${address} cannot be reached any more` };
    }
    return readByCode(command, exit, params);
  };
  return { file: "ssh", args, env: {}, install: "the package openssh-client", read };
}

// --- parts

function checkReadable(path: string): void {
  try {
    accessSync(path, constants.R_OK);
  } catch (error) {
    throw new CallProblem(`its password file ${path} cannot be read (${codeOf(error)})`);
  }
}

/** A secret that others can read fences all the same, and whoever asks the device is told. */
function told(outcome: DeviceOutcome, passwordFile: string | undefined): DeviceOutcome {
  if (passwordFile === undefined || !isOpenToOthers(passwordFile)) return outcome;
  const advice = `others can read its password file: chmod 600 ${passwordFile}`;
  return { ...outcome, detail: `${outcome.detail}; ${advice}` };
}

function isOpenToOthers(path: string): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true && (stats.mode & 0o077) !== 0;
}

function readSecret(path: string): string {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/)[0] ?? "";
  } catch (error) {
    throw new CallProblem(`its password file ${path} cannot be read (${codeOf(error)})`);
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

/** What was said last, without the time that Python's logging puts before it; bounded. */
function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const last = lines.filter((line) => line !== "").at(-1) ?? "";
  return last.replace(/^\d{4}-\d\d-\d\d [\d:,]+ (ERROR|WARNING|INFO): /, "").slice(0, 300);
}
