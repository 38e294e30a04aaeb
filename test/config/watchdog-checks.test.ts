import { describe, expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";

const THREE = "nodes: { a: 10.0.0.1, b: 10.0.0.2, c: 10.0.0.3 }";
const TWO = "nodes: { a: 10.0.0.1, b: 10.0.0.2 }";

function load(nodes: string, wait: string, more = "") {
  const text = `cluster: x\n${nodes}\nproperties: { fencing-watchdog-timeout: ${wait} }\n${more}`;
  return loadDefinition(`${text}resources: { d: { agent: dummy } }\n`);
}

const codes = (loaded: ReturnType<typeof load>) =>
  loaded.diagnostics.map(({ code, severity }) => `${severity} ${code}`);

describe("fencing-watchdog-timeout", () => {
  test.each(["10s", "10", "2000ms"])("%s alone is fencing", (wait) => {
    const loaded = load(THREE, wait);
    expect(codes(loaded)).toEqual([]);
    expect(loaded.definition?.choices.fencingEnabled).toBe(true);
    expect(loaded.definition?.policy.hasFencingDevices).toBe(true);
  });

  test("0 is none", () => {
    expect(load(THREE, "0").definition?.choices.fencingEnabled).toBe(false);
  });

  test.each(["-1", "soon", "1s"])("%s proves nothing", (wait) => {
    expect(codes(load(THREE, wait))).toContain("error WATCHDOG_TIMEOUT");
  });

  test("slow advertisements need a longer wait, and the message says how long", () => {
    const loaded = load(THREE, "10s", "messaging: { advert-interval: 1s }\n");
    expect(loaded.diagnostics[0]).toMatchObject({ code: "WATCHDOG_TIMEOUT" });
    expect(loaded.diagnostics[0]?.hint).toBe("at least 12750ms");
  });

  test("a node that has no quorum cannot carry on and be reset for it", () => {
    const text = (policy: string) =>
      `cluster: x\n${THREE}\nproperties: { fencing-watchdog-timeout: 10s, no-quorum-policy: ${policy} }\nresources: { d: { agent: dummy } }\n`;
    expect(codes(loadDefinition(text("ignore")))).toEqual(["error WATCHDOG_IGNORES_QUORUM"]);
    expect(codes(loadDefinition(text("freeze")))).toEqual([]);
  });

  test("of two nodes both would go, unless something chooses", () => {
    expect(codes(load(TWO, "10s"))).toContain("error WATCHDOG_TWO_NODES");
    const chosen = load(TWO, "10s", "quorum: { auto-tie-breaker: true }\n");
    expect(codes(chosen)).not.toContain("error WATCHDOG_TWO_NODES");
  });
});
