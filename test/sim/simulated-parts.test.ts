import { describe, expect, test } from "vitest";
import { SeededRandom } from "../../src/core/random.ts";
import type { AgentCommand, AgentOutcome } from "../../src/model/operation.ts";
import { AgentWorld } from "./agent-world.ts";
import { CrashingDisk } from "./crashing-disk.ts";
import { EventQueue } from "./event-queue.ts";
import { FAIR_WEATHER, FaultyNetwork } from "./faulty-network.ts";
import { NodeClock } from "./node-clock.ts";

function drain(queue: EventQueue, until = Number.POSITIVE_INFINITY): void {
  while (queue.runNext(until)) {}
}

describe("the network", () => {
  function setUp() {
    const queue = new EventQueue();
    const got: string[] = [];
    const network = new FaultyNetwork(
      queue,
      new SeededRandom(1),
      ["a", "b", "c"],
      (to, link, from, bytes) => got.push(`${from}>${to}#${link}:${bytes.join(".")}`),
    );
    return { queue, network, got };
  }

  test("reaches all others by group, one by name", () => {
    const { queue, network, got } = setUp();
    network.send("a", 0, "group", Uint8Array.of(1));
    network.send("b", 1, "a", Uint8Array.of(2));
    drain(queue);
    expect(got.sort()).toEqual(["a>b#0:1", "a>c#0:1", "b>a#1:2"]);
  });

  test("a partition stops both directions, a one-way cut only one, healing ends both", () => {
    const { queue, network, got } = setUp();
    network.partition([["a"], ["b", "c"]], 2);
    network.cutBetween(["b"], ["c"], 1);
    for (const [from, to] of [
      ["a", "b"],
      ["b", "a"],
      ["b", "c"],
      ["c", "b"],
    ] as const) {
      network.send(from, 0, to, Uint8Array.of(7));
    }
    drain(queue);
    expect(got).toEqual(["c>b#0:7"]);
    network.healAll();
    network.send("a", 0, "b", Uint8Array.of(8));
    drain(queue);
    expect(got).toContain("a>b#0:8");
  });

  test("what is on its way when the cut happens does not arrive", () => {
    const { queue, network, got } = setUp();
    network.send("a", 0, "b", Uint8Array.of(1));
    network.cutPath("a", 0, "b");
    drain(queue);
    expect(got).toEqual([]);
  });

  test("loses, doubles and damages as the weather says, the same way for the same seed", () => {
    const runs = [0, 1].map(() => {
      const { queue, network, got } = setUp();
      network.weather = { ...FAIR_WEATHER, loss: 0.2, duplication: 0.2, corruption: 0.2 };
      for (let i = 0; i < 200; i++) network.send("a", 0, "b", Uint8Array.of(i));
      drain(queue);
      return { got, counters: network.counters };
    });
    expect(runs[0]).toEqual(runs[1]);
    const { lost, duplicated, corrupted, delivered } = runs[0]!.counters;
    expect([lost, duplicated, corrupted].every((count) => count > 20 && count < 60)).toBe(true);
    expect(delivered).toBe(200 - lost + duplicated);
  });
});

