import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeClientLine, decodeServerLine, encodeFrame } from "../../src/wire/control-frame.ts";
import { LineSplitter } from "../../src/wire/control-line.ts";
import { checkControlRequest } from "../../src/wire/control-request.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

test("lines come out whole however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" }).map((line) => line.replace(/[\n\r]/g, ""))),
      fc.array(fc.integer({ min: 1, max: 7 })),
      (lines, cuts) => {
        const whole = bytes(lines.map((line) => `${line}\n`).join(""));
        const splitter = new LineSplitter(10_000);
        const out: string[] = [];
        let at = 0;
        for (let i = 0; at < whole.length; i++) {
          const size = cuts.length === 0 ? 5 : cuts[i % cuts.length]!;
          out.push(...splitter.push(whole.subarray(at, at + size)));
          at += size;
        }
        expect(out).toEqual(lines.map((line) => line.trim()).filter((line) => line !== ""));
        expect(splitter.hasPartialLine).toBe(false);
      },
    ),
  );
});

test("a line over the limit is refused, also when it comes in drops", () => {
  const splitter = new LineSplitter(10);
  expect(splitter.push(bytes("short\n12345"))).toEqual(["short"]);
  expect(splitter.overflown).toBe(false);
  expect(splitter.push(bytes("678901"))).toEqual([]);
  expect(splitter.overflown).toBe(true);
  expect(splitter.push(bytes("\nmore\n"))).toEqual([]);
});

test.each([
  ["not json", 0, "one JSON object"],
  ["[1,2]", 0, "whole number as id"],
  ["null", 0, "one JSON object"],
  ['{"request":{"method":"status"}}', 0, "whole number as id"],
  ['{"id":1.5,"request":{"method":"status"}}', 0, "whole number as id"],
  ['{"id":7}', 7, "an object with a method"],
  ['{"id":7,"request":{"method":"__proto__"}}', 7, "no method"],
  ['{"id":7,"request":{"method":"wait"}}', 7, "wait: timeoutMs is missing"],
])("a client's bad line %s is answered with what is wrong", (line, id, message) => {
  const decoded = decodeClientLine(line);
  expect(decoded).toMatchObject({ ok: false, id, failure: { ok: false } });
  if (!decoded.ok) expect(decoded.failure.message).toContain(message);
});

test.each([
  [{ method: "config-apply", text: "x" }, "config-apply: author is missing"],
  [{ method: "config-apply", text: 3, author: "a" }, "config-apply: text is not a string"],
  [{ method: "config-show", version: "2" }, "config-show: version is not a whole number"],
  [
    { method: "config-apply", text: "x", author: "a", dryRun: "yes" },
    "config-apply: dryRun is not true or false",
  ],
  [{ method: "override-remove", ids: ["a", 1] }, "override-remove: ids is not a list of strings"],
  [{ method: "override-set", override: 1 }, "override-set: override is not an object"],
  [
    { method: "override-set", override: { id: "x", kind: "explode", target: "a", author: "b" } },
    "override-set: override.kind is none of standby, maintenance, migrate, ban, stop, start, unmanage",
  ],
  [
    { method: "fence", action: "kill", target: "a", author: "b" },
    "fence: action is none of off, on, reboot, status, test, confirm",
  ],
])("a request of the wrong shape is refused: %j", (request, message) => {
  expect(checkControlRequest(request)).toEqual({ ok: false, code: "BAD_REQUEST", message });
});

test("frames survive the wire", () => {
  const request = { method: "wait", timeoutMs: 10 } as const;
  expect(decodeClientLine(encodeFrame({ id: 3, request }).trim())).toEqual({
    ok: true,
    frame: { id: 3, request },
  });
  const frames = [
    { id: 3, reply: { ok: true, result: { settled: true } } },
    { event: { kind: "status-changed" } },
    { goodbye: { ok: false, code: "IDLE", message: "bye" } },
  ] as const;
  for (const frame of frames) expect(decodeServerLine(encodeFrame(frame).trim())).toEqual(frame);
  expect(decodeServerLine('{"id":1}')).toBeUndefined();
  expect(decodeServerLine("[]")).toBeUndefined();
});
