import { existsSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import type {
  ControlEvent,
  ControlFailure,
  ControlMethod,
  ControlReply,
  ControlRequest,
  ControlResults,
} from "../model/control.ts";
import {
  CONTROL_SOCKET,
  decodeServerLine,
  encodeFrame,
  REPLY_BYTES_MAX,
  type ServerFrame,
} from "../wire/control-frame.ts";
import { LineSplitter } from "../wire/control-line.ts";

/** A request that was not answered with success: by the daemon, or because there is none. */
export class ControlError extends Error {
  override readonly name = "ControlError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly details: unknown;

  constructor(failure: Omit<ControlFailure, "ok">) {
    super(failure.message);
    this.code = failure.code;
    this.hint = failure.hint;
    this.details = failure.details;
  }
}

export interface ControlClient {
  /** Rejects with a ControlError. */
  request<Method extends ControlMethod>(
    request: Extract<ControlRequest, { method: Method }>,
    options?: { readonly timeoutMs?: number },
  ): Promise<ControlResults[Method]>;
  /** Events until the connection ends. */
  subscribe(onEvent: (event: ControlEvent) => void): Promise<void>;
  /** Settles when the connection has ended; with the error if the daemon ended it. */
  readonly closed: Promise<ControlError | undefined>;
  close(): void;
}

/** A daemon answers a local question at once; one that forwards to the DC within an election. */
const REQUEST_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 5_000;

/** Connects to the daemon of a run directory; rejects with a ControlError that says what to do. */
export async function connectControl(options: { readonly runDir: string }): Promise<ControlClient> {
  const path = join(options.runDir, CONTROL_SOCKET);
  const socket = await connect(path, options.runDir);
  return new SocketClient(socket);
}

class SocketClient implements ControlClient {
  readonly closed: Promise<ControlError | undefined>;
  readonly #socket: Socket;
  readonly #lines = new LineSplitter(REPLY_BYTES_MAX);
  readonly #pending = new Map<number, (reply: ControlReply) => void>();
  #nextId = 1;
  #onEvent: ((event: ControlEvent) => void) | undefined;
  #goodbye: ControlError | undefined;
  #closedByUs = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on("close", () => resolve(this.#onClose()));
    });
  }

  async request<Method extends ControlMethod>(
    request: Extract<ControlRequest, { method: Method }>,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<ControlResults[Method]> {
    const id = this.#nextId++;
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    const reply = await this.#exchange(id, encodeFrame({ id, request }), timeoutMs);
    if (!reply.ok) throw new ControlError(reply);
    return reply.result as ControlResults[Method];
  }

  async subscribe(onEvent: (event: ControlEvent) => void): Promise<void> {
    this.#onEvent = onEvent;
    const id = this.#nextId++;
    const reply = await this.#exchange(
      id,
      encodeFrame({ id, subscribe: true }),
      REQUEST_TIMEOUT_MS,
    );
    if (!reply.ok) throw new ControlError(reply);
  }

  close(): void {
    this.#closedByUs = true;
    this.#socket.destroy();
  }

  #exchange(id: number, line: string, timeoutMs: number): Promise<ControlReply> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(noAnswer(timeoutMs)), timeoutMs);
      const settle = (reply: ControlReply): void => {
        clearTimeout(timer);
        this.#pending.delete(id);
        resolve(reply);
      };
      this.#pending.set(id, settle);
      if (this.#socket.destroyed) settle(this.#lost());
      else this.#socket.write(line);
    });
  }

  #onData(bytes: Buffer): void {
    for (const line of this.#lines.push(bytes)) {
      const frame = decodeServerLine(line);
      if (frame === undefined) this.#fail("the answer is not of paceline's control protocol");
      else this.#onFrame(frame);
    }
    if (this.#lines.overflown) this.#fail("the answer is too large");
  }

  #onFrame(frame: ServerFrame): void {
    if ("event" in frame) this.#onEvent?.(frame.event);
    else if ("goodbye" in frame) this.#goodbye = new ControlError(frame.goodbye);
    else this.#pending.get(frame.id)?.(frame.reply);
  }

  #fail(message: string): void {
    this.#goodbye = new ControlError({ code: "BAD_ANSWER", message });
    this.#socket.destroy();
  }

  #onClose(): ControlError | undefined {
    for (const settle of [...this.#pending.values()]) settle(this.#lost());
    if (this.#closedByUs) return undefined;
    return this.#goodbye ?? new ControlError(this.#lost());
  }

  #lost(): ControlFailure {
    const said = this.#goodbye;
    if (said !== undefined) {
      const hint = said.hint === undefined ? {} : { hint: said.hint };
      return { ok: false, code: said.code, message: said.message, ...hint };
    }
    return {
      ok: false,
      code: "CONNECTION_LOST",
      message: "the daemon closed the connection before it answered",
      hint: "it may be restarting: try again, and see journalctl -u paceline",
    };
  }
}

function noAnswer(timeoutMs: number): ControlFailure {
  return {
    ok: false,
    code: "NO_ANSWER",
    message: `the daemon did not answer within ${timeoutMs / 1000} s`,
    hint: "it may be waiting for a coordinator or be stuck: see journalctl -u paceline",
  };
}

function connect(path: string, runDir: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new ControlError(noAnswer(CONNECT_TIMEOUT_MS)));
    }, CONNECT_TIMEOUT_MS);
    socket.once("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      reject(new ControlError(explainConnectFailure(error, path, runDir)));
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.connect(path);
  });
}

/** Why there is no connection, and what to do about it. */
function explainConnectFailure(
  error: NodeJS.ErrnoException,
  path: string,
  runDir: string,
): Omit<ControlFailure, "ok"> {
  const start = "start it with: systemctl start paceline";
  switch (error.code) {
    case "ENOENT":
      return existsSync(runDir)
        ? {
            code: "NO_DAEMON",
            message: `no paceline daemon runs on this node (there is no ${path})`,
            hint: start,
          }
        : {
            code: "NO_RUN_DIR",
            message: `no paceline daemon runs on this node (there is no directory ${runDir})`,
            hint: `${start}, or name another directory with --run-dir`,
          };
    case "ECONNREFUSED":
      return {
        code: "NO_DAEMON",
        message: `the paceline daemon on this node is dead: nobody answers on ${path}`,
        hint: `${start}, and see why it ended: journalctl -u paceline`,
      };
    case "EACCES":
    case "EPERM":
      return {
        code: "PERMISSION_DENIED",
        message: `not allowed to talk to the daemon (${path})`,
        hint: "run this as root: sudo paceline …",
      };
    default:
      return {
        code: "NO_DAEMON",
        message: `cannot talk to the daemon (${path}): ${error.message}`,
        hint: start,
      };
  }
}
