import { mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SharedDisk, slotOf } from "../../src/daemon/shared-disk.ts";
import type { RegisterRequest, TieBreakerAnswer } from "../../src/model/vote-register.ts";

const KEY = { id: 1, secret: new Uint8Array(32).fill(5) };
const NODES = ["node1", "node2", "node3"];

describe("the register on a real file", () => {
  let directory: string;
  let path: string;
  const disks: SharedDisk[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "paceline-slots-"));
    path = join(directory, "slots");
  });
  afterEach(() => {
    for (const disk of disks.splice(0)) disk.close();
    rmSync(directory, { recursive: true, force: true });
  });

  function disk(self: string, key = KEY): SharedDisk {
    const made = new SharedDisk({ path, cluster: "shop", self, nodes: NODES, keys: [key] });
    disks.push(made);
    return made;
  }

  function swap(number: number, ...electorate: string[]): RegisterRequest {
    return { kind: "swap", number, electorate };
  }

  function names(answer: TieBreakerAnswer): string {
    return answer.kind === "register"
      ? (answer.state?.electorate.join(" ") ?? "nothing")
      : answer.kind;
  }

  test("is made, filled, and read by the others, also after a restart", async () => {
    expect(names(await disk("node1").ask({ kind: "read" }))).toBe("nothing");
    expect(statSync(path).size).toBe(1_048_576);
    expect(names(await disk("node1").ask(swap(0, ...NODES)))).toBe("node1 node2 node3");
    expect(names(await disk("node2").ask({ kind: "read" }))).toBe("node1 node2 node3");
  });

  test("of two that claim it at once one gets it, the same for both", async () => {
    const [one, two] = [disk("node1"), disk("node2")];
    await one.ask(swap(0, ...NODES));
    for (let number = 1; number < 4; number++) {
      const answers = await Promise.all([
        one.ask(swap(number, "node1")),
        two.ask(swap(number, "node2")),
      ]);
      const known = new Set(answers.filter((each) => each.kind === "register").map(names));
      expect(known.size).toBe(1);
      // Contended rounds end without a change now and then; the next reader settles them.
      if (names(await one.ask({ kind: "read" })) === "node1 node2 node3") break;
    }
  });

  test("beats tell who writes", async () => {
    await disk("node1").ask({ kind: "read" });
    const answer = await disk("node2").ask({ kind: "read" });
    expect(answer).toMatchObject({ beats: { node1: 1, node2: 1 } });
  });

  test("a slot that was tampered with, or of another cluster, decides nothing", async () => {
    await disk("node1").ask(swap(0, ...NODES));
    const file = openSync(path, "r+");
    writeSync(file, Buffer.from([1, 2, 3]), 0, 3, slotOf("node1") * 4_096 + 60);
    const answer = await disk("node2").ask({ kind: "read" });
    expect(answer).toMatchObject({ kind: "failed" });
    expect(JSON.stringify(answer)).toContain("not of this cluster, or damaged");
  });

  test("another key cannot read it", async () => {
    await disk("node1").ask(swap(0, ...NODES));
    const other = { id: 1, secret: new Uint8Array(32).fill(6) };
    expect((await disk("node2", other).ask({ kind: "read" })).kind).toBe("failed");
  });

  test("a path that cannot be used is said", async () => {
    path = join(directory, "missing", "slots");
    const answer = await disk("node1").ask({ kind: "read" });
    expect(JSON.stringify(answer)).toContain("ENOENT");
    path = "/dev/null";
    expect(JSON.stringify(await disk("node1").ask({ kind: "read" }))).toContain("no block device");
  });

  test("one question at a time", async () => {
    const one = disk("node1");
    const [first, second] = await Promise.all([
      one.ask({ kind: "read" }),
      one.ask({ kind: "read" }),
    ]);
    expect([first.kind, second.kind]).toEqual(["register", "failed"]);
  });
});
