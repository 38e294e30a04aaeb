import { expect, test } from "vitest";
import { fakeDaemon } from "./fake-daemon.ts";
import { NOW, report, resource, STOPPED } from "./report-fixture.ts";

const { daemon, run } = fakeDaemon();

const granted = { id: "site-a", granted: true, standby: false, lastGranted: NOW };
const start = { action: "start", resource: "db", to: "node1" };

test("a grant is asked for, with what comes of it: no is no", async () => {
  const answer = { ticket: granted, unchanged: false, changes: [start] };
  daemon.answers.ticket = { ok: true, result: answer };
  const { exit, out, questions } = await run("ticket grant site-a", { typed: ["n"] });
  expect(exit).toBe(1);
  expect(out).toContain("start  db");
  expect(questions[0]).toContain("If one has, what needs it runs twice");
  expect(daemon.changes).toMatchObject([{ method: "ticket", dryRun: true }]);
});

test("without a terminal a grant wants --yes", async () => {
  daemon.answers.ticket = {
    ok: true,
    result: { ticket: granted, unchanged: false, changes: [] },
  };
  expect((await run("ticket grant site-a")).exit).toBe(2);
  const { exit, out } = await run("ticket grant site-a --yes");
  expect([exit, out]).toEqual([0, "ticket site-a is granted\n"]);
  expect(daemon.changes.at(-1)).toEqual({
    method: "ticket",
    action: "grant",
    ticket: "site-a",
    author: "ann",
  });
});

test("what is so already is not asked back, and answered on the word of a quorum", async () => {
  daemon.answers.ticket = { ok: true, result: { ticket: granted, unchanged: true, changes: [] } };
  const { out } = await run("ticket grant site-a");
  expect(out).toBe("ticket site-a is already granted\n");
  expect(daemon.changes).toMatchObject([{ dryRun: true }, { method: "ticket", action: "grant" }]);
});

test("status shows tickets, and how to grant the one that is wanted", async () => {
  const tickets = [{ id: "site-a", granted: false, standby: false }];
  const reason = "no node may run it: ticket site-a not granted";
  const resources = [resource("db", { ...STOPPED, stoppedReason: reason })];
  daemon.status = report({ tickets, resources });
  const { out } = await run("status");
  expect(out).toContain("Tickets\n  site-a  not granted");
  expect(out).toContain("→ once no other site has it: paceline ticket grant site-a");
  expect((await run("ticket list")).out).toBe("site-a  not granted\n");
});

test("a revoke that fences is not done unasked", async () => {
  const changes = [{ action: "fence", node: "node3", reason: "ticket site-a was lost" }];
  const ticket = { ...granted, granted: false };
  daemon.answers.ticket = { ok: true, result: { ticket, unchanged: false, changes } };
  const { exit, err } = await run("ticket revoke site-a");
  expect(exit).toBe(2);
  expect(err).toContain("This cuts the power of node3 at once");
  expect(daemon.changes).toHaveLength(1);
  expect((await run("ticket revoke site-a --yes")).exit).toBe(0);
});
