import type { Note } from "../core/note.ts";
import type { InterimFrames } from "../messaging/interim-frames.ts";
import type { MessagingInput } from "../messaging/messaging-machine.ts";
import type { MessagingConfig, PeerEvent } from "../model/peer.ts";
import type { ClusterKey } from "../wire/cluster-key.ts";

/** What the messaging thread is started with. */
export interface ThreadStart {
  readonly config: MessagingConfig;
  readonly incarnation: number;
  readonly keys: readonly ClusterKey[];
}

/** From the main thread to the messaging thread. */
export type ToThread = MessagingInput | { readonly kind: "close" };

/** From the messaging thread to the main thread. `thread` comes first: its id for the kernel. */
export type FromThread =
  | { readonly kind: "thread"; readonly id: number }
  | { readonly kind: "events"; readonly events: readonly (PeerEvent | Note)[] }
  | { readonly kind: "started" }
  | { readonly kind: "interim"; readonly frames: InterimFrames };

/**
 * Bytes in a buffer of their own, to be handed over without a copy. A view on a larger buffer would
 * take all of it along.
 */
export function detached(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
