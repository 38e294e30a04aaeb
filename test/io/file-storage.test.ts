import { execFileSync, spawnSync } from "node:child_process";
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FileStorage, type FileStorageOptions } from "../../src/io/file-storage.ts";
import {
  CHUNK_BYTES,
  encodeHeader,
  encodeRecord,
  readJournal,
} from "../../src/io/state-journal.ts";
import type { Diagnostic } from "../../src/model/diagnostic.ts";

let base: string;
let directory: string;
const opened: FileStorage[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "paceline-state-"));
  directory = join(base, "state");
});

afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close();
  await rm(base, { recursive: true, force: true });
});

const bytes = (text: string) => new TextEncoder().encode(text);
const set = (key: string, text: string) => ({ key, bytes: bytes(text) });
const unset = (key: string) => ({ key, bytes: undefined });

async function openOk(at = directory, options?: FileStorageOptions) {
  const result = await FileStorage.open(at, options);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostic));
  opened.push(result.storage);
  const values = Object.fromEntries(
    [...result.values].map(([key, value]) => [key, new TextDecoder().decode(value)]),
  );
  return { storage: result.storage, values, codes: result.diagnostics.map((d) => d.code), result };
}

async function reopen(storage: FileStorage) {
  await storage.close();
  return openOk();
}

describe("keeping", () => {
  test("what was persisted is there after a restart, and in mode 600", async () => {
    const { storage, values } = await openOk();
    expect(values).toEqual({});
    await storage.persist([set("a", "1"), set("b", "2")]);
    await storage.persist([set("a", "3"), unset("b"), set("c", "")]);
    const again = await reopen(storage);
    expect(again.values).toEqual({ a: "3", c: "" });
    expect(again.codes).toEqual([]);
    expect((await stat(join(directory, "state"))).mode & 0o777).toBe(0o600);
  });

  test("batches become durable in the order given", async () => {
    const { storage } = await openOk();
    const order: number[] = [];
    const all = Array.from({ length: 50 }, (_, i) =>
      storage.persist([set("n", String(i))]).then(() => order.push(i)),
    );
    await Promise.all(all);
    expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect((await reopen(storage)).values).toEqual({ n: "49" });
  });

  test("a crash without close keeps what was acknowledged", async () => {
    const { storage } = await openOk();
    await storage.persist([set("a", "1")]);
    const copy = join(base, "copy");
    await mkdir(copy);
    await writeFile(join(copy, "state"), await readFile(join(directory, "state")));
    expect((await openOk(copy)).values).toEqual({ a: "1" });
  });

  test("large values pass, and the journal is rewritten when it is mostly old", async () => {
    const { storage } = await openOk();
    const big = "x".repeat(700_000);
    for (let i = 0; i < 20; i++) await storage.persist([set("big", big + i)]);
    expect((await stat(join(directory, "state"))).size).toBeLessThan(6_000_000);
    expect((await reopen(storage)).values).toEqual({ big: `${big}19` });
  });

  test("any sequence of batches reads back as what it leaves", async () => {
    const key = fc.constantFrom("a", "b", "raft-log-000000000001", "ü");
    const write = fc.record({
      key,
      bytes: fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(write, { maxLength: 5 }), { maxLength: 12 }),
        async (batches) => {
          await rm(directory, { recursive: true, force: true });
          const { storage } = await openOk();
          const expected = new Map<string, Uint8Array>();
          for (const batch of batches) {
            for (const one of batch) {
              if (one.bytes === undefined) expected.delete(one.key);
              else expected.set(one.key, one.bytes);
            }
            void storage.persist(batch);
          }
          await storage.close();
          const { result } = await openOk();
          const sorted = (map: ReadonlyMap<string, Uint8Array>) =>
            [...map].map(([k, v]) => [k, [...v]]).sort();
          expect(sorted(result.values)).toEqual(sorted(expected));
          await result.storage.close();
        },
      ),
      { numRuns: 15 },
    );
  });
});

/** A journal of three batches, as bytes. */
function journal(): { file: Buffer; ends: number[] } {
  const parts = [encodeHeader(1)];
  const ends: number[] = [];
  for (const text of ["one", "two", "three"]) {
    parts.push(encodeRecord([set("k", text), set(text, "x".repeat(100))]));
    ends.push(Buffer.concat(parts).length);
  }
  const content = Buffer.concat(parts);
  return { file: Buffer.concat([content, Buffer.alloc(CHUNK_BYTES - content.length)]), ends };
}

async function openWith(file: Buffer, options?: FileStorageOptions) {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, "state"), file, { mode: 0o600 });
  return openOk(directory, options);
}

