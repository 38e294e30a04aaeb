import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type DropReason,
  FrameOpener,
  FrameSealer,
  frameOverhead,
  MAX_FRAME_BYTES,
  negotiateVersion,
  type OpenedFrame,
} from "../../src/wire/frame.ts";
import { MAX_VERSION, MIN_VERSION } from "../../src/wire/frame-header.ts";
import { generateSecret } from "../../src/wire/seal.ts";

const OLD_KEY = { id: 1, secret: generateSecret() };
const NEW_KEY = { id: 2, secret: generateSecret() };
const BODY = Buffer.from("a body");

function sealer(changes: Partial<ConstructorParameters<typeof FrameSealer>[0]> = {}): FrameSealer {
  const session = { sender: "a", incarnation: 10, salt: 77 };
  return new FrameSealer({ cluster: "shop", session, keys: [OLD_KEY], ...changes });
}

function opener(changes: Partial<ConstructorParameters<typeof FrameOpener>[0]> = {}): FrameOpener {
  const session = { sender: "b", incarnation: 20, salt: 88 };
  return new FrameOpener({
    cluster: "shop",
    session,
    keys: [OLD_KEY],
    senders: ["a", "b"],
    ...changes,
  });
}

function reasonOf(opened: OpenedFrame | DropReason): string {
  return typeof opened === "string" ? opened : "opened";
}

describe("a frame", () => {
  test("is opened by a peer with the same key", () => {
    const opened = opener().open(sealer().seal(3, BODY, 1)) as OpenedFrame;
    expect(Buffer.from(opened.body).toString()).toBe("a body");
    expect(opened.header).toMatchObject({ sender: "a", incarnation: 10, type: 3, counter: 0 });
  });

  test("shows nothing of its body, and is as long as announced", () => {
    const frame = Buffer.from(sealer().seal(3, BODY, 1));
    expect(frame.includes(BODY)).toBe(false);
    expect(frame.length).toBe(BODY.length + frameOverhead("a"));
  });

  test("never has the nonce of another one, nor of another start", () => {
    const one = sealer();
    const frames = [one.seal(1, BODY, 1), one.seal(1, BODY, 1)];
    frames.push(sealer({ session: { sender: "a", incarnation: 10, salt: 78 } }).seal(1, BODY, 1));
    expect(
      new Set(frames.map((frame) => Buffer.from(frame.subarray(36)).toString("hex"))).size,
    ).toBe(3);
  });
});

