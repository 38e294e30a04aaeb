import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ControlError, connectControl } from "../../src/io/control-client.ts";
import {
  type ControlServer,
  type ControlServerOptions,
  ControlSocketInUse,
  startControlServer,
} from "../../src/io/control-server.ts";
import type { ControlEvent, ControlReply, ControlRequest } from "../../src/model/control.ts";

let runDir: string;
let server: ControlServer | undefined;
const sockets: Socket[] = [];

beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), "paceline-control-"));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = undefined;
  rmSync(runDir, { recursive: true, force: true });
});

const echo = (request: ControlRequest): Promise<ControlReply> =>
  Promise.resolve({ ok: true, result: request });

async function start(options: Partial<ControlServerOptions> = {}): Promise<ControlServer> {
  server = await startControlServer({ runDir, handler: echo, ...options });
  return server;
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function failure(attempt: Promise<unknown>): Promise<ControlError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ControlError);
  return error as ControlError;
}

/** A client that speaks bytes, for those that don't follow the protocol. */
function rawClient(path: string) {
  const socket = connect(path);
  sockets.push(socket);
  let text = "";
  const closed = new Promise<string>((resolve) => {
    socket.on("close", () => resolve(text));
  });
  let wake: () => void = () => undefined;
  socket.on("error", () => undefined);
  socket.on("data", (bytes) => {
    text += String(bytes);
    wake();
  });
  const lines = async (count: number): Promise<unknown[]> => {
    while (text.split("\n").length <= count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return text
      .split("\n")
      .slice(0, count)
      .map((line) => JSON.parse(line));
  };
  return { socket, closed, lines };
}

describe("the socket", () => {
  test("is only root's by default, also for its first moment, and goes away on close", async () => {
    const { path, close } = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await close();
    server = undefined;
    expect(existsSync(path)).toBe(false);
  });

  test("can be opened to a group", async () => {
    const { path } = await start({ mode: 0o660 });
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test("of a killed daemon is replaced", async () => {
    const path = join(runDir, "control.sock");
    // A process that binds and is killed leaves just what a crashed daemon leaves.
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
    expect(() => execFileSync(process.execPath, ["-e", script], { stdio: "ignore" })).toThrow();
    expect(existsSync(path)).toBe(true);
    expect((await failure(connectControl({ runDir }))).code).toBe("NO_DAEMON");
    await start();
    const client = await connectControl({ runDir });
    await client.request({ method: "config-history" });
    client.close();
  });

  test("of a living daemon is left alone", async () => {
    await start();
    await expect(startControlServer({ runDir, handler: echo })).rejects.toThrow(ControlSocketInUse);
    const client = await connectControl({ runDir });
    expect(await client.request({ method: "config-history" })).toEqual({
      method: "config-history",
    });
    client.close();
  });

  test("is not made where a file of that name is somebody else's", async () => {
    const path = join(runDir, "control.sock");
    writeFileSync(path, "precious");
    // connect(2) on a plain file says ECONNREFUSED, as on a stale socket: only sockets may go.
    await expect(startControlServer({ runDir, handler: echo })).rejects.toThrow(/not a socket/);
    expect(existsSync(path)).toBe(true);
  });
});

describe("a client is told what to do", () => {
  test("where there is no run directory", async () => {
    const error = await failure(connectControl({ runDir: join(runDir, "none") }));
    expect(error.code).toBe("NO_RUN_DIR");
    expect(error.hint).toContain("systemctl start paceline");
  });

  test("where there is no daemon", async () => {
    const error = await failure(connectControl({ runDir }));
    expect(error.code).toBe("NO_DAEMON");
    expect(error.message).toContain("no paceline daemon runs on this node");
  });

  test("when the daemon does not answer", async () => {
    await start({ handler: () => new Promise(() => undefined) });
    const client = await connectControl({ runDir });
    const error = await failure(client.request({ method: "status" }, { timeoutMs: 20 }));
    expect(error.code).toBe("NO_ANSWER");
    client.close();
  });

  test("when the daemon goes away before it answers", async () => {
    const started = withResolvers<void>();
    const { close } = await start({
      handler: () => {
        started.resolve();
        return new Promise(() => undefined);
      },
    });
    const client = await connectControl({ runDir });
    const answer = failure(client.request({ method: "status" }));
    await started.promise;
    await close();
    server = undefined;
    expect((await answer).code).toBe("CONNECTION_LOST");
    expect((await client.closed)?.code).toBe("CONNECTION_LOST");
  });

  test("when something else listens there", async () => {
    const other = createServer((socket) => socket.resume().end("HTTP/1.1 400 Bad Request\n"));
    await new Promise<void>((resolve) => {
      other.listen(join(runDir, "control.sock"), resolve);
    });
    const client = await connectControl({ runDir });
    expect((await failure(client.request({ method: "status" }))).code).toBe("BAD_ANSWER");
    await new Promise((resolve) => other.close(resolve));
  });

  test("when the handler fails, and the daemon lives on", async () => {
    const troubles: string[] = [];
    await start({
      handler: (request) => {
        if (request.method === "status") throw new Error("boom");
        return echo(request);
      },
      onTrouble: (message) => troubles.push(message),
    });
    const client = await connectControl({ runDir });
    expect((await failure(client.request({ method: "status" }))).code).toBe("INTERNAL");
    expect(troubles).toEqual(["control request status failed: boom"]);
    await client.request({ method: "config-history" });
    client.close();
  });

  test("what the daemon refused, with its hint and details", async () => {
    const details = [{ code: "UNKNOWN_KEY" }];
    await start({
      handler: () =>
        Promise.resolve({ ok: false, code: "CONFLICT", message: "m", hint: "h", details }),
    });
    const client = await connectControl({ runDir });
    const error = await failure(client.request({ method: "status" }));
    expect(error).toMatchObject({ code: "CONFLICT", message: "m", hint: "h", details });
    client.close();
  });
});

describe("many clients and answers", () => {
  test("answers reach whoever asked, in any order", async () => {
    const gates = new Map<string, () => void>();
    const bothThere = withResolvers<void>();
    await start({
      handler: (request) =>
        new Promise((resolve) => {
          if (request.method !== "explain") throw new Error("unexpected");
          gates.set(request.resource, () => resolve({ ok: true, result: request.resource }));
          if (gates.size === 2) bothThere.resolve();
        }),
    });
    const client = await connectControl({ runDir });
    const order: unknown[] = [];
    const ask = (resource: string) =>
      client.request({ method: "explain", resource }).then((got) => order.push(got));
    const both = Promise.all([ask("a"), ask("b")]);
    await bothThere.promise;
    gates.get("b")!();
    gates.get("a")!();
    await both;
    expect(order).toEqual(["b", "a"]);
    client.close();
  });

  test("a large definition and a large answer pass", async () => {
    await start();
    const client = await connectControl({ runDir });
    const text = "ä".repeat(1_500_000);
    const result = await client.request({ method: "config-apply", text, author: "x" });
    expect(result).toEqual({ method: "config-apply", text, author: "x" });
    client.close();
  });

  test("events go to subscribers only", async () => {
    const { publish } = await start();
    const [watcher, other] = [await connectControl({ runDir }), await connectControl({ runDir })];
    const got = withResolvers<ControlEvent>();
    await watcher.subscribe(got.resolve);
    publish({ kind: "status-changed" });
    expect(await got.promise).toEqual({ kind: "status-changed" });
    await other.request({ method: "config-history" });
    watcher.close();
    other.close();
  });

  test("more clients than allowed are turned away with words", async () => {
    const { path } = await start({ limits: { clients: 1 } });
    const first = await connectControl({ runDir });
    await first.request({ method: "config-history" });
    expect(await rawClient(path).closed).toContain("TOO_MANY_CLIENTS");
    await first.request({ method: "config-history" });
    first.close();
  });
});

describe("hostile clients", () => {
  test("bad lines are answered and the connection lives on", async () => {
    const { path } = await start();
    const client = rawClient(path);
    client.socket.write('rubbish\n{"id":4,"request":{"method":"nope"}}\n');
    client.socket.write('{"id":5,"request":{"method":"status"}}\n');
    expect(await client.lines(3)).toMatchObject([
      { id: 0, reply: { code: "BAD_REQUEST" } },
      { id: 4, reply: { code: "UNKNOWN_METHOD" } },
      { id: 5, reply: { ok: true } },
    ]);
  });

  test("a line without end is cut off", async () => {
    const { path } = await start();
    const client = rawClient(path);
    const chunk = Buffer.alloc(1024 * 1024, "x");
    for (let i = 0; i < 6; i++) client.socket.write(chunk);
    expect(await client.closed).toContain("REQUEST_TOO_LARGE");
  });

  test("a flood of requests is answered a few at a time", async () => {
    let running = 0;
    let most = 0;
    const { path } = await start({
      limits: { inFlight: 4 },
      handler: async (request) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return echo(request);
      },
    });
    const client = rawClient(path);
    let flood = "";
    for (let id = 1; id <= 500; id++) flood += `{"id":${id},"request":{"method":"status"}}\n`;
    client.socket.write(flood);
    const answers = await client.lines(500);
    expect(answers.length).toBe(500);
    expect(most).toBe(4);
  });

  test("one that never reads is thrown out, others go on", async () => {
    const thrownOut = withResolvers<string>();
    const big = "x".repeat(200_000);
    const { path } = await start({
      limits: { unreadBytes: 1_000_000 },
      handler: () => Promise.resolve({ ok: true, result: big }),
      onTrouble: thrownOut.resolve,
    });
    const client = rawClient(path);
    client.socket.pause();
    for (let id = 1; id <= 15; id++)
      client.socket.write(`{"id":${id},"request":{"method":"status"}}\n`);
    expect(await thrownOut.promise).toContain("does not read");
    const good = await connectControl({ runDir });
    expect(await good.request({ method: "status" })).toBe(big);
    good.close();
  });

  test("one that begins a line and falls silent is closed", async () => {
    const { path } = await start({ limits: { idleMs: 20 } });
    const client = rawClient(path);
    client.socket.write('{"id":1,');
    expect(await client.closed).toContain("IDLE");
  });

  test("a slow subscriber misses events but learns that it did", async () => {
    const { path, publish } = await start();
    const client = rawClient(path);
    client.socket.write('{"id":1,"subscribe":true}\n');
    await client.lines(1);
    client.socket.pause();
    const entry = { at: 0, phase: "note", message: "x".repeat(50_000) } as const;
    for (let i = 0; i < 200; i++) publish({ kind: "timeline", entry });
    client.socket.resume();
    let count = 1;
    for (; ; count++) {
      const last = (await client.lines(count + 1)).at(-1) as { event: ControlEvent };
      if (last.event.kind === "status-changed") break;
    }
    expect(count).toBeLessThan(200);
  });
});