describe("damage", () => {
  test("a write cut short by a crash is left out, the ones before it are kept", async () => {
    const { file, ends } = journal();
    for (const at of [ends[1]! + 1, ends[1]! + 20, ends[2]! - 1]) {
      const torn = Buffer.from(file);
      torn.fill(0, at);
      const { values, codes, storage } = await openWith(torn);
      expect(values["k"]).toBe("two");
      expect(codes).toEqual(["STATE_TORN"]);
      await storage.close();
    }
  });

  test("pages of the last write in the wrong order are left out too", async () => {
    const { file, ends } = journal();
    const torn = Buffer.from(file);
    torn.fill(0, ends[1]!, ends[1]! + 30);
    const { values, codes } = await openWith(torn);
    expect(values["k"]).toBe("two");
    expect(codes).toEqual(["STATE_TORN"]);
  });

  test.each([
    ["cut in half", (file: Buffer) => file.subarray(0, file.length / 2)],
    ["cut inside a record", (file: Buffer) => file.subarray(0, 300)],
    ["cut at the end of a record", (file: Buffer) => file.subarray(0, journal().ends[1])],
    ["empty", () => Buffer.alloc(0)],
    ["all zeros", (file: Buffer) => Buffer.alloc(file.length)],
    ["noise", (file: Buffer) => Buffer.alloc(file.length, "noise")],
    ["a byte flipped in an early record", (file: Buffer) => flip(file, 100)],
    ["a byte flipped in the header", (file: Buffer) => flip(file, 18)],
  ])("%s: set aside with a warning, and a fresh start", async (_, spoil) => {
    const { file } = journal();
    const spoilt = Buffer.from(spoil(file));
    const { values, codes, result, storage } = await openWith(spoilt);
    expect(values).toEqual({});
    expect(codes).toEqual(["STATE_DAMAGED"]);
    expect(result.diagnostics[0]?.message).toContain("damaged-1");
    const kept = await readFile(join(directory, "damaged-1", "state"));
    expect(kept.equals(spoilt)).toBe(true);
    await storage.persist([set("new", "1")]);
    expect((await reopen(storage)).values).toEqual({ new: "1" });
  });

  test("with salvage, what is readable before the damage is used", async () => {
    const { values, codes } = await openWith(journal().file.subarray(0, 300), { salvage: true });
    expect(values["k"]).toBe("one");
    expect(codes).toEqual(["STATE_DAMAGED"]);
  });

  test("a journal that vanished while its predecessor is there is no fresh start", async () => {
    const { storage } = await openOk();
    await storage.persist([set("a", "1")]);
    await (await reopen(storage)).storage.close();
    await rm(join(directory, "state"));
    const { values, codes } = await openOk();
    expect(values).toEqual({});
    expect(codes).toEqual(["STATE_DAMAGED"]);
  });

  test("damage twice is kept twice", async () => {
    await (await openWith(Buffer.from("junk"))).storage.close();
    const { result } = await openWith(Buffer.from("more junk"));
    expect(result.diagnostics[0]?.message).toContain("damaged-2");
  });

  test("no cut and no flipped byte is ever read as something else", () => {
    const { file, ends } = journal();
    const valid = ["one", "two", "three", undefined];
    fc.assert(
      fc.property(fc.nat(ends[2]! - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const spoilt = Buffer.from(file);
        spoilt[at] = spoilt[at]! ^ mask;
        const contents = readJournal(spoilt);
        const values = contents.ok ? contents.values : contents.salvaged;
        const k = values.get("k");
        expect(valid).toContain(k === undefined ? undefined : new TextDecoder().decode(k));
        // Only in the last record may damage look like a crash.
        if (contents.ok && at < ends[1]! && at >= 25) expect(at < 64).toBe(false);
        if (at >= 64 && at < ends[1]!) expect(contents.ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

function flip(file: Buffer, at: number): Buffer {
  const copy = Buffer.from(file);
  copy[at] = copy[at]! ^ 0x40;
  return copy;
}

describe("one daemon per directory", () => {
  test("the second is told who holds it", async () => {
    await openOk();
    const second = await FileStorage.open(directory);
    expect(second).toMatchObject({ ok: false, diagnostic: { code: "STATE_LOCKED" } });
    if (!second.ok) expect(second.diagnostic.message).toContain(`process ${process.pid}`);
  });

  test.each([
    ["a process that is gone", () => `${gonePid()} 12345`],
    ["another process under the same id", () => `${process.pid} 1`],
    ["nobody", () => ""],
    ["something else entirely", () => "hello world"],
  ])("a lock left by %s is taken over", async (_, content) => {
    await mkdir(directory, { mode: 0o700 });
    await writeFile(join(directory, "lock"), content());
    await openOk();
    expect((await readFile(join(directory, "lock"), "utf8")).split(" ")[0]).toBe(
      String(process.pid),
    );
  });

  test("of many at once exactly one gets it, and nothing is left lying about", async () => {
    await mkdir(directory, { mode: 0o700 });
    const results = [];
    for (let i = 0; i < 5; i++) results.push(await FileStorage.open(directory));
    const winners = results.filter((r) => r.ok);
    expect(winners.length).toBe(1);
    for (const winner of winners) if (winner.ok) opened.push(winner.storage);
    expect((await readdir(directory)).sort()).toEqual(["lock", "state"]);
  });

  test("closing lets go", async () => {
    const { storage } = await openOk();
    await storage.close();
    expect((await readdir(directory)).includes("lock")).toBe(false);
  });
});

function gonePid(): number {
  return spawnSync("true").pid;
}

describe("trouble", () => {
  const diagnosticOf = async (at: string): Promise<Diagnostic | undefined> => {
    const result = await FileStorage.open(at);
    if (result.ok) await result.storage.close();
    return result.ok ? undefined : result.diagnostic;
  };

  test("a file where the directory should be", async () => {
    await writeFile(directory, "");
    expect((await diagnosticOf(directory))?.message).toContain(directory);
  });

  test("a journal that others may read is said, and closed to them", async () => {
    const { storage } = await openOk();
    await storage.close();
    await chmod(join(directory, "state"), 0o644);
    const { codes } = await openOk();
    expect(codes).toEqual(["STATE_PERMISSION"]);
    expect((await stat(join(directory, "state"))).mode & 0o777).toBe(0o600);
  });

  test.skipIf(process.getuid?.() === 0)("a directory that may not be written", async () => {
    await mkdir(directory, { mode: 0o500 });
    expect((await diagnosticOf(directory))?.code).toBe("STATE_PERMISSION");
  });

  describe.skipIf(!canMount())("on a file system of its own (needs root)", () => {
    const mount = (...args: string[]) => execFileSync("mount", args, { stdio: "pipe" });

    beforeEach(async () => {
      await mkdir(directory, { mode: 0o700 });
      mount("-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", directory);
    });

    afterEach(async () => {
      for (const storage of opened.splice(0)) await storage.close();
      execFileSync("umount", [directory]);
    });

    test("disk full: small writes go on, a big one waits, and nothing is lost", async () => {
      const { storage } = await openOk(directory, { retryMs: 5 });
      const problems: (string | undefined)[] = [];
      const next = () =>
        new Promise<void>((resolve) => {
          storage.onTrouble((problem) => {
            problems.push(problem?.code);
            resolve();
          });
        });
      await storage.persist([set("before", "1")]);
      const free = Buffer.alloc(2 * 1024 * 1024);
      await writeFile(join(directory, "ballast"), free).catch(() => undefined);
      await storage.persist([set("small", "2")]);
      expect(problems).toEqual([]);
      const troubled = next();
      let isDone = false;
      const big = storage.persist([set("big", "x".repeat(400_000))]).then(() => {
        isDone = true;
      });
      const after = storage.persist([set("after", "3")]);
      await troubled;
      expect(problems).toEqual(["STATE_NO_SPACE"]);
      expect(isDone).toBe(false);
      await truncate(join(directory, "ballast"), 0);
      await Promise.all([big, after]);
      expect(problems.at(-1)).toBeUndefined();
      const { values } = await reopen(storage);
      expect(Object.keys(values).sort()).toEqual(["after", "before", "big", "small"]);
    });

    test("no room at the start is an error, not a crash", async () => {
      await writeFile(join(directory, "ballast"), Buffer.alloc(2 * 1024 * 1024)).catch(
        () => undefined,
      );
      expect((await diagnosticOf(directory))?.code).toBe("STATE_NO_SPACE");
    });

    test("a read-only file system at the start", async () => {
      const { storage } = await openOk();
      await storage.persist([set("a", "1")]);
      await storage.close();
      opened.splice(0);
      mount("-o", "remount,ro", directory);
      expect((await diagnosticOf(directory))?.code).toBe("STATE_READ_ONLY");
      mount("-o", "remount,rw", directory);
      expect((await openOk()).values).toEqual({ a: "1" });
    });
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const script =
    "d=$(mktemp -d) && mount -t tmpfs tmpfs $d && umount $d; rc=$?; rmdir $d; exit $rc";
  return spawnSync("sh", ["-c", script]).status === 0;
}
