import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ArbiterSealer,
  openArbiterFrame,
  parseArbiterReply,
  parseArbiterRequest,
} from "../../src/wire/arbiter-frame.ts";

const KEY = { id: 3, secret: new Uint8Array(32).fill(7) };
const OTHER = { id: 3, secret: new Uint8Array(32).fill(8) };
const BODY = { cluster: "shop", node: "a", token: "t", request: { kind: "read" } };

const seal = () => new ArbiterSealer(42).seal("request", KEY, "shop", BODY);

describe("frames of the arbiter", () => {
  test("come through with the right key, direction and cluster", () => {
    const frame = seal();
    expect(openArbiterFrame("request", frame, () => [OTHER, KEY].slice(1))).toEqual(BODY);
    expect(openArbiterFrame("reply", frame, () => [KEY])).toBeUndefined();
    expect(openArbiterFrame("request", frame, () => [OTHER])).toBeUndefined();
    expect(openArbiterFrame("request", frame, () => [])).toBeUndefined();
  });

  test("no bit may be changed, none be missing", () => {
    const frame = seal();
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const changed = Uint8Array.from(frame);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(openArbiterFrame("request", changed, () => [KEY])).toBeUndefined();
    }
    for (let size = 0; size < frame.length; size++) {
      expect(openArbiterFrame("request", frame.subarray(0, size), () => [KEY])).toBeUndefined();
    }
  });

  test("noise is nothing", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(openArbiterFrame("request", bytes, () => [KEY])).toBeUndefined();
      }),
    );
  });

  test("two frames of one process have different nonces", () => {
    const sealer = new ArbiterSealer(1);
    const one = sealer.seal("request", KEY, "shop", BODY);
    const two = sealer.seal("request", KEY, "shop", BODY);
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false);
  });
});

describe("what may be asked", () => {
  const ask = (request: unknown) => parseArbiterRequest({ ...BODY, request });
  test.each([
    [{ kind: "swap", number: -1, electorate: ["a"] }],
    [{ kind: "swap", number: 1.5, electorate: ["a"] }],
    [{ kind: "swap", number: 1, electorate: [] }],
    [{ kind: "swap", number: 1, electorate: ["a b"] }],
    [{ kind: "swap", number: 1, electorate: Array.from({ length: 300 }, (_, i) => `n${i}`) }],
    [{ kind: "grant" }],
    [null],
  ])("not %j", (request) => {
    expect(ask(request)).toBeUndefined();
  });

  test("anything is no request and no reply", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseArbiterRequest(value)).toBeUndefined();
        const reply = parseArbiterReply(value);
        if (reply !== undefined) expect(reply.state).toBeUndefined();
      }),
    );
  });
});
