import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Note } from "../../src/core/note.ts";
import { COLLECT_ALONE, MessagingWorker } from "../../src/io/messaging-worker.ts";
import type { MessagingConfig, PeerEvent } from "../../src/model/peer.ts";
import { nodeFlagsOf } from "../support/node-flags.ts";

/** Threads run compiled code; `npm test` builds it first. */
const THREAD = new URL("../../dist/io/messaging-worker-thread.js", import.meta.url);

const BODY = {
  priority: 100,
  viewId: "",
  dc: "",
  term: 0,
  quorate: false,
  definitionVersion: 1,
  activeDigest: "",
  load: 0,
};

const open: MessagingWorker[] = [];

afterEach(async () => {
  for (const worker of open.splice(0)) await worker.close();
});

interface Started {
  readonly worker: MessagingWorker;
  readonly events: (PeerEvent | Note)[];
  readonly failures: Error[];
  /** Why it got no real-time priority. */
  readonly refusals: Note[];
}

let port = 18_700;

function config(self: string): MessagingConfig {
  return {
    cluster: "worker-test",
    self,
    transport: "unicast",
    group: "239.255.77.201",
    port,
    advertIntervalMs: 100,
    maxDatagram: 1400,
    stuckAfterMs: 60_000,
    nodes: [
      { name: "a", addresses: ["127.0.0.1"] },
      { name: "b", addresses: ["127.0.0.2"] },
    ],
  };
}

function start(self: string, changes: Partial<MessagingConfig> = {}, threadFile = THREAD): Started {
  const events: (PeerEvent | Note)[] = [];
  const failures: Error[] = [];
  const refusals: Note[] = [];
  const worker = new MessagingWorker({
    config: { ...config(self), ...changes },
    incarnation: 1,
    keys: [{ id: 1, secret: new Uint8Array(32).fill(3) }],
    onEvent: (event) => {
      if (event.kind === "note" && event.event === "no-real-time") refusals.push(event);
      else events.push(event);
    },
    onFailure: (error) => failures.push(error),
    threadFile,
  });
  open.push(worker);
  worker.post({ kind: "advertise", body: BODY });
  return { worker, events, failures, refusals };
}

async function until(isDone: () => boolean): Promise<void> {
  await vi.waitUntil(isDone, { timeout: 15_000, interval: 10 });
}

function has(started: Started, kind: string): () => boolean {
  return () => started.events.some((event) => event.kind === kind);
}

describe.runIf(existsSync(THREAD))("the messaging thread", () => {
  test("hears its peer, carries messages, and says when the peer has left", async () => {
    port += 10;
    const [a, b] = [start("a"), start("b")];
    await until(has(b, "peer-up"));
    await until(has(a, "peer-up"));
    const payload = Buffer.from("a view on a larger buffer").subarray(2, 6);
    a.worker.post({ kind: "send", to: "b", payload });
    await until(has(b, "message"));
    const message = b.events.find((event) => event.kind === "message");
    expect(Buffer.from(message!.payload).toString()).toBe("view");
    expect(Buffer.from(payload).toString()).toBe("view");
    a.worker.post({ kind: "leave" });
    await open.shift()!.close();
    await until(has(b, "peer-down"));
    expect(b.events.find((event) => event.kind === "peer-down")).toMatchObject({ reason: "left" });
    expect([...a.failures, ...b.failures]).toEqual([]);
  });

  test("gets no real-time priority in a process whose threads wait for helpers", async () => {
    expect(process.execArgv).not.toContain(COLLECT_ALONE);
    port += 10;
    const a = start("a");
    await until(() => a.refusals.length > 0);
    expect(a.refusals[0]?.fields).toMatchObject({
      reason: `node was started without ${COLLECT_ALONE}`,
    });
  });

  test("runs in a daemon that has itself started without such helpers", () => {
    const program = fileURLToPath(new URL("../../src/daemon/main.ts", import.meta.url));
    expect(nodeFlagsOf(program)).toContain(COLLECT_ALONE);
  });

  test("tells the time of the main thread's monotonic clock", async () => {
    port += 10;
    const before = Number(process.hrtime.bigint()) / 1e6;
    start("a");
    const b = start("b");
    await until(has(b, "peer-up"));
    const up = b.events.find((event) => event.kind === "peer-up");
    expect(up!.at).toBeGreaterThan(before);
    expect(up!.at).toBeLessThanOrEqual(Number(process.hrtime.bigint()) / 1e6);
  });

  test("tells of frames that are sealed with another key", async () => {
    port += 10;
    start("a").worker.setKeys([{ id: 1, secret: new Uint8Array(32).fill(4) }]);
    const b = start("b");
    await until(has(b, "note"));
    expect(b.events.find((event) => event.kind === "note")).toMatchObject({
      event: "frames-dropped",
      fields: { reason: "not-authentic", count: 1 },
    });
  });

  test("does not fail because its address is not there; a new configuration takes effect", async () => {
    port += 10;
    const nodes = [
      { name: "a", addresses: ["192.0.2.99"] },
      { name: "b", addresses: ["127.0.0.2"] },
    ];
    const a = start("a", { nodes });
    const b = start("b");
    await until(has(a, "note"));
    expect(a.events[0]).toMatchObject({ kind: "note", event: "link-unusable" });
    a.worker.post({ kind: "configure", config: config("a") });
    await until(has(b, "peer-up"));
    expect(a.failures).toEqual([]);
  });
});

test("a thread that dies is told", async () => {
  const missing = new URL("./no-such-thread.js", import.meta.url);
  const { failures } = start("a", {}, missing);
  await until(() => failures.length > 0);
  expect(failures[0]).toBeInstanceOf(Error);
});
