import { constants } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../model/diagnostic.ts";
import { allocatedFor, encodeHeader, encodeRecord, type StateWrite } from "./state-journal.ts";
import { JOURNAL, keepPrevious, loadState, syncDirectory } from "./state-loading.ts";
import { lockDirectory } from "./state-lock.ts";
import { fromSystemError } from "./state-problem.ts";

/**
 * The node's durable state: keys and bytes in one journal file (`state`), and the file before it
 * (`state.prev`).
 *
 * 1. Batches become durable in the order given, each as a whole. Batches that wait while the disk is
 *    busy share one write (O_DSYNC: it returns when the bytes are durable, one wait instead of two).
 * 2. Nothing is given up: a write that fails (disk full, read-only) is tried again until it
 *    succeeds; its promise is simply late. `onTrouble` tells, so that the node makes no new promises
 *    meanwhile.
 * 3. At start, and whenever it has grown to several times its contents, the journal is written
 *    anew: temporary file, fsync, rename, fsync of the directory. The file before stays as
 *    `state.prev`.
 * 4. A damaged journal is not used and not overwritten: it is moved aside with its predecessor. The
 *    node then starts like one that lost its disk and gets everything from the others; an old
 *    version in its place could make it break promises that it does not remember.
 */
export interface FileStorageOptions {
  /** A damaged journal's readable part is used: right only where no other node has the state. */
  readonly salvage?: boolean;
  /** Between attempts of a write that failed. */
  readonly retryMs?: number;
}

export type OpenResult =
  | {
      readonly ok: true;
      readonly storage: FileStorage;
      readonly values: ReadonlyMap<string, Uint8Array>;
      readonly diagnostics: readonly Diagnostic[];
    }
  | { readonly ok: false; readonly diagnostic: Diagnostic };

/** Told with a problem when writing begins to fail, with undefined when it succeeds again. */
export type TroubleListener = (problem: Diagnostic | undefined) => void;

interface Batch {
  readonly writes: readonly StateWrite[];
  readonly resolve: () => void;
}

/** Rewritten when it is longer than this plus several times its contents. */
const REWRITE_SLACK = 1024 * 1024;
const REWRITE_FACTOR = 4;
const RETRY_MS = 500;

export class FileStorage {
  readonly #directory: string;
  readonly #values: Map<string, Uint8Array>;
  readonly #retryMs: number;
  readonly #release: () => Promise<void>;
  readonly #listeners: TroubleListener[] = [];
  #queue: Batch[] = [];
  #file: FileHandle | undefined;
  #generation: number;
  #end = 0;
  #allocated = 0;
  #writing: Promise<void> | undefined;
  #problem: Diagnostic | undefined;
  #closed = false;

  private constructor(
    directory: string,
    loaded: { readonly values: Map<string, Uint8Array>; readonly generation: number },
    retryMs: number,
    release: () => Promise<void>,
  ) {
    this.#directory = directory;
    this.#values = loaded.values;
    this.#generation = loaded.generation;
    this.#retryMs = retryMs;
    this.#release = release;
  }

