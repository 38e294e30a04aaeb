import type {
  ControlEvent,
  ControlFailure,
  ControlReply,
  ControlRequest,
} from "../model/control.ts";
import { checkControlRequest } from "./control-request.ts";

/**
 * The control protocol between `paceline` and a daemon: one JSON object per line, UTF-8, over a
 * unix stream socket. A client numbers its requests; answers carry the number and may come in any
 * order. After `subscribe` the server also sends events, which carry no number.
 */
export type ClientFrame =
  | { readonly id: number; readonly request: ControlRequest }
  | { readonly id: number; readonly subscribe: true };

export type ServerFrame =
  | { readonly id: number; readonly reply: ControlReply }
  /** Something about the connection itself; the server closes it afterwards. */
  | { readonly goodbye: ControlFailure }
  | { readonly event: ControlEvent };

/** A request holds at most a definition: 1 MB is a cluster of thousands of resources. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

/** An answer holds at most a status or a history; beyond this something is broken. */
export const REPLY_BYTES_MAX = 64 * 1024 * 1024;

/** The name of the socket in the run directory. */
export const CONTROL_SOCKET = "control.sock";

export function encodeFrame(frame: ClientFrame | ServerFrame): string {
  return `${JSON.stringify(frame)}\n`;
}

/** A client's line as the server reads it. A failure names the request where it can. */
export function decodeClientLine(
  line: string,
): { ok: true; frame: ClientFrame } | { ok: false; id: number; failure: ControlFailure } {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null)
    return { ok: false, id: 0, failure: bad("a line is one JSON object") };
  const { id, request, subscribe } = value as Record<string, unknown>;
  if (!Number.isSafeInteger(id))
    return { ok: false, id: 0, failure: bad("a request has a whole number as id") };
  const number = id as number;
  if (subscribe === true) return { ok: true, frame: { id: number, subscribe: true } };
  const checked = checkControlRequest(request);
  return checked.ok
    ? { ok: true, frame: { id: number, request: checked.request } }
    : { ok: false, id: number, failure: checked };
}

/** A server's line as the client reads it; undefined: not of this protocol. */
export function decodeServerLine(line: string): ServerFrame | undefined {
  const value = parseJson(line);
  if (typeof value !== "object" || value === null) return undefined;
  const frame = value as Record<string, unknown>;
  const isReply = Number.isSafeInteger(frame["id"]) && isTagged(frame["reply"], "ok");
  const isEvent = isTagged(frame["event"], "kind");
  return isReply || isEvent || isTagged(frame["goodbye"], "code")
    ? (value as ServerFrame)
    : undefined;
}

function isTagged(value: unknown, key: string): boolean {
  return typeof value === "object" && value !== null && key in value;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function bad(message: string): ControlFailure {
  return { ok: false, code: "BAD_REQUEST", message };
}
