import { expect, test } from "vitest";
import type { StatusReport } from "../../src/model/status-report.ts";
import { newNodeMachine } from "./new-node-machine.ts";

test.each([
  ["fencing-enabled: false", "FENCING_DISABLED"],
  ["fencing-enabled: false, no-quorum-policy: ignore", "SPLIT_BOTH_ACTIVE"],
])("what makes a definition unsafe stays in sight in status: %s", (properties, code) => {
  const machine = newNodeMachine(`cluster: c
nodes: { node1: 10.0.0.1, node2: 10.0.0.2, node3: 10.0.0.3 }
messaging: { key-file: /k }
properties: { ${properties} }
resources: { db: { agent: "systemd:postgresql" } }
`);
  machine.step(0, { kind: "tick" });
  const asked = { kind: "request", requestId: 1, request: { method: "status" } } as const;
  const reply = machine.step(10, asked).find((output) => output.kind === "reply");
  const result = reply?.reply.ok === true ? reply.reply.result : undefined;
  const codes = (result as StatusReport | undefined)?.warnings.map((warning) => warning.code);
  expect(codes).toContain(code);
});

test.each(["standby", "maintenance"])("a node is in %s by the definition, too", (mode) => {
  const machine = newNodeMachine(`cluster: c
nodes: { node1: { addresses: [10.0.0.1], attributes: { ${mode}: true } } }
messaging: { key-file: /k }
properties: { fencing-enabled: false }
resources: { db: { agent: dummy } }
`);
  for (let now = 0; now < 20_000; now += 100) machine.step(now, { kind: "tick" });
  const asked = { kind: "request", requestId: 1, request: { method: "status" } } as const;
  const reply = machine.step(20_000, asked).find((output) => output.kind === "reply");
  const result = reply?.reply.ok === true ? (reply.reply.result as StatusReport) : undefined;
  expect(result?.nodes[0]).toMatchObject({ state: mode, detail: `by its attribute ${mode}` });
});