  /** Locks the directory, reads what is there and proves that it can be written. */
  static async open(directory: string, options: FileStorageOptions = {}): Promise<OpenResult> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    } catch (error) {
      return { ok: false, diagnostic: fromSystemError(`create ${directory}`, error) };
    }
    const lock = await lockDirectory(directory);
    if (!lock.ok) return lock;
    try {
      const loaded = await loadState(directory, options.salvage === true);
      const retryMs = options.retryMs ?? RETRY_MS;
      const storage = new FileStorage(directory, loaded, retryMs, lock.release);
      await storage.#rewrite();
      const { values, diagnostics } = loaded;
      return { ok: true, storage, values: new Map(values), diagnostics };
    } catch (error) {
      await lock.release().catch(() => undefined);
      return { ok: false, diagnostic: fromSystemError(`use ${directory}`, error) };
    }
  }

  /**
   * Resolves once the writes are durable, all together, and after those of every earlier call. Never
   * rejects; it stays pending while the disk does not take it.
   */
  persist(writes: readonly StateWrite[]): Promise<void> {
    if (this.#closed) return new Promise(() => undefined);
    return new Promise((resolve) => {
      this.#queue.push({ writes, resolve });
      this.#writing ??= this.#drain();
    });
  }

  onTrouble(listener: TroubleListener): void {
    this.#listeners.push(listener);
  }

  /** What is wrong at present, if anything. */
  get problem(): Diagnostic | undefined {
    return this.#problem;
  }

  /** Finishes what was given if the disk takes it, then lets go of the directory. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
    await this.#release();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batches = this.#queue;
      this.#queue = [];
      if (!(await this.#writeUntilDone(batches.flatMap((batch) => batch.writes)))) break;
      for (const batch of batches) batch.resolve();
    }
    this.#writing = undefined;
  }

  /** Returns false if it gave up because the storage was closed. */
  async #writeUntilDone(writes: readonly StateWrite[]): Promise<boolean> {
    for (let again = false; ; again = true) {
      try {
        // After a failure nothing is known of the file: begin a new one.
        if (again) await this.#startAnew();
        await this.#append(writes);
        this.#tell(undefined);
        return true;
      } catch (error) {
        this.#tell(fromSystemError(`write to ${this.#directory}`, error));
        if (this.#closed) return false;
        await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      }
    }
  }

  async #startAnew(): Promise<void> {
    // On a full disk the predecessor is the first thing to do without.
    await rm(join(this.#directory, `${JOURNAL}.prev`), { force: true });
    await this.#rewrite();
  }

  #tell(problem: Diagnostic | undefined): void {
    if (this.#problem?.code === problem?.code) return;
    this.#problem = problem;
    for (const listener of this.#listeners) listener(problem);
  }

  async #append(writes: readonly StateWrite[]): Promise<void> {
    const record = encodeRecord(writes);
    await this.#allocate(this.#end + record.length);
    await writeAll(this.#file!, record, this.#end);
    this.#end += record.length;
    for (const { key, bytes } of writes) {
      if (bytes === undefined) this.#values.delete(key);
      else this.#values.set(key, bytes);
    }
    if (this.#isBloated()) await this.#rewrite();
  }

  #isBloated(): boolean {
    if (this.#end <= REWRITE_SLACK) return false;
    let live = 0;
    for (const bytes of this.#values.values()) live += bytes.length;
    return this.#end > REWRITE_SLACK + REWRITE_FACTOR * live;
  }

  /** Grows the file by zeros, really allocated, so that later appends find their space. */
  async #allocate(bytes: number): Promise<void> {
    const wanted = allocatedFor(bytes);
    if (wanted <= this.#allocated) return;
    await this.#file!.truncate(wanted);
    await writeAll(this.#file!, Buffer.alloc(wanted - this.#allocated), this.#allocated);
    await this.#file!.sync();
    this.#allocated = wanted;
  }

  /** Puts a new journal with the present contents in place of the old one. */
  async #rewrite(): Promise<void> {
    const path = join(this.#directory, JOURNAL);
    const temporary = `${path}.new`;
    await this.#file?.close();
    this.#file = undefined;
    const writes = [...this.#values].map(([key, bytes]) => ({ key, bytes }));
    const record = writes.length === 0 ? Buffer.alloc(0) : encodeRecord(writes);
    const content = Buffer.concat([encodeHeader(this.#generation + 1), record]);
    const size = allocatedFor(content.length);
    await rm(temporary, { force: true });
    const file = await open(temporary, "wx+", 0o600);
    try {
      await writeAll(file, Buffer.concat([content, Buffer.alloc(size - content.length)]), 0);
      await file.sync();
      await keepPrevious(path);
      await rename(temporary, path);
      await syncDirectory(this.#directory);
    } catch (error) {
      await file.close();
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    await file.close();
    this.#file = await open(path, constants.O_RDWR | constants.O_DSYNC);
    this.#generation += 1;
    this.#end = content.length;
    this.#allocated = size;
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
