import { describe, expect, test } from "vitest";
import { interimSpeaker } from "./interim-speaker.ts";
import { MessagingNet } from "./messaging-net.ts";

const NODES = ["a", "b", "c"];

const speaker = (net: MessagingNet, name: string) => interimSpeaker(net, NODES, name);

describe("frames that a daemon leaves for the time after its death", () => {
  test("keep its peers from missing it, some seconds long and no longer", () => {
    const net = new MessagingNet({ nodes: NODES, links: 2 }).startAll().run(1000);
    const speak = speaker(net, "a");
    net.crash("a");
    speak(50);
    expect(net.told("peer-down")).toEqual([]);
    speak(1_000);
    net.run(1_000);
    expect(net.told("peer-down").map(({ observer }) => observer)).toEqual(["b", "c"]);
    expect(net.now).toBeLessThan(5_000);
  });

  test("end with the first word of the next daemon, which peers hear as a restart", () => {
    const net = new MessagingNet({ nodes: NODES }).startAll().run(1000);
    const speak = speaker(net, "a");
    net.crash("a");
    speak(20);
    net.start("a");
    net.run(200);
    expect(net.told("peer-down", "b")).toMatchObject([{ node: "a", reason: "restarted" }]);
    expect(net.told("peer-up", "b").filter(({ node }) => node === "a")).toHaveLength(2);
    speak(5);
    expect(net.told("peer-down", "b")).toHaveLength(1);
    expect(net.counters("b")["old-incarnation"]).toBe(5);
  });

  test("are not sealed where they would come too late", () => {
    const net = new MessagingNet({ nodes: NODES, intervalMs: 10 }).startAll();
    expect(net.interimFrames("a").rounds).toEqual([]);
  });

  test("are taken once each", () => {
    const net = new MessagingNet({ nodes: NODES }).startAll().run(1000);
    const [again] = [speaker(net, "a"), speaker(net, "a")];
    const frames = net.interimFrames("a");
    net.crash("a");
    again(3);
    const from = { address: "10.0.0.9", port: 1 };
    const first = frames.rounds[0]?.[0];
    for (let i = 0; i < 3; i++) {
      net.input("b", { kind: "datagram", link: 0, from, bytes: first?.bytes ?? new Uint8Array() });
    }
    expect(net.counters("b")["replayed"]).toBe(2);
  });
});
