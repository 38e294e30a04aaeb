import { closest } from "../core/suggestion.ts";
import type { AgentName } from "../model/policy-definition.ts";
import type { LoadContext } from "./load-context.ts";
import { quote, type Word } from "./value-readers.ts";

/** The agents that come with paceline and may be written without class and provider. */
export const OWN_AGENTS: readonly string[] = ["vip", "service", "dummy", "stateful"];

const CLASSES = ["ocf", "systemd", "lsb", "service", "heartbeat", "exec", "stonith"] as const;
/** Known to Pacemaker, of no use to us, and met in CIBs. */
const FOREIGN_CLASSES: readonly string[] = ["upstart", "nagios"];

const FORMS =
  "vip, service, dummy, stateful; ocf:PROVIDER:TYPE, systemd:UNIT, lsb:SCRIPT, service:NAME, exec";

/**
 * Reads the name of an agent. A bare word is one of our own agents; `ocf:TYPE` is taken for
 * resource-agents' provider heartbeat, as crmsh does.
 */
export function readAgentName(context: LoadContext, word: Word): AgentName | undefined {
  const parts = word.text.replace("::", ":").split(":");
  if (parts.some((part) => part === "" && parts.length > 1 && parts[0] !== "exec")) {
    return refuse(context, word, `${quote(word.text)} has an empty part`, FORMS);
  }
  const name = parts[0]!.toLowerCase();
  if (parts.length === 1) return ownAgent(context, word);
  const foreign = context.simulation && FOREIGN_CLASSES.includes(name);
  const agentClass = foreign ? name : CLASSES.find((each) => each === name);
  if (agentClass === undefined) return refuseClass(context, word, name);
  if (agentClass === "ocf") return ocfAgent(context, word, parts);
  const type = word.text.slice(word.text.indexOf(":") + 1);
  return { class: agentClass, type: type === "" ? "exec" : type };
}

function ownAgent(context: LoadContext, word: Word): AgentName | undefined {
  if (OWN_AGENTS.includes(word.text))
    return { class: "ocf", provider: "paceline", type: word.text };
  if (word.text === "exec") return { class: "exec", type: "exec" };
  const near = closest(word.text, OWN_AGENTS);
  const guess = near ?? `systemd:${word.text}, or ocf:heartbeat:${word.text}`;
  const message = `there is no agent ${quote(word.text)}`;
  return refuse(context, word, message, `did you mean ${guess}?`);
}

function ocfAgent(context: LoadContext, word: Word, parts: string[]): AgentName | undefined {
  if (parts.length > 3)
    return refuse(context, word, `${quote(word.text)} has too many parts`, FORMS);
  const provider = parts.length === 3 ? parts[1]! : "heartbeat";
  const type = parts.at(-1)!;
  if (provider === "paceline" && !OWN_AGENTS.includes(type)) {
    const near = closest(type, OWN_AGENTS);
    const hint = near ? `did you mean ocf:paceline:${near}?` : `ours are ${OWN_AGENTS.join(", ")}`;
    context.report.warning(
      "UNKNOWN_AGENT",
      word.span,
      `${quote(word.text)} is not among the agents that come with paceline`,
      hint,
    );
  }
  return { class: "ocf", provider, type };
}

function refuseClass(context: LoadContext, word: Word, name: string): undefined {
  const near = closest(name, CLASSES);
  const hint = near ? `did you mean ${near}:…?` : FORMS;
  return refuse(context, word, `${quote(name)} is no agent class`, hint);
}

function refuse(context: LoadContext, word: Word, message: string, hint: string): undefined {
  context.report.error("UNKNOWN_AGENT", word.span, message, hint);
  return undefined;
}

/** `ocf:paceline:vip`, as people write it. */
export function formatAgentName(agent: AgentName): string {
  const middle = agent.provider === undefined ? "" : `${agent.provider}:`;
  return `${agent.class}:${middle}${agent.type}`;
}
