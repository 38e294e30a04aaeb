import { createHash } from "node:crypto";
import type { OperationRecord } from "../../model/cluster-status.ts";
import { compareVersions } from "../rules/compare-values.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import type { DigestVerdict, Node, Resource, WorkingSet } from "../working-set.ts";
import type { OperationConfigs } from "./operation-config.ts";
import { findOperation } from "./operation-config.ts";
import { ruleInput } from "./rule-input.ts";

/**
 * Digests of the parameters that an operation runs with. A recorded result carries the digest it
 * ran with; where today's differs, the operation must run again: Pacemaker's way, bit for bit, so
 * that an imported status compares right (Pacemaker Administration, "Agents": reload).
 */
export class Digests {
  readonly #ws: WorkingSet;
  readonly #configs: OperationConfigs;
  readonly #params: (resource: Resource, node: Node | undefined) => ReadonlyMap<string, string>;
  /** Results that count as outdated whatever their digest says (see history: expired monitors). */
  readonly outdated = new Set<OperationRecord>();

  constructor(
    ws: WorkingSet,
    configs: OperationConfigs,
    params: (resource: Resource, node: Node | undefined) => ReadonlyMap<string, string>,
  ) {
    this.#ws = ws;
    this.#configs = configs;
    this.#params = params;
  }

  compare(resource: Resource, node: Node, record: OperationRecord): DigestVerdict {
    if (this.outdated.has(record)) return "restart";
    const verdict = this.#verdict(resource, node, record);
    const masked = verdict !== "match" && this.#ws.sanitized;
    return masked && this.#onlySecretsDiffer(resource, node, record) ? "match" : verdict;
  }

  /** Reports mask secrets: then only the digest without them can tell whether anything changed. */
  #onlySecretsDiffer(resource: Resource, node: Node, record: OperationRecord): boolean {
    if (record.secureDigest === undefined) return false;
    const { operation, intervalMs } = record;
    const { fields } = this.#fields(resource, node, operation, intervalMs);
    for (const name of (record.secureParams ?? "").split(/\s+/)) fields.delete(name);
    if (compareVersions(record.crmVersion ?? "3.16.0", "3.16.0") < 0) {
      if (resource.isFenceDevice) {
        for (const name of fields.keys()) if (isFenceParameter(name)) fields.delete(name);
      }
      fields.delete("CRM_meta_timeout");
    }
    return digestOf(fields) === record.secureDigest;
  }

  #verdict(resource: Resource, node: Node, record: OperationRecord): DigestVerdict {
    const { digest, restartDigest } = record;
    if (digest === undefined && restartDigest === undefined) return "unknown";
    const { fields, hasOwnParams } = this.#fields(
      resource,
      node,
      record.operation,
      record.intervalMs,
    );
    if (restartDigest !== undefined) {
      const restartFields = restartOnly(fields, record.forceRestart);
      if (digestOf(restartFields) !== restartDigest) return "restart";
    }
    if (digest === undefined) return "unknown";
    if (digestOf(fields) === digest) return "match";
    // A parameter of just this operation can only be changed by running it again.
    return hasOwnParams && record.intervalMs === 0 ? "restart" : "changed";
  }

  /** Digests of a fence device's parameters, all of them and without secrets, for unfencing. */
  fenceDigests(resource: Resource, node: Node): { readonly all: string; readonly secure: string } {
    const { fields } = this.#fields(resource, node, "stonith-on", 0);
    const secure = new Map(fields);
    for (const secret of SECRETS) secure.delete(secret);
    const old = compareVersions(this.#ws.status.featureSet ?? "3.16.0", "3.16.0") < 0;
    if (old) for (const name of secure.keys()) if (isFenceParameter(name)) secure.delete(name);
    return { all: digestOf(fields), secure: digestOf(secure) };
  }

  /** Everything the operation is told, as Pacemaker lays it out for its digest. */
  #fields(
    resource: Resource,
    node: Node,
    operation: string,
    intervalMs: number,
  ): { fields: Map<string, string>; hasOwnParams: boolean } {
    const fields = new Map(this.#params(resource, node));
    const own = new Map<string, string>();
    const input = ruleInput(this.#ws, { nodeAttributes: node.attributes });
    const configured = findOperation(resource, operation, intervalMs);
    mergeSets(own, configured?.params ?? [], input);
    for (const [name, value] of own) if (!fields.has(name)) fields.set(name, value);
    for (const name of fields.keys()) if (isLeftOut(name)) fields.delete(name);
    if (intervalMs > 0) {
      const { timeoutMs } = this.#configs.config(resource, operation, intervalMs);
      fields.set("CRM_meta_timeout", String(timeoutMs));
    }
    return { fields, hasOwnParams: own.size > 0 };
  }
}

const SECRETS = ["passwd", "password", "user"];

/** Names that never count: the manager's own. */
function isLeftOut(name: string): boolean {
  return (
    name.startsWith("CRM_meta") ||
    name === "id" ||
    name === "crm_feature_set" ||
    name === "op-digest" ||
    name === "on_node" ||
    name === "pcmk_external_ip"
  );
}

function isFenceParameter(name: string): boolean {
  return name.startsWith("pcmk_") || name === "provides" || name === "stonith-timeout";
}

/** Only those parameters that the agent cannot reload; all of them where it did not say. */
function restartOnly(
  fields: ReadonlyMap<string, string>,
  forceRestart: string | undefined,
): ReadonlyMap<string, string> {
  if (forceRestart === undefined) return fields;
  const names = new Set(forceRestart.split(" "));
  return new Map([...fields].filter(([name]) => names.has(name)));
}

/** MD5 of the parameters written as one XML element, sorted by name. */
export function digestOf(fields: ReadonlyMap<string, string>): string {
  const sorted = [...fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const attributes = sorted.map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join("");
  return createHash("md5").update(` <parameters${attributes}/>\n`).digest("hex");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\n": "&#10;",
  "\t": "&#9;",
  "\r": "&#13;",
};

function escapeXml(text: string): string {
  return /[&<>"\n\t\r]/.test(text)
    ? text.replace(/[&<>"\n\t\r]/g, (found) => ESCAPES[found]!)
    : text;
}
