import { beforeAll, describe, expect, test } from "vitest";
import { createPaint, plain, wantsColor } from "../../src/cli/views/paint.ts";
import { findProblems } from "../../src/cli/views/problems.ts";
import { statusView } from "../../src/cli/views/status-view.ts";
import type { StatusReport } from "../../src/model/status-report.ts";
import { badNight, NOW, node, report, resource, STOPPED } from "./report-fixture.ts";

const paint = createPaint(false);

beforeAll(() => {
  process.env["TZ"] = "UTC";
});

test("a cluster in which all is well", async () => {
  await expect(statusView(report(), paint)).toMatchFileSnapshot("views/all-well.txt");
});

test("a night in which much is wrong", async () => {
  await expect(statusView(badNight(), paint)).toMatchFileSnapshot("views/bad-night.txt");
});

test("a side without quorum has no DC, though somebody acts for it", () => {
  const quorum = { ...report().quorum, quorate: false, votes: 1 };
  const nodes = report().nodes.map((each) => ({ ...each, isDc: false }));
  const text = statusView(report({ quorum, nodes, dc: null, acting: "node1" }), paint);
  expect(text).toContain("no DC, node1 acts for this side · NOT quorate, 1 of 3 votes");
  expect(text).not.toContain("DC node1");
  expect(text).toMatch(/node1 +online *\n/);
});

test("what is under way is not younger than an action that goes on in it", () => {
  const running = [
    { operation: "stop", node: "node1", resource: "db", since: NOW - 1_900, timeoutMs: 20_000 },
  ];
  const began = { state: "running", startedAt: NOW - 76, done: 0, total: 2, running } as const;
  const transition = { ...report().transition, ...began };
  const text = statusView(report({ transition }), paint);
  expect(text).toContain("Under way: 0 of 2 actions done, for 1.9 s");
});

describe("what is wrong", () => {
  const texts = (given: Partial<StatusReport>) =>
    findProblems(report(given)).map((each) => [each.severity, each.text, each.help]);

  test("nothing, if nothing is", () => {
    expect(texts({})).toEqual([]);
  });

  test("data that is old is said first: a dead coordinator must not read as well", () => {
    const [first] = texts({ ageMs: 15_000 });
    expect(first?.[0]).toBe("error");
    expect(first?.[1]).toBe("what follows is 15 s old: the coordinator is not heard");
  });

  test("no quorum, with the numbers and what is waited for", () => {
    const quorum = {
      ...report().quorum,
      quorate: false,
      votes: 1,
      waitingFor: "waiting for node2 (wait-for-all)",
    };
    expect(texts({ quorum, dc: null }).map((each) => each[1])).toEqual([
      "this side has no quorum: 1 of 3 votes, 2 needed (no-quorum-policy: stop)",
      "this side is waiting for node2 (wait-for-all)",
    ]);
  });

  test.each([
    ["unclean", "silent", "error"],
    ["offline", "lost: no heartbeat", "warn"],
    ["offline", "left cleanly", "info"],
    ["pending", "joins", "warn"],
  ] as const)("a node that is %s (%s): %s", (state, detail, severity) => {
    const found = findProblems(
      report({ nodes: [node("node1"), node("node2", { state, detail })] }),
    );
    expect(found.map((each) => each.severity)).toEqual([severity]);
    expect(found[0]?.text).toContain(detail);
  });

  test("without fencing, nobody is told to confirm a fencing", () => {
    const [problem] = findProblems(
      report({
        nodes: [node("node2", { state: "unclean" })],
        fencing: { ...report().fencing, enabled: false },
      }),
    );
    expect(problem?.help).not.toContain("fence confirm");
  });

  test.each<[string, Parameters<typeof resource>[1], string]>([
    ["active twice", { nodes: ["node1", "node2"] }, "web is active on node1 and node2 at once"],
    ["failed", { failed: true }, "web has failed"],
    ["stopped for a reason", { ...STOPPED, stoppedReason: "no node" }, "web does not run: no node"],
    ["orphan", { orphan: true }, "web is still known to node1 but no longer defined"],
    [
      "kept off",
      {
        failcounts: [{ node: "node2", count: 3, threshold: 3, lastFailure: NOW, clearsAt: null }],
      },
      "web is kept off node2 after 3 failures, until you say otherwise",
    ],
  ])("a resource that is %s comes with a command", (_name, more, text) => {
    const found = findProblems(report({ resources: [resource("web", more)] }));
    expect(found.map((each) => each.text)).toEqual([text]);
    expect(found[0]?.help).toMatch(/paceline (resource cleanup|explain) web/);
  });

  test.each<[string, Parameters<typeof resource>[1]]>([
    ["stopped on purpose", { ...STOPPED, targetRole: "Stopped" }],
    ["a spare instance", { ...STOPPED, clone: "c" }],
    [
      "failures below the threshold",
      { failcounts: [{ node: "node2", count: 2, threshold: 3, lastFailure: NOW, clearsAt: null }] },
    ],
  ])("is not: %s", (_name, more) => {
    expect(findProblems(report({ resources: [resource("web", more)] }))).toEqual([]);
  });

  test("the worst comes first", () => {
    const severities = findProblems(badNight()).map((each) => each.severity);
    const rank = ["error", "warn", "info"];
    expect(severities).toEqual([...severities].sort((a, b) => rank.indexOf(a) - rank.indexOf(b)));
    expect(new Set(severities).size).toBe(3);
  });
});

