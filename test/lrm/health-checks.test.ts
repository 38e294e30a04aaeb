import { describe, expect, test } from "vitest";
import { type ChecksOutput, HealthChecks } from "../../src/lrm/health-checks.ts";
import type { CheckSettings } from "../../src/model/definition.ts";

const GATEWAY: CheckSettings = {
  name: "gateway",
  kind: "ping",
  targets: ["10.0.0.1", "10.0.0.2"],
  intervalMs: 2_000,
  timeoutMs: 1_000,
  rise: 2,
  fall: 3,
  attribute: "ping",
  weight: 100,
};

function started(): HealthChecks {
  const checks = new HealthChecks();
  checks.step(0, { kind: "configure", checks: [GATEWAY] });
  return checks;
}

/** Runs one probe with this result and returns the attribute's new value, if it changed. */
function probe(checks: HealthChecks, passed: readonly string[]): string | undefined {
  const due = checks.nextDeadline() ?? Number.NaN;
  const asked = checks.step(due, { kind: "tick" });
  expect(asked.map((output) => output.kind)).toEqual(["probe"]);
  return attribute(checks.step(due + 10, { kind: "probed", check: "gateway", passed }));
}

function attribute(outputs: readonly ChecksOutput[]): string | undefined {
  const found = outputs.find((output) => output.kind === "attribute");
  return found?.kind === "attribute" ? found.value : undefined;
}

describe("the checks of a node", () => {
  test("the first result decides at once: weight times the targets that answer", () => {
    expect(probe(started(), ["10.0.0.1", "10.0.0.2"])).toBe("200");
    expect(probe(started(), [])).toBe("0");
  });

  test("a target goes down after `fall` failures in a row, and one success starts the count anew", () => {
    const checks = started();
    probe(checks, ["10.0.0.1", "10.0.0.2"]);
    expect(probe(checks, ["10.0.0.1"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1", "10.0.0.2"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1"])).toBe("100");
  });

  test("a target comes up after `rise` successes in a row", () => {
    const checks = started();
    probe(checks, []);
    expect(probe(checks, ["10.0.0.1"])).toBeUndefined();
    expect(probe(checks, ["10.0.0.1"])).toBe("100");
  });

  test("a probe that has not ended is not started a second time", () => {
    const checks = started();
    expect(checks.step(0, { kind: "tick" })).toHaveLength(1);
    expect(checks.step(2_000, { kind: "tick" })).toHaveLength(0);
    checks.step(2_100, { kind: "probed", check: "gateway", passed: [] });
    expect(checks.step(4_000, { kind: "tick" })).toHaveLength(1);
  });

  test("a check that is taken out of the definition takes its attribute with it", () => {
    const checks = started();
    probe(checks, ["10.0.0.1"]);
    const outputs = checks.step(5_000, { kind: "configure", checks: [] });
    expect(outputs).toEqual([{ kind: "attribute", name: "ping", value: undefined }]);
    expect(checks.nextDeadline()).toBeUndefined();
  });
});
