/**
 * The format of the state journal: a header, then records, then zeros to the end of the file. A
 * record is a batch of writes (key to bytes, or removal) that holds as a whole or not at all.
 *
 *     header   "PACELINE STATE 1\n", generation u32, crc32 u32, zeros up to 64 bytes
 *     record   magic u32, length u32, crc32 of the payload u32, payload
 *     payload  per write: operation u8 (1 set, 2 remove), key length u16, key, bytes length u32, bytes
 *
 * The file is allocated ahead in whole chunks of zeros, so an append changes neither size nor
 * metadata (one fdatasync makes it durable), and damage can be told from a crash: a crash leaves the
 * full size and an unfinished *last* record, which nobody was promised; a shorter file, no zeros
 * after the last record, or a valid record after a bad one are damage.
 */
export const CHUNK_BYTES = 256 * 1024;
export const HEADER_BYTES = 64;
/** At least so many zeros end the file, so that a cut at the end of a record is seen. */
export const TAIL_BYTES = 16;

const TITLE = "PACELINE STATE 1\n";
const RECORD_MAGIC = 0x31434552;
const RECORD_HEADER = 12;

export interface StateWrite {
  readonly key: string;
  /** undefined: remove the key. */
  readonly bytes: Uint8Array | undefined;
}

export type JournalContents =
  | {
      readonly ok: true;
      readonly generation: number;
      readonly values: Map<string, Uint8Array>;
      /** A crash cut the last write short; it is left out. */
      readonly torn: boolean;
    }
  | {
      readonly ok: false;
      readonly message: string;
      /** What could be read before the damage. */
      readonly salvaged: Map<string, Uint8Array>;
    };

export function encodeHeader(generation: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(TITLE, 0, "latin1");
  header.writeUInt32LE(generation, TITLE.length);
  header.writeUInt32LE(crc32(header.subarray(0, TITLE.length + 4)), TITLE.length + 4);
  return header;
}

export function encodeRecord(writes: readonly StateWrite[]): Buffer {
  const parts: Buffer[] = [Buffer.alloc(RECORD_HEADER)];
  for (const { key, bytes } of writes) {
    const name = Buffer.from(key, "utf8");
    const head = Buffer.alloc(3);
    head.writeUInt8(bytes === undefined ? 2 : 1, 0);
    head.writeUInt16LE(name.length, 1);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes?.length ?? 0, 0);
    parts.push(head, name, size);
    if (bytes !== undefined) parts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }
  const record = Buffer.concat(parts);
  record.writeUInt32LE(RECORD_MAGIC, 0);
  record.writeUInt32LE(record.length - RECORD_HEADER, 4);
  record.writeUInt32LE(crc32(record.subarray(RECORD_HEADER)), 8);
  return record;
}

export function readJournal(file: Buffer): JournalContents {
  const values = new Map<string, Uint8Array>();
  const damaged = (message: string): JournalContents => ({ ok: false, message, salvaged: values });
  if (file.length < HEADER_BYTES || file.toString("latin1", 0, TITLE.length) !== TITLE) {
    return damaged("it does not begin like a state file");
  }
  const generation = file.readUInt32LE(TITLE.length);
  if (!encodeHeader(generation).equals(file.subarray(0, HEADER_BYTES))) {
    return damaged("its header is damaged");
  }
  let at = HEADER_BYTES;
  for (let record = readRecord(file, at); record !== undefined; record = readRecord(file, at)) {
    if (!applyPayload(record.payload, values))
      return damaged(`the record at byte ${at} is damaged`);
    at = record.end;
  }
  if (file.length % CHUNK_BYTES !== 0) {
    return damaged(`it has ${file.length} bytes, which is no whole number of chunks: it was cut`);
  }
  if (file.length - at < TAIL_BYTES) return damaged("it ends without its end mark: it was cut");
  const later = findRecord(file, at + 1);
  if (later !== undefined) return damaged(`bytes ${at} to ${later} are damaged`);
  const torn = file.subarray(at).some((byte) => byte !== 0);
  return { ok: true, generation, values, torn };
}

function readRecord(
  file: Buffer,
  at: number,
): { readonly payload: Buffer; readonly end: number } | undefined {
  if (at + RECORD_HEADER > file.length || file.readUInt32LE(at) !== RECORD_MAGIC) return undefined;
  const start = at + RECORD_HEADER;
  const end = start + file.readUInt32LE(at + 4);
  if (end > file.length) return undefined;
  const payload = file.subarray(start, end);
  return crc32(payload) === file.readUInt32LE(at + 8) ? { payload, end } : undefined;
}

/** The next whole record from there on, wherever it begins. */
function findRecord(file: Buffer, from: number): number | undefined {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(RECORD_MAGIC, 0);
  for (let at = file.indexOf(magic, from); at >= 0; at = file.indexOf(magic, at + 1)) {
    if (readRecord(file, at) !== undefined) return at;
  }
  return undefined;
}

function applyPayload(payload: Buffer, values: Map<string, Uint8Array>): boolean {
  let at = 0;
  while (at < payload.length) {
    if (at + 3 > payload.length) return false;
    const operation = payload.readUInt8(at);
    const nameEnd = at + 3 + payload.readUInt16LE(at + 1);
    if (nameEnd + 4 > payload.length) return false;
    const key = payload.toString("utf8", at + 3, nameEnd);
    const end = nameEnd + 4 + payload.readUInt32LE(nameEnd);
    if (end > payload.length) return false;
    if (operation === 1)
      values.set(key, Uint8Array.prototype.slice.call(payload, nameEnd + 4, end));
    else if (operation === 2) values.delete(key);
    else return false;
    at = end;
  }
  return true;
}

/** Bytes that a file with these values takes, tail included, in whole chunks. */
export function allocatedFor(bytes: number): number {
  return Math.ceil((bytes + TAIL_BYTES) / CHUNK_BYTES) * CHUNK_BYTES;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** CRC-32 (ISO-HDLC), as in zlib; Node 20's early releases have none built in. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = CRC_TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
