import type { MessagingCommand, PeerEvent } from "../../../src/model/peer.ts";
import type { SimulatedHost } from "../simulated-host.ts";
import type { Checker } from "./checker.ts";

interface Stream {
  readonly sent: string[];
  /** What of it has been delivered, or passed over, at the receiver. */
  delivered: number;
}

/**
 * The reliable channel delivers what was sent, in order, nothing twice and nothing of its own making.
 * Gaps are allowed: a stream that broke off and began anew has lost what was on its way.
 */
export class ChannelOrder implements Checker {
  readonly name = "channel-order";
  readonly #streams = new Map<string, Stream>();

  onCommand(host: SimulatedHost, command: MessagingCommand): undefined {
    if (command.kind !== "send") return;
    const stream = this.#stream(`${host.name}/${host.incarnation}>${command.to}`);
    stream.sent.push(fingerprint(command.payload));
  }

  onPeerEvent(host: SimulatedHost, event: PeerEvent): string | undefined {
    if (event.kind !== "message") return undefined;
    const from = `${event.node}/${event.incarnation}>${host.name}`;
    const source = this.#streams.get(from);
    const stream = this.#stream(`${from}/${host.incarnation}`);
    const wanted = fingerprint(event.payload);
    const at = source?.sent.indexOf(wanted, stream.delivered) ?? -1;
    if (at < 0) {
      const text = new TextDecoder().decode(event.payload.subarray(0, 200));
      return `${host.name} got a message of ${event.node} twice, out of order or forged: ${text}`;
    }
    stream.delivered = at + 1;
    return undefined;
  }

  #stream(name: string): Stream {
    const stream = this.#streams.get(name) ?? { sent: [], delivered: 0 };
    this.#streams.set(name, stream);
    return stream;
  }
}

/** The message itself, byte by byte as a character each: cheaper than any sum of it. */
function fingerprint({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("latin1");
}
