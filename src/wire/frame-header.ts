import { CLUSTER_ID_BYTES } from "./seal.ts";

/** Version 1 is the only one so far. A node speaks every version from `MIN_VERSION` to `MAX_VERSION`. */
export const MIN_VERSION = 1;
export const MAX_VERSION = 1;

const MAGIC = 0x50434c4e; // "PCLN"
const OFFSET = {
  version: 4,
  minVersion: 5,
  maxVersion: 6,
  keyId: 7,
  cluster: 8,
  salt: 16,
  incarnation: 22,
  counter: 28,
  type: 34,
  senderLength: 35,
  sender: 36,
} as const;

/** Bytes of the header without the sender's name. */
export const FIXED_HEADER_BYTES = OFFSET.sender;

/** The longest sender name in bytes; DNS labels, which node names usually are, end at 63. */
export const MAX_SENDER_BYTES = 255;

/** Counters, incarnations and salts are 48 bits wide: exact in a number, and enough for 8000 years in ms. */
export const MAX_U48 = 2 ** 48 - 1;

/**
 * The clear part of a frame, authenticated as additional data:
 *
 *     0 magic "PCLN"   4 version   5 lowest and 6 highest version spoken   7 key id   8 cluster id (8)
 *     16 salt (6)   22 incarnation (6)   28 counter (6)   34 type   35 length of, 36 sender
 *
 * Bytes 0 to 6 keep their meaning in all versions, so that strangers can tell why they don't understand.
 */
export interface FrameHeader {
  readonly version: number;
  readonly minVersion: number;
  readonly maxVersion: number;
  readonly keyId: number;
  readonly salt: number;
  readonly incarnation: number;
  readonly counter: number;
  readonly type: number;
  readonly sender: string;
}

export function encodeHeader(header: FrameHeader, clusterId: Uint8Array): Buffer {
  const senderLength = Buffer.byteLength(header.sender);
  const bytes = Buffer.allocUnsafe(OFFSET.sender + senderLength);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes[OFFSET.version] = header.version;
  bytes[OFFSET.minVersion] = header.minVersion;
  bytes[OFFSET.maxVersion] = header.maxVersion;
  bytes[OFFSET.keyId] = header.keyId;
  bytes.set(clusterId, OFFSET.cluster);
  bytes.writeUIntBE(header.salt, OFFSET.salt, 6);
  bytes.writeUIntBE(header.incarnation, OFFSET.incarnation, 6);
  bytes.writeUIntBE(header.counter, OFFSET.counter, 6);
  bytes[OFFSET.type] = header.type;
  bytes[OFFSET.senderLength] = senderLength;
  bytes.write(header.sender, OFFSET.sender);
  return bytes;
}

/** Why a header is of no use here; each is a counter. */
export type HeaderProblem = "noise" | "version" | "foreign-cluster";

/** Reads a header, cheapest checks first: noise is told by its first four bytes. */
export function parseHeader(bytes: Buffer, clusterId: Uint8Array): FrameHeader | HeaderProblem {
  if (bytes.length < OFFSET.sender || bytes.readUInt32BE(0) !== MAGIC) return "noise";
  const version = bytes[OFFSET.version]!;
  if (version < MIN_VERSION || version > MAX_VERSION) return "version";
  for (let i = 0; i < CLUSTER_ID_BYTES; i++) {
    if (bytes[OFFSET.cluster + i] !== clusterId[i]) return "foreign-cluster";
  }
  const senderEnd = OFFSET.sender + bytes[OFFSET.senderLength]!;
  if (senderEnd > bytes.length) return "noise";
  return {
    version,
    minVersion: bytes[OFFSET.minVersion]!,
    maxVersion: bytes[OFFSET.maxVersion]!,
    keyId: bytes[OFFSET.keyId]!,
    salt: bytes.readUIntBE(OFFSET.salt, 6),
    incarnation: bytes.readUIntBE(OFFSET.incarnation, 6),
    counter: bytes.readUIntBE(OFFSET.counter, 6),
    type: bytes[OFFSET.type]!,
    sender: bytes.toString("utf8", OFFSET.sender, senderEnd),
  };
}

/** Of a frame that we can't read for its version: which versions its sender speaks, and which we do. */
export function describeVersions(bytes: Uint8Array): string {
  const theirs = range(bytes[OFFSET.minVersion] ?? 0, bytes[OFFSET.maxVersion] ?? 0);
  return `speaks protocol ${theirs}, this one ${range(MIN_VERSION, MAX_VERSION).replace(/^\w+ /, "")}`;
}

function range(min: number, max: number): string {
  return min === max ? `version ${min}` : `versions ${min} to ${max}`;
}

/** Bytes that the header of this sender takes. */
export function headerLength(sender: string): number {
  return OFFSET.sender + Buffer.byteLength(sender);
}
