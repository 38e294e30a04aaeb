import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKeyFile, readKeyFile } from "../../src/io/key-file.ts";

const HEX = "0123456789abcdef".repeat(4);
const BASE64 = Buffer.from(HEX, "hex").toString("base64");
const isRoot = process.geteuid?.() === 0;

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "paceline-key-"));
  path = join(directory, "key");
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(text: string, mode = 0o600): void {
  writeFileSync(path, text);
  chmodSync(path, mode);
}

function problem(): { message: string; hint: string } {
  const result = readKeyFile(path);
  if ("keys" in result) throw new Error("the key file was accepted");
  return result.problem;
}

describe("a key file", () => {
  test("holds keys in order, in hexadecimal or base64, with comments", () => {
    write(`# new one first\n2:${BASE64}\n\n 1 : ${HEX} \n`, 0o400);
    const result = readKeyFile(path);
    expect("keys" in result && result.keys.map(({ id }) => id)).toEqual([2, 1]);
    expect("keys" in result && Buffer.from(result.keys[0]!.secret).toString("hex")).toBe(HEX);
  });

  test("is created for its owner alone, and can be read", () => {
    const created = createKeyFile(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readKeyFile(path)).toEqual({
      keys:
        "keys" in created &&
        created.keys.map(({ id, secret }) => ({ id, secret: Buffer.from(secret) })),
    });
  });

  test("is never replaced", () => {
    write(`1:${HEX}\n`);
    expect(createKeyFile(path)).toMatchObject({
      problem: { message: expect.stringContaining("already") },
    });
    expect(readFileSync(path, "utf8")).toBe(`1:${HEX}\n`);
  });
});

describe("a key file is refused", () => {
  test.each([0o640, 0o604, 0o644, 0o620, 0o700, 0o666])("with mode %o", (mode) => {
    write(`1:${HEX}\n`, mode);
    expect(problem().message).toContain(`mode ${mode.toString(8).padStart(4, "0")}`);
    expect(problem().hint).toBe(`chmod 0600 ${path}`);
  });

  test.runIf(isRoot)("of another user, by a daemon that is not root's", () => {
    write(`1:${HEX}\n`);
    process.seteuid?.(65_534);
    try {
      expect(problem().message).toMatch(/cannot be read|belongs to user/);
    } finally {
      process.seteuid?.(0);
    }
  });

  test.each<[string, string, RegExp]>([
    ["without a key", "# nothing\n", /holds no key/],
    ["with a bare secret", `${HEX}\n`, /line 1 .* there is no id:secret/],
    ["with a short secret", "1:abcd\n", /2 bytes, fewer than 32/],
    [
      "with a secret of another alphabet",
      `1:${"ä".repeat(64)}\n`,
      /neither hexadecimal nor base64/,
    ],
    ["with an id out of range", `256:${HEX}\n`, /256 is not from 1 to 255/],
    ["with one id twice", `1:${HEX}\n1:${HEX}\n`, /line 2 .* appears again/],
    [
      "with too many keys",
      Array.from({ length: 9 }, (_, i) => `${i + 1}:${HEX}\n`).join(""),
      /more than 8/,
    ],
  ])("%s, and the message never shows a secret", (_what, text, message) => {
    write(text);
    expect(problem().message).toMatch(message);
    expect(JSON.stringify(problem())).not.toContain(HEX.slice(0, 16));
  });

  test("that is not there, or a directory", () => {
    expect(problem()).toMatchObject({ message: `There is no key file ${path}.` });
    symlinkSync(directory, path);
    expect(problem().message).toContain("not a regular file");
  });
});
