import type { ControlFailure, ControlMethod, ControlRequest } from "../model/control.ts";

/**
 * The shape check of control requests: what passes is a `ControlRequest`, so a handler need not
 * distrust field types. Whether names exist and values make sense is the handler's business.
 */
export function checkControlRequest(
  value: unknown,
): { ok: true; request: ControlRequest } | ControlFailure {
  if (!isRecord(value)) return bad("a request is an object with a method");
  const method = value["method"];
  if (typeof method !== "string" || !Object.hasOwn(SHAPES, method)) {
    return {
      ok: false,
      code: "UNKNOWN_METHOD",
      message: `this daemon knows no method ${JSON.stringify(method ?? null)}`,
      hint: "the command line tool may be newer than the daemon: restart the daemon after an upgrade",
    };
  }
  const problem = checkFields(value, SHAPES[method as ControlMethod], "");
  return problem === undefined
    ? { ok: true, request: value as unknown as ControlRequest }
    : bad(`${method}: ${problem}`);
}

type FieldShape =
  | "string"
  | "integer"
  | "boolean"
  | "strings"
  | { readonly oneOf: readonly string[] }
  | { readonly fields: Shape };
/** Field name, with a question mark at its end where it may be absent. */
type Shape = Readonly<Record<string, FieldShape>>;

const OVERRIDE: Shape = {
  id: "string",
  kind: { oneOf: ["standby", "maintenance", "migrate", "ban", "stop", "start", "unmanage"] },
  target: "string",
  "node?": "string",
  "role?": { oneOf: ["Started", "Unpromoted", "Promoted"] },
  author: "string",
  "reason?": "string",
  "expires?": "integer",
};

const SHAPES: Readonly<Record<ControlMethod, Shape>> = {
  status: {},
  "config-show": { "version?": "integer" },
  "config-history": {},
  "config-apply": {
    text: "string",
    author: "string",
    "comment?": "string",
    "baseVersion?": "integer",
    "dryRun?": "boolean",
  },
  "config-rollback": { version: "integer", author: "string", "dryRun?": "boolean" },
  "override-set": { override: { fields: OVERRIDE } },
  "override-remove": { ids: "strings" },
  cleanup: { "resource?": "string", "node?": "string" },
  explain: { resource: "string", "node?": "string" },
  wait: { timeoutMs: "integer" },
  timeline: { "limit?": "integer" },
  "fence-history": {},
  fence: {
    action: { oneOf: ["off", "on", "reboot", "status", "test", "confirm"] },
    target: "string",
    author: "string",
  },
  ticket: {
    action: { oneOf: ["grant", "revoke", "standby", "activate"] },
    ticket: "string",
    author: "string",
    "dryRun?": "boolean",
  },
  attribute: {
    action: { oneOf: ["get", "set", "delete"] },
    name: "string",
    "value?": "string",
    "node?": "string",
    scope: { oneOf: ["transient", "permanent", "cluster"] },
  },
  leave: {},
};

function checkFields(
  value: Record<string, unknown>,
  shape: Shape,
  prefix: string,
): string | undefined {
  for (const [key, wanted] of Object.entries(shape)) {
    const optional = key.endsWith("?");
    const name = optional ? key.slice(0, -1) : key;
    const given = value[name];
    if (given === undefined) {
      if (optional) continue;
      return `${prefix}${name} is missing`;
    }
    const problem = checkField(given, wanted, `${prefix}${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function checkField(given: unknown, wanted: FieldShape, name: string): string | undefined {
  if (wanted === "string") return typeof given === "string" ? undefined : `${name} is not a string`;
  if (wanted === "boolean")
    return typeof given === "boolean" ? undefined : `${name} is not true or false`;
  if (wanted === "integer")
    return Number.isSafeInteger(given) ? undefined : `${name} is not a whole number`;
  if (wanted === "strings") {
    const fine = Array.isArray(given) && given.every((item) => typeof item === "string");
    return fine ? undefined : `${name} is not a list of strings`;
  }
  if ("oneOf" in wanted) {
    const fine = typeof given === "string" && wanted.oneOf.includes(given);
    return fine ? undefined : `${name} is none of ${wanted.oneOf.join(", ")}`;
  }
  return isRecord(given)
    ? checkFields(given, wanted.fields, `${name}.`)
    : `${name} is not an object`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bad(message: string): ControlFailure {
  return { ok: false, code: "BAD_REQUEST", message };
}
