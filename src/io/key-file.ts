import {
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  type Stats,
  writeSync,
} from "node:fs";
import { type ClusterKey, MAX_KEY_ID, MIN_SECRET_BYTES } from "../wire/cluster-key.ts";
import { generateSecret } from "../wire/seal.ts";

/** What is wrong with a key file, and what to do. Never shows a secret. */
export interface KeyFileProblem {
  readonly message: string;
  readonly hint: string;
}

export type KeyFileResult =
  | { readonly keys: readonly ClusterKey[] }
  | { readonly problem: KeyFileProblem };

/** More keys than a rotation needs would only slow down the refusal of false frames. */
const MAX_KEYS = 8;

/** Group and others must have no right at all, and nobody needs to execute a key. */
const FORBIDDEN_MODE = 0o177;

const HEADER = `# The secret of this paceline cluster: the same file on every node, mode 0600.
# One key per line, as id:secret. The first one seals, all are accepted.
# To change the key without a stop: add a new line below on every node, reload; move it to the top
# on every node, reload; remove the old line on every node, reload.
`;

/**
 * Reads the cluster's keys: one `id:secret` per line, the secret in hexadecimal or base64, the first
 * for sending. Blank lines and lines that begin with `#` are skipped. The file must belong to the
 * user of this process (or to root) and be readable by its owner alone.
 */
export function readKeyFile(path: string): KeyFileResult {
  let text: string;
  try {
    const file = openSync(path, "r");
    try {
      // Checked on the open file: another one may stand at the path a moment later.
      const problem = checkStats(path, fstatSync(file));
      if (problem !== undefined) return { problem };
      text = readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return { problem: unreadable(path, error as NodeJS.ErrnoException) };
  }
  return parseKeys(path, text);
}

/** Creates a key file with one new key. Never replaces a file. */
export function createKeyFile(path: string): KeyFileResult {
  const key = { id: 1, secret: generateSecret() };
  try {
    const file = openSync(path, "wx", 0o600);
    try {
      writeSync(file, `${HEADER}${key.id}:${Buffer.from(key.secret).toString("hex")}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST")
      return failed(`The key file ${path} cannot be written: ${message}.`, "Check the directory.");
    return failed(
      `There is a key file ${path} already.`,
      "Keep it, or remove it on every node before a new one is made: nodes with different keys do not hear one another.",
    );
  }
  return { keys: [key] };
}

function checkStats(path: string, stats: Stats): KeyFileProblem | undefined {
  if (!stats.isFile()) {
    return {
      message: `The key file ${path} is not a regular file.`,
      hint: "Give the path of a file.",
    };
  }
  const user = process.geteuid?.() ?? 0;
  if (stats.uid !== user && stats.uid !== 0) {
    return {
      message: `The key file ${path} belongs to user ${stats.uid}, not to root or the user of the daemon (${user}).`,
      hint: `chown ${user} ${path}`,
    };
  }
  if ((stats.mode & FORBIDDEN_MODE) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0");
    return {
      message: `The key file ${path} has mode ${mode}: others could read or change the secret of the cluster.`,
      hint: `chmod 0600 ${path}`,
    };
  }
  return undefined;
}

function unreadable(path: string, error: NodeJS.ErrnoException): KeyFileProblem {
  if (error.code === "ENOENT") {
    return {
      message: `There is no key file ${path}.`,
      hint: "Copy it from another node of the cluster; on the first node `paceline install` creates it.",
    };
  }
  return {
    message: `The key file ${path} cannot be read: ${error.message}.`,
    hint: "Run the daemon as root, or let the file belong to its user.",
  };
}

function parseKeys(path: string, text: string): KeyFileResult {
  const keys: ClusterKey[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    const key = parseKey(entry);
    const where = `line ${index + 1} of the key file ${path}`;
    if (typeof key === "string") return failed(`In ${where}, ${key}.`, FORM_HINT);
    if (keys.some(({ id }) => id === key.id)) {
      return failed(
        `In ${where}, the key id ${key.id} appears again.`,
        "Give each key its own id.",
      );
    }
    keys.push(key);
  }
  if (keys.length === 0) return failed(`The key file ${path} holds no key.`, FORM_HINT);
  if (keys.length > MAX_KEYS) {
    return failed(
      `The key file ${path} holds more than ${MAX_KEYS} keys.`,
      "Remove those that no node uses.",
    );
  }
  return { keys };
}

const FORM_HINT = `Write one key per line as id:secret, id from 1 to ${MAX_KEY_ID}, secret of at least ${MIN_SECRET_BYTES} bytes in hexadecimal or base64.`;

/** The key, or what is wrong with the line, in words that do not repeat it. */
function parseKey(entry: string): ClusterKey | string {
  const [, idText, secretText] = /^(\d{1,3})\s*:\s*(\S+)$/.exec(entry) ?? [];
  if (idText === undefined || secretText === undefined) return "there is no id:secret";
  const id = Number(idText);
  if (id < 1 || id > MAX_KEY_ID) return `the key id ${id} is not from 1 to ${MAX_KEY_ID}`;
  const secret = decodeSecret(secretText);
  if (secret === undefined) return "the secret is neither hexadecimal nor base64";
  if (secret.length < MIN_SECRET_BYTES) {
    return `the secret has ${secret.length} bytes, fewer than ${MIN_SECRET_BYTES}`;
  }
  return { id, secret };
}

function decodeSecret(text: string): Uint8Array | undefined {
  if (/^([0-9a-fA-F]{2})+$/.test(text)) return Buffer.from(text, "hex");
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0)
    return Buffer.from(text, "base64");
  return undefined;
}

function failed(message: string, hint: string): KeyFileResult {
  return { problem: { message, hint } };
}
