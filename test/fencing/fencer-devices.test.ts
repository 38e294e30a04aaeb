import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Behaviour,
  BMC,
  device,
  FenceLab,
  honest,
  SUPPLIES,
  settings,
  unreachable,
} from "./fence-lab.ts";

describe("one device", () => {
  test("reboot is off, verified, and on only once the result is committed", () => {
    const lab = new FenceLab(BMC);
    lab.fence("a");
    lab.run(5_000);
    expect(lab.order()).toEqual(["bmc off", "bmc status"]);
    expect(lab.results()).toMatchObject([{ target: "a", ok: true, device: "bmc" }]);
    lab.give({ kind: "committed", target: "a" });
    lab.run();
    expect(lab.order().slice(2)).toEqual(["bmc on", "bmc status"]);
    expect(lab.power.get("bmc a")).toBe("on");
  });

  test("power comes back though nobody ever commits anything", () => {
    const lab = new FenceLab(BMC);
    lab.fence("a");
    lab.run();
    expect(lab.power.get("bmc a")).toBe("on");
  });

  test.each([
    ["off was ordered", "off" as const, {}],
    ["the device says action: off", "reboot" as const, { action: "off" }],
  ])("stays off where %s", (_why, operation, options) => {
    const lab = new FenceLab(settings([device("bmc", ["a"], options)]));
    lab.fence("a", operation);
    lab.run();
    expect(lab.power.get("bmc a")).toBe("off");
    expect(lab.order()).not.toContain("bmc on");
  });

  test("an off that fails because it is off already is a success", () => {
    const picky: Behaviour = (command, lab) =>
      command.action === "off"
        ? { after: 100, outcome: { ok: false, detail: "command not supported in present state" } }
        : honest(command, lab);
    const lab = new FenceLab(BMC, { bmc: picky });
    lab.power.set("bmc a", "off");
    lab.fence("a", "off");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true }]);
  });

  test("a controller that says on for ten seconds after off is asked until it says off", () => {
    let offAt = Number.NaN;
    const late: Behaviour = (command, lab) => {
      if (command.action === "off") offAt = lab.now;
      if (command.action !== "status" || lab.now - offAt >= 10_000) return honest(command, lab);
      return { after: 50, outcome: { ok: true, power: "on", detail: "power is on" } };
    };
    const lab = new FenceLab(BMC, { bmc: late });
    lab.fence("a", "off");
    lab.run();
    const [result] = lab.results();
    expect(result).toMatchObject({ ok: true });
    expect(result?.at).toBeGreaterThan(9_000);
    expect(result?.at).toBeLessThan(13_000);
  });

  test("a controller that says on for ever: not fenced, and within the budget", () => {
    const liar: Behaviour = (command, lab) =>
      command.action === "status"
        ? { after: 50, outcome: { ok: true, power: "on", detail: "power is on" } }
        : honest(command, lab);
    const lab = new FenceLab(BMC, { bmc: liar });
    lab.fence("a");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: false }]);
    expect(lab.results()[0]?.at).toBeLessThanOrEqual(60_000);
    expect(lab.results()[0]?.detail).toContain("still says on");
    expect(lab.order()).not.toContain("bmc on");
  });

  test("an order that succeeded and cannot be verified is no success", () => {
    const blind: Behaviour = (command, lab) =>
      command.action === "status" ? unreachable(command, lab) : honest(command, lab);
    const lab = new FenceLab(BMC, { bmc: blind });
    lab.fence("a");
    lab.run();
    expect(lab.results()[0]).toMatchObject({ ok: false });
    expect(lab.results()[0]?.detail).toContain("cannot be verified");
  });

  test("a flaky controller is retried; a hanging one is killed and retried", () => {
    for (const bad of ["silent", { after: 10, outcome: { ok: false, detail: "busy" } }] as const) {
      let calls = 0;
      const flaky: Behaviour = (command, lab) => {
        calls += 1;
        return calls <= 2 ? bad : honest(command, lab);
      };
      const lab = new FenceLab(BMC, { bmc: flaky });
      lab.fence("a");
      lab.run();
      expect(lab.results()[0]).toMatchObject({ ok: true });
    }
  });

  test("retries end: what is not installed is not asked again, a wrong password a few times", () => {
    const answers = [
      { permanent: true, calls: ["bmc off"] },
      { permanent: false, calls: ["bmc off", "bmc status", "bmc off", "bmc status"] },
    ];
    for (const { permanent, calls } of answers) {
      const lab = new FenceLab(settings([device("bmc", ["a"], { retries: "1" })]), {
        bmc: () => ({ after: 5, outcome: { ok: false, detail: "wrong password", permanent } }),
      });
      lab.fence("a");
      lab.run();
      expect(lab.order()).toEqual(calls);
      expect(lab.results()).toMatchObject([{ ok: false, detail: "bmc: wrong password" }]);
    }
  });

  test("ssh proves something only after an order that succeeded", () => {
    const ssh = settings([device("lab", ["a"], {}, "ssh")]);
    const gone: Behaviour = (command) =>
      command.action === "status"
        ? { after: 5, outcome: { ok: true, power: "off", detail: "cannot be reached" } }
        : { after: 5, outcome: { ok: false, detail: "no route to host" } };
    const lab = new FenceLab(ssh, { lab: gone });
    lab.fence("a", "off");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: false }]);
    expect(lab.order()).not.toContain("lab status");
  });
});

