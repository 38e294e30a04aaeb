import { formatDuration } from "../core/written-duration.ts";
import type { CheckSettings } from "../model/definition.ts";
import { parseIp } from "./ip-literal.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { quote, readMap, type Word } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

const KINDS = ["ping", "tcp", "http", "command"] as const;

const TARGET_HINTS = {
  ping: "an IP address: 10.0.0.254",
  tcp: "ADDRESS:PORT, like 10.0.0.1:80 or [fd00::1]:80",
  http: "a URL: http://10.0.0.1/health",
} as const;

/** Defaults: a check every 5 s that may take 2 s; 3 failures in a row count, 2 successes undo them. */
const DEFAULTS = { intervalMs: 5000, timeoutMs: 2000, rise: 2, fall: 3, weight: 1 };

/** Reads `checks`: each makes a node attribute of what it finds. */
export function readChecks(context: LoadContext, entry: YamlEntry | undefined): CheckSettings[] {
  const map =
    entry && readMap(context, entry.value, "checks", "checks: { gateway: { ping: 10.0.0.254 } }");
  return map?.entries.flatMap((each) => readCheck(context, each) ?? []) ?? [];
}

function readCheck(context: LoadContext, entry: YamlEntry): CheckSettings | undefined {
  const map = readMap(
    context,
    entry.value,
    `check ${entry.key}`,
    `${entry.key}: { ping: 10.0.0.254 }`,
  );
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, `check ${entry.key}`, entry.keySpan);
  const kinds = KINDS.filter((kind) => fields.has(kind));
  const intervalMs = fields.duration("interval", { min: 100 }) ?? DEFAULTS.intervalMs;
  const timeoutMs = fields.duration("timeout", { min: 10 });
  const common = {
    name: entry.key,
    intervalMs,
    timeoutMs: timeoutMs ?? Math.min(DEFAULTS.timeoutMs, intervalMs),
    rise: fields.integer("rise", { min: 1, max: 1000 }) ?? DEFAULTS.rise,
    fall: fields.integer("fall", { min: 1, max: 1000 }) ?? DEFAULTS.fall,
    attribute: fields.text("attribute") ?? entry.key,
    weight: fields.integer("weight", { min: -1_000_000, max: 1_000_000 }) ?? DEFAULTS.weight,
  };
  const kind = kinds[0];
  const subject = kind === undefined ? [] : (fields.words(kind) ?? []);
  fields.finish();
  if (timeoutMs !== undefined && timeoutMs > intervalMs) {
    const message = `check ${entry.key} may take longer (timeout) than the time between two (interval)`;
    const hint = `timeout: ${formatDuration(intervalMs)} or less, or a longer interval`;
    context.report.warning("CHECK_TIMEOUT", fields.value("timeout")?.span, message, hint);
  }
  if (kind === undefined || kinds.length > 1) {
    const message = `check ${entry.key} needs exactly one of ${KINDS.join(", ")}`;
    context.report.error("CHECK_KIND", entry.keySpan, message, "ping: [10.0.0.254]");
    return undefined;
  }
  return withSubject(context, fields, common, kind, subject);
}

function withSubject(
  context: LoadContext,
  fields: MapFields,
  common: Omit<CheckSettings, "kind" | "targets" | "command">,
  kind: (typeof KINDS)[number],
  subject: readonly Word[],
): CheckSettings | undefined {
  if (subject.length === 0) {
    const message = `${fields.label}: ${kind} says nothing to check`;
    const hint = kind === "command" ? "command: /path/of/a/program" : TARGET_HINTS[kind];
    context.report.error("CHECK_KIND", fields.entry(kind)?.keySpan, message, hint);
    return undefined;
  }
  if (kind === "command") {
    if (subject.length === 1) return { ...common, kind, command: subject[0]!.text };
    const message = `${fields.label}: command is one line for the shell, not a list`;
    const hint = `command: ${quote(subject.map((word) => word.text).join(" "))}`;
    context.report.error("WRONG_TYPE", fields.value(kind)?.span, message, hint);
    return undefined;
  }
  for (const word of subject) checkTarget(context, kind, word);
  return { ...common, kind, targets: subject.map((word) => word.text) };
}

function checkTarget(context: LoadContext, kind: "ping" | "tcp" | "http", word: Word): void {
  const valid = {
    ping: parseIp(word.text) !== undefined,
    tcp: isHostAndPort(word.text),
    http: /^https?:\/\/[^/\s]+/.test(word.text),
  }[kind];
  if (valid) return;
  const message = `${quote(word.text)} can't be checked`;
  context.report.error("CHECK_TARGET", word.span, message, TARGET_HINTS[kind]);
}

function isHostAndPort(text: string): boolean {
  const parts = /^(?:\[(.+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  if (parts === null || Number(parts[3]) < 1 || Number(parts[3]) > 65_535) return false;
  return parts[1] === undefined || parseIp(parts[1])?.family === 6;
}
