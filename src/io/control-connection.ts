import type { Socket } from "node:net";
import type { ControlEvent, ControlReply, ControlRequest } from "../model/control.ts";
import {
  type ClientFrame,
  decodeClientLine,
  encodeFrame,
  REQUEST_BYTES_MAX,
  type ServerFrame,
} from "../wire/control-frame.ts";
import { LineSplitter } from "../wire/control-line.ts";
import type { ControlLimits } from "./control-server.ts";

type Handler = (request: ControlRequest) => Promise<ControlReply>;

/** Events held back from a subscriber that has this much unread: it gets one event once it reads. */
const EVENT_BACKLOG_BYTES = 256 * 1024;

/** One client of the control server: reads its requests, bounds what it may cost. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #handler: Handler;
  readonly #limits: ControlLimits;
  readonly #trouble: (message: string) => void;
  readonly #lines = new LineSplitter(REQUEST_BYTES_MAX);
  #inFlight = 0;
  #waiting: ClientFrame[] = [];
  #subscribed = false;
  #missedEvents = false;

  constructor(
    socket: Socket,
    handler: Handler,
    limits: ControlLimits,
    trouble: (message: string) => void,
    onClose: () => void,
  ) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#trouble = trouble;
    socket.setTimeout(limits.idleMs, () => this.#onIdle());
    socket.on("data", (bytes: Buffer) => this.#onData(bytes));
    socket.on("drain", () => this.#onDrain());
    // A client that goes away is no news; "close" follows every error.
    socket.on("error", () => undefined);
    socket.on("close", onClose);
  }

  /** Says why, and closes. */
  static turnAway(socket: Socket, clients: number): void {
    socket.on("error", () => undefined);
    const goodbye = {
      ok: false,
      code: "TOO_MANY_CLIENTS",
      message: `the daemon already has ${clients} control connections`,
      hint: "look for scripts that call paceline and hang: ss -xp | grep control.sock",
    } as const;
    socket.end(encodeFrame({ goodbye }));
    socket.resume();
  }

  publish(event: ControlEvent): void {
    if (!this.#subscribed) return;
    if (this.#socket.writableLength > EVENT_BACKLOG_BYTES) this.#missedEvents = true;
    else this.#send({ event });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onData(bytes: Buffer): void {
    for (const line of this.#lines.push(bytes)) this.#onLine(line);
    if (this.#lines.overflown) {
      this.#throwOut("REQUEST_TOO_LARGE", `a request is at most ${REQUEST_BYTES_MAX} bytes`);
    }
  }

  #onLine(line: string): void {
    const decoded = decodeClientLine(line);
    if (!decoded.ok) this.#send({ id: decoded.id, reply: decoded.failure });
    else if ("subscribe" in decoded.frame) this.#subscribe(decoded.frame.id);
    else this.#enqueue(decoded.frame);
  }

  #subscribe(id: number): void {
    this.#subscribed = true;
    this.#send({ id, reply: { ok: true, result: {} } });
  }

  #enqueue(frame: ClientFrame): void {
    this.#waiting.push(frame);
    // The kernel's buffer is the queue: what is not read costs the daemon nothing.
    if (this.#inFlight + this.#waiting.length >= this.#limits.inFlight) this.#socket.pause();
    this.#startNext();
  }

  #startNext(): void {
    while (this.#inFlight < this.#limits.inFlight) {
      const frame = this.#waiting.shift();
      if (frame === undefined || !("request" in frame)) break;
      this.#inFlight += 1;
      void this.#answer(frame.id, frame.request);
    }
    const busy = this.#inFlight + this.#waiting.length >= this.#limits.inFlight;
    if (!busy && this.#socket.isPaused()) this.#socket.resume();
  }

  async #answer(id: number, request: ControlRequest): Promise<void> {
    let reply: ControlReply;
    try {
      reply = await this.#handler(request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#trouble(`control request ${request.method} failed: ${message}`);
      reply = {
        ok: false,
        code: "INTERNAL",
        message: `the daemon failed on this request: ${message}`,
        hint: "this is a fault in paceline: its log has more (journalctl -u paceline)",
      };
    }
    this.#inFlight -= 1;
    this.#send({ id, reply });
    this.#startNext();
  }

  #send(frame: ServerFrame): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(encodeFrame(frame));
    if (this.#socket.writableLength > this.#limits.unreadBytes) {
      this.#trouble("a control client does not read its answers: closed");
      this.#socket.destroy();
    }
  }

  #onDrain(): void {
    if (!this.#missedEvents) return;
    this.#missedEvents = false;
    this.#send({ event: { kind: "status-changed" } });
  }

  #onIdle(): void {
    const awaitsNothing = this.#inFlight === 0 && !this.#subscribed;
    // A begun line with no end, or answers that nobody reads, are not work that we wait for.
    const stuck = this.#lines.hasPartialLine || this.#socket.writableLength > 0;
    if (awaitsNothing || stuck) this.#throwOut("IDLE", "closed: no request for a while");
  }

  #throwOut(code: string, message: string): void {
    this.#trouble(`control client: ${message}`);
    this.#send({ goodbye: { ok: false, code, message } });
    this.#socket.end();
    this.#socket.removeAllListeners("data");
    this.#socket.destroySoon();
  }
}
