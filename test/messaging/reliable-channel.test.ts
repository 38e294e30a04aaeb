import { describe, expect, test } from "vitest";
import { MAX_MESSAGE_BYTES } from "../../src/messaging/channel-sender.ts";
import { MessagingNet, type NetOptions } from "./messaging-net.ts";

function up(options: Partial<NetOptions> = {}): MessagingNet {
  return new MessagingNet({ nodes: ["a", "b"], ...options }).startAll().run(1000);
}

function pattern(size: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) & 0xff);
}

function received(net: MessagingNet, observer = "b"): Uint8Array[] {
  return net.told("message", observer).map(({ payload }) => payload);
}

describe("a message arrives", () => {
  test.each([0, 1, 1200, 1400, 100_000])("of %i bytes", (size) => {
    const net = up();
    net.post("a", { kind: "send", to: "b", payload: pattern(size, 1) });
    net.run(1000);
    expect(received(net)).toHaveLength(1);
    expect(Buffer.compare(received(net)[0]!, pattern(size, 1))).toBe(0);
  });

  test.each([
    { delayMs: 0.2, jitterMs: 0.2, withinMs: 6000 },
    { delayMs: 5, jitterMs: 10, withinMs: 30_000 },
  ])(
    "of 4 MB at 20 % loss, delay $delayMs ms and jitter $jitterMs ms",
    ({ withinMs, ...options }) => {
      const net = up({ loss: 0.2, duplicate: 0.05, seed: 3, ...options });
      const payload = pattern(4 * 1024 * 1024, 2);
      const start = net.now;
      net.post("a", { kind: "send", to: "b", payload });
      net.runUntil(start + withinMs, () => received(net).length > 0);
      expect(received(net)).toHaveLength(1);
      expect(Buffer.compare(received(net)[0]!, payload)).toBe(0);
      console.info(
        `4 MB: ${Math.round(net.now - start)} ms of virtual time, ${net.datagrams} datagrams`,
      );
    },
  );

  test("while the kernel resolves the address of a node that is back anew: by the group", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(1000);
    net.isolate("a");
    net.run(500);
    net.heal();
    net.resolveAnew(1000);
    net.runUntil(net.now + 500, () => net.told("peer-up", "a", "b").length === 2);
    net.post("a", { kind: "send", to: "b", payload: pattern(5000, 1) });
    net.run(20);
    expect(received(net).map((it) => Buffer.compare(it, pattern(5000, 1)))).toEqual([0]);
    net.run(1500);
    const sentTo: string[] = [];
    net.wiretap = (_frame, to) => sentTo.push(to);
    net.post("b", { kind: "send", to: "a", payload: pattern(5000, 2) });
    net.run(5);
    expect(received(net, "a").map((it) => Buffer.compare(it, pattern(5000, 2)))).toEqual([0]);
    expect(sentTo.filter((to) => to === "10.0.0.1").length).toBeGreaterThan(3);
    expect(received(net, "c")).toEqual([]);
  });

  test("and so does every other one, in order, both ways at once, with loss and duplicates", () => {
    const net = up({ loss: 0.15, duplicate: 0.1, jitterMs: 3, seed: 11 });
    for (let i = 0; i < 300; i++) {
      net.post("a", { kind: "send", to: "b", payload: pattern(i * 7, i) });
      net.post("b", { kind: "send", to: "a", payload: pattern(i * 5, i) });
      if (i % 10 === 0) net.run(5);
    }
    net.run(20_000);
    for (const [observer, factor] of [
      ["b", 7],
      ["a", 5],
    ] as const) {
      expect(received(net, observer).map((payload) => payload.length)).toEqual(
        Array.from({ length: 300 }, (_, i) => i * factor),
      );
    }
  });

  test("over the other link when one fails, without waiting for the failure to be known", () => {
    const net = up({ links: 2 });
    net.isolate("a", 0);
    const start = net.now;
    net.post("a", { kind: "send", to: "b", payload: pattern(10, 1) });
    net.runUntil(start + 5000, () => received(net).length > 0);
    expect(received(net)).toHaveLength(1);
    expect(net.now - start).toBeLessThan(200);
  });

  test("when the sender's link is deaf but another one works both ways", () => {
    const net = up({ links: 2 });
    net.cut("b", "a", 0);
    net.run(1000);
    for (let i = 0; i < 20; i++)
      net.post("a", { kind: "send", to: "b", payload: pattern(3000, i) });
    net.run(300);
    expect(received(net)).toHaveLength(20);
  });
});

describe("a channel begins anew", () => {
  test("for a restarted peer, which gets nothing meant for its former self", () => {
    const net = up();
    net.cut("a", "b");
    net.post("a", { kind: "send", to: "b", payload: pattern(5, 1) });
    net.run(20);
    net.crash("b");
    net.heal();
    net.start("b");
    net.run(500);
    net.post("a", { kind: "send", to: "b", payload: pattern(6, 2) });
    net.run(500);
    expect(received(net).map((payload) => payload.length)).toEqual([6]);
  });

  test("for a peer that was silent: what was under way is lost, what is sent after it is up arrives", () => {
    const net = up();
    net.isolate("a");
    net.post("a", { kind: "send", to: "b", payload: pattern(5, 1) });
    net.run(1000);
    net.post("a", { kind: "send", to: "b", payload: pattern(6, 1) });
    net.heal();
    net.run(500);
    net.post("a", { kind: "send", to: "b", payload: pattern(7, 2) });
    net.run(500);
    expect(received(net).map((payload) => payload.length)).toEqual([7]);
    expect(net.told("note", "a")).toMatchObject([{ event: "send-dropped" }]);
  });
});

describe("limits", () => {
  test("a message that is too large is refused with an error", () => {
    const net = up();
    net.post("a", { kind: "send", to: "b", payload: new Uint8Array(MAX_MESSAGE_BYTES + 1) });
    expect(net.told("note", "a")).toMatchObject([{ level: "error", event: "send-refused" }]);
  });

  test("every datagram fits max-datagram", () => {
    const net = up();
    let largest = 0;
    net.wiretap = ({ bytes }) => {
      largest = Math.max(largest, bytes.length);
    };
    net.post("a", { kind: "send", to: "b", payload: pattern(50_000, 1) });
    net.run(1000);
    expect(largest).toBeLessThanOrEqual(1400);
    expect(largest).toBeGreaterThan(1300);
  });

  test("a stuck receiver takes nothing more, is not flooded, and goes on when it responds again", () => {
    const net = up();
    net.blockMain("b", true);
    net.run(3500);
    const before = net.datagrams;
    for (let i = 0; i < 50; i++)
      net.post("a", { kind: "send", to: "b", payload: pattern(2000, i) });
    net.run(1000);
    expect(received(net)).toEqual([]);
    expect(net.datagrams - before).toBeLessThan(200);
    net.blockMain("b", false);
    net.run(1500);
    expect(received(net)).toHaveLength(50);
  });

  test("nothing is sent while nothing is to be said but advertisements", () => {
    const net = up();
    net.post("a", { kind: "send", to: "b", payload: pattern(2000, 1) });
    net.run(2000);
    const before = net.datagrams;
    net.run(10_000);
    expect(net.datagrams - before).toBeLessThan(2 * 100 + 10);
  });
});
