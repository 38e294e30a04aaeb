import fc from "fast-check";
import { expect, test } from "vitest";
import { AdvertReader, AdvertWriter } from "../../src/wire/advert-memory.ts";
import type { Advert } from "../../src/wire/message.ts";
import { decodeMessage, encodeMessage, typeOf } from "../../src/wire/message-codec.ts";

const advert = fc.record({
  kind: fc.constant("advert" as const),
  sequence: fc.oneof(fc.nat(300), fc.nat(), fc.maxSafeNat()),
  intervalMs: fc.constantFrom(10, 100, 1000),
  leaving: fc.boolean(),
  stuck: fc.boolean(),
  body: fc.record({
    priority: fc.constantFrom(100, 99.5),
    viewId: fc.constantFrom("", "3:node1"),
    dc: fc.constantFrom("", "node1", "näme"),
    term: fc.nat(200),
    quorate: fc.boolean(),
    definitionVersion: fc.nat(2),
    activeDigest: fc.constantFrom("", "abc"),
    load: fc.constantFrom(0, 0.5),
  }),
  heard: fc.array(fc.record({ node: fc.constantFrom("node1", "node2"), links: fc.nat(3) }), {
    maxLength: 3,
  }),
});

/** Adverts of which many are like the one before, but for the number. */
const talk = fc
  .array(fc.tuple(advert, fc.boolean()), { minLength: 1, maxLength: 12 })
  .map((each) => {
    const said: Advert[] = [];
    for (const [next, isLike] of each) {
      const last = said.at(-1);
      said.push(isLike && last !== undefined ? { ...last, sequence: next.sequence } : next);
    }
    return said;
  });

test("what is kept changes nothing: the bytes are those of the codec", () => {
  fc.assert(
    fc.property(talk, (said) => {
      const writer = new AdvertWriter();
      for (const each of said) {
        const { type, bytes } = writer.write(each);
        expect(type).toBe(typeOf(each));
        expect(Buffer.from(bytes)).toEqual(Buffer.from(encodeMessage(each)));
      }
    }),
  );
});

test("what is kept changes nothing: what is read is what the codec reads", () => {
  fc.assert(
    fc.property(talk, (said) => {
      const reader = new AdvertReader();
      for (const each of said) {
        const bytes = encodeMessage(each);
        expect(reader.read(typeOf(each), bytes)).toEqual(decodeMessage(typeOf(each), bytes));
      }
    }),
  );
});

test("damaged bodies are refused after a good one too", () => {
  fc.assert(
    fc.property(
      advert,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(40),
      (good, at, flip, cut) => {
        const reader = new AdvertReader();
        const bytes = encodeMessage(good);
        reader.read(1, bytes);
        const flipped = Uint8Array.from(bytes);
        flipped[at % bytes.length] = (flipped[at % bytes.length] ?? 0) ^ flip;
        for (const bad of [flipped, bytes.subarray(0, Math.max(0, bytes.length - cut))]) {
          expect(reader.read(1, bad)).toEqual(decodeMessage(1, bad));
        }
      },
    ),
  );
});

test("nothing new is told by identity", () => {
  const reader = new AdvertReader();
  const said: Advert = fc.sample(advert, { numRuns: 1, seed: 7 })[0]!;
  const first = reader.read(1, encodeMessage({ ...said, sequence: 127 }));
  const second = reader.read(1, encodeMessage({ ...said, sequence: 128 }));
  expect(second?.body).toBe(first?.body);
  expect(second?.heard).toBe(first?.heard);
  expect(second?.sequence).toBe(128);
});
