import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Advert, WireMessage } from "../../src/wire/message.ts";
import { decodeMessage, encodeMessage, typeOf } from "../../src/wire/message-codec.ts";

const name = fc.string({ unit: "grapheme", maxLength: 30 });
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const small = fc.integer({ min: 0, max: 100_000 });
const span = fc.integer({ min: 0, max: 1e8 }).map((ticks) => ticks / 100);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true });

const advert: fc.Arbitrary<Advert> = fc.record({
  kind: fc.constant("advert" as const),
  sequence: count,
  intervalMs: span,
  leaving: fc.boolean(),
  stuck: fc.boolean(),
  body: fc.record({
    priority: finite,
    viewId: name,
    dc: name,
    term: count,
    quorate: fc.boolean(),
    definitionVersion: count,
    activeDigest: name,
    load: finite,
  }),
  heard: fc.array(fc.record({ node: name, links: small }), { maxLength: 9 }),
});

const ranges = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 })), {
    maxLength: 32,
  })
  .map((steps) => {
    let last = 0;
    return steps.map(([gap, length]): [number, number] => {
      const first = last + gap;
      last = first + length;
      return [first, last];
    });
  });

const message: fc.Arbitrary<WireMessage> = fc.oneof(
  advert,
  fc.record({ kind: fc.constantFrom("ping" as const, "pong" as const), to: name, nonce: count }),
  fc.record({ kind: fc.constant("probe-request" as const), to: name, target: name }),
  fc.record({ kind: fc.constant("probe-answer" as const), to: name, target: name, ageMs: span }),
  fc.record({
    kind: fc.constant("segment" as const),
    to: name,
    toIncarnation: count,
    stream: count,
    transmission: count,
    sequence: count,
    end: fc.boolean(),
    payload: fc.uint8Array({ maxLength: 2000 }),
  }),
  fc
    .record({
      kind: fc.constant("acknowledgement" as const),
      to: name,
      toIncarnation: count,
      stream: count,
      transmission: count,
      next: small,
      window: small,
      ranges,
    })
    .map((ack) => ({
      ...ack,
      ranges: ack.ranges.map(([a, b]): [number, number] => [a + ack.next, b + ack.next]),
    })),
);

function plain(value: WireMessage | undefined): unknown {
  if (value?.kind !== "segment") return value;
  return { ...value, payload: Buffer.from(value.payload).toString("hex") };
}

describe("messages", () => {
  test("come out as they went in", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const received = decodeMessage(typeOf(sent), encodeMessage(sent));
        expect(plain(received)).toEqual(plain(sent));
      }),
    );
  });

  test("that are cut short are refused, except for segments, whose payload is open-ended", () => {
    fc.assert(
      fc.property(message, fc.nat(), (sent, cut) => {
        const bytes = encodeMessage(sent);
        const shorter = bytes.subarray(0, cut % bytes.length);
        if (sent.kind !== "segment") expect(decodeMessage(typeOf(sent), shorter)).toBeUndefined();
      }),
    );
  });

  test("with something behind them are refused", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const longer = Buffer.concat([encodeMessage(sent), Buffer.from([0])]);
        if (sent.kind !== "segment") expect(decodeMessage(typeOf(sent), longer)).toBeUndefined();
      }),
    );
  });

  test("of arbitrary bytes never throw and never build more than they hold", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.uint8Array({ maxLength: 300 }),
        (type, bytes) => {
          const decoded = decodeMessage(type, bytes);
          if (decoded?.kind === "advert") expect(decoded.heard.length).toBeLessThanOrEqual(64);
          if (decoded?.kind === "acknowledgement")
            expect(decoded.ranges.length).toBeLessThanOrEqual(32);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("with numbers that no receiver would take are sent with harmless ones", () => {
    const sent: WireMessage = { kind: "ping", to: "b", nonce: -5 };
    expect(decodeMessage(typeOf(sent), encodeMessage(sent))).toMatchObject({ nonce: 0 });
    const [odd] = fc.sample(advert, { numRuns: 1, seed: 1 });
    const body = { ...odd!.body, load: Number.NaN, priority: Number.POSITIVE_INFINITY, term: 1.5 };
    const received = decodeMessage(1, encodeMessage({ ...odd!, body }));
    expect(received).toMatchObject({ body: { load: 0, priority: 0, term: 0 } });
  });
});
