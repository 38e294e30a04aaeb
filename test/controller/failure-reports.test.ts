import { expect, test } from "vitest";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { failuresOf } from "../../src/controller/failure-reports.ts";
import type { OperationRecord } from "../../src/model/cluster-status.ts";

/** The failures reported where node1 has this record of `web`, which is defined so. */
function failures(record: Partial<OperationRecord>, definition: string) {
  const { definition: loaded } = loadDefinition(
    `cluster: c\nnodes: { node1: 10.0.0.1 }\nmessaging: { key-file: /k }\n${definition}`,
  );
  if (loaded === undefined) throw new Error("the definition is wrong");
  const operation = {
    id: "web_last_failure_0",
    operation: "monitor",
    intervalMs: 0,
    callId: 1,
    rc: 1,
    status: 0,
    lastRcChange: 100,
    ...record,
  };
  const history = [
    { resource: "web", agentClass: "ocf", agentType: "dummy", operations: [operation] },
  ];
  const status = { history, attributes: {} };
  const collected = { memberNames: () => ["node1"], get: () => status as never };
  return failuresOf({ definition: loaded, collected });
}

const WEB = "resources: { web: { agent: dummy } }";

test("a probe that finds what runs, as after a cleanup, is no failure", () => {
  expect(failures({ rc: 0, expectedRc: 7 }, WEB)).toEqual([]);
  expect(failures({ rc: 8, expectedRc: 7 }, WEB)).toEqual([]);
  expect(failures({ rc: 1, expectedRc: 7 }, WEB)).toHaveLength(1);
});

test("a monitor that finds running what is to be stopped is a failure", () => {
  expect(failures({ rc: 0, expectedRc: 7, intervalMs: 10_000 }, WEB)).toHaveLength(1);
});

test.each(["10min", "PT10M", "600"])("failure-timeout %s: forgotten after ten minutes", (time) => {
  const [failure] = failures(
    {},
    `resources: { web: { agent: dummy, meta: { failure-timeout: ${time} } } }`,
  );
  expect(failure?.clearsAt).toBe(700_000);
});

test("what the template of a resource says of failures counts for it", () => {
  const [failure] = failures(
    {},
    "templates: { t: { agent: dummy, meta: { failure-timeout: 10min } } }\nresources: { web: { template: t } }",
  );
  expect(failure?.clearsAt).toBe(700_000);
});
