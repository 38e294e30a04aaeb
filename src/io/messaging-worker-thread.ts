import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import {
  type MessagePort,
  parentPort,
  type TransferListItem,
  workerData,
} from "node:worker_threads";
import { type Note, note } from "../core/note.ts";
import { SeededRandom } from "../core/random.ts";
import type { Instant } from "../core/units.ts";
import { frameRehearsal } from "../messaging/frame-rehearsal.ts";
import { type MessagingInput, MessagingMachine } from "../messaging/messaging-machine.ts";
import type { PeerEvent } from "../model/peer.ts";
import { randomSeed } from "../wire/seal.ts";
import { inPauses } from "./in-pauses.ts";
import {
  detached,
  type FromThread,
  type ThreadStart,
  type ToThread,
} from "./messaging-worker-port.ts";
import { UdpTransport } from "./udp-transport.ts";

/** The messaging thread goes before others if we are allowed to say so, and real time is refused. */
const NICE = -15;

/** A slice delays a frame by no more than what the detector takes for everyday. */
const REHEARSAL = { beginMs: 10_000, sliceMs: 1, pauseMs: 9, totalMs: 1_500 };
const REHEARSED_INTERVALS = 3_000;

/** Drives the messaging machine with the real clock, one timer and real sockets. */
class MessagingThread {
  readonly #port: MessagePort;
  readonly #machine: MessagingMachine;
  readonly #transport: UdpTransport;
  /** When the pending timer fires; undefined: none is pending. */
  #timerAt: Instant | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isLeaving = false;
  #isClosing = false;
  readonly #onTimer = (): void => {
    this.#timerAt = undefined;
    const deadline = this.#machine.nextDeadline();
    // Nothing is due yet: the deadline has moved since the timer was set.
    if (deadline === undefined || deadline > monotonic()) this.#arm();
    else this.#step({ kind: "tick" });
  };

  constructor(port: MessagePort, { config, incarnation, keys }: ThreadStart) {
    this.#port = port;
    const random = new SeededRandom(randomSeed());
    this.#machine = new MessagingMachine({ config, incarnation, keys, random, now: monotonic() });
    this.#transport = new UdpTransport({
      config,
      onDatagram: (link, from, bytes) => this.#step({ kind: "datagram", link, from, bytes }),
      onNote: (note) => this.#tell([note]),
    });
    port.on("message", (message: ToThread) => this.#take(message));
    this.#arm();
    this.#tellInterim();
    inPauses(frameRehearsal(config, REHEARSED_INTERVALS), REHEARSAL, (message) => {
      const words = `The rehearsal of frames met a defect; no frame was touched: ${message}`;
      this.#tell([note("warn", "rehearsal-failed", words)]);
    });
  }

  #tellInterim(): void {
    this.#post({ kind: "interim", frames: this.#machine.interimFrames() });
  }

  #take(message: ToThread): void {
    if (message.kind === "close") {
      this.#isClosing = true;
      this.#closeIfDone();
      return;
    }
    if (message.kind === "configure") this.#transport.configure(message.config);
    if (message.kind === "leave") this.#isLeaving = true;
    this.#step(message);
    if (message.kind === "configure" || message.kind === "keys") this.#tellInterim();
  }

  #step(input: MessagingInput): void {
    const events: (PeerEvent | Note)[] = [];
    for (const output of this.#machine.step(monotonic(), input)) {
      if (output.kind === "transmit") this.#transport.send(output.link, output.to, output.bytes);
      else events.push(output);
    }
    if (events.length > 0) this.#tell(events);
    this.#arm();
    this.#closeIfDone();
  }

  /**
   * Every frame moves a deadline, mostly further away. A timer that fires too early costs a wake-up;
   * one that is set anew for each frame costs more, and as many wake-ups.
   */
  #arm(): void {
    const deadline = this.#machine.nextDeadline();
    if (deadline === undefined) return;
    if (this.#timerAt !== undefined) {
      if (this.#timerAt <= deadline) return;
      clearTimeout(this.#timer);
    }
    this.#timerAt = deadline;
    this.#timer = setTimeout(this.#onTimer, Math.max(0, Math.ceil(deadline - monotonic())));
  }

  #tell(events: (PeerEvent | Note)[]): void {
    const transfer: TransferListItem[] = [];
    const detachedEvents = events.map((event) => {
      if (event.kind !== "message") return event;
      const payload = detached(event.payload);
      transfer.push(payload.buffer);
      return { ...event, payload };
    });
    this.#post({ kind: "events", events: detachedEvents }, transfer);
  }

  #post(message: FromThread, transfer: TransferListItem[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  /** A goodbye under way is finished first. */
  #closeIfDone(): void {
    if (!this.#isClosing || (this.#isLeaving && this.#machine.nextDeadline() !== undefined)) return;
    clearTimeout(this.#timer);
    this.#transport.close();
    this.#port.close();
  }
}

/** The process-wide monotonic clock: times in events compare with the main thread's. */
function monotonic(): Instant {
  return Number(process.hrtime.bigint()) / 1e6;
}

function goFirst(): void {
  try {
    // On Linux a priority belongs to a thread, and 0 means the calling one: only messaging is raised.
    setPriority(0, NICE);
  } catch {
    // Without the right to do so we are as prompt as others; the detector allows for that.
  }
}

/** This thread's id as the kernel knows it; undefined where there is no /proc. */
function kernelThreadId(): number | undefined {
  try {
    // Reads "PID/task/TID".
    const id = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    return Number.isInteger(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

if (parentPort !== null) {
  goFirst();
  const id = kernelThreadId();
  if (id !== undefined) parentPort.postMessage({ kind: "thread", id } satisfies FromThread);
  parentPort.postMessage({ kind: "started" } satisfies FromThread);
  new MessagingThread(parentPort, workerData as ThreadStart);
}
