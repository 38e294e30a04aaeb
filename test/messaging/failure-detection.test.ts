import { describe, expect, test } from "vitest";
import { body, MessagingNet } from "./messaging-net.ts";

describe("a cluster comes up", () => {
  test.each(["multicast", "unicast"] as const)("by %s", (transport) => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"], transport, links: 2 })
      .startAll()
      .run(500);
    for (const observer of ["a", "b", "c"]) {
      const others = ["a", "b", "c"].filter((name) => name !== observer);
      expect(
        net
          .told("peer-up", observer)
          .map(({ node }) => node)
          .sort(),
      ).toEqual(others);
      expect(net.told("link", observer)).toHaveLength(4);
      const last = net.told("peer-advert", observer).at(-1);
      expect(last?.hears).toHaveLength(2);
    }
    expect(net.told("peer-down")).toEqual([]);
  });

  test("and nobody is taken for dead while nothing happens", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(60_000);
    expect(net.told("peer-down")).toEqual([]);
    expect(net.told("self-paused")).toEqual([]);
  });
});

describe("a crash is known", () => {
  test.each([
    { intervalMs: 1000, within: 1900 },
    { intervalMs: 100, within: 190 },
    { intervalMs: 50, within: 95 },
    { intervalMs: 10, within: 30 },
  ])(
    "within $within ms of the last frame at an interval of $intervalMs ms",
    ({ intervalMs, within }) => {
      const net = new MessagingNet({ nodes: ["a", "b", "c"], intervalMs }).startAll();
      net.run(20 * intervalMs + intervalMs / 3);
      net.crash("a");
      net.run(5 * intervalMs);
      for (const observer of ["b", "c"]) {
        const [down, ...more] = net.told("peer-down", observer);
        expect(more).toEqual([]);
        expect(down).toMatchObject({ node: "a", reason: "silent" });
        expect(down!.at - down!.lastHeard).toBeLessThanOrEqual(within);
        expect(down!.at - down!.lastHeard).toBeGreaterThan(intervalMs);
      }
    },
  );
});

test("a second failure is known as fast as the first: an outage is not taken for a lossy network", () => {
  const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
  for (let round = 0; round < 3; round++) {
    net.isolate("a");
    net.run(1500);
    net.heal();
    net.run(1000);
  }
  for (const down of net.told("peer-down", "b")) {
    expect(down.at - down.lastHeard).toBeLessThanOrEqual(190);
  }
  expect(net.told("peer-down", "b")).toHaveLength(3);
});

test("a fifteenth failure is known as fast as the first: pings that waited for an address to be resolved say nothing of the way", () => {
  const net = new MessagingNet({ nodes: ["a", "b"], intervalMs: 10 }).startAll().run(1000);
  for (let round = 0; round < 15; round++) {
    net.isolate("a");
    net.run(500);
    net.heal();
    net.resolveAnew(400);
    net.run(600);
  }
  const silences = net.told("peer-down", "b").map(({ at, lastHeard }) => at - lastHeard);
  expect(silences).toHaveLength(15);
  expect(Math.max(...silences)).toBeLessThanOrEqual(30);
});

describe("no false alarm", () => {
  test("when one of two links fails; the link is told", () => {
    const net = new MessagingNet({ nodes: ["a", "b"], links: 2 }).startAll().run(1000);
    net.isolate("a", 1);
    net.run(5000);
    expect(net.told("peer-down")).toEqual([]);
    expect(net.told("link", "b", "a").at(-1)).toMatchObject({ link: 1, up: false });
    net.heal();
    net.run(500);
    expect(net.told("link", "b", "a").at(-1)).toMatchObject({ link: 1, up: true });
  });

  test("when a fifth of all datagrams is lost", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"], loss: 0.2, seed: 5 })
      .startAll()
      .run(120_000);
    expect(net.told("peer-down")).toEqual([]);
  });

  test("at an interval of 10 ms when every tick is up to 8 ms late", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"], intervalMs: 10 }).startAll();
    for (const name of ["a", "b", "c"]) net.jitterTicks(name, 8);
    net.run(60_000);
    expect(net.told("peer-down")).toEqual([]);
  });

  test("by a node that was itself paused; it says so first", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.pause("a", 2000);
    net.run(3000);
    expect(net.told("self-paused", "a")).toHaveLength(1);
    expect(net.told("self-paused", "a")[0]!.ms).toBeGreaterThan(1800);
    expect(net.told("peer-down", "a")).toEqual([]);
    expect(net.told("peer-down", "b")).toMatchObject([{ node: "a", reason: "silent" }]);
    expect(net.told("peer-up", "b", "a")).toHaveLength(2);
  });

  test("by a paused node when its peer really died meanwhile: it is down, but not before a whole advertisement was missed again", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.pause("a", 2000);
    net.run(100);
    net.crash("b");
    net.run(3000);
    const [down] = net.told("peer-down", "a");
    const [paused] = net.told("self-paused", "a");
    expect(down!.at - paused!.at).toBeGreaterThan(124);
    expect(down!.at - paused!.at).toBeLessThan(400);
  });
});