describe("the disk", () => {
  const write = (key: string, value: number) => ({ key, bytes: Uint8Array.of(value) });

  test("is durable only when it says so", () => {
    const queue = new EventQueue();
    const disk = new CrashingDisk(queue, new SeededRandom(1));
    let said = 0;
    disk.write([write("a", 1)], () => said++);
    expect(disk.contents().size).toBe(0);
    drain(queue);
    expect(said).toBe(1);
    expect(disk.contents().get("a")).toEqual(Uint8Array.of(1));
  });

  test("a crash keeps the batch under way whole or not at all, loses what queued, and tells nobody", () => {
    const kept = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const queue = new EventQueue();
      const disk = new CrashingDisk(queue, new SeededRandom(seed));
      let said = 0;
      disk.write([write("a", 1), write("b", 2)], () => said++);
      disk.write([write("c", 3)], () => said++);
      disk.crash();
      drain(queue);
      expect(said).toBe(0);
      kept.add([...disk.contents().keys()].join(""));
    }
    expect([...kept].sort()).toEqual(["", "ab"]);
  });

  test("a full disk says so, keeps what it had, and writes what waited once there is room", () => {
    const queue = new EventQueue();
    const disk = new CrashingDisk(queue, new SeededRandom(1));
    disk.write([write("a", 1)], () => {});
    drain(queue);
    disk.isFull = true;
    const said: string[] = [];
    disk.write(
      [write("a", 2)],
      () => said.push("done"),
      (problem) => said.push(problem),
    );
    drain(queue, queue.now + 100);
    expect(said).toEqual(["no space left on device"]);
    expect(disk.contents().get("a")).toEqual(Uint8Array.of(1));
    disk.isFull = false;
    drain(queue);
    expect(said.at(-1)).toBe("done");
    expect(disk.contents().get("a")).toEqual(Uint8Array.of(2));
  });

  test("a lying disk keeps what it had of the keys that it lies about", () => {
    const queue = new EventQueue();
    const disk = new CrashingDisk(queue, new SeededRandom(1));
    disk.write([write("vote", 1)], () => {});
    drain(queue);
    disk.lies = (key) => key === "vote";
    let said = 0;
    disk.write([write("vote", 2), write("log", 3)], () => said++);
    drain(queue);
    expect(said).toBe(1);
    expect(disk.contents().get("vote")).toEqual(Uint8Array.of(1));
    expect(disk.contents().get("log")).toEqual(Uint8Array.of(3));
  });
});

describe("the agents' world", () => {
  function setUp() {
    const queue = new EventQueue();
    const world = new AgentWorld("node1", queue, new SeededRandom(1));
    let runId = 0;
    const run = (action: string, timeoutMs = 20_000) => {
      const outcomes: AgentOutcome[] = [];
      const command: AgentCommand = {
        runId: ++runId,
        agent: { class: "ocf", provider: "paceline", type: "stateful" },
        action,
        resource: "db",
        env: {},
        params: {},
        timeoutMs,
      };
      world.run(command, (outcome) => outcomes.push(outcome));
      return outcomes;
    };
    return { queue, world, run };
  }

  test("a resource goes through its life", () => {
    const { queue, world, run } = setUp();
    const codes = [
      "monitor",
      "start",
      "monitor",
      "promote",
      "monitor",
      "demote",
      "stop",
      "monitor",
    ].map((action) => {
      const outcomes = run(action);
      drain(queue);
      return outcomes[0]?.rc;
    });
    expect(codes).toEqual([7, 0, 0, 0, 8, 0, 0, 7]);
    expect(world.active().size).toBe(0);
  });

  test("a start counts from its beginning, a stop only at its end", () => {
    const { queue, world, run } = setUp();
    run("start");
    expect(world.active().has("db")).toBe(true);
    drain(queue);
    run("stop");
    expect(world.active().has("db")).toBe(true);
    drain(queue);
    expect(world.active().has("db")).toBe(false);
  });

  test("a hanging agent is cut short at its deadline, a killed one at once", () => {
    const { queue, world, run } = setUp();
    world.faults = () => ({ kind: "hang" });
    const late = run("stop", 5_000);
    const killed = run("start", 60_000);
    world.killRun(2);
    drain(queue);
    expect(late[0]).toMatchObject({ reason: "timeout", rc: undefined, durationMs: 5_000 });
    expect(killed[0]).toMatchObject({ reason: "killed" });
  });

  test("agents outlive the daemon, but not the host", () => {
    const { queue, world, run } = setUp();
    const orphan = run("start");
    drain(queue);
    const stop = run("stop");
    world.orphanRuns();
    drain(queue);
    expect(orphan).toHaveLength(1);
    expect(stop).toEqual([]);
    expect(world.active().has("db")).toBe(false);
    run("start");
    world.clear();
    drain(queue);
    expect(world.active().size).toBe(0);
  });
});

test("a host's clocks: their own origin and rate, and a wall clock that jumps", () => {
  const clock = new NodeClock(5_000, 100, 0);
  expect(clock.monotonic(1_000_000)).toBeCloseTo(1_005_100, 5);
  expect(clock.trueTime(clock.monotonic(123_456))).toBeCloseTo(123_456, 5);
  const before = clock.wall(1_000);
  clock.jump(-60_000);
  expect(clock.wall(1_000) - before).toBe(-60_000);
});