describe("levels", () => {
  test("a level that fails falls to the next; both supplies are off before either is on", () => {
    const lab = new FenceLab(SUPPLIES, { bmc: unreachable });
    lab.fence("a");
    lab.run();
    const [result] = lab.results();
    expect(result).toMatchObject({ ok: true, device: "left + right" });
    expect(result?.detail).toContain("before: bmc: the controller cannot be reached");
    const order = lab.order().filter((call) => !call.startsWith("bmc"));
    expect(order.lastIndexOf("right status")).toBeGreaterThan(0);
    const firstOn = Math.min(order.indexOf("left on"), order.indexOf("right on"));
    const verified = order.slice(0, firstOn);
    expect(verified.filter((call) => call.endsWith("off"))).toEqual(["left off", "right off"]);
    expect(verified.filter((call) => call.endsWith("status")).length).toBe(2);
  });

  test("a supply that was switched on again while the other one took long is switched off again", () => {
    let orders = 0;
    const late: Behaviour = (command, lab) => {
      if (command.action === "off") orders += 1;
      if (orders === 1) return unreachable(command, lab);
      if (command.action === "off") lab.power.set(`left ${command.target}`, "on");
      return honest(command, lab);
    };
    const lab = new FenceLab(SUPPLIES, { bmc: unreachable, right: late });
    lab.fence("a", "off");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true, device: "left + right" }]);
    expect(lab.power.get("left a")).toBe("off");
    expect(lab.order().filter((call) => call.startsWith("left"))).toEqual([
      "left off",
      "left status",
      "left status",
      "left off",
      "left status",
    ]);
  });

  test("one supply that stays on fails the level", () => {
    const lab = new FenceLab(SUPPLIES, { bmc: unreachable, right: unreachable });
    lab.fence("a");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: false }]);
    expect(lab.results()[0]?.detail).toMatch(/bmc: .*right: /);
  });

  test("a hanging first level leaves time for the second", () => {
    const lab = new FenceLab(SUPPLIES, { bmc: () => "silent" });
    lab.fence("a");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true }]);
    expect(lab.results()[0]?.at).toBeLessThanOrEqual(60_000);
  });

  test("without topology each device that can is a level; plugs come from the host map", () => {
    const map = { "host-map": "a:1;b:2,3" };
    const lab = new FenceLab(
      settings([
        device("other", ["c"]),
        device("strip", ["a", "b"], map, "fence_apc"),
        device("mapped", [], map, "fence_apc"),
      ]),
      { strip: unreachable },
    );
    lab.fence("b");
    lab.run();
    expect(lab.results()).toMatchObject([{ ok: true, device: "mapped" }]);
    expect(new Set(lab.calls.map(({ plug }) => plug))).toEqual(new Set(["2,3"]));
    expect(lab.order().some((call) => call.startsWith("other"))).toBe(false);
  });

  test("no device: refused at once and said", () => {
    const lab = new FenceLab(settings([]));
    lab.fence("a");
    expect(lab.results()).toMatchObject([{ ok: false, detail: "no fencing device is for a" }]);
  });
});

test("whatever devices do: one answer per request, in bounded time, and ok only if all is off", () => {
  const answer = fc.record({
    after: fc.integer({ min: 0, max: 40_000 }),
    ok: fc.boolean(),
    power: fc.constantFrom("on" as const, "off" as const, undefined),
    honest: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.infiniteStream(answer), fc.integer({ min: 1, max: 3 }), (stream, requests) => {
      const moody: Behaviour = (command, lab) => {
        const next = stream.next().value;
        if (next.honest) {
          const answer = honest(command, lab);
          return answer === "silent" ? answer : { ...answer, after: next.after };
        }
        // It may fail, be late or say nothing; it never says off while there is power.
        return { after: next.after, outcome: { ok: next.ok, detail: "moody" } };
      };
      const lab = new FenceLab(SUPPLIES, { bmc: moody, left: moody, right: moody });
      for (let i = 0; i < requests; i++) lab.fence("a", "off");
      lab.run();
      const results = lab.results();
      expect(results.flatMap((result) => result.keys)).toHaveLength(requests);
      for (const result of results) {
        expect(result.at).toBeLessThanOrEqual(121_000);
        const off = (result.device ?? "").split(" + ").every((name) => {
          return lab.power.get(`${name} a`) === "off";
        });
        expect(result.ok).toBe(result.ok && off);
      }
      expect(lab.fencer.nextDeadline()).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
