import type { ClusterKey } from "./cluster-key.ts";
import {
  encodeHeader,
  type FrameHeader,
  type HeaderProblem,
  headerLength,
  MAX_U48,
  MAX_VERSION,
  MIN_VERSION,
  parseHeader,
} from "./frame-header.ts";
import { ReplayWindow } from "./replay-window.ts";
import {
  aesCipher,
  clusterIdOf,
  type FrameCipher,
  type FrameKey,
  type Session,
  TAG_BYTES,
} from "./seal.ts";

/**
 * The largest datagram looked at. Peers may have been given a larger `max-datagram` than we were, up
 * to a jumbo frame; what is larger was not sent by a paceline.
 */
export const MAX_FRAME_BYTES = 9216;

const NONCE_BYTES = 12;

/** Counters from here on are for frames that are sent after all others: 2^47 is never counted to. */
const FIRST_LAST_COUNTER = 2 ** 47;

/** Why a frame was dropped. Each is a counter; nothing else happens. */
export type DropReason =
  | HeaderProblem
  | "too-long"
  | "own"
  | "unknown-sender"
  | "unknown-key"
  | "old-incarnation"
  | "replayed"
  | "not-authentic"
  | "malformed"
  | "misdirected";

/** A frame that proved authentic and new. */
export interface OpenedFrame {
  readonly header: FrameHeader;
  readonly body: Uint8Array;
}

export interface FrameSealerOptions {
  readonly cluster: string;
  readonly session: Session;
  readonly keys: readonly ClusterKey[];
  readonly cipher?: FrameCipher;
}

/** Makes frames. Every frame has its own counter, also when the same message leaves on two links. */
export class FrameSealer {
  readonly #session: Session;
  readonly #clusterId: Uint8Array;
  readonly #cipher: FrameCipher;
  #keyId = 0;
  #key: FrameKey;
  #counter = 0;
  #lastCounter = FIRST_LAST_COUNTER;

  constructor(options: FrameSealerOptions) {
    this.#session = options.session;
    this.#clusterId = clusterIdOf(options.cluster);
    this.#cipher = options.cipher ?? aesCipher;
    this.#key = this.#use(options.keys);
  }

  /** Seals with the first of these keys from now on. The counter goes on, so no nonce is used twice. */
  setKeys(keys: readonly ClusterKey[]): void {
    this.#key = this.#use(keys);
  }

  #use(keys: readonly ClusterKey[]): FrameKey {
    const first = keys[0]!;
    this.#keyId = first.id;
    return this.#cipher.sessionKey(first.secret, this.#clusterId, this.#session);
  }

  seal(type: number, body: Uint8Array, version: number): Uint8Array {
    return this.#seal(type, body, version, this.#counter++);
  }

  /** A frame for after the end of this session: whoever receives it takes no ordinary one any more. */
  sealLast(type: number, body: Uint8Array, version: number): Uint8Array {
    return this.#seal(type, body, version, this.#lastCounter++);
  }

  #seal(type: number, body: Uint8Array, version: number, counter: number): Uint8Array {
    const { sender, incarnation, salt } = this.#session;
    const header = encodeHeader(
      {
        version,
        minVersion: MIN_VERSION,
        maxVersion: MAX_VERSION,
        keyId: this.#keyId,
        salt,
        incarnation,
        counter,
        type,
        sender,
      },
      this.#clusterId,
    );
    const sealed = this.#key.seal(nonceOf(salt, counter), header, body);
    const frame = Buffer.allocUnsafe(header.length + sealed.length);
    frame.set(header, 0);
    frame.set(sealed, header.length);
    return frame;
  }
}

/** What is remembered of one sender. */
interface Sender {
  incarnation: number;
  salt: number;
  keyId: number;
  key: FrameKey;
  window: ReplayWindow;
}

export interface FrameOpenerOptions {
  readonly cluster: string;
  readonly session: Session;
  readonly keys: readonly ClusterKey[];
  readonly senders: Iterable<string>;
  readonly cipher?: FrameCipher;
}

/**
 * Checks frames, cheapest check first: length, magic, version, cluster, sender, key id, incarnation,
 * replay, and only then the tag. State changes only after a frame proved authentic. A frame under
 * the own name is checked like any other, unless it is our own.
 *
 * Windows live as long as this process: whoever recorded a peer's frames can make that peer, once it
 * is dead, look alive to a node that restarted since. That may delay a takeover, as cutting the cable
 * could; it delivers no message, for those name the incarnation they are meant for.
 */
export class FrameOpener {
  readonly #session: Session;
  readonly #clusterId: Uint8Array;
  readonly #cipher: FrameCipher;
  readonly #senders = new Map<string, Sender | undefined>();
  #secrets = new Map<number, Uint8Array>();

