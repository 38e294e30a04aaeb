import type { AlertSettings } from "../model/definition.ts";
import type { LoadContext } from "./load-context.ts";
import { MapFields } from "./map-fields.ts";
import { type OptionTable, readOption } from "./option-table.ts";
import { quote, readMap, readScalar } from "./value-readers.ts";
import type { YamlEntry } from "./yaml-tree.ts";

/** What an alert may be about (Pacemaker Explained, "Alert Filters"), and incidents. */
const SUBJECTS = ["nodes", "resources", "fencing", "attributes", "incidents"] as const;

const ALERT_EXAMPLE = "command: /usr/local/bin/tell-me, or url: https://…";

const ALERT_OPTIONS: OptionTable = {
  noun: "alert option",
  kinds: { timeout: "duration", "timestamp-format": "text", retries: "count" },
};

/** Reads `alerts`: commands and webhooks that are told of what happens. */
export function readAlerts(context: LoadContext, entry: YamlEntry | undefined): AlertSettings[] {
  const map =
    entry && readMap(context, entry.value, "alerts", "alerts: { chat: { url: https://… } }");
  return map?.entries.flatMap((each) => readAlert(context, each) ?? []) ?? [];
}

function readAlert(context: LoadContext, entry: YamlEntry): AlertSettings | undefined {
  const map = readMap(context, entry.value, `alert ${entry.key}`, ALERT_EXAMPLE);
  if (map === undefined) return undefined;
  const fields = new MapFields(context, map, `alert ${entry.key}`, entry.keySpan);
  const command = fields.text("command");
  const url = fields.text("url");
  const options = new Map<string, string>();
  readAlertOptions(context, fields, options);
  fields.finish();
  if ((command === undefined) === (url === undefined)) {
    const message = `alert ${entry.key} needs either command or url`;
    context.report.error("ALERT_KIND", entry.keySpan, message, ALERT_EXAMPLE);
    return undefined;
  }
  if (url !== undefined && !/^https?:\/\/[^/\s]+/.test(url)) {
    const message = `${quote(url)} is no http or https URL`;
    context.report.error("BAD_URL", fields.value("url")?.span, message, "url: https://host/path");
  }
  return {
    name: entry.key,
    ...(command === undefined ? {} : { command }),
    ...(url === undefined ? {} : { url }),
    options,
  };
}

/** `select`, `attributes` and `recipients` are lists and are kept as words with spaces between. */
function readAlertOptions(
  context: LoadContext,
  fields: MapFields,
  options: Map<string, string>,
): void {
  for (const key of ["select", "attributes", "recipients"]) {
    const words = fields.words(key);
    if (words !== undefined) options.set(key, words.map((word) => word.text).join(" "));
    if (key !== "select") continue;
    for (const word of words ?? []) {
      if ((SUBJECTS as readonly string[]).includes(word.text)) continue;
      const message = `${quote(word.text)} is nothing that alerts are about`;
      context.report.error("BAD_CHOICE", word.span, message, `known: ${SUBJECTS.join(", ")}`);
    }
  }
  const given = fields.entry("options");
  const map =
    given &&
    readMap(context, given.value, `options of ${fields.label}`, "options: { timeout: 10s }");
  for (const each of map?.entries ?? []) {
    const option = readOption(context, ALERT_OPTIONS, each);
    if (option !== undefined) options.set(option.name, option.value);
  }
  const environment = fields.entry("env");
  const label = `env of ${fields.label}`;
  const variables = environment && readMap(context, environment.value, label, "env: { TO: ops }");
  for (const each of variables?.entries ?? []) {
    const scalar = readScalar(context, each.value, `env ${each.key}`);
    if (scalar !== undefined) options.set(`env.${each.key}`, scalar.text);
  }
}
