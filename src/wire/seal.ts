import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { MIN_SECRET_BYTES } from "./cluster-key.ts";

/** Bytes of the authentication tag at the end of each frame. */
export const TAG_BYTES = 16;

/** Bytes of the hash that names a cluster in the frame header. */
export const CLUSTER_ID_BYTES = 8;

const ALGORITHM = "aes-256-gcm";
const KEY_BYTES = 32;

/** One sender's session: what its frame key is derived from. */
export interface Session {
  readonly sender: string;
  readonly incarnation: number;
  /** Drawn at each start, so that an incarnation used twice by mistake never repeats a nonce. */
  readonly salt: number;
}

/** The key of one session. */
export interface FrameKey {
  /** Returns the encrypted body with its tag. `nonce` must never be used twice with this key. */
  seal(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): Uint8Array;
  /** Returns the body, or undefined if header or body are not what the owner of the key sealed. */
  open(nonce: Uint8Array, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
}

/** Derives session keys. Injected, so that a simulation may trade secrecy for speed. */
export interface FrameCipher {
  sessionKey(secret: Uint8Array, clusterId: Uint8Array, session: Session): FrameKey;
}

/** AES-256-GCM with a key per session, derived by HKDF-SHA256 (RFC 5869) from the cluster's secret. */
export const aesCipher: FrameCipher = {
  sessionKey(secret, clusterId, session) {
    const info = `paceline frame key\0${session.sender}\0${session.incarnation}\0${session.salt}`;
    const bytes = Buffer.from(hkdfSync("sha256", secret, clusterId, info, KEY_BYTES));
    return new AesKey(createSecretKey(bytes));
  },
};

class AesKey implements FrameKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, header: Uint8Array, body: Uint8Array): Uint8Array {
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce);
    cipher.setAAD(header);
    const encrypted = cipher.update(body);
    cipher.final();
    return Buffer.concat([encrypted, cipher.getAuthTag()]);
  }

  open(nonce: Uint8Array, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const bodyLength = sealed.length - TAG_BYTES;
    if (bodyLength < 0) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.subarray(bodyLength));
    const body = decipher.update(sealed.subarray(0, bodyLength));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return body;
  }
}

/** The header's name for a cluster: clusters that share a group tell their frames apart by it. */
export function clusterIdOf(cluster: string): Uint8Array {
  return createHash("sha256")
    .update(`paceline cluster\0${cluster}`)
    .digest()
    .subarray(0, CLUSTER_ID_BYTES);
}

/** A new secret for a key file. */
export function generateSecret(): Uint8Array {
  return randomBytes(MIN_SECRET_BYTES);
}

/** A seed for the random numbers of a process, below 2^48. */
export function randomSeed(): number {
  return randomBytes(6).readUIntBE(0, 6);
}
