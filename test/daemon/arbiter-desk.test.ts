import { describe, expect, test } from "vitest";
import { ArbiterDesk } from "../../src/daemon/arbiter-desk.ts";
import type { RegisterRequest, RegisterState } from "../../src/model/vote-register.ts";
import {
  ArbiterSealer,
  openArbiterFrame,
  parseArbiterReply,
} from "../../src/wire/arbiter-frame.ts";

const SHARED = { id: 1, secret: new Uint8Array(32).fill(1) };
const OWN = { id: 1, secret: new Uint8Array(32).fill(2) };
const FILL: RegisterRequest = { kind: "swap", number: 0, electorate: ["a", "b"] };

/** An arbiter with the shared key for all clusters but `bank`, which has its own. */
class DeskLab {
  saved: ReadonlyMap<string, RegisterState> = new Map();
  readonly log: string[] = [];
  isDiskFull = false;
  readonly desk: ArbiterDesk;
  readonly #sealer = new ArbiterSealer(7);

  constructor(registers: ReadonlyMap<string, RegisterState> = new Map()) {
    this.desk = new ArbiterDesk({
      keys: [SHARED],
      clusterKeys: new Map([["bank", [OWN]]]),
      registers,
      sealer: new ArbiterSealer(8),
      save: (all) => {
        if (this.isDiskFull) throw new Error("no space left");
        this.saved = new Map(all);
      },
      log: (level, message) => this.log.push(`${level}: ${message}`),
    });
  }

  frame(cluster: string, request: RegisterRequest, key = SHARED): Uint8Array {
    return this.#sealer.seal("request", key, cluster, { cluster, node: "a", token: "t", request });
  }

  /** The register as the reply says it; undefined: there was no reply. */
  ask(
    cluster: string,
    request: RegisterRequest,
    key = SHARED,
  ): { state?: RegisterState } | undefined {
    const reply = this.desk.answer(this.frame(cluster, request, key));
    if (reply === undefined) return undefined;
    const parsed = parseArbiterReply(openArbiterFrame("reply", reply, () => [key]));
    return parsed?.state === undefined ? {} : { state: parsed.state };
  }
}

describe("the arbiter", () => {
  test("keeps a register for each cluster, saved before it answers", () => {
    const lab = new DeskLab();
    expect(lab.ask("shop", { kind: "read" })).toEqual({});
    expect(lab.ask("shop", FILL)).toEqual({ state: { number: 1, electorate: ["a", "b"] } });
    expect(lab.saved.get("shop")).toEqual({ number: 1, electorate: ["a", "b"] });
    expect(lab.ask("yard", { kind: "read" })).toEqual({});
    const claim = (name: string) =>
      lab.ask("shop", { kind: "swap", number: 1, electorate: [name] })?.state?.electorate;
    expect([claim("b"), claim("a")]).toEqual([["b"], ["b"]]);
  });

  test("remembers after a restart", () => {
    const before = new DeskLab();
    before.ask("shop", FILL);
    const after = new DeskLab(before.saved);
    expect(after.ask("shop", { kind: "read" })?.state?.number).toBe(1);
  });

  test("gives no answer that is not on its disk", () => {
    const lab = new DeskLab();
    lab.isDiskFull = true;
    expect(lab.ask("shop", FILL)).toBeUndefined();
    lab.isDiskFull = false;
    expect(lab.ask("shop", { kind: "read" })).toEqual({});
  });

  test("a cluster with a key of its own is not reached with another", () => {
    const lab = new DeskLab();
    expect(lab.ask("bank", FILL)).toBeUndefined();
    expect(lab.ask("bank", FILL, OWN)?.state?.number).toBe(1);
    expect(lab.desk.dropped).toBe(1);
  });

  test("a frame of one cluster does not name another", () => {
    const lab = new DeskLab();
    const frame = new ArbiterSealer(9).seal("request", SHARED, "shop", {
      ...{ cluster: "bank", node: "a", token: "t" },
      request: FILL,
    });
    expect(lab.desk.answer(frame)).toBeUndefined();
    expect(lab.saved.size).toBe(0);
  });

  test("a repeated claim from the wire does nothing once the number has moved on", () => {
    const lab = new DeskLab();
    lab.ask("shop", FILL);
    const claim = lab.frame("shop", { kind: "swap", number: 1, electorate: ["b"] });
    lab.desk.answer(claim);
    lab.ask("shop", { kind: "swap", number: 2, electorate: ["a", "b"] });
    lab.desk.answer(claim);
    expect(lab.saved.get("shop")).toEqual({ number: 3, electorate: ["a", "b"] });
  });

  test("noise is dropped and counted", () => {
    const lab = new DeskLab();
    for (let size = 0; size < 200; size++) {
      expect(lab.desk.answer(new Uint8Array(size).fill(size))).toBeUndefined();
    }
    expect(lab.desk.dropped).toBe(200);
  });

  test("has a bound for the clusters it keeps", () => {
    const registers = new Map<string, RegisterState>();
    for (let i = 0; i < 1_000; i++) registers.set(`c${i}`, { number: 1, electorate: ["a"] });
    const lab = new DeskLab(registers);
    expect(lab.ask("shop", FILL)).toBeUndefined();
    expect(lab.ask("c7", { kind: "swap", number: 1, electorate: ["b"] })?.state?.number).toBe(2);
  });
});
