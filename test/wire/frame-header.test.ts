import { expect, test } from "vitest";
import { describeVersions, encodeHeader, parseHeader } from "../../src/wire/frame-header.ts";

const CLUSTER = new Uint8Array(8);

function header(version: number, minVersion: number, maxVersion: number): Buffer {
  const more = { keyId: 1, salt: 1, incarnation: 1, counter: 1, type: 1, sender: "node1" };
  return encodeHeader({ version, minVersion, maxVersion, ...more }, CLUSTER);
}

test("of a frame that can't be read for its version, the versions of both sides can be told", () => {
  const bytes = header(2, 2, 3);
  expect(parseHeader(bytes, CLUSTER)).toBe("version");
  expect(describeVersions(bytes)).toBe("speaks protocol versions 2 to 3, this one 1");
  expect(describeVersions(header(2, 2, 2))).toBe("speaks protocol version 2, this one 1");
});

test("bytes that end too early tell nothing, and do no harm", () => {
  expect(describeVersions(new Uint8Array(3))).toBe("speaks protocol version 0, this one 1");
});
