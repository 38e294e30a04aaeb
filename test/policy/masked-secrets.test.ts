import { expect, test } from "vitest";
import { readCib } from "../../src/interop/cib-reader.ts";
import { plan } from "../../src/policy/make-plan.ts";
import { digestOf } from "../../src/policy/unpack/digests.ts";
import { block, cibText, member } from "../interop/cib-text.ts";
import { NOW, options } from "./unpack/unpacked.ts";

/** A result whose digest fits no longer, because the file that it comes from has its secrets masked. */
function masked(
  operation: string,
  intervalMs: number,
  secure: ReadonlyMap<string, string>,
): string {
  return `<lrm_rsc_op id="web_${operation}_${intervalMs}" operation="${operation}" on_node="node1"
    operation_key="web_${operation}_${intervalMs}" interval="${intervalMs}" crm_feature_set="3.19.7"
    call-id="${intervalMs + 1}" rc-code="0" op-status="0" op-digest="${"0".repeat(32)}"
    op-secure-params=" passwd " op-secure-digest="${digestOf(secure)}"
    transition-key="1:1:0:u" transition-magic="0:0;1:1:0:u"/>`;
}

function actionsFor(operations: readonly string[]): readonly string[] {
  const { definition, status } = readCib(
    cibText({
      options: options({ "fencing-enabled": "false" }),
      nodes: `<node id="1" uname="node1"/>`,
      resources: `<primitive id="web" class="ocf" provider="heartbeat" type="Dummy">
        ${block("instance_attributes", "p", { ip: "1.2.3.4", passwd: "********" })}
        <operations><op id="m" name="monitor" interval="10s"/></operations></primitive>`,
      status: member(
        1,
        `<lrm_resource id="web" class="ocf" provider="heartbeat" type="Dummy">${operations.join("")}
        </lrm_resource>`,
      ),
    }),
  );
  const made = plan(definition!, status!, NOW, { sanitized: true });
  return made.actions
    .filter(({ kind }) => kind === "resource")
    .map((each) => `${each.operation}/${each.intervalMs}`);
}

const plain = new Map([["ip", "1.2.3.4"]]);

test("masked secrets alone are no reason for a restart", () => {
  expect(actionsFor([masked("start", 0, plain), masked("monitor", 10_000, plain)])).toEqual([]);
});

test("what else has changed is", () => {
  const before = new Map([["ip", "1.2.3.5"]]);
  const actions = actionsFor([masked("start", 0, before), masked("monitor", 10_000, plain)]);
  expect(actions).toEqual(["stop/0", "start/0", "monitor/10000"]);
});

test("a monitor's timeout is no part of what is compared without secrets", () => {
  const withTimeout = new Map([...plain, ["CRM_meta_timeout", "20000"]]);
  const actions = actionsFor([masked("start", 0, plain), masked("monitor", 10_000, withTimeout)]);
  expect(actions).toEqual(["monitor/10000"]);
});
