import { readCib } from "../../../src/interop/cib-reader.ts";
import { unpack } from "../../../src/policy/unpack/unpack.ts";
import { finish } from "../../../src/policy/work.ts";
import { type Resource, ROLE, WorkingSet } from "../../../src/policy/working-set.ts";
import { block, type CibParts, cibText } from "../../interop/cib-text.ts";

export const NOW = 1_800_000_000;

/** Unpacks a CIB at a fixed time. */
export function unpacked(parts: CibParts): WorkingSet {
  const { definition, status } = readCib(cibText(parts));
  const ws = new WorkingSet(definition!, status!, NOW);
  finish(unpack(ws));
  return ws;
}

/** Cluster options as the section wants them. */
export function options(values: Readonly<Record<string, string>>): string {
  return block("cluster_property_set", "cib-bootstrap-options", values);
}

/** A recorded operation, written `start`, `monitor/10000 rc=7 at=5`; the call id counts up. */
export function op(text: string, callId: number): string {
  const [name, ...words] = text.split(" ");
  const [operation, interval = "0"] = name!.split("/");
  const given = Object.fromEntries(words.map((word) => word.split("=")));
  const probe = operation === "monitor" && interval === "0";
  const rc = given["rc"] ?? (probe ? "7" : "0");
  const expected = given["expected"] ?? (probe ? "7" : "0");
  const status = given["status"] ?? "0";
  const id = given["id"] ?? `web_${operation}_${interval}`;
  const call = status === "-1" ? "-1" : String(callId);
  const migration = ["source", "target"]
    .filter((end) => given[end] !== undefined)
    .map((end) => ` migrate_${end}="${given[end]}"`);
  const digest = given["digest"] === undefined ? "" : ` op-digest="${given["digest"]}"`;
  return `<lrm_rsc_op id="${id}" operation_key="web_${operation}_${interval}"
    operation="${operation}" interval="${interval}" call-id="${call}" rc-code="${rc}"
    op-status="${status}" on_node="${given["on"] ?? "node1"}"
    last-rc-change="${given["at"] ?? NOW - 1000}" transition-key="1:${callId}:${expected}:u"
    transition-magic="${status}:${rc};1:${callId}:${expected}:u"${digest}${migration.join("")}/>`;
}

/** The history of `web` on a node, oldest operation first. */
export function history(operations: readonly string[], id = "web"): string {
  const list = operations.map((text, i) => op(text, i + 1));
  return `<lrm_resource id="${id}" class="ocf" provider="heartbeat" type="Dummy">${list.join("")}</lrm_resource>`;
}

const ROLE_NAMES = Object.fromEntries(Object.entries(ROLE).map(([name, rank]) => [rank, name]));

/** What a resource is in, in a few words: `started node1 failed`. */
export function state(resource: Resource | undefined): string {
  if (resource === undefined) return "missing";
  const flags = [
    resource.failed ? "failed" : "",
    resource.blocked ? "blocked" : "",
    resource.managed ? "" : "unmanaged",
    resource.orphan ? "orphan" : "",
    resource.failureIgnored ? "ignored" : "",
    resource.startPending ? "starting" : "",
  ];
  const nodes = resource.runningOn.map((node) => node.name).join("+");
  return [ROLE_NAMES[resource.role], nodes, ...flags].filter((word) => word !== "").join(" ");
}