describe("one direction is lost", () => {
  test("the deaf node hears nobody, and the others see that in what it hears", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(1000);
    net.cut("b", "a");
    net.cut("c", "a");
    net.run(1000);
    expect(
      net
        .told("peer-down", "a")
        .map(({ node }) => node)
        .sort(),
    ).toEqual(["b", "c"]);
    expect(net.told("peer-down", "b")).toEqual([]);
    expect(net.told("peer-advert", "b", "a").at(-1)).toMatchObject({ hears: [] });
  });

  test("between two of three: a third one's word delays the verdict, but not beyond the bound", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(1000);
    net.cut("a", "b");
    net.run(1000);
    const [down] = net.told("peer-down", "b", "a");
    expect(down!.at - down!.lastHeard).toBeGreaterThan(190);
    expect(down!.at - down!.lastHeard).toBeLessThanOrEqual(300 + 61);
    expect(net.told("peer-down", "c")).toEqual([]);
  });
});

describe("evidence is quicker than silence", () => {
  test("a leaving node is down at once and stays so", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(1000);
    net.post("a", { kind: "leave" });
    net.run(1000);
    const [down] = net.told("peer-down", "b", "a");
    expect(down).toMatchObject({ reason: "left" });
    expect(down!.at).toBeLessThan(1005);
    expect(net.told("note", "a")).toMatchObject([{ event: "leave-sent" }]);
    expect(net.told("peer-up", "b", "a")).toHaveLength(1);
  });

  test("a leaving node is down even if the first goodbye is lost", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.isolate("a");
    net.post("a", { kind: "leave" });
    net.run(10).heal();
    net.run(1000);
    expect(net.told("peer-down", "b", "a")).toMatchObject([{ reason: "left" }]);
  });

  test("a restarted node is down and up again at its first advertisement", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.crash("a");
    net.run(20);
    net.start("a");
    net.run(200);
    expect(net.told("peer-down", "b")).toMatchObject([{ node: "a", reason: "restarted" }]);
    const ups = net.told("peer-up", "b", "a");
    expect(ups).toHaveLength(2);
    expect(ups[1]!.incarnation).toBeGreaterThan(ups[0]!.incarnation);
  });
});

describe("a main loop that does not respond", () => {
  test("for two seconds is nobody's business", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.blockMain("a", true);
    net.run(2000);
    net.blockMain("a", false);
    net.run(2000);
    expect(net.told("peer-down")).toEqual([]);
  });

  test("for long is a death; when it responds again the peer is up", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.blockMain("a", true);
    net.run(7000);
    expect(net.told("peer-down", "b")).toMatchObject([{ node: "a", reason: "stuck" }]);
    expect(net.told("note", "a")).toMatchObject([{ event: "main-stuck" }]);
    net.blockMain("a", false);
    net.run(1000);
    expect(net.told("peer-up", "b", "a")).toHaveLength(2);
  });
});

describe("what an advertisement says", () => {
  test("reaches peers at once when it changes, not at the next interval", () => {
    const net = new MessagingNet({ nodes: ["a", "b"], intervalMs: 1000 }).startAll().run(3300);
    net.post("a", { kind: "advertise", body: body({ dc: "a", term: 3 }) });
    net.run(5);
    expect(net.told("peer-advert", "b", "a").at(-1)).toMatchObject({
      advert: { dc: "a", term: 3 },
    });
  });

  test("goes out at once right after a regular one", () => {
    const net = new MessagingNet({ nodes: ["a", "b"], intervalMs: 1000 }).startAll().run(3300);
    for (const before = net.datagrams; net.datagrams === before; ) net.run(1);
    net.post("a", { kind: "advertise", body: body({ term: 3 }) });
    net.run(5);
    expect(net.told("peer-advert", "b", "a").at(-1)).toMatchObject({ advert: { term: 3 } });
  });

  test("wakes nobody for a hint alone, which travels with the next one", () => {
    const net = new MessagingNet({ nodes: ["a", "b"], intervalMs: 1000 }).startAll().run(3300);
    const told = net.told("peer-advert", "b", "a").length;
    const { datagrams } = net;
    net.post("a", { kind: "advertise", body: body({ activeDigest: "other", load: 7 }) });
    net.run(5);
    expect(net.datagrams).toBe(datagrams);
    net.run(1000);
    expect(net.told("peer-advert", "b", "a")).toHaveLength(told);
    net.post("a", { kind: "advertise", body: body({ term: 3, activeDigest: "other", load: 7 }) });
    net.run(5);
    expect(net.told("peer-advert", "b", "a").at(-1)).toMatchObject({
      advert: { term: 3, activeDigest: "other", load: 7 },
    });
  });

  test("a burst of changes is no burst of frames", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    const before = net.datagrams;
    for (let term = 1; term <= 50; term++) {
      net.post("a", { kind: "advertise", body: body({ term }) });
      net.run(1);
    }
    expect(net.datagrams - before).toBeLessThan(10);
    net.run(30);
    expect(net.told("peer-advert", "b", "a").at(-1)).toMatchObject({ advert: { term: 50 } });
  });
});

