import type { Entry, HardState, LoadedRaft, RaftMessage, Snapshot, Write } from "./raft-types.ts";
import type { Voter, VoterSet } from "./voters.ts";

/**
 * Bytes and messages. Storage checksums what it keeps and frames are authenticated, so this guards
 * against another version's shape, not against damage: everything that does not fit is refused.
 */

const PREFIX = "raft-";
export const HARD_KEY = `${PREFIX}hard`;
export const SNAPSHOT_KEY = `${PREFIX}snapshot`;
const LOG_PREFIX = `${PREFIX}log-`;

/** One key per entry, in order when sorted by name. */
export function entryKey(index: number): string {
  return LOG_PREFIX + String(index).padStart(12, "0");
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function encode(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

export function hardWrite(hard: HardState): Write {
  return { key: HARD_KEY, bytes: encode(hard) };
}

export function entryWrite(entry: Entry): Write {
  return { key: entryKey(entry.index), bytes: encode(entry) };
}

export function snapshotWrite(snapshot: Snapshot): Write {
  return { key: SNAPSHOT_KEY, bytes: encode(snapshot) };
}

export function entryRemoval(index: number): Write {
  return { key: entryKey(index), bytes: undefined };
}

/** What storage held, or what is wrong with it. */
export type LoadRaftResult =
  | { readonly ok: true; readonly state: LoadedRaft }
  | { readonly ok: false; readonly key: string; readonly message: string };

/**
 * Reads the replica's state from all keys of the storage (others are ignored). Entries at or below
 * the snapshot are leftovers of a compaction and dropped; a gap after it is damage.
 */
export function loadRaftState(stored: ReadonlyMap<string, Uint8Array>): LoadRaftResult {
  const hard = readKey(stored, HARD_KEY, parseHard);
  if (hard === "bad") return damaged(HARD_KEY);
  const snapshot = readKey(stored, SNAPSHOT_KEY, parseSnapshot);
  if (snapshot === "bad") return damaged(SNAPSHOT_KEY);
  const entries: Entry[] = [];
  const keys = [...stored.keys()].filter((key) => key.startsWith(LOG_PREFIX)).sort();
  for (const key of keys) {
    const entry = readKey(stored, key, parseEntry);
    if (entry === "bad" || entry === undefined) return damaged(key);
    if (entry.index <= (snapshot?.index ?? 0)) continue;
    const expected = (entries.at(-1)?.index ?? snapshot?.index ?? 0) + 1;
    if (entry.index !== expected) return damaged(key, `entry ${expected} is missing`);
    entries.push(entry);
  }
  if (hard === undefined && (snapshot !== undefined || entries.length > 0)) {
    return damaged(HARD_KEY, "there is a log but no term");
  }
  return { ok: true, state: { hard, snapshot, entries } };
}

function damaged(key: string, message = "not readable"): LoadRaftResult {
  return { ok: false, key, message };
}

function readKey<T>(
  stored: ReadonlyMap<string, Uint8Array>,
  key: string,
  parse: (value: unknown) => T | undefined,
): T | undefined | "bad" {
  const bytes = stored.get(key);
  if (bytes === undefined) return undefined;
  try {
    return parse(JSON.parse(decoder.decode(bytes))) ?? "bad";
  } catch {
    return "bad";
  }
}

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isFlag(value: unknown): value is boolean {
  return typeof value === "boolean";
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function parseHard(value: unknown): HardState | undefined {
  if (!isFields(value)) return undefined;
  const { term, vote, disk, commit } = value as Fields & Record<keyof HardState, unknown>;
  if (!isCount(term) || !isText(disk) || !isCount(commit)) return undefined;
  if (vote !== undefined && !isText(vote)) return undefined;
  return { term, vote, disk, commit };
}

function parseVoters(value: unknown): VoterSet | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every(isVoter) ? value : undefined;
}

function isVoter(value: unknown): value is Voter {
  return (
    isFields(value) && isText(value["name"]) && isCount(value["weight"]) && isText(value["disk"])
  );
}

function parseEntry(value: unknown): Entry | undefined {
  return isEntry(value) ? value : undefined;
}

function isEntry(value: unknown): value is Entry {
  if (!isFields(value) || !isCount(value["index"]) || !isCount(value["term"])) return false;
  switch (value["kind"]) {
    case "command":
      return "command" in value;
    case "no-op":
      return true;
    case "voters":
      return parseVoters(value["voters"]) !== undefined && isText(value["founding"]);
    default:
      return false;
  }
}

function parseSnapshot(value: unknown): Snapshot | undefined {
  return isSnapshot(value) ? value : undefined;
}

function isSnapshot(value: unknown): value is Snapshot {
  if (!isFields(value)) return false;
  if (!isCount(value["index"]) || !isCount(value["term"])) return false;
  if (!isText(value["founding"]) || !isText(value["data"])) return false;
  return parseVoters(value["voters"]) !== undefined;
}

/** Checks what a peer sent (already JSON); undefined if it is not a message that we know. */
export function parseRaftMessage(value: unknown): RaftMessage | undefined {
  if (!isFields(value) || !isCount(value["term"]) || !isText(value["founding"])) return undefined;
  return hasBody(value) ? (value as unknown as RaftMessage) : undefined;
}

function hasBody(m: Fields): boolean {
  const logEnd = () => isCount(m["lastIndex"]) && isCount(m["lastTerm"]);
  switch (m["kind"]) {
    case "pre-vote":
      return isText(m["digest"]) && logEnd();
    case "pre-vote-reply":
      return isFlag(m["granted"]) && isText(m["disk"]) && isText(m["leader"]) && logEnd();
    case "vote":
      return isText(m["digest"]) && isFlag(m["transfer"]) && logEnd();
    case "vote-reply":
      return isFlag(m["granted"]) && isText(m["disk"]);
    case "append":
      return isAppend(m);
    case "append-reply":
      return isFlag(m["ok"]) && isCount(m["match"]) && isText(m["disk"]) && isTime(m["echo"]);
    case "snapshot":
      return isSnapshot(m["snapshot"]) && isTime(m["sentAt"]);
    case "stand-now":
    case "stepped-down":
      return true;
    default:
      return false;
  }
}

function isAppend(m: Fields): boolean {
  const entries = m["entries"];
  if (!isCount(m["prevIndex"]) || !isCount(m["prevTerm"]) || !isCount(m["commit"])) return false;
  if (!isFlag(m["counted"]) || !isTime(m["sentAt"]) || !Array.isArray(entries)) return false;
  const first = m["prevIndex"] + 1;
  return entries.every((entry, i) => isEntry(entry) && entry.index === first + i);
}
