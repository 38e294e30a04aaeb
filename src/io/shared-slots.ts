import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** Written and read as a whole by every disk there is. */
export const SLOT_BYTES = 4_096;

export const SLOT_COUNT = 256;

const AREA_BYTES = SLOT_BYTES * SLOT_COUNT;

/** Buffers of Node are aligned to 16 bytes; direct access wants 512 or more. */
const ALIGNMENT_STEP = 16;

/**
 * The first megabyte of a block device, or a file on a shared file system, as slots. The page cache
 * is passed by where the file system allows it: two hosts must see each other's writes at once.
 */
export class SharedSlots {
  readonly #file: FileHandle;
  /** Aligned as the device wants it; used by one operation at a time. */
  readonly #area: Buffer;
  readonly isDirect: boolean;

  private constructor(file: FileHandle, area: Buffer, isDirect: boolean) {
    this.#file = file;
    this.#area = area;
    this.isDirect = isDirect;
  }

  /** Opens it; a regular file is made and filled up where needed. Rejects if that is impossible. */
  static async open(path: string): Promise<SharedSlots> {
    await prepare(path);
    const memory = Buffer.from(new ArrayBuffer(AREA_BYTES + SLOT_BYTES));
    const direct = await openDirect(path, memory);
    if (direct !== undefined) return new SharedSlots(direct.file, direct.area, true);
    const file = await open(path, constants.O_RDWR | constants.O_DSYNC);
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw new Error(`${path} does not allow direct access`);
    }
    return new SharedSlots(file, memory.subarray(0, AREA_BYTES), false);
  }

  /** All slots. What is returned is valid until the next call. */
  async readAll(): Promise<readonly Uint8Array[]> {
    const { bytesRead } = await this.#file.read(this.#area, 0, AREA_BYTES, 0);
    if (bytesRead !== AREA_BYTES) throw new Error(`only ${bytesRead} bytes could be read`);
    return Array.from({ length: SLOT_COUNT }, (_, index) => {
      return this.#area.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
    });
  }

  /** Durable when it resolves. */
  async write(index: number, bytes: Uint8Array): Promise<void> {
    if (bytes.length > SLOT_BYTES) throw new Error(`${bytes.length} bytes do not fit in a slot`);
    const slot = this.#area.subarray(index * SLOT_BYTES, (index + 1) * SLOT_BYTES);
    slot.fill(0);
    slot.set(bytes);
    const { bytesWritten } = await this.#file.write(slot, 0, SLOT_BYTES, index * SLOT_BYTES);
    if (bytesWritten !== SLOT_BYTES) throw new Error(`only ${bytesWritten} bytes were written`);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function prepare(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const stats = await file.stat();
    if (stats.isFile()) {
      // Never shorter: another node may be at it.
      if (stats.size < AREA_BYTES) await file.truncate(AREA_BYTES);
    } else if (!stats.isBlockDevice()) throw new Error(`${path} is no file and no block device`);
  } finally {
    await file.close();
  }
}

async function openDirect(
  path: string,
  memory: Buffer,
): Promise<{ readonly file: FileHandle; readonly area: Buffer } | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDWR | constants.O_DIRECT | constants.O_DSYNC);
  } catch {
    return undefined;
  }
  // Where a buffer lies cannot be asked, but it does not move: the place that works is found by trying.
  for (let offset = 0; offset < SLOT_BYTES; offset += ALIGNMENT_STEP) {
    const area = memory.subarray(offset, offset + AREA_BYTES);
    try {
      const { bytesRead } = await file.read(area, 0, SLOT_BYTES, 0);
      if (bytesRead === SLOT_BYTES) return { file, area };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    }
  }
  await file.close();
  return undefined;
}
