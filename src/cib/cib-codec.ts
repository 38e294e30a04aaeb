import type { Cib, CibCommand } from "../model/cib.ts";

/**
 * The CIB as text, for Raft's snapshots: a JSON object with a format version and a checksum over the
 * content. The checksum is against our own mistakes (two nodes that disagree, a truncated transfer);
 * storage and frames have their own.
 */
export const CIB_FORMAT = 1;

export type DecodedCib =
  | { readonly ok: true; readonly cib: Cib }
  | { readonly ok: false; readonly code: string; readonly message: string };

export function encodeCib(cib: Cib): string {
  const content = JSON.stringify(cib);
  return JSON.stringify({ format: CIB_FORMAT, checksum: checksum(content), content });
}

/** Short digest of a CIB: equal on all nodes that applied the same log. */
export function cibDigest(cib: Cib): string {
  return checksum(JSON.stringify(cib));
}

export function decodeCib(text: string): DecodedCib {
  const outer = parse(text);
  if (!isFields(outer)) return bad("CIB_UNREADABLE", "The snapshot is no JSON object.");
  const { format, checksum: sum, content } = outer as Record<string, unknown>;
  if (format !== CIB_FORMAT) {
    return bad("CIB_FORMAT", `The snapshot has format ${String(format)}; this is ${CIB_FORMAT}.`);
  }
  if (typeof content !== "string" || checksum(content) !== sum) {
    return bad("CIB_CHECKSUM", "The snapshot's content does not fit its checksum.");
  }
  const cib = parse(content);
  if (!isCib(cib)) return bad("CIB_SHAPE", "The snapshot's content is no CIB.");
  // JSON has no undefined, and digests see the order of keys: a missing definition gets its place.
  const { index, definition, ...rest } = cib;
  return { ok: true, cib: { index, definition, ...rest } };
}

function bad(code: string, message: string): DecodedCib {
  return { ok: false, code, message };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, test: (item: Fields) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isFields(item) && test(item));
}

function isVersion(item: Fields): boolean {
  const { version, text, author, at, nodes } = item as Record<string, unknown>;
  if (nodes !== undefined && !(Array.isArray(nodes) && nodes.every(isText))) return false;
  return Number.isSafeInteger(version) && isText(text) && isText(author) && typeof at === "number";
}

function isOverride(item: Fields): boolean {
  const { id, kind, target, author, at } = item as Record<string, unknown>;
  return [id, kind, target, author].every(isText) && typeof at === "number";
}

function isFencing(item: Fields): boolean {
  const { id, target, action, requestedBy, reason, startedAt, outcome } = item as Fields & {
    readonly [key: string]: unknown;
  };
  const texts = [id, target, action, requestedBy, reason, outcome];
  return texts.every(isText) && typeof startedAt === "number";
}

function isTicket(item: Fields): boolean {
  const { id, granted, standby } = item as Record<string, unknown>;
  return isText(id) && typeof granted === "boolean" && typeof standby === "boolean";
}

function isAttribute(item: Fields): boolean {
  const { node, name, value } = item as Record<string, unknown>;
  return (node === undefined || isText(node)) && isText(name) && isText(value);
}

function isDeparture(item: Fields): boolean {
  const { node, incarnation, at } = item as Record<string, unknown>;
  return isText(node) && Number.isSafeInteger(incarnation) && typeof at === "number";
}

function isCib(value: unknown): value is Cib {
  if (!isFields(value) || !Number.isSafeInteger(value["index"])) return false;
  const definition = value["definition"];
  if (definition !== undefined && !(isFields(definition) && isVersion(definition))) return false;
  return (
    isListOf(value["history"], isVersion) &&
    isListOf(value["overrides"], isOverride) &&
    isListOf(value["fencing"], isFencing) &&
    isListOf(value["tickets"], isTicket) &&
    (value["attributes"] === undefined || isListOf(value["attributes"], isAttribute)) &&
    (value["departures"] === undefined || isListOf(value["departures"], isDeparture))
  );
}

/** Checks the shape of a command that came from elsewhere (a peer, an older log). */
export function parseCibCommand(value: unknown): CibCommand | undefined {
  return isFields(value) && isCommand(value) ? (value as unknown as CibCommand) : undefined;
}

function isCommand(value: Fields): boolean {
  const part = (key: string, test: (item: Fields) => boolean) => {
    const item = value[key];
    return isFields(item) && test(item);
  };
  switch (value["kind"]) {
    case "apply-definition":
      return isVersion({ ...value, version: value["baseVersion"] ?? 0 });
    case "set-override":
      return part("override", isOverride);
    case "remove-overrides":
      return Array.isArray(value["ids"]) && value["ids"].every(isText);
    case "record-fencing":
      return part("record", isFencing);
    case "set-ticket":
      return part("ticket", isTicket) && (value["author"] ?? "") === String(value["author"] ?? "");
    case "set-attribute":
      return isAttribute({ ...value, value: value["value"] ?? "" });
    case "record-departure":
      return part("departure", isDeparture);
    case "end-departure":
      return isText(value["node"]);
    case "nothing":
      return true;
    default:
      return false;
  }
}

/** FNV-1a over UTF-16 units, 2 x 32 bits with different offsets. */
function checksum(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x050c5d1f;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x01000193);
    high = Math.imul(high ^ unit ^ (low >>> 16), 0x01000193);
  }
  return hex(high) + hex(low);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
