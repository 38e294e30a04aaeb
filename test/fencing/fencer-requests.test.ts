import { describe, expect, test } from "vitest";
import type { FencingSettings } from "../../src/model/definition.ts";
import { BMC, device, FenceLab, SUPPLIES, settings, unreachable } from "./fence-lab.ts";

describe("several at once", () => {
  test("different nodes concurrently, the same node once for all who ask", () => {
    const lab = new FenceLab(settings([device("x", ["a"]), device("y", ["b"])]));
    lab.fence("a", "off");
    lab.fence("b", "off");
    lab.fence("a", "off");
    lab.run();
    expect(lab.calls.slice(0, 2).map(({ at, call }) => [at, call])).toEqual([
      [0, "x off"],
      [0, "y off"],
    ]);
    expect(lab.results().map(({ target, keys }) => [target, keys.length])).toEqual([
      ["a", 2],
      ["b", 1],
    ]);
  });

  test("off beside a reboot keeps it off; on beside an off is refused", () => {
    const lab = new FenceLab(BMC);
    lab.fence("a", "reboot");
    lab.fence("a", "off");
    lab.fence("a", "on");
    expect(lab.results()).toMatchObject([{ ok: false, detail: "reboot of a is under way" }]);
    lab.run();
    expect(lab.power.get("bmc a")).toBe("off");
  });
});

describe("delays", () => {
  const delayed = settings([device("bmc", ["a"], { "delay-base": "2s", "delay-max": "5s" })]);

  test("base and random delay stay below the maximum, the priority delay comes on top", () => {
    for (let round = 0; round < 20; round++) {
      const lab = new FenceLab(delayed);
      for (let i = 0; i < round; i++) lab.fence("zzz");
      lab.fence("a", "off", { delayMs: 10_000 });
      lab.run();
      expect(lab.calls[0]?.at).toBeGreaterThanOrEqual(12_000);
      expect(lab.calls[0]?.at).toBeLessThanOrEqual(15_000);
    }
  });

  test("an operator is not kept waiting", () => {
    const lab = new FenceLab(delayed);
    lab.fence("a", "off", { byHand: true });
    expect(lab.order()).toEqual(["bmc off"]);
  });
});

describe("held back", () => {
  test("a fence loop is broken, said with what to do, and an operator may go on", () => {
    const lab = new FenceLab(BMC);
    for (let round = 0; round < 7; round++) {
      lab.fence("a", "off");
      lab.run(lab.now + 5_000);
    }
    const [first, ...later] = lab.results().slice(5);
    expect(first).toMatchObject({ ok: false });
    expect(first?.detail).toContain("paceline fence off a");
    expect(later).toMatchObject([{ ok: false }]);
    expect([...lab.fencer.held(lab.now).keys()]).toEqual(["a"]);
    lab.fence("a", "off", { byHand: true });
    lab.run(lab.now + 5_000);
    expect(lab.results().at(-1)).toMatchObject({ ok: true });
    expect(lab.fencer.held(lab.now).size).toBe(0);
  });

  test("a person's order is not held back with the cluster's, which waits to try again", () => {
    const lab = new FenceLab(BMC);
    const fencings = Array.from({ length: 5 }, () => ({ target: "a", agoMs: 1_000 }));
    lab.give({ kind: "history", fencings });
    lab.fence("a", "reboot", { delayMs: 60_000 });
    lab.run(10_000);
    lab.fence("a", "off", { byHand: true });
    lab.run(20_000);
    expect(lab.results()).toMatchObject([{ ok: true }]);
    expect(lab.fencer.held(lab.now).size).toBe(0);
  });

  test("fencings that another coordinator did count as well; old ones do not", () => {
    for (const [agoMs, ok] of [
      [60_000, false],
      [3_600_000, true],
    ] as const) {
      const lab = new FenceLab(BMC);
      const fencings = Array.from({ length: 5 }, () => ({ target: "a", agoMs }));
      lab.give({ kind: "history", fencings });
      lab.fence("a");
      lab.run();
      expect(lab.results()[0]?.ok).toBe(ok);
    }
  });

  test.each([
    ["limit: 2", { limit: 2, windowMs: 15 * 60_000 }, 2],
    ["limit: 0, which is none", { limit: 0, windowMs: 15 * 60_000 }, 7],
    ["window: 12s", { limit: 3, windowMs: 12_000 }, 7],
  ])("fencing-loop-%s", (_what, loop, done) => {
    const lab = new FenceLab(BMC);
    lab.configure(BMC, { loop });
    for (let round = 0; round < 7; round++) {
      lab.fence("a", "off");
      lab.run(lab.now + 5_000);
    }
    expect(lab.results().filter(({ ok }) => ok)).toHaveLength(done);
  });

  test("it says which limit was hit, for how long it holds, and what to do; new limits hold at once", () => {
    const lab = new FenceLab(BMC);
    const agesMs = [40, 31, 22, 13, 4].map((minutes) => minutes * 60_000);
    lab.give({ kind: "history", fencings: agesMs.map((agoMs) => ({ target: "a", agoMs })) });
    expect(lab.fencer.held(lab.now).size).toBe(0);
    lab.configure(BMC, { loop: { limit: 4, windowMs: 60 * 60_000 } });
    expect(lab.fencer.held(lab.now).get("a")).toBe(
      "a was fenced 5 times within 1h (fencing-loop-limit, fencing-loop-window): for the next " +
        "29min it is not fenced by itself, and what it may still run starts nowhere else. " +
        "Find out why it is lost again and again, then run `paceline fence off a` " +
        "or, if it is off, `paceline fence confirm a`",
    );
  });

  test("the quorum guard has a say", () => {
    const lab = new FenceLab(BMC, {}, { guard: () => "quorum cannot spare it" });
    lab.fence("a");
    expect(lab.results()).toMatchObject([{ ok: false, detail: "quorum cannot spare it" }]);
    expect(lab.calls).toEqual([]);
  });
});

