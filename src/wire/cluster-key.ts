/** One secret of the cluster. A node seals with the first of its keys and opens with any of them. */
export interface ClusterKey {
  /** 1 to 255, travels in clear in every frame so that the receiver knows which secret to try. */
  readonly id: number;
  /** At least `MIN_SECRET_BYTES` of randomness, the same on every node. */
  readonly secret: Uint8Array;
}

/** As long as the AES-256 key that is derived from it: a shorter secret would be the weakest part. */
export const MIN_SECRET_BYTES = 32;

/** The largest key id: it is one byte of the frame header, and 0 means nothing. */
export const MAX_KEY_ID = 255;
