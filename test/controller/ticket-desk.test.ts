import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { ControlDesk, type DeskOffice } from "../../src/controller/control-desk.ts";
import { changedTicket, ticketsKnown } from "../../src/controller/ticket-desk.ts";
import type { CibCommand, CibResult, TicketRecord } from "../../src/model/cib.ts";
import type { ControlReply, TicketRequest } from "../../src/model/control.ts";

const DEFINITION = `cluster: c
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { db: { agent: dummy } }
constraints: { ticket: [ { ticket: site-a, resource: db } ] }
`;

type Office = Partial<DeskOffice>;

/** What a desk with these tickets answers, and what it has committed. */
function ask(
  request: Partial<TicketRequest>,
  tickets: readonly TicketRecord[] = [],
  office: Office = {},
) {
  const { definition } = loadDefinition(DEFINITION);
  const committed: CibCommand[] = [];
  const planned: unknown[] = [];
  const whole: Office = {
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
    ...office,
  };
  let answer: ControlReply | undefined;
  const desk = new ControlDesk(whole as DeskOffice);
  const wish = { method: "ticket", ticket: "site-a", action: "grant", author: "ann" } as const;
  desk.handle(0, { ...wish, ...request }, (reply) => {
    answer = reply;
  });
  return { answer, committed, planned, desk, wish };
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

test("what is only asked is not committed; that it is so already is the word of a quorum", () => {
  expect(ask({ dryRun: true }).committed).toEqual([]);
  const { answer, committed } = ask({}, [GRANTED]);
  expect(committed).toEqual([{ kind: "nothing" }]);
  expect(answer).toMatchObject({ ok: true, result: { unchanged: true } });
});

test.each([{ dryRun: true }, { dryRun: false }])(
  "without a quorum nobody is told that it is so already: %o",
  ({ dryRun }) => {
    const { answer } = ask({ action: "revoke", dryRun }, [], { quorate: false });
    expect(answer).toMatchObject({ ok: false, code: "NOT_QUORATE" });
  },
);

test("what others did to a ticket while the plan was made stays done", () => {
  let tickets: readonly TicketRecord[] = [GRANTED];
  const { committed } = ask({ action: "standby" }, [], {
    cib: () => ({ tickets }) as never,
    whatIf: (_, answer) => {
      tickets = [{ ...GRANTED, granted: false }];
      answer(undefined);
    },
  });
  expect(committed).toMatchObject([{ ticket: { granted: false, standby: true } }]);
});

test("tickets are changed one after the other: each change writes all of a ticket", () => {
  let done: ((result: CibResult) => void) | undefined;
  const { desk, wish } = ask({ action: "revoke" }, [GRANTED], {
    propose: (_, whenDone) => {
      done = whenDone;
    },
  });
  const told: ControlReply[] = [];
  const standby = { ...wish, action: "standby" } as const;
  desk.handle(1, standby, (reply) => told.push(reply));
  expect(told).toMatchObject([{ ok: false, code: "BUSY" }]);
  done?.({ ok: true, index: 1 });
  desk.handle(2, standby, (reply) => told.push(reply));
  done?.({ ok: true, index: 2 });
  expect(told.at(-1)).toMatchObject({ ok: true });
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