describe("by hand", () => {
  test("a confirmation ends what is under way and kills its calls", () => {
    const lab = new FenceLab(BMC, { bmc: () => "silent" });
    lab.fence("a");
    lab.give({ kind: "confirm", target: "a", author: "jo" });
    expect(lab.results()).toMatchObject([{ ok: true, confirmedBy: "jo" }]);
    expect(lab.outputs.some(({ output }) => output.kind === "kill-device")).toBe(true);
    expect(lab.fencer.nextDeadline()).toBeUndefined();
  });

  test("a probe asks every device once and switches nothing", () => {
    const lab = new FenceLab(SUPPLIES, { left: unreachable, right: () => "silent" });
    lab.give({ kind: "probe", key: "p", target: "a", timeoutMs: 10_000 });
    lab.run();
    expect(lab.order()).toEqual(["bmc status", "left status", "right status"]);
    expect(lab.probes()[0]?.answers).toMatchObject([
      { device: "bmc", ok: true, power: "on" },
      { device: "left", ok: false },
      { device: "right", ok: false },
    ]);
  });

  test("devices are checked at their interval, and a failing one is said once", () => {
    const conf = settings([device("bmc", ["a"], { "check-interval": "10min" })]);
    const lab = new FenceLab(conf, { bmc: unreachable });
    lab.configure(conf, { checks: true });
    lab.run(25 * 60_000);
    expect(lab.order()).toEqual(["bmc status", "bmc status", "bmc status"]);
    expect(lab.notes().filter((message) => message.includes("fails its check"))).toHaveLength(1);
    expect(lab.fencer.lastCheck("bmc")).toMatchObject({ ok: false });
  });
});

describe("a definition applied while a device is being checked", () => {
  const INTERVAL = { "check-interval": "10min" };
  const conf = settings([device("bmc", ["a"], INTERVAL)]);

  function checkedInTime(next: FencingSettings): FenceLab {
    const lab = new FenceLab(conf, { bmc: () => ({ after: 5_000, outcome: GOOD }) });
    lab.configure(conf, { checks: true });
    lab.run(32_000);
    expect(lab.order()).toEqual(["bmc status"]);
    lab.configure(next, { checks: true });
    lab.run(40_000);
    return lab;
  }
  const GOOD = { ok: true, power: "on", detail: "power is on" } as const;

  test("the answer counts where the device is what it was", () => {
    const other = settings([device("bmc", ["a"], INTERVAL), device("new", ["b"], INTERVAL)]);
    expect(checkedInTime(other).fencer.lastCheck("bmc")).toMatchObject({ ok: true });
  });

  test("where it is another one it does not, and that one is asked soon", () => {
    const other = settings([device("bmc", ["a"], INTERVAL, "ipmi", { port: "624" })]);
    const lab = checkedInTime(other);
    expect(lab.fencer.lastCheck("bmc")).toBeUndefined();
    lab.run(70_000);
    expect(lab.order()).toEqual(["bmc status", "bmc status"]);
    expect(lab.fencer.lastCheck("bmc")).toMatchObject({ ok: true });
  });
});
