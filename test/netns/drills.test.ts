import { describe, expect, test } from "vitest";
import { runDrill } from "../drills/drill.ts";
import { DRILL_KINDS } from "../drills/drill-kinds.ts";
import { haveIpmi } from "../support/ipmi-sim.ts";
import { canMakeNamespaces } from "../support/lab-commands.ts";
import { canFilterBridges } from "../support/lab-switch.ts";

const usable = canMakeNamespaces() && canFilterBridges();
if (!usable) console.warn("skipped: split brain drills (need namespaces and nftables)");
if (!haveIpmi()) console.warn("skipped: drills with fencing (need ipmitool, ipmi_sim)");

/** A few rounds of a few kinds; `npm run drills` runs as many as wanted of all. */
const KINDS = ["three-stop", "two-fenced", "five-fenced"];
const ROUNDS = 2;
const SEED = 11;

describe.skipIf(!usable)("split brain drills with real daemons", { timeout: 180_000 }, () => {
  const kinds = DRILL_KINDS.filter((kind) => KINDS.includes(kind.name));
  test.each(kinds.filter((kind) => !kind.fenced || haveIpmi()))(
    "$name: never two owners, and served again once the fault is over",
    async (kind) => {
      const result = await runDrill({ kind, seed: SEED, rounds: ROUNDS });
      expect(result.problems).toEqual([]);
      expect(result.rounds).toHaveLength(ROUNDS);
    },
  );
});
