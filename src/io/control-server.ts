import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { join } from "node:path";
import type { ControlEvent, ControlReply, ControlRequest } from "../model/control.ts";
import { CONTROL_SOCKET } from "../wire/control-frame.ts";
import { ControlConnection } from "./control-connection.ts";

export interface ControlServerOptions {
  readonly runDir: string;
  /** May reject or throw: the client is told INTERNAL and the daemon lives on. */
  readonly handler: (request: ControlRequest) => Promise<ControlReply>;
  /** Permission bits of the socket. 0600: root only; 0660 lets the socket's group in. */
  readonly mode?: number;
  /** Something the log should have: a failing handler, a client that was thrown out. */
  readonly onTrouble?: (message: string) => void;
  /** For tests: smaller bounds. */
  readonly limits?: Partial<ControlLimits>;
}

/** Bounds against clients that are broken, slow or hostile. One client never hurts another. */
export interface ControlLimits {
  /** More clients than this are turned away. An operator needs a handful, scrapers a few more. */
  readonly clients: number;
  /** Requests of one client that are being answered; more wait unread in the kernel. */
  readonly inFlight: number;
  /** Bytes waiting for a client that does not read, after which it is thrown out. */
  readonly unreadBytes: number;
  /** A client that neither asks nor awaits anything for so long is closed. */
  readonly idleMs: number;
}

const LIMITS: ControlLimits = {
  clients: 64,
  inFlight: 16,
  unreadBytes: 128 * 1024 * 1024,
  idleMs: 60_000,
};

export interface ControlServer {
  readonly path: string;
  /** Tells all subscribers. Cheap, never blocks; a slow subscriber gets fewer events. */
  publish(event: ControlEvent): void;
  /** Closes all connections and removes the socket. */
  close(): Promise<void>;
}

/** Another daemon answers on that socket. */
export class ControlSocketInUse extends Error {
  override readonly name = "ControlSocketInUse";
}

/**
 * Listens on the control socket. A socket file that a killed daemon left behind is replaced, one
 * that a living daemon answers on is not.
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const path = join(options.runDir, CONTROL_SOCKET);
  const limits = { ...LIMITS, ...options.limits };
  const trouble = options.onTrouble ?? (() => undefined);
  const connections = new Set<ControlConnection>();
  await removeStaleSocket(path);
  const server = createServer((socket) => {
    if (connections.size >= limits.clients) {
      trouble(`more than ${limits.clients} control clients: turned one away`);
      ControlConnection.turnAway(socket, limits.clients);
      return;
    }
    const connection = new ControlConnection(socket, options.handler, limits, trouble, () =>
      connections.delete(connection),
    );
    connections.add(connection);
  });
  await listen(server, path, options.mode ?? 0o600);
  server.on("error", (error) => trouble(`control socket: ${error.message}`));
  return {
    path,
    publish(event) {
      for (const connection of connections) connection.publish(event);
    },
    close() {
      for (const connection of connections) connection.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The umask closes the moment between bind and chmod, in which anybody could connect. */
function listen(server: Server, path: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off("error", reject);
        chmodSync(path, mode);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function removeStaleSocket(path: string): Promise<void> {
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return;
  // connect(2) refuses a plain file as it refuses a stale socket, but a file is not ours to delete.
  if (!existing.isSocket()) throw new Error(`cannot use ${path}: it exists and is not a socket`);
  const state = await probe(path);
  if (state === "answered") {
    throw new ControlSocketInUse(
      `another paceline daemon runs here: it answers on ${path}. Stop it first, or give this one another --run-dir`,
    );
  }
  if (state === "stale") unlinkSync(path);
}

function probe(path: string): Promise<"answered" | "stale" | "absent"> {
  return new Promise((resolve, reject) => {
    const socket = new Socket();
    socket.once("connect", () => {
      socket.destroy();
      resolve("answered");
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve("absent");
      else if (error.code === "ECONNREFUSED") resolve("stale");
      // EAGAIN: its backlog is full, so somebody listens.
      else if (error.code === "EAGAIN") resolve("answered");
      else reject(new Error(`cannot use ${path}: ${error.message}`));
    });
    socket.connect(path);
  });
}
