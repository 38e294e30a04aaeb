import {
  isElectorate,
  isRegisterState,
  type RegisterRequest,
  type RegisterState,
} from "../model/vote-register.ts";
import type { ClusterKey } from "./cluster-key.ts";
import { aesCipher, CLUSTER_ID_BYTES, clusterIdOf, type FrameKey, TAG_BYTES } from "./seal.ts";

/**
 * Frames between nodes and arbiter: one UDP datagram each way, authenticated and encrypted with the
 * cluster's key (or one that only serves the arbiter). In clear: magic, version, direction, key id,
 * cluster, and what makes the nonce unique: the salt of the sending process and its counter.
 *
 * A request that is repeated by a stranger does no harm: a swap names the number that it replaces.
 * A reply is only taken for the request whose token it echoes.
 */
export interface ArbiterRequest {
  readonly cluster: string;
  readonly node: string;
  /** Drawn by the asker; the reply echoes it. */
  readonly token: string;
  readonly request: RegisterRequest;
}

export interface ArbiterReply {
  readonly token: string;
  readonly state: RegisterState | undefined;
}

/** `slot`: not sent at all, but written to a shared disk. */
export type ArbiterDirection = "request" | "reply" | "slot";

const DIRECTION: Readonly<Record<ArbiterDirection, number>> = { request: 1, reply: 2, slot: 3 };

const MAGIC = Buffer.from("PLAR");
const VERSION = 1;
const SALT_BYTES = 6;
const NONCE_BYTES = 12;
const SALT_AT = 7 + CLUSTER_ID_BYTES;
const HEADER_BYTES = SALT_AT + SALT_BYTES + NONCE_BYTES;

/** An electorate of the largest cluster fits; a larger datagram is none of ours. */
export const ARBITER_FRAME_MAX = 20_000;

/** Seals the frames of one process. Needs a salt that no other process with that key draws. */
export class ArbiterSealer {
  readonly #salt: number;
  readonly #keys = new Map<string, FrameKey>();
  #count = 0;

  constructor(salt: number) {
    this.#salt = salt;
  }

  seal(direction: ArbiterDirection, key: ClusterKey, cluster: string, body: unknown): Uint8Array {
    this.#count += 1;
    const clusterId = clusterIdOf(cluster);
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header[4] = VERSION;
    header[5] = DIRECTION[direction];
    header[6] = key.id;
    header.set(clusterId, 7);
    header.writeUIntBE(this.#salt, SALT_AT, SALT_BYTES);
    header.writeBigUInt64BE(BigInt(this.#count), HEADER_BYTES - 8);
    const name = `${direction} ${key.id} ${Buffer.from(key.secret).toString("hex")} ${cluster}`;
    let frameKey = this.#keys.get(name);
    if (frameKey === undefined) {
      frameKey = sessionKey(direction, key, clusterId, this.#salt);
      this.#keys.set(name, frameKey);
    }
    const nonce = header.subarray(HEADER_BYTES - NONCE_BYTES);
    const sealed = frameKey.seal(nonce, header, Buffer.from(JSON.stringify(body)));
    return Buffer.concat([header, sealed]);
  }
}

function sessionKey(
  direction: ArbiterDirection,
  key: ClusterKey,
  clusterId: Uint8Array,
  salt: number,
): FrameKey {
  const session = { sender: `\0arbiter ${direction}`, incarnation: 0, salt };
  return aesCipher.sessionKey(key.secret, clusterId, session);
}

/**
 * The body of an authentic frame of that direction; undefined for anything else, whatever it is.
 * `keysOf` gives the keys to try for a cluster by its id in the header (hexadecimal).
 */
export function openArbiterFrame(
  direction: ArbiterDirection,
  bytes: Uint8Array,
  keysOf: (clusterId: string) => readonly ClusterKey[],
): unknown {
  const wanted = DIRECTION[direction];
  if (bytes.length < HEADER_BYTES + TAG_BYTES || bytes.length > ARBITER_FRAME_MAX) return undefined;
  const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!frame.subarray(0, 4).equals(MAGIC)) return undefined;
  if (frame[4] !== VERSION || frame[5] !== wanted) return undefined;
  const clusterId = frame.subarray(7, SALT_AT);
  const key = keysOf(clusterId.toString("hex")).find(({ id }) => id === frame[6]);
  if (key === undefined) return undefined;
  const header = frame.subarray(0, HEADER_BYTES);
  const frameKey = sessionKey(direction, key, clusterId, frame.readUIntBE(SALT_AT, SALT_BYTES));
  const nonce = header.subarray(HEADER_BYTES - NONCE_BYTES);
  const body = frameKey.open(nonce, header, frame.subarray(HEADER_BYTES));
  if (body === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** The id of a cluster as `openArbiterFrame` asks for it. */
export function arbiterClusterId(cluster: string): string {
  return Buffer.from(clusterIdOf(cluster)).toString("hex");
}

/** Undefined for what is no request. */
export function parseArbiterRequest(body: unknown): ArbiterRequest | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { cluster, node, token, request } = body as Record<string, unknown>;
  const isText = (value: unknown): value is string =>
    typeof value === "string" && value.length > 0 && value.length <= 128;
  if (!isText(cluster) || !isText(node) || !isText(token)) return undefined;
  const known = parseRegisterRequest(request);
  return known === undefined ? undefined : { cluster, node, token, request: known };
}

function parseRegisterRequest(value: unknown): RegisterRequest | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, number, electorate } = value as Record<string, unknown>;
  if (kind === "read") return { kind };
  if (kind !== "swap" || !Number.isSafeInteger(number) || (number as number) < 0) return undefined;
  return isElectorate(electorate) ? { kind, number: number as number, electorate } : undefined;
}

/** Undefined for what is no reply. */
export function parseArbiterReply(body: unknown): ArbiterReply | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const { token, state } = body as Record<string, unknown>;
  if (typeof token !== "string") return undefined;
  if (state === undefined || state === null) return { token, state: undefined };
  return isRegisterState(state) ? { token, state } : undefined;
}
