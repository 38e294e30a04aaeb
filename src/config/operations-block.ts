import { didYouMean } from "../core/suggestion.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { OperationDefinition } from "../model/policy-definition.ts";
import { readAttributeSets } from "./attribute-sets.ts";
import { freeId, type LoadContext } from "./load-context.ts";
import { readOption } from "./option-table.ts";
import { OPERATION_NAMES, OPERATION_OPTIONS, RESOURCE_META } from "./resource-options.ts";
import type { Span } from "./source-text.ts";
import { quote, readItems, readMap, readText } from "./value-readers.ts";
import type { YamlMap, YamlValue } from "./yaml-tree.ts";

/** Keys of an operation that are not options of it. */
const OWN_KEYS = ["id", "name", "interval", "params", "meta"];

const LISTED_EXAMPLE = "{ name: monitor, interval: 10s }";

/**
 * Reads `operations`: a map from name to options (or to a list of options, or for a monitor just
 * to its interval), or a list of operations with a `name` each.
 */
export function readOperations(
  context: LoadContext,
  value: YamlValue,
  resource: string,
): OperationDefinition[] {
  const found: { operation: OperationDefinition; span: Span }[] = [];
  const errorsBefore = context.report.errorCount;
  if (value.kind === "list") {
    for (const item of value.items) {
      const operation = readListed(context, item, resource);
      if (operation !== undefined) found.push({ operation, span: item.span });
    }
  } else {
    const map = readMap(
      context,
      value,
      `operations of ${resource}`,
      "operations: { monitor: 10s }",
    );
    for (const entry of map?.entries ?? []) {
      const items = entry.value.kind === "list" ? readItems(entry.value) : [entry.value];
      for (const item of items) {
        const named = { name: entry.key, nameSpan: entry.keySpan };
        const operation = readNamed(context, item, resource, named);
        if (operation !== undefined) found.push({ operation, span: entry.keySpan });
      }
    }
  }
  checkIntervals(context, resource, found);
  // An interval that could not be read is complained of already.
  if (context.report.errorCount === errorsBefore) checkMonitored(context, resource, found);
  return found.map((each) => each.operation);
}

function readListed(
  context: LoadContext,
  item: YamlValue,
  resource: string,
): OperationDefinition | undefined {
  const map = readMap(context, item, `an operation of ${resource}`, LISTED_EXAMPLE);
  const name = map?.entries.find((entry) => entry.key === "name");
  if (map === undefined) return undefined;
  const text = name && readText(context, name.value, `name of an operation of ${resource}`);
  if (name === undefined || text === undefined) {
    const message = `an operation of ${resource} has no \`name\``;
    context.report.error("MISSING_KEY", item.span, message, LISTED_EXAMPLE);
    return undefined;
  }
  return readOperation(context, map, resource, { name: text, nameSpan: name.value.span });
}

interface OperationName {
  readonly name: string;
  readonly nameSpan: Span;
}

function readNamed(
  context: LoadContext,
  value: YamlValue,
  resource: string,
  named: OperationName,
): OperationDefinition | undefined {
  if (value.kind !== "scalar" || value.isNull || named.name !== "monitor") {
    checkName(context, resource, named.name, named.nameSpan);
    const map = readOptions(context, value, `operation ${named.name} of ${resource}`, named.name);
    return map && readOperation(context, map, resource, named);
  }
  // `monitor: 10s`
  const span = value.span;
  const entries = [{ key: "interval", keySpan: span, value }];
  return readOperation(context, { kind: "map", entries, span, weight: 2 }, resource, named);
}

function checkName(context: LoadContext, resource: string, name: string, span: Span): void {
  if (OPERATION_NAMES.includes(name)) return;
  const hint = didYouMean(name, OPERATION_NAMES, "monitor, start, stop, promote, …");
  const message = `${quote(name)} is no operation (resource ${resource})`;
  const severity = context.simulation ? "warning" : "error";
  context.report[severity]("UNKNOWN_OPERATION", span, message, hint);
}

function readOptions(
  context: LoadContext,
  value: YamlValue,
  label: string,
  name: string,
): YamlMap | undefined {
  if (value.kind !== "scalar" || value.isNull) {
    return readMap(context, value, label, `${name}: { timeout: 30s }`);
  }
  const message = `${label} is a map of options, not ${quote(value.text)}`;
  const hint = `${name}: { timeout: ${value.text} } if that is meant`;
  context.report.error("WRONG_TYPE", value.span, message, hint);
  return undefined;
}

function readOperation(
  context: LoadContext,
  map: YamlMap,
  resource: string,
  { name, nameSpan }: OperationName,
): OperationDefinition | undefined {
  checkName(context, resource, name, nameSpan);
  const label = `operation ${name} of ${resource}`;
  const entry = (key: string) => map.entries.find((each) => each.key === key);
  const options = new Map<string, string>();
  for (const each of map.entries) {
    if (OWN_KEYS.includes(each.key) && each.key !== "interval") continue;
    const option = readOption(context, OPERATION_OPTIONS, each);
    if (option !== undefined) options.set(option.name, option.value);
  }
  const interval = options.get("interval") ?? "0";
  options.delete("interval");
  const given = entry("id");
  const wanted = given && readText(context, given.value, `id of ${label}`);
  const id = freeId(context, wanted ?? `${resource}-${name}-interval-${interval}`, nameSpan);
  const block = {
    id: `${id}-params`,
    label: `params of ${label}`,
    span: nameSpan,
    example: "params: { OCF_CHECK_LEVEL: 10 }",
  };
  const metaBlock = {
    id: `${id}-meta`,
    label: `meta of ${label}`,
    span: nameSpan,
    example: "meta: { timeout: 30s }",
  };
  return {
    id,
    name,
    interval,
    options,
    params: readAttributeSets(context, entry("params")?.value, block),
    meta: readAttributeSets(context, entry("meta")?.value, {
      ...metaBlock,
      table: {
        ...OPERATION_OPTIONS,
        kinds: { ...RESOURCE_META.kinds, ...OPERATION_OPTIONS.kinds },
      },
    }),
  };
}

/** A monitor without an interval is the probe. Who writes no other has hardly meant that. */
function checkMonitored(
  context: LoadContext,
  resource: string,
  found: readonly { operation: OperationDefinition; span: Span }[],
): void {
  const monitors = found.filter(({ operation }) => operation.name === "monitor");
  const [first] = monitors;
  const recurs = monitors.some(({ operation }) => parseDuration(operation.interval) !== 0);
  if (first === undefined || recurs || context.simulation) return;
  const message = `${resource} is not monitored: with interval 0 it is looked at once, before a start`;
  const hint = "add an interval, such as 10s";
  context.report.warning("NOT_MONITORED", first.span, message, hint);
}

/** An operation is known by its name and interval: two alike can't both recur. */
function checkIntervals(
  context: LoadContext,
  resource: string,
  found: readonly { operation: OperationDefinition; span: Span }[],
): void {
  const seen = new Set<string>();
  for (const { operation, span } of found) {
    const ms = parseDuration(operation.interval);
    const key = `${operation.name} ${ms}`;
    if (seen.has(key)) {
      const message = `${resource} has two ${operation.name} operations every ${operation.interval}`;
      const hint = "give them different intervals, such as 10s and 11s";
      // Pacemaker ignores the second one with a complaint; so does the simulation of a CIB.
      if (context.simulation) context.report.warning("DUPLICATE_OPERATION", span, message, hint);
      else context.report.error("DUPLICATE_OPERATION", span, message, hint);
    }
    seen.add(key);
  }
}