  constructor(options: FrameOpenerOptions) {
    this.#session = options.session;
    this.#clusterId = clusterIdOf(options.cluster);
    this.#cipher = options.cipher ?? aesCipher;
    this.setSenders(options.senders);
    this.setKeys(options.keys);
  }

  /** Only these names may send. What is known of a name that stays is kept. */
  setSenders(names: Iterable<string>): void {
    const wanted = new Set(names);
    for (const name of this.#senders.keys()) if (!wanted.has(name)) this.#senders.delete(name);
    for (const name of wanted) if (!this.#senders.has(name)) this.#senders.set(name, undefined);
  }

  /** Accepts any of these keys. Session keys derived from others are forgotten, replay windows are not. */
  setKeys(keys: readonly ClusterKey[]): void {
    this.#secrets = new Map(keys.map((key) => [key.id, key.secret]));
    for (const sender of this.#senders.values()) if (sender !== undefined) sender.keyId = 0;
  }

  open(bytes: Uint8Array): OpenedFrame | DropReason {
    if (bytes.length > MAX_FRAME_BYTES) return "too-long";
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const header = parseHeader(buffer, this.#clusterId);
    if (typeof header === "string") return header;
    if (this.#isOwn(header)) return "own";
    if (!this.#senders.has(header.sender)) return "unknown-sender";
    const known = this.#senders.get(header.sender);
    const sameSession = known !== undefined && isSession(known, header);
    if (known !== undefined && !sameSession && header.incarnation <= known.incarnation)
      return "old-incarnation";
    if (sameSession && !known.window.isFresh(header.counter)) return "replayed";
    const key = this.#keyFor(header, sameSession ? known : undefined);
    if (key === undefined) return "unknown-key";
    const split = headerLength(header.sender);
    if (buffer.length < split + TAG_BYTES) return "noise";
    const nonce = nonceOf(header.salt, header.counter);
    const body = key.open(nonce, buffer.subarray(0, split), buffer.subarray(split));
    if (body === undefined) return "not-authentic";
    this.#accept(header, key, sameSession ? known : undefined);
    return { header, body };
  }

  /** True if a frame came from our own name, but from another process. Only asked of authentic frames. */
  isNamesake(header: FrameHeader): boolean {
    return header.sender === this.#session.sender;
  }

  #isOwn(header: FrameHeader): boolean {
    const own = this.#session;
    return header.sender === own.sender && isSession(own, header);
  }

  #keyFor(header: FrameHeader, known: Sender | undefined): FrameKey | undefined {
    if (known !== undefined && known.keyId === header.keyId) return known.key;
    const secret = this.#secrets.get(header.keyId);
    if (secret === undefined) return undefined;
    return this.#cipher.sessionKey(secret, this.#clusterId, header);
  }

  #accept(header: FrameHeader, key: FrameKey, known: Sender | undefined): void {
    const { incarnation, salt, keyId } = header;
    const sender = known ?? { incarnation, salt, keyId, key, window: new ReplayWindow() };
    sender.keyId = keyId;
    sender.key = key;
    sender.window.accept(header.counter);
    this.#senders.set(header.sender, sender);
  }
}

/**
 * The version to send in: the highest that we and every peer speak. While nobody is known it is our
 * lowest, which our neighbours in the upgrade understand too.
 */
export function negotiateVersion(peerMaxVersions: Iterable<number>): number {
  let version = Number.POSITIVE_INFINITY;
  for (const max of peerMaxVersions) version = Math.min(version, max);
  if (!Number.isFinite(version)) return MIN_VERSION;
  return Math.max(MIN_VERSION, Math.min(MAX_VERSION, version));
}

/** Bytes that a frame of this sender needs beside its body. */
export function frameOverhead(sender: string): number {
  return headerLength(sender) + TAG_BYTES;
}

/** A salt for a session, below 2^48. */
export function saltFrom(random: { next(): number }): number {
  return Math.floor(random.next() * (MAX_U48 + 1));
}

function isSession(
  a: { incarnation: number; salt: number },
  b: { incarnation: number; salt: number },
): boolean {
  return a.incarnation === b.incarnation && a.salt === b.salt;
}

/** Salt and counter, each 48 bits: a key is bound to one salt, and a counter is used once. */
function nonceOf(salt: number, counter: number): Buffer {
  const nonce = Buffer.allocUnsafe(NONCE_BYTES);
  nonce.writeUIntBE(salt, 0, 6);
  nonce.writeUIntBE(counter, 6, 6);
  return nonce;
}
