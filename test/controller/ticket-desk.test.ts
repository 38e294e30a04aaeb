import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { ControlDesk, type DeskOffice } from "../../src/controller/control-desk.ts";
import { changedTicket, ticketsKnown } from "../../src/controller/ticket-desk.ts";
import type { CibCommand, TicketRecord } from "../../src/model/cib.ts";
import type { ControlReply, TicketRequest } from "../../src/model/control.ts";

const DEFINITION = `cluster: c
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { db: { agent: dummy } }
constraints: { ticket: [ { ticket: site-a, resource: db } ] }
`;

/** What a desk with these tickets answers, and what it has committed. */
function ask(request: Partial<TicketRequest>, tickets: readonly TicketRecord[] = []) {
  const { definition } = loadDefinition(DEFINITION);
  const committed: CibCommand[] = [];
  const planned: unknown[] = [];
  const office: Partial<DeskOffice> = {
    quorate: true,
    wall: () => 7,
    cib: () => ({ tickets }) as never,
    definition: () => definition!,
    whatIf: ({ tickets: asked }, answer) => {
      planned.push(asked);
      answer({ summary: [{ action: "start", resource: "db" }] } as never);
    },
    propose: (command, done) => {
      committed.push(command);
      done({ ok: true, index: 1 });
    },
  };
  let answer: ControlReply | undefined;
  const desk = new ControlDesk(office as DeskOffice);
  const wish = { method: "ticket", ticket: "site-a", action: "grant", author: "ann" } as const;
  desk.handle(0, { ...wish, ...request }, (reply) => {
    answer = reply;
  });
  return { answer, committed, planned };
}

const GRANTED = { id: "site-a", granted: true, standby: false, lastGranted: 7 };

test("a grant is committed, with who did it, and tells what comes of it", () => {
  const { answer, committed, planned } = ask({});
  expect(committed).toEqual([{ kind: "set-ticket", ticket: GRANTED, author: "ann" }]);
  expect(planned).toEqual([[GRANTED]]);
  expect(answer).toMatchObject({
    ok: true,
    result: { ticket: GRANTED, unchanged: false, changes: [{ action: "start" }] },
  });
});

test("what is only asked, or is so already, is not committed", () => {
  expect(ask({ dryRun: true }).committed).toEqual([]);
  const { answer, committed } = ask({}, [GRANTED]);
  expect(committed).toEqual([]);
  expect(answer).toMatchObject({ ok: true, result: { unchanged: true } });
});

test("a ticket that nothing needs is a slip of the hand", () => {
  expect(ask({ ticket: "site-b" }).answer).toEqual({
    ok: false,
    code: "UNKNOWN_TICKET",
    message: "nothing needs a ticket site-b",
    hint: "did you mean site-a?",
  });
});

test.each([
  ["grant", { granted: true, lastGranted: 7 }],
  ["revoke", { granted: false }],
  ["standby", { standby: true }],
  ["activate", { standby: false }],
] as const)("%s", (action, expected) => {
  const known = [{ id: "t", granted: action === "revoke", standby: action === "activate" }];
  expect(changedTicket(known, "t", action, 7)).toMatchObject({ id: "t", ...expected });
});

test("what is so already changes nothing", () => {
  const known = [{ id: "t", granted: true, standby: false, lastGranted: 1 }];
  expect(changedTicket(known, "t", "grant", 7)).toBe(known[0]);
});

test("a ticket that was granted stays known though nothing needs it any more", () => {
  const cib = { tickets: [{ id: "old", granted: true, standby: false }] };
  const { policy } = loadDefinition(DEFINITION).definition!;
  expect(ticketsKnown(cib as never, policy).map(({ id }) => id)).toEqual(["old", "site-a"]);
});
