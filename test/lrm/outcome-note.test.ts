import { expect, test } from "vitest";
import { outcomeNote } from "../../src/lrm/outcome-note.ts";
import { checkedOutcome } from "../../src/lrm/request-check.ts";
import type { AgentOutcome, OperationRequest } from "../../src/model/operation.ts";

const REQUEST: OperationRequest = {
  ...{ key: "k", term: 1, resource: "db", agent: { class: "ocf", provider: "x", type: "db" } },
  ...{ operation: "start", intervalMs: 0, timeoutMs: 20_000, startDelayMs: 0, expectedRc: 0 },
  ...{ params: { password: "sesame", port: "1" }, meta: {}, digest: "", fatalFailure: false },
};
const OUTCOME: AgentOutcome = {
  ...{ rc: 0, reason: "exited", stdout: "", stderr: "", durationMs: 12.3 },
};

function told(request: Partial<OperationRequest>, outcome: Partial<AgentOutcome> = {}) {
  const [asked, seen] = [
    { ...REQUEST, ...request },
    { ...OUTCOME, ...outcome },
  ];
  return outcomeNote(asked, checkedOutcome(asked, seen), seen);
}

const PROBE = { operation: "monitor", expectedRc: 7 };
const MONITOR = { operation: "monitor", intervalMs: 10_000 };
const reason = (text: string) => ({ rc: 1, stderr: `ocf-exit-reason:${text}\n` });

test.each<[string, Partial<OperationRequest>, Partial<AgentOutcome>, string]>([
  ["info", {}, {}, "db started in 12 ms"],
  ["info", { operation: "stop" }, {}, "db stopped in 12 ms"],
  ["info", { operation: "announce" }, {}, "db announced once more in 12 ms"],
  ["info", { operation: "migrate_to" }, {}, "db migrated away in 12 ms"],
  ["debug", { operation: "notify" }, {}, "notify of db done in 12 ms"],
  ["warn", {}, { rc: 1 }, "start of db failed after 12 ms: error"],
  ["warn", {}, reason("no disk"), "start of db failed after 12 ms: error: no disk"],
  ["warn", {}, { rc: 5 }, "start of db failed after 12 ms: not installed"],
  [
    "warn",
    {},
    { rc: undefined, reason: "timeout", durationMs: 20_000 },
    "start of db failed after 20000 ms: did not end within 20000 ms and was killed",
  ],
  ["warn", MONITOR, { rc: 7 }, "monitor of db failed after 12 ms: not running"],
  ["debug", PROBE, { rc: 7 }, "db does not run here, says its probe"],
  ["info", PROBE, {}, "db runs here already, says its probe"],
  ["info", PROBE, { rc: 8 }, "db runs here already (promoted), says its probe"],
  ["info", PROBE, { rc: 5 }, "the probe of db says: not installed"],
])("%s %j %j: %s", (level, request, outcome, message) => {
  expect(told(request, outcome)).toMatchObject({ level, event: "operation-done", message });
});

test("a recurring monitor that goes well is not told of", () => {
  expect(told(MONITOR)).toBeUndefined();
});

test("what the agent wrote beside its reason is kept, without secrets", () => {
  const stderr = `+ login sesame\n${reason("refused").stderr}`;
  expect(told({}, { rc: 1, stderr })?.fields).toEqual({
    ...{ resource: "db", operation: "start", rc: 1, stderr: "+ login ******" },
  });
  expect(told({}, reason("refused"))?.fields).toEqual({
    ...{ resource: "db", operation: "start", rc: 1 },
  });
});
