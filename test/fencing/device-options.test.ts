import { describe, expect, test } from "vitest";
import { parsePlugs } from "../../src/fencing/plug-list.ts";
import { type Behaviour, device, FenceLab, honest } from "./fence-lab.ts";

const levels = (...devices: ReturnType<typeof device>[]) => ({ devices, topology: new Map() });

/** A power strip that lists what it can switch. */
const listing =
  (text: string): Behaviour =>
  (command, lab) =>
    command.action === "list"
      ? { after: 50, outcome: { ok: true, plugs: parsePlugs(text), detail: "" } }
      : honest(command, lab);

describe("host-check", () => {
  const strip = (options: Readonly<Record<string, string>> = {}) =>
    device("strip", [], options, "fence_apc");

  test.each([
    ["by its plug", "a\nb\n", "a"],
    ["by its alias", "1,rack\n7,a\n", "7"],
    ["the plug of that name before an alias", "3,a\na,x\n", "a"],
  ])("dynamic-list: the node is found %s", (_how, text, plug) => {
    const lab = new FenceLab(levels(strip({ "host-check": "dynamic-list" })), {
      strip: listing(text),
    });
    lab.fence("a", "off");
    lab.run();
    expect(lab.order()).toEqual(["strip list", "strip off", "strip status"]);
    expect(lab.calls.at(-1)?.plug).toBe(plug);
    expect(lab.results()).toMatchObject([{ ok: true, device: "strip" }]);
  });

  test("dynamic-list: what it does not list it is not told to switch; the next level is tried", () => {
    const lab = new FenceLab(
      levels(strip({ "host-check": "dynamic-list" }), device("bmc", ["a"])),
      {
        strip: listing("1,b\n"),
      },
    );
    lab.fence("a", "off");
    lab.run();
    expect(lab.order()).toEqual(["strip list", "bmc off", "bmc status"]);
    expect(lab.results()[0]?.detail).toContain("strip: it does not list a");
  });

  test("without targets a fence agent is asked for its list; one that has none is for all", () => {
    const knowsNone: Behaviour = (command, lab) =>
      command.action === "list"
        ? { after: 1, outcome: { ok: false, unsupported: true, detail: "no list" } }
        : honest(command, lab);
    const lab = new FenceLab(levels(strip()), { strip: knowsNone });
    lab.fence("a", "off");
    lab.run();
    expect(lab.order()).toEqual(["strip list", "strip off", "strip status"]);
    expect(lab.results()).toMatchObject([{ ok: true }]);
  });

  test("dynamic-list said in so many words: a device without a list fences nobody", () => {
    const lab = new FenceLab(levels(strip({ "host-check": "dynamic-list" })), {
      strip: () => ({ after: 1, outcome: { ok: false, unsupported: true, detail: "no list" } }),
    });
    lab.fence("a", "off");
    lab.run();
    expect(lab.order().includes("strip off")).toBe(false);
    expect(lab.results()).toMatchObject([{ ok: false }]);
  });

  test("status: only a node whose state it can tell is switched", () => {
    const knows: Behaviour = (command, lab) =>
      command.target === "a"
        ? honest(command, lab)
        : { after: 1, outcome: { ok: false, detail: "unknown plug" } };
    const lab = new FenceLab(levels(strip({ "host-check": "status" })), { strip: knows });
    lab.fence("a", "off");
    lab.fence("b", "off");
    lab.run();
    expect(
      lab
        .results()
        .map(({ target, ok }) => `${target} ${ok}`)
        .sort(),
    ).toEqual(["a true", "b false"]);
    expect(lab.order()[0]).toBe("strip status");
  });

  test.each([
    ["static-list", [false, true]],
    ["none", [true, true]],
  ])("%s: the targets count, or they do not", (check, expected) => {
    const lab = new FenceLab(levels(device("bmc", ["b"], { "host-check": check })));
    lab.fence("a", "off");
    lab.fence("b", "off");
    lab.run();
    const results = [...lab.results()].sort((x, y) => (x.target < y.target ? -1 : 1));
    expect(results.map(({ ok }) => ok)).toEqual(expected);
  });

  test("a test of a node asks the list first, then for the state of its plug", () => {
    const lab = new FenceLab(levels(strip()), { strip: listing("4,a\n") });
    lab.give({ kind: "probe", key: "p", target: "a", timeoutMs: 30_000 });
    lab.run();
    expect(lab.order()).toEqual(["strip list", "strip status"]);
    expect(lab.calls.at(-1)?.plug).toBe("4");
  });
});