describe("dropped for the right reason", () => {
  const other = { sender: "a", incarnation: 10, salt: 77 };
  test.each<[DropReason, Uint8Array]>([
    ["noise", new Uint8Array(0)],
    ["noise", new Uint8Array(5000).fill(0x50)],
    ["noise", sealer().seal(1, BODY, 1).subarray(0, 40)],
    ["too-long", new Uint8Array(MAX_FRAME_BYTES + 1)],
    ["version", sealer().seal(1, BODY, MAX_VERSION + 1)],
    ["version", sealer().seal(1, BODY, MIN_VERSION - 1)],
    ["foreign-cluster", sealer({ cluster: "other" }).seal(1, BODY, 1)],
    ["unknown-sender", sealer({ session: { ...other, sender: "z" } }).seal(1, BODY, 1)],
    ["unknown-key", sealer({ keys: [NEW_KEY] }).seal(1, BODY, 1)],
    ["not-authentic", sealer({ keys: [{ ...NEW_KEY, id: 1 }] }).seal(1, BODY, 1)],
    ["own", sealer({ session: { sender: "b", incarnation: 20, salt: 88 } }).seal(1, BODY, 1)],
  ])("%s", (reason, bytes) => {
    expect(reasonOf(opener().open(bytes))).toBe(reason);
  });

  test("a frame that was seen already", () => {
    const receiver = opener();
    const frame = sealer().seal(1, BODY, 1);
    expect(reasonOf(receiver.open(frame))).toBe("opened");
    expect(reasonOf(receiver.open(frame))).toBe("replayed");
  });

  test("an earlier incarnation, and a twin with the same one", () => {
    const receiver = opener();
    const old = sealer({ session: { sender: "a", incarnation: 9, salt: 1 } }).seal(1, BODY, 1);
    const twin = sealer({ session: { sender: "a", incarnation: 10, salt: 2 } }).seal(1, BODY, 1);
    const next = sealer({ session: { sender: "a", incarnation: 11, salt: 3 } }).seal(1, BODY, 1);
    expect(reasonOf(receiver.open(sealer().seal(1, BODY, 1)))).toBe("opened");
    expect(reasonOf(receiver.open(old))).toBe("old-incarnation");
    expect(reasonOf(receiver.open(twin))).toBe("old-incarnation");
    expect(reasonOf(receiver.open(next))).toBe("opened");
  });

  test("one bit changed anywhere, and nothing is remembered of it", () => {
    const frame = sealer().seal(1, BODY, 1);
    const receiver = opener();
    fc.assert(
      fc.property(fc.nat(frame.length * 8 - 1), (bit) => {
        const forged = Uint8Array.from(frame);
        forged[bit >> 3] = forged[bit >> 3]! ^ (1 << (bit & 7));
        expect(reasonOf(receiver.open(forged))).not.toBe("opened");
      }),
      { numRuns: 500 },
    );
    expect(reasonOf(receiver.open(frame))).toBe("opened");
  });

  test("truncated anywhere", () => {
    const frame = sealer().seal(1, BODY, 1);
    const receiver = opener();
    for (let length = 0; length < frame.length; length++) {
      expect(reasonOf(receiver.open(frame.subarray(0, length)))).not.toBe("opened");
    }
  });

  test("arbitrary bytes, also behind a true beginning", () => {
    const receiver = opener();
    const start = sealer().seal(1, BODY, 1);
    fc.assert(
      fc.property(fc.nat(60), fc.uint8Array({ maxLength: 200 }), (kept, noise) => {
        const bytes = Buffer.concat([start.subarray(0, kept), noise]);
        if (bytes.equals(start)) return;
        expect(reasonOf(receiver.open(bytes))).not.toBe("opened");
      }),
    );
  });
});

describe("keys are changed without a stop", () => {
  test("old and new are accepted, the first one seals, a removed one is refused", () => {
    const sender = sealer();
    const receiver = opener();
    receiver.setKeys([OLD_KEY, NEW_KEY]);
    expect(reasonOf(receiver.open(sender.seal(1, BODY, 1)))).toBe("opened");
    sender.setKeys([NEW_KEY, OLD_KEY]);
    expect(reasonOf(receiver.open(sender.seal(1, BODY, 1)))).toBe("opened");
    receiver.setKeys([NEW_KEY]);
    expect(reasonOf(receiver.open(sender.seal(1, BODY, 1)))).toBe("opened");
    sender.setKeys([OLD_KEY]);
    expect(reasonOf(receiver.open(sender.seal(1, BODY, 1)))).toBe("unknown-key");
  });

  test("a frame sealed before the change is still no news after it", () => {
    const receiver = opener();
    const frame = sealer().seal(1, BODY, 1);
    receiver.open(frame);
    receiver.setKeys([NEW_KEY, OLD_KEY]);
    expect(reasonOf(receiver.open(frame))).toBe("replayed");
  });
});

test("nodes speak the highest version that all of them know", () => {
  expect(negotiateVersion([])).toBe(MIN_VERSION);
  expect(negotiateVersion([MAX_VERSION + 1, MAX_VERSION + 3])).toBe(MAX_VERSION);
  expect(negotiateVersion([MAX_VERSION, MAX_VERSION + 1])).toBe(MAX_VERSION);
  expect(negotiateVersion([0])).toBe(MIN_VERSION);
});
