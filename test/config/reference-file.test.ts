import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CLUSTER_OPTIONS } from "../../src/config/cluster-options.ts";
import { DEVICE_OPTIONS, IPMI_PARAMS } from "../../src/config/fencing-options.ts";
import { loadDefinition } from "../../src/config/load-definition.ts";
import { CLONE_META, OPERATION_OPTIONS } from "../../src/config/resource-options.ts";

const TEXT = readFileSync(join(import.meta.dirname, "../../etc/reference.yaml"), "utf8");

/** Accepted because CIBs have them, and of no use to who writes a definition. */
const NOT_FOR_PEOPLE = new Set([
  "cluster-name",
  "dc-version",
  "cluster-infrastructure",
  "last-lrm-refresh",
  "have-watchdog",
  "remove-after-stop",
  "stop-removed-resources",
  "cancel-removed-actions",
  "is-managed-default",
  "default-resource-stickiness",
  "default-action-timeout",
  "dc-deadtime",
  "cluster-ipc-limit",
  "election-timeout",
  "shutdown-escalation",
  "join-integration-timeout",
  "join-finalization-timeout",
  "transition-delay",
  "enable-acl",
  "pe-error-series-max",
  "pe-warn-series-max",
  "pe-input-series-max",
  "container-attribute-target",
  "restart-type",
  "remote-node",
  "remote-port",
  "remote-addr",
  "remote-allow-migrate",
  "remote-connect-timeout",
  "interval-origin",
  "password",
]);

describe("the reference definition", () => {
  test.each([
    ["cluster options", CLUSTER_OPTIONS],
    ["meta attributes", CLONE_META],
    ["operation options", OPERATION_OPTIONS],
    ["device options", DEVICE_OPTIONS],
    ["ipmi's parameters", IPMI_PARAMS],
  ])("has all %s", (_name, table) => {
    const missing = Object.keys(table.kinds).filter((name) => {
      return !NOT_FOR_PEOPLE.has(name) && !new RegExp(`(^|[^a-z-])${name}:`, "m").test(TEXT);
    });
    expect(missing.filter((name) => name !== "host-map")).toEqual([]);
  });

  test("loads without a complaint", () => {
    expect(loadDefinition(TEXT).diagnostics).toEqual([]);
  });

  test("its messaging and quorum settings are the defaults", () => {
    const short = loadDefinition("cluster: c\nnodes: { a: 10.0.0.1 }\n").definition!;
    const { messaging, quorum } = loadDefinition(TEXT).definition!;
    expect(messaging).toEqual(short.messaging);
    expect(quorum).toEqual(short.quorum);
  });
});
