import { describe, expect, test } from "vitest";
import {
  decodeMessage,
  encodeMessage,
  type NodeMessage,
} from "../../src/controller/node-message.ts";

const by = { term: 3, acting: false };
const record = { id: "db_last_0", operation: "start", intervalMs: 0, callId: 4, rc: 0, status: 0 };
const history = { resource: "db", agentClass: "ocf", agentType: "dummy", operations: [record] };
const status = {
  node: "b",
  incarnation: 1,
  revision: 2,
  attributes: { x: "1" },
  history: [history],
  inFlight: [],
};
const delta = {
  ...status,
  fromRevision: 1,
  attributes: { x: null },
  forgotten: ["web"],
};
const request = { term: 3, key: "1:2", resource: "db" };

const SOUND = [
  { t: "collect", by },
  { t: "status", by, status },
  { t: "delta", by, delta },
  { t: "order", by, order: { kind: "announce", term: 3 } },
  { t: "order", by, order: { kind: "execute", request } },
  { t: "done", by, key: "1:2", ok: true },
  { t: "result", by, result: { key: "1:2", node: "b", resource: "db", term: 3, record } },
  { t: "ask", id: 1, request: { method: "status" } },
  { t: "answer", id: 1, reply: { ok: true, result: {} } },
  { t: "leaving" },
  { t: "history", entries: [] },
] as unknown as NodeMessage[];

/** Nothing breaks where these are absent, or their contents are checked by who reads them. */
const OPTIONAL = new Set([
  "entries",
  "result.result",
  "reply.result",
  "x",
  "request.key",
  "request.resource",
]);

function* withoutOneField(
  value: unknown,
  path: readonly string[] = [],
): Generator<[string, unknown]> {
  if (typeof value !== "object" || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    const at = [...path, name];
    const rest = Array.isArray(value)
      ? undefined
      : Object.fromEntries(Object.entries(value).filter(([other]) => other !== name));
    if (rest !== undefined && !OPTIONAL.has(name) && !OPTIONAL.has(at.slice(-2).join("."))) {
      yield [at.join("."), rest];
    }
    for (const [where, changed] of withoutOneField(child, at)) {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      (copy as Record<string, unknown>)[name] = changed;
      yield [where, copy];
    }
  }
}

const decode = (value: unknown) => decodeMessage(new TextEncoder().encode(JSON.stringify(value)));

describe("messages between nodes", () => {
  test.each(SOUND.map((message) => [message.t, message] as const))(
    "%s comes over",
    (_t, message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual(message);
    },
  );

  test("and with anything missing it is dropped", () => {
    const accepted = SOUND.flatMap((message) =>
      [...withoutOneField(message)]
        .filter(([, broken]) => decode(broken) !== undefined)
        .map(([path]) => `${message.t}: ${path}`),
    );
    expect(accepted).toEqual([]);
  });

  test.each([
    ["an unknown type", { t: "gossip" }],
    ["a type of Object's own", { t: "constructor" }],
    ["a list", [{ t: "leaving" }]],
    ["nothing", null],
    ["a status that is a text", { t: "status", by, status: "fine" }],
    ["a history that holds null", { t: "status", by, status: { ...status, history: [null] } }],
    [
      "an attribute that is a number",
      { t: "status", by, status: { ...status, attributes: { x: 1 } } },
    ],
    ["a term that is a text", { t: "collect", by: { term: "3", acting: false } }],
  ])("%s is dropped", (_what, value) => {
    expect(decode(value)).toBeUndefined();
  });
});
