import { expect, test } from "vitest";
import { checkOverride } from "../../src/cib/override-check.ts";
import type { Override } from "../../src/model/cib.ts";
import { DEFINITION, override } from "./override-fixture.ts";

const NOW = 5000;

test.each<[Override]>([
  [override("standby", "node1")],
  [override("maintenance", "node1")],
  [override("maintenance", "web")],
  [override("migrate", "web", { node: "node2" })],
  [override("migrate", "web-ip", { node: "node2" })],
  [override("migrate", "cache-set", { node: "node2", role: "Promoted" })],
  [override("ban", "ping-set", { node: "node2" })],
  [override("stop", "cache-set", { expires: NOW + 1, reason: "upgrade" })],
])("$0.id is fine", (given) => {
  expect(checkOverride(DEFINITION, given, NOW)).toBeUndefined();
});

test.each<[Override, string, string, string | undefined]>([
  [override("standby", "node3"), "UNKNOWN_NODE", "no node node3", "did you mean node1?"],
  [override("standby", "web"), "UNKNOWN_NODE", "no node web", undefined],
  [override("standby", "wit1"), "INVALID_OVERRIDE", "is a witness", undefined],
  [override("stop", "wbe"), "UNKNOWN_RESOURCE", "no resource wbe", "did you mean web?"],
  [override("stop", "cache:0"), "UNKNOWN_RESOURCE", "one instance of a clone", "use the clone"],
  [override("stop", "cache"), "INVALID_OVERRIDE", "part of the clone cache-set", "stop cache-set"],
  [override("maintenance", "node3"), "UNKNOWN_RESOURCE", "node or resource", "did you mean node1?"],
  [override("migrate", "web", { node: "nod2" }), "UNKNOWN_NODE", "no node nod2", "node2"],
  [override("migrate", "web", { node: "wit1" }), "INVALID_OVERRIDE", "is a witness", undefined],
  [override("migrate", "web"), "INVALID_OVERRIDE", "needs a node", undefined],
  [override("stop", "web", { node: "node1" }), "INVALID_OVERRIDE", "takes no node", undefined],
  [
    override("migrate", "cache-set", { node: "node2" }),
    "INVALID_OVERRIDE",
    "is a clone",
    "paceline resource migrate cache-set node2 --role Promoted",
  ],
  [
    override("migrate", "ping-set", { node: "node2" }),
    "INVALID_OVERRIDE",
    "is a clone",
    "paceline resource ban ping-set",
  ],
  [
    override("ban", "web", { node: "node2", role: "Promoted" }),
    "INVALID_OVERRIDE",
    "cannot be promoted",
    undefined,
  ],
  [override("stop", "web", { expires: NOW }), "INVALID_OVERRIDE", "expired", "2h"],
  [override("stop", "web", { author: "" }), "INVALID_OVERRIDE", "author", undefined],
  [override("stop", "web", { reason: "x".repeat(501) }), "INVALID_OVERRIDE", "500", undefined],
  [override("stop", "web", { id: "stop:db" }), "INVALID_OVERRIDE", "stop:web", undefined],
])("$0.id is refused with $1", (given, code, message, hint) => {
  const found = checkOverride(DEFINITION, given, NOW);
  expect(found).toMatchObject({ code, severity: "error" });
  expect(found?.message).toContain(message);
  if (hint !== undefined) expect(found?.hint).toContain(hint);
});
