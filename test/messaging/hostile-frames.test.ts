import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import { body, MessagingNet } from "./messaging-net.ts";

type Datagram = Parameters<NonNullable<MessagingNet["wiretap"]>>[0];

const FROM = { address: "10.0.0.66", port: 7700 };

/** The name of the sender follows it, in this file one letter long. */
const LAST_OF_FIXED_HEADER = 35;

function senderOf(bytes: Uint8Array): string {
  return String.fromCharCode(bytes[LAST_OF_FIXED_HEADER + 1]!);
}

function recorded(net: MessagingNet, ms: number): Datagram[] {
  const frames: Datagram[] = [];
  net.wiretap = (frame) => frames.push(frame);
  net.run(ms);
  net.wiretap = undefined;
  return frames;
}

describe("whoever has no key changes nothing", () => {
  test("noise of 64 KB costs a counter and one line", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    const random = new SeededRandom(4);
    const noise = Uint8Array.from({ length: 65_507 }, () => random.below(256));
    const before = net.events.length;
    for (let i = 0; i < 10_000; i++) {
      net.input("a", { kind: "datagram", link: 0, from: FROM, bytes: noise });
    }
    expect(net.counters("a")["too-long"]).toBe(10_000);
    expect(net.events.slice(before)).toMatchObject([{ kind: "note", event: "frames-dropped" }]);
    net.run(1000);
    expect(net.told("peer-down")).toEqual([]);
  });

  test("recorded frames, played again while their sender is dead, do not keep it alive", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    const frames = recorded(net, 1000);
    net.crash("a");
    for (let i = 0; i < 50; i++) {
      for (const frame of frames) net.input("b", frame);
      net.run(10);
    }
    expect(net.told("peer-down", "b")).toMatchObject([{ node: "a", reason: "silent" }]);
    expect(net.told("peer-up", "b")).toHaveLength(1);
    expect(net.counters("b")["replayed"]).toBeGreaterThan(100);
  });

  test("frames of an earlier life do not bring it back", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    const frames = recorded(net, 500);
    net.crash("a");
    net.run(50);
    net.start("a");
    net.run(500);
    const before = net.told("peer-down", "b").length;
    for (const frame of frames) net.input("b", frame);
    net.run(500);
    expect(net.told("peer-down", "b")).toHaveLength(before);
    expect(net.counters("b")["old-incarnation"]).toBeGreaterThan(4);
  });

  test("a message recorded before a restart is not delivered to the new incarnation", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll().run(1000);
    net.post("a", { kind: "send", to: "b", payload: new Uint8Array(10) });
    const frames = recorded(net, 50);
    net.crash("b");
    net.start("b");
    net.run(500);
    const before = net.told("message", "b").length;
    for (const frame of frames) net.input("b", frame);
    net.run(500);
    expect(net.told("message", "b")).toHaveLength(before);
  });

  test("is answered nothing, under a name that no node has or with what was recorded of a stranger", () => {
    const nodes = ["a", "b", "c"];
    const net = new MessagingNet({ nodes, transport: "unicast" }).startAll().run(500);
    const left = net.config("a").nodes.filter(({ name }) => name !== "c");
    net.post("a", { kind: "configure", config: net.config("a", { nodes: left }) });
    net.run(500);
    const [a, , c] = net.config("a").nodes.map(({ addresses }) => addresses[0]);
    const frames: Datagram[] = [];
    const answers: string[] = [];
    net.wiretap = (frame, to) => {
      if (frame.from.address === c && to === a) frames.push(frame);
      if (frame.from.address === a && to === c) answers.push(senderOf(frame.bytes));
    };
    net.run(500);
    expect(answers.length).toBeGreaterThan(4);
    // From now on the network brings nothing of it any more.
    net.cut("c", "a");
    const known = [...frames];
    net.run(100);
    answers.length = 0;
    for (const frame of known) {
      net.input("a", frame);
      const forged = Uint8Array.from(frame.bytes);
      forged[LAST_OF_FIXED_HEADER + 1] = "d".charCodeAt(0);
      net.input("a", { ...frame, bytes: forged });
      net.run(10);
    }
    expect(net.counters("a")["unknown-sender"]).toBeGreaterThan(2 * known.length);
    expect(answers).toEqual([]);
  });

  test("a frame that was meant for another node is not taken", () => {
    const net = new MessagingNet({ nodes: ["a", "b", "c"] }).startAll().run(1000);
    net.post("a", { kind: "send", to: "b", payload: new Uint8Array(10) });
    const frames = recorded(net, 5);
    for (const frame of frames) net.input("c", frame);
    expect(net.told("message", "c")).toEqual([]);
    expect(net.counters("c")["misdirected"]).toBeGreaterThan(0);
  });
});

describe("neighbours on the same wire", () => {
  test("another cluster in the same group is counted and told once", () => {
    const net = new MessagingNet({ nodes: ["a", "b"] }).startAll();
    const other = new MessagingNet({ nodes: ["a", "b"], seed: 2 });
    other.start("a", { cluster: "other" });
    other.wiretap = (frame) => net.input("b", frame);
    for (let i = 0; i < 100; i++) {
      net.run(20);
      other.run(20);
    }
    expect(net.counters("b")["foreign-cluster"]).toBeGreaterThan(15);
    expect(net.told("note", "b")).toMatchObject([
      { event: "frames-dropped", fields: { reason: "foreign-cluster" } },
    ]);
    expect(net.told("peer-down")).toEqual([]);
  });

  test("keys are changed on all nodes one after the other without a peer going down", () => {
    const names = ["a", "b", "c"];
    const net = new MessagingNet({ nodes: names }).startAll().run(500);
    const old = { id: 1, secret: new Uint8Array(32).fill(7) };
    const fresh = { id: 2, secret: new Uint8Array(32).fill(9) };
    for (const keys of [[old, fresh], [fresh, old], [fresh]]) {
      for (const name of names) {
        net.input(name, { kind: "keys", keys });
        net.run(300);
      }
    }
    net.post("a", { kind: "advertise", body: body({ term: 5 }) });
    net.run(50);
    expect(net.told("peer-down")).toEqual([]);
    expect(net.told("peer-advert", "c", "a").at(-1)).toMatchObject({ advert: { term: 5 } });
    expect(net.counters("a")["unknown-key"]).toBeUndefined();
  });
});
