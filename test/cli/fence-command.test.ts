import { describe, expect, test } from "vitest";
import type { FencingRecord } from "../../src/model/cib.ts";
import { fakeDaemon } from "./fake-daemon.ts";
import { NOW, report } from "./report-fixture.ts";

const { daemon, run } = fakeDaemon();

describe("fence", () => {
  const done = {
    target: "node2",
    action: "reboot",
    outcome: "succeeded",
    device: "bmc2",
    durationMs: 2100,
  };

  test("without a terminal it wants --yes, and does nothing", async () => {
    const { exit, err } = await run("fence reboot node2");
    expect(exit).toBe(2);
    expect(err).toContain("--yes");
    expect(daemon.changes).toEqual([]);
  });

  test("asks, saying what is active there; no is no", async () => {
    const { exit, questions } = await run("node fence node2", { typed: ["n"] });
    expect(exit).toBe(1);
    expect(questions[0]).toContain("Active there: web-ip, web-server, cache:1");
    expect(questions[0]).not.toContain("votes");
    expect(daemon.changes).toEqual([]);
  });

  test("says so where the rest would be without quorum", async () => {
    const { quorum } = report();
    daemon.answers.status = {
      ok: true,
      result: report({ quorum: { ...quorum, votes: 2, expected: 3, needed: 2, options: [] } }),
    };
    const { questions } = await run("fence off node2", { typed: ["n"] });
    expect(questions[0]).toContain("Only 1 of 3 votes are left then, and 2 are needed.");
  });

  test("does it with --yes and says how it went", async () => {
    daemon.answers.fence = { ok: true, result: done };
    const { exit, out } = await run("fence reboot node2 --yes");
    expect(exit).toBe(0);
    expect(out).toBe("reboot of node2 succeeded by bmc2 in 2.1 s\n");
    expect(daemon.changes).toEqual([
      { method: "fence", action: "reboot", target: "node2", author: "ann" },
    ]);
  });

  test("a failure is 1", async () => {
    daemon.answers.fence = {
      ok: true,
      result: { ...done, outcome: "failed", detail: "bmc2: timed out" },
    };
    const { exit, err } = await run("fence off node2 -y");
    expect(exit).toBe(1);
    expect(err).toContain("off of node2 failed: bmc2: timed out");
  });

  test("on asks nobody; of a node that is not there, nothing is done", async () => {
    daemon.answers.fence = { ok: true, result: { ...done, action: "on" } };
    expect((await run("fence on node2")).out).toBe("on of node2 succeeded by bmc2 in 2.1 s\n");
    expect(daemon.changes).toMatchObject([{ method: "fence", action: "on", target: "node2" }]);
    const { exit, err } = await run("fence on nod2");
    expect(exit).not.toBe(0);
    expect(err).toContain("node2");
  });

  test("confirm says what it risks, and takes a person's word", async () => {
    const result = {
      target: "node2",
      action: "confirm",
      outcome: "confirmed-by-operator",
    } as const;
    daemon.answers.fence = { ok: true, result };
    const { questions, out } = await run("fence confirm node2", { typed: ["y"] });
    expect(questions[0]).toContain("Is node2 really off? If it still runs, its resources will run");
    expect(out).toMatch(/^node2 counts as off now, by the word of \S+: what ran there starts/);
  });

  test("status: every device, whether it answered its last check, and how long ago", async () => {
    const devices = [
      ["bmc1", { at: NOW - 12 * 60_000, ok: true, detail: "power is on" }],
      ["bmc2", { at: NOW - 60_000, ok: false, detail: "timed out" }],
      ["bmc3", null],
    ] as const;
    const { fencing } = report();
    daemon.status = report({
      fencing: {
        ...fencing,
        held: "node2 was fenced 5 times",
        devices: devices.map(([name, lastCheck]) => ({
          name,
          agent: "ipmi",
          targets: ["node2"],
          lastCheck,
        })),
      },
    });
    const { out } = await run("fence status");
    expect(out).toBe(`fencing is enabled
held back: node2 was fenced 5 times
bmc1  ipmi  node2  answers                 12 min ago  power is on
bmc2  ipmi  node2  FAILS                   1 min ago  timed out
bmc3  ipmi  node2  not asked yet by node1  paceline fence test NODE asks now
`);
  });

  test("history: newest first, with what came of it, how long it took, and why", async () => {
    const record = (id: string, more: Partial<FencingRecord>): FencingRecord => ({
      ...{ id, target: "node2", action: "reboot", requestedBy: "paceline on node1" },
      ...{ reason: "lost", startedAt: NOW - 60_000, outcome: "pending" },
      ...more,
    });
    const finishedAt = NOW - 58_000;
    const history = [
      record("1", { outcome: "succeeded", device: "bmc2", finishedAt, detail: "verified off" }),
      record("2", { startedAt: NOW - 5_000 }),
    ];
    daemon.answers["fence-history"] = { ok: true, result: history };
    const rows = (await run("fence history")).out.trimEnd().split("\n");
    expect(rows.map((row) => row.split(/ {2,}/))).toEqual([
      ["03:12:40", "reboot", "node2", "pending", "lost"],
      ["03:11:45", "reboot", "node2", "succeeded", "in 2 s", "by bmc2", "lost", "verified off"],
    ]);
    daemon.answers["fence-history"] = { ok: true, result: [] };
    expect((await run("fence history")).out).toBe("nothing was ever fenced\n");
  });
});
