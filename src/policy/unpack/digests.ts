import { createHash } from "node:crypto";
import type { OperationRecord } from "../../model/cluster-status.ts";
import { digestText } from "../../model/parameter-digest.ts";
import type { DigestVerdict } from "../operation-history-types.ts";
import { compareVersions } from "../rules/compare-values.ts";
import { mergeSets } from "../rules/merge-sets.ts";
import type { Node, Resource, WorkingSet } from "../working-set.ts";
import type { OperationConfigs } from "./operation-config.ts";
import { findOperation } from "./operation-config.ts";
import { ruleInput } from "./rule-input.ts";
import { containerHost, followsContainer } from "./tree.ts";

/** What an operation is told, and the digest of it. */
export interface OperationCall {
  readonly params: ReadonlyMap<string, string>;
  readonly digest: string;
}

/**
 * Digests of the parameters that an operation runs with. A recorded result carries the digest it
 * ran with; where today's differs, the operation must run again: Pacemaker's way, bit for bit, so
 * that an imported status compares right (Pacemaker Administration, "Agents": reload).
 */
export class Digests {
  readonly #ws: WorkingSet;
  readonly #configs: OperationConfigs;
  readonly #params: (resource: Resource, node: Node | undefined) => ReadonlyMap<string, string>;
  readonly #calls = new WeakMap<ReadonlyMap<string, string>, Map<string, OperationCall>>();
  readonly #known = new Map<string, string>();
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

  /**
   * As `compareAll`, but where the input is a file that was passed around, a difference in secrets
   * alone is none: they are masked there, and results carry a digest without them.
   */
  compare(
    resource: Resource,
    node: Node,
    record: OperationRecord,
    before?: OperationRecord,
  ): DigestVerdict {
    if (this.#isOutdated(record, before)) return "restart";
    const verdict = this.compareAll(resource, node, record);
    const differs = verdict === "changed" || verdict === "restart";
    if (!differs || !this.#ws.sanitized || record.secureDigest === undefined) return verdict;
    const secure = this.#secureFields(resource, node, record);
    return digestOf(secure) === record.secureDigest ? "match" : verdict;
  }

  /** An expired monitor begins anew, unless a success on record says that it is going on. */
  #isOutdated(record: OperationRecord, before: OperationRecord | undefined): boolean {
    if (!this.outdated.has(record)) return false;
    return before === undefined || before.restartDigest !== undefined || this.outdated.has(before);
  }

  /** Compares all that a result ran with. */
  compareAll(resource: Resource, node: Node, record: OperationRecord): DigestVerdict {
    const { restartDigest, operation, intervalMs } = record;
    // Some executors write an empty digest where they have none.
    const digest = record.digest === "" ? undefined : record.digest;
    if (digest === undefined && restartDigest === undefined) return "unknown";
    if (restartDigest === undefined) {
      // The common case, by far: as recorded, and the same on every node.
      if (this.callOn(resource, node, operation, intervalMs).digest === digest) return "match";
    }
    const { fields, own } = this.#fields(resource, node, operation, intervalMs);
    if (restartDigest !== undefined) {
      const restartFields = restartOnly(fields, record.forceRestart);
      if (digestOf(restartFields) !== restartDigest) return "restart";
    }
    if (digest === undefined) return "unknown";
    if (digestOf(fields) === digest) return "match";
    // A parameter of just this operation can only be changed by running it again.
    return own.size > 0 && intervalMs === 0 ? "restart" : "changed";
  }

  /** Without secrets; before Pacemaker 2.1.5 just what the agent itself declares. */
  #secureFields(
    resource: Resource,
    node: Node,
    record: OperationRecord,
  ): ReadonlyMap<string, string> {
    const version = record.crmVersion ?? this.#ws.status.featureSet ?? SECURE_BY_LIST;
    const old = compareVersions(version, SECURE_BY_LIST) < 0;
    const fields = old
      ? withoutOwn(this.#params(resource, node))
      : this.#fields(resource, node, record.operation, record.intervalMs).fields;
    for (const name of record.secureParams?.split(" ") ?? []) fields.delete(name);
    // Pacemaker leaves the timeout out here, though what records it puts it in since 2.1.5.
    fields.delete("CRM_meta_timeout");
    if (old && resource.isFenceDevice) removeFenceParameters(fields);
    return fields;
  }

  /**
   * What an operation is told today, and the digest that its result is to be recorded with. Most
   * answers are the same on every node: those are made once.
   */
  callOn(resource: Resource, node: Node, operation: string, intervalMs: number): OperationCall {
    const params = this.#params(resource, node);
    const configured = findOperation(resource, operation, intervalMs);
    const anywhere = configured?.params.every((set) => set.rule === undefined) ?? true;
    if (!anywhere || followsContainer(resource)) {
      return this.#call(resource, node, operation, intervalMs);
    }
    let calls = this.#calls.get(params);
    if (calls === undefined) {
      calls = new Map();
      this.#calls.set(params, calls);
    }
    const key = `${operation}_${intervalMs}`;
    const call = calls.get(key) ?? this.#call(resource, node, operation, intervalMs);
    calls.set(key, call);
    return call;
  }

  #call(resource: Resource, node: Node, operation: string, intervalMs: number): OperationCall {
    const { fields, own } = this.#fields(resource, node, operation, intervalMs);
    const base = this.#params(resource, node);
    // What is said for just this operation counts most for the agent.
    const params = own.size === 0 ? base : new Map([...base, ...own]);
    return { params, digest: this.#digest(fields) };
  }

  /** Many resources have the same parameters, or none. */
  #digest(fields: ReadonlyMap<string, string>): string {
    const text = digestText(fields);
    let digest = this.#known.get(text);
    if (digest === undefined) {
      digest = createHash("md5").update(text).digest("hex");
      this.#known.set(text, digest);
    }
    return digest;
  }

