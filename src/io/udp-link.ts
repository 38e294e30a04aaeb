import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { Endpoint } from "../messaging/messaging-context.ts";

/** A link whose sockets cannot be opened, or do not work any more, is tried again this often. */
const RETRY_MS = 500;

/** Room for the bursts of several peers; the kernel grants what net.core.rmem_max allows. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;

/** Used on IPv6 links if the definition names an IPv4 group, and the other way round. */
const DEFAULT_GROUP = { 4: "239.255.77.1", 6: "ff02::7061:6365" } as const;

/** Send errors that say that address or interface is gone: the sockets must be made anew. */
const BROKEN = new Set([
  "EADDRNOTAVAIL",
  "ENODEV",
  "ENETUNREACH",
  "ENETDOWN",
  "ENXIO",
  "EINVAL",
  "EBADF",
]);

/** One link of this node. */
export interface UdpLinkOptions {
  readonly index: number;
  /** Our address on this link. */
  readonly address: string;
  readonly port: number;
  /** The multicast group; undefined for unicast only. */
  readonly group: string | undefined;
  /** The peers' addresses on this link. */
  readonly peers: readonly string[];
  readonly onDatagram: (link: number, from: Endpoint, bytes: Uint8Array) => void;
  /** Told when the link's sockets fail, with the reason, and when they work again, without one. */
  readonly onState: (link: number, problem: string | undefined) => void;
}

/**
 * The sockets of one link: one bound to our address, which sends everything and receives unicast,
 * and one bound to the group, which only receives. Whatever goes wrong is told once and tried again.
 */
export class UdpLink {
  readonly #options: UdpLinkOptions;
  readonly #family: 4 | 6;
  readonly #group: string | undefined;
  #sockets: Socket[] = [];
  #sender: Socket | undefined;
  #retry: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  #isClosed = false;
  readonly #onSent = (error: Error | null): void => {
    if (error !== null) this.#sendFailed(error);
    else if (this.#problem !== undefined && this.#retry === undefined) this.#report(undefined);
  };

  constructor(options: UdpLinkOptions) {
    this.#options = options;
    this.#family = isIPv6(bare(options.address)) ? 6 : 4;
    this.#group = options.group === undefined ? undefined : this.#groupOfFamily(options.group);
    this.#open();
  }

  send(to: Endpoint | "group", bytes: Uint8Array): void {
    if (this.#sender === undefined) return;
    const address = to === "group" ? this.#group : to.address;
    if (address === undefined) return;
    const port = to === "group" ? this.#options.port : to.port;
    this.#sender.send(bytes, port, address, this.#onSent);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#closeSockets();
  }

  #open(): void {
    this.#retry = undefined;
    const { address, port } = this.#options;
    const own = this.#socket(false);
    own.bind({ address, port, exclusive: true }, () => {
      this.#attempt(() => {
        this.#prepareSender(own);
        this.#sender = own;
        if (this.#group === undefined) this.#report(undefined);
      });
    });
    if (this.#group === undefined) return;
    const group = this.#group;
    const shared = this.#socket(true);
    shared.bind({ address: this.#scoped(group), port, exclusive: true }, () => {
      this.#attempt(() => {
        shared.addMembership(group, this.#interfaceAddress());
        shared.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
      });
    });
  }

  /** `isShared`: several nodes on one host may listen to a group, but each address has one owner. */
  #socket(isShared: boolean): Socket {
    const { index, onDatagram } = this.#options;
    const socket = createSocket({
      type: this.#family === 4 ? "udp4" : "udp6",
      reuseAddr: isShared,
      ...(this.#family === 6 && { ipv6Only: true }),
      // Addresses are literals: nothing to look up, and no tick to wait for.
      lookup: (host, _options, callback) => callback(null, host, this.#family),
    });
    socket.on("message", (bytes, { address, port }) => onDatagram(index, { address, port }, bytes));
    socket.on("error", (error) => this.#broken(describe(error)));
    this.#sockets.push(socket);
    return socket;
  }

  #prepareSender(socket: Socket): void {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    if (this.#group === undefined) return;
    // One hop: advertisements are of no use beyond the link, and must not leave it.
    socket.setMulticastTTL(1);
    socket.setMulticastInterface(this.#interfaceAddress());
    socket.setMulticastLoopback(this.#hasPeerOnThisHost());
  }

  #hasPeerOnThisHost(): boolean {
    const local = new Set(
      Object.values(networkInterfaces()).flatMap((entries) =>
        entries?.map(({ address }) => address),
      ),
    );
    const { address, peers } = this.#options;
    return isLoopback(address) || peers.some((peer) => local.has(bare(peer)));
  }

  #groupOfFamily(group: string): string {
    const family = isIPv6(bare(group)) ? 6 : 4;
    return this.#scoped(family === this.#family ? group : DEFAULT_GROUP[this.#family]);
  }

  /** A link-local IPv6 group needs the interface in its name. */
  #scoped(group: string): string {
    if (this.#family === 4 || group.includes("%")) return group;
    const name = this.#interfaceName();
    return name === undefined ? group : `${group}%${name}`;
  }

  /** How node:dgram names an interface: by an address of it, or by its scope. */
  #interfaceAddress(): string {
    if (this.#family === 4) return this.#options.address;
    const name = this.#interfaceName();
    return name === undefined ? "::" : `::%${name}`;
  }

  #interfaceName(): string | undefined {
    const [address, scope] = this.#options.address.split("%");
    if (scope !== undefined) return scope;
    for (const [name, entries] of Object.entries(networkInterfaces())) {
      if (entries?.some((entry) => entry.address === address)) return name;
    }
    return undefined;
  }

  #attempt(action: () => void): void {
    if (this.#isClosed || this.#retry !== undefined) return;
    try {
      action();
    } catch (error) {
      this.#broken(describe(error));
    }
  }

  #sendFailed(error: Error): void {
    // Full queues, filters and unreachable hosts pass by themselves; the detector judges the effect.
    if (BROKEN.has((error as NodeJS.ErrnoException).code ?? "")) this.#broken(describe(error));
  }

  #broken(problem: string): void {
    if (this.#isClosed || this.#retry !== undefined) return;
    this.#closeSockets();
    this.#report(problem);
    this.#retry = setTimeout(() => this.#open(), RETRY_MS);
  }

  #closeSockets(): void {
    this.#sender = undefined;
    for (const socket of this.#sockets) {
      socket.removeAllListeners();
      // A late error of a socket that is given up must not end the process.
      socket.on("error", () => {});
      try {
        socket.close();
      } catch {
        // It never came to be bound.
      }
    }
    this.#sockets = [];
  }

  #report(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onState(this.#options.index, problem);
  }
}

function bare(address: string): string {
  return address.split("%")[0]!;
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