test("names cannot smuggle escape sequences to the terminal", () => {
  const evil = "x\u001b[2J\u001b]0;owned\u0007y\u009b31m";
  const text = statusView(
    report({
      cluster: evil,
      nodes: [node(evil, { state: "offline", detail: evil })],
      resources: [resource(evil, { group: evil, stoppedReason: evil, ...STOPPED })],
    }),
    paint,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there.
  expect(text.replaceAll("\n", "")).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  expect(plain("a\tb\nc")).toBe("a b c");
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: "1" }, true, false],
  [{ NO_COLOR: "" }, true, true],
  [{ FORCE_COLOR: "1" }, false, true],
  [{ TERM: "dumb" }, true, false],
])("colours with %j on a terminal (%s): %s", (env, terminal, expected) => {
  expect(wantsColor(env, terminal)).toBe(expected);
});

test("what is blocked or has failed everywhere says what failed, and how to go on", () => {
  const failures = [
    {
      resource: "db",
      node: "node1",
      operation: "stop",
      intervalMs: 0,
      rc: 1,
      result: "error",
      exitReason: "told to fail",
      at: NOW,
      clearsAt: null,
    },
  ];
  const blocked = { code: "STOP_FAILED", reason: "it cannot be stopped", command: "do this" };
  const count = { count: 1_000_000, threshold: 3, lastFailure: NOW, clearsAt: null };
  const texts = (more: Parameters<typeof resource>[1]) =>
    findProblems(report({ failures, resources: [resource("db", more)] })).map(
      (each) => `${each.severity} ${each.text} → ${each.help}`,
    );
  expect(texts({ blocked })).toEqual([
    "error db is blocked: it cannot be stopped; stop on node1: error (told to fail) → do this",
  ]);
  expect(
    texts({
      ...STOPPED,
      stoppedReason: "no node may run it",
      failcounts: [
        { node: "node1", ...count },
        { node: "node2", ...count },
      ],
    }),
  ).toEqual([
    "error db does not run: no node may run it; stop on node1: error (told to fail) → when the cause is gone: paceline resource cleanup db",
  ]);
});

test("an instance too many, or a leftover that runs nowhere, alarms nobody", () => {
  const resources = [
    resource("ping:3", { clone: "ping-set", orphan: true }),
    resource("ping:4", { clone: "ping-set", orphan: true, ...STOPPED, stoppedReason: "x" }),
    resource("old", { orphan: true, ...STOPPED }),
  ];
  expect(findProblems(report({ resources }))).toEqual([]);
  const text = statusView(report({ resources }), paint);
  expect(text).toContain("one too many");
  expect(text).toContain("1 of 1 resource running");
  expect(text).not.toContain("old");
});

test("what is being started does not run yet", () => {
  const pending = { operation: "start", node: "node1", since: NOW - 700, timeoutMs: 20_000 };
  const rows = [resource("db"), resource("slow", { pending })];
  const text = statusView(report({ resources: rows }), paint);
  expect(text).toContain("1 of 2 resources running");
  expect(text).toMatch(/slow +Starting +node1 .* start on node1 for 700 ms/);
});

test("what does not run for one and the same reason is told once", () => {
  const nowhere = { ...STOPPED, stoppedReason: "no node may run it: every node is in standby" };
  const other = { ...STOPPED, stoppedReason: "no node may run it: ticket site-a not granted" };
  const resources = [
    resource("vip", nowhere),
    resource("db", other),
    resource("ping:0", { clone: "ping-set", ...nowhere }),
    resource("ping:1", { clone: "ping-set", ...nowhere }),
    resource("log:0", { clone: "log-set", ...nowhere }),
    resource("log:1", { clone: "log-set" }),
  ];
  expect(findProblems(report({ resources })).map((each) => each.text)).toEqual([
    "vip, ping-set, log:0 do not run: no node may run them: every node is in standby",
    "db does not run: no node may run it: ticket site-a not granted",
  ]);
});

test("a failure whose time is over is about to be forgotten", () => {
  const [failure] = badNight().failures;
  const text = statusView(report({ failures: [{ ...failure!, clearsAt: NOW - 1 }] }), paint);
  expect(text).toContain("Datadir /var/lib/db is missing  about to be forgotten\n");
});

test("a promotable clone of which no instance is promoted is worth a warning, at rest", () => {
  const of = { clone: "db-set", promotable: true, role: "Unpromoted" } as const;
  const problems = (more: Partial<Parameters<typeof resource>[1]>, given = {}) =>
    findProblems(
      report({ resources: [resource("db:0", of), resource("db:1", { ...of, ...more })], ...given }),
    ).map((each) => [each.severity, each.text, each.help]);
  const warning = ["warn", "no instance of db-set is promoted", "paceline explain db-set"];
  expect(problems({})).toEqual([warning]);
  expect(problems({ role: "Promoted" })).toEqual([]);
  expect(problems({ targetRole: "Unpromoted" })).toEqual([]);
  const transition = { ...report().transition, state: "running" };
  expect(problems({}, { transition })).toEqual([]);
});