describe("the definition changes", () => {
  test("a removed node is gone, an added one is heard", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(500);
    const nodes = net.config("a").nodes.filter(({ name }) => name !== "c");
    net.post("a", { kind: "configure", config: net.config("a", { nodes }) });
    net.run(500);
    expect(net.told("peer-down", "a")).toMatchObject([{ node: "c", reason: "left" }]);
    expect(net.counters("a")["unknown-sender"]).toBeGreaterThan(3);
    net.post("a", { kind: "configure", config: net.config("a") });
    net.run(500);
    expect(net.told("peer-up", "a", "c")).toHaveLength(2);
  });

  test("one that was taken out of it is told by unicast that others are there, and is heard by none", () => {
    const nodes = ["a", "b", "c"];
    const net = new MessagingNet({ nodes, transport: "unicast", links: 2 }).startAll().run(500);
    const left = net.config("a").nodes.filter(({ name }) => name !== "c");
    for (const name of ["a", "b"])
      net.post(name, { kind: "configure", config: net.config(name, { nodes: left }) });
    net.crash("c");
    net.run(1000);
    net.start("c");
    const before = net.datagrams;
    net.run(2000);
    expect(
      net
        .told("peer-up", "c")
        .slice(2)
        .map(({ node }) => node),
    ).toEqual(["a", "b"]);
    expect(net.told("peer-down", "c")).toEqual([]);
    expect(net.told("peer-up", "a", "c")).toHaveLength(1);
    // Each answers what it hears, and answers are not answered.
    expect(net.datagrams - before).toBeLessThan(2 * 2 * 20 * 4);
  });

  test("strangers to each other say no more than peers would", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"], transport: "unicast" }).startAll();
    net.run(500);
    const count = (): number => {
      const before = net.datagrams;
      net.run(2000);
      return net.datagrams - before;
    };
    const asPeers = count();
    for (const [name, other] of [
      ["a", "b"],
      ["b", "a"],
    ] as const) {
      const nodes = net.config(name).nodes.filter((node) => node.name !== other);
      net.post(name, { kind: "configure", config: net.config(name, { nodes }) });
    }
    net.run(500);
    expect(count()).toBeLessThanOrEqual(asPeers);
  });

  test("a longer interval on one node does not make it look dead to the others", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(500);
    net.post("a", { kind: "configure", config: net.config("a", { advertIntervalMs: 1000 }) });
    net.run(20_000);
    expect(net.told("peer-down")).toEqual([]);
  });
});

describe("two daemons with one name", () => {
  test("are told, unless the other is an echo of the own earlier life", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(500);
    const twin = new MessagingNet({ nodes: ["a", "b"], seed: 9, firstIncarnation: 5000 });
    twin.start("a");
    expect(twin.told("name-conflict")).toEqual([]);
    exchange(net, twin, "a", 3000);
    expect(net.told("name-conflict", "a")).toMatchObject([
      { node: "a", address: "10.0.0.1:7700", superseded: true },
    ]);
    expect(twin.told("name-conflict", "a")).toMatchObject([{ superseded: false }]);
    expect(net.told("name-conflict", "a")[0]!.at).toBeLessThan(700);
    expect(twin.told("name-conflict", "a")).toHaveLength(1);
  });
});

/** Lets two networks hear each other's multicasts of one node. */
function exchange(one: MessagingNet, other: MessagingNet, name: string, ms: number): void {
  one.wiretap = (frame) => other.input(name, frame);
  other.wiretap = (frame) => one.input(name, frame);
  for (let i = 0; i < ms / 10; i++) {
    one.run(10);
    other.run(10);
  }
}
