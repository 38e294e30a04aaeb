import { describe, expect, test } from "vitest";
import type { FencingSettings } from "../../src/model/definition.ts";
import { type Behaviour, device, FenceLab } from "./fence-lab.ts";

const GATE = { provides: "unfencing" };

function settings(
  devices: FencingSettings["devices"],
  topology: Readonly<Record<string, readonly (readonly string[])[]>> = {},
): FencingSettings {
  return { devices, topology: new Map(Object.entries(topology)) };
}

const BOTH = settings(
  [device("bmc", ["a"]), device("gate", ["a"], GATE), device("gate2", ["a"], GATE)],
  {
    a: [["bmc", "gate"], ["gate2"]],
  },
);

describe("letting a node in", () => {
  test("is done by all devices that provide it, of whatever level, and no others", () => {
    const lab = new FenceLab(BOTH);
    lab.fence("a", "on", { unfence: true });
    lab.run();
    expect(lab.order().filter((call) => call.endsWith(" on"))).toEqual(["gate on", "gate2 on"]);
    expect(lab.results()).toMatchObject([{ ok: true, device: "gate + gate2" }]);
  });

  test("fails where one of them fails, and where there is none", () => {
    const jammed: Behaviour = () => ({ after: 5, outcome: { ok: false, detail: "jammed" } });
    const lab = new FenceLab(BOTH, { gate2: jammed });
    lab.fence("a", "on", { unfence: true });
    lab.fence("b", "on", { unfence: true });
    lab.run();
    const details = lab.results().map(({ ok, detail }) => `${ok} ${detail}`);
    expect(details.sort()).toEqual([
      "false gate2: jammed",
      "false no device lets b in (provides: unfencing)",
    ]);
  });

  test("is no part of a reboot: the gate opens when the node joins, the power is back before", () => {
    const lab = new FenceLab(BOTH);
    lab.fence("a", "reboot");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true, device: "bmc + gate" }]);
    expect(lab.power.get("bmc a")).toBe("on");
    expect(lab.power.get("gate a")).toBe("off");
    expect(lab.order()).not.toContain("gate on");
  });

  test("is no part of giving power by hand either: whoever is cut off stays so until it joins", () => {
    const gateOnly = { b: [["gate2"]], a: [["bmc", "gate"]] };
    const lab = new FenceLab(settings(BOTH.devices, gateOnly));
    lab.fence("a", "on", { byHand: true });
    lab.fence("b", "on", { byHand: true });
    lab.run();
    expect(lab.order().filter((call) => call.endsWith(" on"))).toEqual(["bmc on"]);
    expect(lab.results().map(({ target, ok, detail }) => `${target} ${ok} ${detail}`)).toEqual([
      "b false no device gives b power: it is let in by itself when it joins",
      "a true bmc: verified on",
    ]);
  });

  test("gives way to a fencing of the node, and is refused while one is under way", () => {
    const lab = new FenceLab(BOTH);
    lab.fence("a", "on", { unfence: true });
    lab.fence("a", "off");
    lab.fence("a", "on", { unfence: true });
    lab.run();
    const details = lab
      .results()
      .map(({ operation, ok, detail }) => `${operation} ${ok} ${detail}`);
    expect(details.slice(0, 2)).toEqual([
      "on false off of a is wanted instead",
      "on false off of a is under way",
    ]);
    expect(lab.results()[2]).toMatchObject({ operation: "off", ok: true });
    expect(lab.power.get("gate a")).toBe("off");
  });

  test("on the node itself: its word counts, nobody looks from elsewhere", () => {
    const lab = new FenceLab(settings([device("gate", ["a"], { ...GATE, "on-target": "true" })]));
    lab.fence("a", "on", { unfence: true });
    lab.run();
    expect(lab.order()).toEqual(["gate on"]);
    expect(lab.results()).toMatchObject([{ ok: true, detail: "gate: done on a" }]);
  });
});

describe("agents that switch nothing, or cannot look", () => {
  const levels = settings(
    [device("ask", ["a"], {}, "fence_heuristics_ping"), device("bmc", ["a"])],
    { a: [["bmc", "ask"]] },
  );
  const blind: Behaviour = ({ action }) => ({
    after: 10,
    outcome:
      action === "status"
        ? { ok: true, unsupported: true, detail: "cannot tell" }
        : { ok: true, detail: "fine" },
  });

  test("a heuristic agrees before anything of its level is ordered", () => {
    const lab = new FenceLab(levels, { ask: blind });
    lab.fence("a", "reboot");
    lab.run();
    const orders = lab.order().filter((call) => !call.endsWith("status"));
    expect(orders).toEqual(["ask off", "bmc off", "bmc on"]);
    expect(lab.results()).toMatchObject([{ ok: true }]);
  });

  test("where it does not agree, nothing is switched", () => {
    const no: Behaviour = () => ({
      after: 10,
      outcome: { ok: false, detail: "no ping", unsupported: true },
    });
    const lab = new FenceLab(levels, { ask: no });
    lab.fence("a");
    lab.run();
    expect(lab.order().some((call) => call.startsWith("bmc"))).toBe(false);
    expect(lab.results()).toMatchObject([{ ok: false, detail: "ask: no ping" }]);
  });

  test("an agent that knows no states answers for its orders itself", () => {
    const lab = new FenceLab(settings([device("kdump", ["a"], {}, "fence_kdump")]), {
      kdump: blind,
    });
    lab.fence("a", "off");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true }]);
    expect(lab.results()[0]?.detail).toContain("not verified");
  });
});