  /** Digests of a fence device's parameters, all of them and without secrets, for unfencing. */
  fenceDigests(resource: Resource, node: Node): { readonly all: string; readonly secure: string } {
    const { fields } = this.#fields(resource, node, "stonith-on", 0);
    const secure = new Map(fields);
    for (const secret of SECRETS) secure.delete(secret);
    const version = this.#ws.status.featureSet ?? SECURE_BY_LIST;
    if (compareVersions(version, SECURE_BY_LIST) < 0) removeFenceParameters(secure);
    return { all: digestOf(fields), secure: digestOf(secure) };
  }

  /** Everything the operation is told, as Pacemaker lays it out for its digest. */
  #fields(
    resource: Resource,
    node: Node,
    operation: string,
    intervalMs: number,
  ): { fields: Map<string, string>; own: ReadonlyMap<string, string> } {
    const fields = new Map(this.#params(resource, node));
    const own = new Map<string, string>();
    const input = ruleInput(this.#ws, { nodeAttributes: node.attributes });
    const configured = findOperation(resource, operation, intervalMs);
    mergeSets(own, configured?.params ?? [], input);
    for (const [name, value] of own) if (!fields.has(name)) fields.set(name, value);
    for (const name of fields.keys()) if (isLeftOut(name)) fields.delete(name);
    const host = followsContainer(resource) ? containerHost(resource) : undefined;
    if (host !== undefined) fields.set("addr", host.name);
    if (intervalMs > 0) {
      const { timeoutMs } = this.#configs.config(resource, operation, intervalMs);
      fields.set("CRM_meta_timeout", String(timeoutMs));
    }
    return { fields, own };
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

function withoutOwn(params: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...params].filter(([name]) => !isLeftOut(name)));
}

/** From this feature set on a secure digest leaves out exactly what the record lists. */
const SECURE_BY_LIST = "3.16.0";

const FENCE_PARAMETER =
  /^(provides|stonith-timeout|pcmk_(action_limit|delay_base|delay_max|host_argument|host_check|host_list|host_map)|pcmk_[^_]+_(action|timeout|retries))$/;

/** What the fencer adds by itself is in no agent's meta-data. */
function removeFenceParameters(fields: Map<string, string>): void {
  for (const name of [...fields.keys()]) if (FENCE_PARAMETER.test(name)) fields.delete(name);
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
  return createHash("md5").update(digestText(fields)).digest("hex");
}
