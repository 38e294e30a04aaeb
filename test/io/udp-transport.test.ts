import { createSocket } from "node:dgram";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Note } from "../../src/core/note.ts";
import { UdpTransport } from "../../src/io/udp-transport.ts";
import type { MessagingConfig } from "../../src/model/peer.ts";

interface Arrived {
  readonly link: number;
  readonly from: string;
  readonly text: string;
}

interface Node {
  readonly transport: UdpTransport;
  readonly arrived: Arrived[];
  readonly notes: Note[];
}

const open: UdpTransport[] = [];

afterEach(() => {
  for (const transport of open.splice(0)) transport.close();
});

/** Ports differ from test to test, so that late datagrams of one never reach another. */
let port = 17_700;

function config(self: string, changes: Partial<MessagingConfig> = {}): MessagingConfig {
  return {
    cluster: "test",
    self,
    transport: "multicast",
    group: "239.255.77.200",
    port,
    advertIntervalMs: 100,
    maxDatagram: 1400,
    stuckAfterMs: 3000,
    nodes: [
      { name: "a", addresses: ["127.0.0.1", "127.0.1.1"] },
      { name: "b", addresses: ["127.0.0.2", "127.0.1.2"] },
    ],
    ...changes,
  };
}

function start(settings: MessagingConfig): Node {
  const arrived: Arrived[] = [];
  const notes: Note[] = [];
  const transport = new UdpTransport({
    config: settings,
    onDatagram: (link, from, bytes) =>
      arrived.push({ link, from: from.address, text: Buffer.from(bytes).toString() }),
    onNote: (note) => notes.push(note),
  });
  open.push(transport);
  return { transport, arrived, notes };
}

/** Sends until it arrives: sockets take a moment to be bound. */
async function sendUntil(send: () => void, isDone: () => boolean): Promise<void> {
  await vi.waitUntil(
    () => {
      send();
      return isDone();
    },
    { timeout: 10_000, interval: 20 },
  );
}

describe("datagrams", () => {
  test("to the group reach every node on the host, each link by itself", async () => {
    port += 10;
    const a = start(config("a"));
    const b = start(config("b"));
    for (const link of [0, 1]) {
      const send = () => a.transport.send(link, "group", Buffer.from(`on ${link}`));
      await sendUntil(send, () => b.arrived.some((datagram) => datagram.link === link));
    }
    expect(b.arrived.find(({ link }) => link === 0)).toMatchObject({
      from: "127.0.0.1",
      text: "on 0",
    });
    expect(b.arrived.find(({ link }) => link === 1)).toMatchObject({
      from: "127.0.1.1",
      text: "on 1",
    });
    expect(b.arrived.every(({ link, text }) => text === `on ${link}`)).toBe(true);
  });

  test.each([
    { what: "IPv4", addresses: ["127.0.0.1", "127.0.0.2"] },
    { what: "IPv6", addresses: ["::1"] },
  ])("to one address by $what reach that node", async ({ addresses }) => {
    port += 10;
    const target = addresses.at(-1)!;
    const nodes = [{ name: "b", addresses: [target] }];
    const b = start(config("b", { transport: "unicast", nodes }));
    const sender = createSocket(target.includes(":") ? "udp6" : "udp4");
    await sendUntil(
      () => sender.send("hello", port, target),
      () => b.arrived.length > 0,
    );
    sender.close();
    expect(b.arrived[0]).toMatchObject({ link: 0, text: "hello" });
    expect(b.notes).toEqual([]);
  });
});

describe("a link that cannot work", () => {
  test("is told of once, does not disturb the other one, and is tried again", async () => {
    port += 10;
    const squatter = createSocket("udp4");
    await new Promise<void>((resolve) => squatter.bind(port, "127.0.0.1", resolve));
    const a = start(config("a"));
    const b = start(config("b"));
    await sendUntil(
      () => {
        a.transport.send(0, "group", Buffer.from("on 0"));
        a.transport.send(1, "group", Buffer.from("on 1"));
      },
      () => b.arrived.some(({ link }) => link === 1),
    );
    expect(b.arrived.some(({ link }) => link === 0)).toBe(false);
    expect(a.notes).toMatchObject([{ event: "link-unusable", fields: { link: 0 } }]);
    squatter.close();
    const send = () => a.transport.send(0, "group", Buffer.from("on 0"));
    await sendUntil(send, () => b.arrived.some(({ link }) => link === 0));
    expect(a.notes.map(({ event }) => event)).toEqual(["link-unusable", "link-usable"]);
  });

  test("because its address is not there only costs a note", async () => {
    port += 10;
    const nodes = [{ name: "a", addresses: ["192.0.2.77"] }];
    const a = start(config("a", { nodes }));
    await vi.waitUntil(() => a.notes.length > 0, { timeout: 10_000 });
    a.transport.send(0, "group", Buffer.from("nowhere"));
    expect(a.notes[0]).toMatchObject({ level: "warn", event: "link-unusable" });
  });
});

test("a changed port takes effect, an unchanged configuration leaves the sockets alone", async () => {
  port += 10;
  const a = start(config("a"));
  const b = start(config("b"));
  const send = () => a.transport.send(0, "group", Buffer.from("old"));
  await sendUntil(send, () => b.arrived.length > 0);
  b.transport.configure(config("b"));
  b.transport.configure(config("b", { port: port + 5 }));
  a.transport.configure(config("a", { port: port + 5 }));
  const sendNew = () => a.transport.send(0, "group", Buffer.from("new"));
  await sendUntil(sendNew, () => b.arrived.some(({ text }) => text === "new"));
});
