import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";

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
  const flags = constants.O_RDWR | constants.O_DIRECT | constants.O_DSYNC;
  let file: FileHandle;
  try {
    file = await open(path, flags);
  } catch {
    return undefined;
  }
  const offset = (await file.stat()).isFile()
    ? await alignmentBeside(path, memory)
    : await alignmentFor(file, memory);
  if (offset !== undefined) return { file, area: memory.subarray(offset, offset + AREA_BYTES) };
  await file.close();
  return undefined;
}

/** Reading a hole checks no alignment, and the file may be all holes: tried on one that has none. */
async function alignmentBeside(path: string, memory: Buffer): Promise<number | undefined> {
  const scratch = `${path}.${process.pid}-${process.hrtime.bigint()}`;
  try {
    const full = await open(scratch, "wx", 0o600);
    await full.write(Buffer.alloc(SLOT_BYTES, 1));
    await full.sync();
    await full.close();
    const file = await open(scratch, constants.O_RDONLY | constants.O_DIRECT);
    try {
      return await alignmentFor(file, memory);
    } finally {
      await file.close();
    }
  } finally {
    await rm(scratch, { force: true });
  }
}

/** Where a buffer lies cannot be asked, but it does not move: the place that works is found by trying. */
async function alignmentFor(file: FileHandle, memory: Buffer): Promise<number | undefined> {
  for (let offset = 0; offset < SLOT_BYTES; offset += ALIGNMENT_STEP) {
    try {
      const { bytesRead } = await file.read(memory, offset, SLOT_BYTES, 0);
      if (bytesRead === SLOT_BYTES) return offset;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    }
  }
  return undefined;
}