test("the agent's own names of actions and of the plug go with each call", () => {
  const names = { "off-action": "diag", "status-action": "look", "host-argument": "outlet" };
  const lab = new FenceLab(levels(device("strip", ["a"], names, "fence_apc")));
  lab.fence("a", "reboot");
  lab.run();
  const called = lab.outputs.flatMap(({ output }) =>
    output.kind === "run-device"
      ? [`${output.command.action} ${output.command.actionName} ${output.command.hostArgument}`]
      : [],
  );
  expect(called).toEqual([
    "off diag outlet",
    "status look outlet",
    "on undefined outlet",
    "status look outlet",
  ]);
});

describe("action-limit", () => {
  const both = (limit: string | undefined) =>
    levels(device("chassis", ["a", "b"], limit === undefined ? {} : { "action-limit": limit }));

  /** The most calls that were under way at once. */
  function busiest(limit: string | undefined): number {
    let running = 0;
    let most = 0;
    const lab = new FenceLab(both(limit));
    const count = () => {
      for (const { output } of lab.outputs.splice(0)) {
        if (output.kind === "run-device") running += 1;
        most = Math.max(most, running);
      }
    };
    const give = lab.give.bind(lab);
    lab.give = (input) => {
      if (input.kind === "device-done") running -= 1;
      give(input);
      count();
    };
    lab.fence("a", "off");
    lab.fence("b", "off");
    lab.run();
    return most;
  }

  test.each([
    [undefined, 1],
    ["1", 1],
    ["2", 2],
    ["-1", 2],
  ])("%s: at most %i at once", (limit, expected) => {
    expect(busiest(limit)).toBe(expected);
  });

  test("a routine check gives way to fencing", () => {
    const lab = new FenceLab(both("1"), {
      chassis: (command, l) =>
        command.action === "status" && l.now < 35_000 ? "silent" : honest(command, l),
    });
    const settings = both("1");
    lab.configure(settings, { checks: true });
    lab.run(31_000);
    expect(lab.order()).toEqual(["chassis status"]);
    lab.run(36_000);
    lab.fence("a", "off");
    expect(lab.order().slice(1)).toEqual(["chassis off"]);
    expect(lab.outputs.some(({ output }) => output.kind === "kill-device")).toBe(true);
    lab.run(lab.now + 10_000);
    expect(lab.results()).toMatchObject([{ ok: true }]);
  });

  test("a call given up while it waits is never made", () => {
    const lab = new FenceLab(both("1"), { chassis: () => "silent" });
    lab.fence("a", "off", { timeoutMs: 5_000 });
    lab.fence("b", "off", { timeoutMs: 2_000 });
    lab.run();
    expect(lab.results().map(({ target, ok }) => [target, ok])).toEqual([
      ["b", false],
      ["a", false],
    ]);
    const asked = lab.outputs.flatMap(({ output }) =>
      output.kind === "run-device" ? [output.command.target] : [],
    );
    expect(new Set(asked)).toEqual(new Set(["a"]));
  });
});

describe("times", () => {
  test("verify-timeout: a device that took the order and goes on saying on is given up then", () => {
    const liar = device("liar", ["a"], { "verify-timeout": "5s" });
    const lab = new FenceLab(levels(liar, device("bmc", ["a"])), {
      liar: (command) =>
        command.action === "status"
          ? { after: 10, outcome: { ok: true, power: "on", detail: "power is on" } }
          : { after: 10, outcome: { ok: true, detail: "ordered" } },
    });
    lab.fence("a", "off");
    lab.run();
    const [result] = lab.results();
    expect(result).toMatchObject({ ok: true, device: "bmc" });
    expect(result?.detail).toContain("it took the order and still says on");
    expect(result?.at).toBeLessThan(8_000);
  });

  test("each action has the time that the definition gives it", () => {
    const times = { "off-timeout": "7s", "status-timeout": "3s", "list-timeout": "2s" };
    const lab = new FenceLab(levels(device("strip", [], times, "fence_apc")), {
      strip: listing("1,a\n"),
    });
    lab.fence("a", "off");
    lab.run();
    const given = lab.outputs.flatMap(({ output }) =>
      output.kind === "run-device" ? [`${output.command.action} ${output.command.timeoutMs}`] : [],
    );
    expect(given).toEqual(["list 2000", "off 7000", "status 3000"]);
  });
});
