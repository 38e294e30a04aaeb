import { execFile } from "node:child_process";
import { Worker } from "node:worker_threads";
import { type Note, note } from "../core/note.ts";
import type { InterimFrames } from "../messaging/interim-frames.ts";
import type { MessagingInput } from "../messaging/messaging-machine.ts";
import type { MessagingCommand, MessagingConfig, PeerEvent } from "../model/peer.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";
import {
  detached,
  type FromThread,
  type ThreadStart,
  type ToThread,
} from "./messaging-worker-port.ts";

/** A thread that does not end by itself is ended after this. */
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Bounds for the thread's heap, so that a defect there cannot take the machine's memory. The young
 * generation is kept small because the thread lives long and makes little that lasts.
 */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 4 };

/**
 * The lowest real-time priority: enough to go before every ordinary task, which a nice value alone
 * does not where the kernel groups tasks by session. Only the messaging thread gets it, it needs a
 * hundredth of a processor, and only in a process that was started with COLLECT_ALONE.
 */
const REAL_TIME_PRIORITY = "1";

/**
 * The flag of Node by which a thread collects its garbage alone. Without it helpers of ordinary
 * priority do a part, and the thread asks without a pause whether they are done (V8's sweeping of C++
 * objects). At real-time priority it keeps them from the processor: seen on two busy processors,
 * three such threads went round for minutes, and every ordinary process stood still. V8 does not
 * bear a change of it in a process that runs.
 */
export const COLLECT_ALONE = "--single-threaded-gc";

export interface MessagingWorkerOptions {
  readonly config: MessagingConfig;
  /** Must rise with each start of this node. */
  readonly incarnation: number;
  readonly keys: readonly ClusterKey[];
  readonly onEvent: (event: PeerEvent | Note) => void;
  /** The thread runs; its first frame is about to be sent. */
  readonly onStart?: () => void;
  /** What may be sent when this daemon is gone, again whenever keys or peers change. */
  readonly onInterim?: (frames: InterimFrames) => void;
  /** The thread died: without it this node is dead to its peers, and the daemon should end too. */
  readonly onFailure: (error: Error) => void;
  /** The compiled thread; found beside this module unless a test says otherwise. */
  readonly threadFile?: URL;
}

/**
 * The main thread's handle of the messaging thread. The thread of its own keeps advertisements going
 * while the main loop computes a large plan or collects garbage.
 */
export class MessagingWorker {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isClosing = false;

  constructor(options: MessagingWorkerOptions) {
    const { config, incarnation, keys } = options;
    const workerData: ThreadStart = { config, incarnation, keys };
    const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
    const file = new URL(`./messaging-worker-thread.${extension}`, import.meta.url);
    this.#worker = new Worker(options.threadFile ?? file, {
      workerData,
      name: "messaging",
      execArgv: [],
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.on("message", (message: FromThread) => {
      if (message.kind === "interim") options.onInterim?.(message.frames);
      else if (message.kind === "started") options.onStart?.();
      else if (message.kind === "thread") goRealTime(message.id, options.onEvent);
      else for (const event of message.events) options.onEvent(event);
    });
    const fail = (error: Error): void => {
      // An error is followed by the end of the thread, which is no second failure.
      if (!this.#isClosing) options.onFailure(error);
      this.#isClosing = true;
    };
    this.#worker.on("error", fail);
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", (code) => {
        resolve();
        fail(new Error(`the messaging thread ended (${code})`));
      });
    });
  }

  /** Hands a command to the messaging thread. Never waits. */
  post(command: MessagingCommand): void {
    if (command.kind !== "send") {
      this.#post(command);
      return;
    }
    const payload = detached(command.payload);
    this.#post({ ...command, payload }, [payload.buffer]);
  }

  /** Replaces the keys: the first one seals, all are accepted. */
  setKeys(keys: readonly ClusterKey[]): void {
    this.#post({ kind: "keys", keys });
  }

  /** Ends the thread. A goodbye that was asked for is finished; none is said by itself. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#post({ kind: "close" });
    const deadline = setTimeout(() => void this.#worker.terminate(), CLOSE_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(deadline);
  }

  #post(message: ToThread | MessagingInput, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

/** Asks the kernel for real-time scheduling of that thread; Node itself has no call for it. */
function goRealTime(threadId: number, tell: (note: Note) => void): void {
  const refused = (reason: string): void => {
    const message =
      "The messaging thread has no real-time priority: on a busy machine short intervals may cause false alarms.";
    tell(note("info", "no-real-time", message, { reason }));
  };
  if (!process.execArgv.includes(COLLECT_ALONE)) {
    refused(`node was started without ${COLLECT_ALONE}`);
    return;
  }
  const args = ["--rr", "--pid", REAL_TIME_PRIORITY, String(threadId)];
  execFile("chrt", args, (error, _stdout, stderr) => {
    if (error !== null) refused(stderr.trim() || error.message);
  });
}
