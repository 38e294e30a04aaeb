import { type FrameCipher, TAG_BYTES } from "../../src/wire/seal.ts";

/**
 * Encrypts nothing and authenticates by a checksum: tells damage and foreign keys as the real cipher does, at
 * a fraction of its cost. Nobody in a simulation is out to forge.
 */
export const cheapCipher: FrameCipher = {
  sessionKey(secret, _clusterId, session) {
    const name = `${session.sender} ${session.incarnation} ${session.salt}`;
    const start = mix(mix(0x811c9dc5, secret), new TextEncoder().encode(name));
    const sum = (nonce: Uint8Array, header: Uint8Array, body: Uint8Array) =>
      finish(mix(mix(mix(start, nonce), header), body));
    return {
      seal(nonce, header, body) {
        const sealed = new Uint8Array(body.length + TAG_BYTES);
        sealed.set(body);
        new DataView(sealed.buffer).setUint32(body.length, sum(nonce, header, body));
        return sealed;
      },
      open(nonce, header, sealed) {
        const length = sealed.length - TAG_BYTES;
        if (length < 0) return undefined;
        const body = sealed.subarray(0, length);
        const view = new DataView(sealed.buffer, sealed.byteOffset + length);
        if (view.getUint32(0) !== sum(nonce, header, body)) return undefined;
        for (let i = 4; i < TAG_BYTES; i++) if (view.getUint8(i) !== 0) return undefined;
        return body;
      },
    };
  },
};

/**
 * FNV-1a, taking four bytes at a time while there are so many. Each step can be undone, so any change
 * within four bytes changes the outcome.
 */
function mix(start: number, bytes: Uint8Array): number {
  let hash = start;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x01000193);
  }
  for (; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}

function finish(hash: number): number {
  return hash >>> 0;
}
