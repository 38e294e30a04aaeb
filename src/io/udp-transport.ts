import { type Note, note } from "../core/note.ts";
import type { Endpoint } from "../messaging/messaging-context.ts";
import type { MessagingConfig } from "../model/peer.ts";
import { UdpLink } from "./udp-link.ts";

export interface UdpTransportOptions {
  readonly config: MessagingConfig;
  readonly onDatagram: (link: number, from: Endpoint, bytes: Uint8Array) => void;
  readonly onNote: (note: Note) => void;
}

/** UDP on every link of this node. A link that fails is tried again for ever; nothing here throws. */
export class UdpTransport {
  readonly #options: UdpTransportOptions;
  #links: UdpLink[] = [];
  #layout = "";

  constructor(options: UdpTransportOptions) {
    this.#options = options;
    this.configure(options.config);
  }

  /** Opens the sockets anew if addresses, group or port changed. */
  configure(config: MessagingConfig): void {
    const { transport, group, port, nodes, self } = config;
    const layout = JSON.stringify({ transport, group, port, nodes, self });
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.close();
    const addresses = nodes.find(({ name }) => name === self)?.addresses ?? [];
    this.#links = addresses.map(
      (address, index) =>
        new UdpLink({
          index,
          address,
          // Link n adds n to the port, so that links in one network do not mix.
          port: port + index,
          group: transport === "multicast" ? group : undefined,
          peers: nodes
            .filter(({ name }) => name !== self)
            .flatMap((node) => node.addresses[index] ?? []),
          onDatagram: this.#options.onDatagram,
          onState: (link, problem) => this.#options.onNote(stateNote(link, address, problem)),
        }),
    );
  }

  send(link: number, to: Endpoint | "group", bytes: Uint8Array): void {
    this.#links[link]?.send(to, bytes);
  }

  close(): void {
    for (const link of this.#links) link.close();
    this.#links = [];
  }
}

function stateNote(link: number, address: string, problem: string | undefined): Note {
  const fields = { link, address };
  return problem === undefined
    ? note("info", "link-usable", `Link ${link} (${address}) works again.`, fields)
    : note("warn", "link-unusable", `Link ${link} (${address}) does not work: ${problem}.`, fields);
}
