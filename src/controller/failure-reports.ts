import type { WallTime } from "../core/units.ts";
import { parseDuration } from "../core/written-duration.ts";
import type { OperationRecord } from "../model/cluster-status.ts";
import { describeResult, EXECUTION } from "../model/exit-code.ts";
import type { LocalStatus } from "../model/operation.ts";
import type { PolicyDefinition, ResourceDefinition } from "../model/policy-definition.ts";
import type { AttributeSet } from "../model/rule.ts";
import { parseScore } from "../model/score.ts";
import type { FailcountReport, FailureReport } from "../model/status-report.ts";
import { foundRunning } from "../transition/outcome.ts";

interface FailureSource {
  readonly definition: { readonly policy: PolicyDefinition };
  readonly collected:
    | { memberNames(): string[]; get(node: string): LocalStatus | undefined }
    | undefined;
}

/**
 * The remembered failures of all members, newest first. A probe that found something running is
 * among the records of failures, as with Pacemaker, and is none.
 */
export function failuresOf(source: FailureSource): FailureReport[] {
  const failures: FailureReport[] = [];
  for (const node of source.collected?.memberNames() ?? []) {
    for (const history of source.collected?.get(node)?.history ?? []) {
      const timeout = failureTimeoutMs(source.definition.policy, history.resource);
      for (const record of history.operations) {
        if (record.id.includes("_last_failure_") && !foundRunning(record, record.rc)) {
          failures.push(failureReport(node, history.resource, record, timeout));
        }
      }
    }
  }
  return failures.sort((a, b) => b.at - a.at || (a.resource < b.resource ? -1 : 1));
}

function failureReport(
  node: string,
  resource: string,
  record: OperationRecord,
  timeoutMs: number,
): FailureReport {
  const at = (record.lastRcChange ?? 0) * 1000;
  return {
    resource,
    node,
    operation: record.operation,
    intervalMs: record.intervalMs,
    rc: record.status === EXECUTION.timeout ? null : record.rc,
    result: describeResult(record),
    exitReason:
      record.exitReason === undefined || record.exitReason === "" ? null : record.exitReason,
    at,
    clearsAt: timeoutMs > 0 && at > 0 ? at + timeoutMs : null,
  };
}

/** Failcounts of a resource instance on every member, from the nodes' own attributes. */
export function failcountsOf(source: FailureSource, resource: string): FailcountReport[] {
  const threshold = metaNumber(source.definition.policy, resource, "migration-threshold");
  const timeout = failureTimeoutMs(source.definition.policy, resource);
  const reports: FailcountReport[] = [];
  for (const node of source.collected?.memberNames() ?? []) {
    const attributes = source.collected?.get(node)?.attributes ?? {};
    let count = 0;
    let last = 0;
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith(`fail-count-${resource}#`)) {
        count = Math.min(1_000_000, count + (parseScore(value) ?? 0));
      } else if (name.startsWith(`last-failure-${resource}#`)) {
        last = Math.max(last, Number(value) * 1000 || 0);
      }
    }
    if (count === 0) continue;
    reports.push({
      node,
      count,
      threshold,
      lastFailure: last > 0 ? last : null,
      clearsAt: last > 0 && timeout > 0 ? last + timeout : null,
    });
  }
  return reports;
}

/** `failure-timeout` in force for a resource; 0: never forgotten. */
function failureTimeoutMs(policy: PolicyDefinition, resource: string): number {
  return parseDuration(metaValue(policy, resource, "failure-timeout") ?? "") ?? 0;
}

function metaNumber(policy: PolicyDefinition, resource: string, name: string): number | null {
  const value = metaValue(policy, resource, name);
  return value === undefined ? null : (parseScore(value) ?? null);
}

/** A meta attribute as the definition says it, from the inside out; rules are left to the engine. */
export function metaValue(
  policy: PolicyDefinition,
  instance: string,
  name: string,
): string | undefined {
  const id = instance.replace(/:\d+$/, "");
  const chain = chainTo(policy.resources, id);
  for (const resource of chain.reverse()) {
    const template = resource.kind === "primitive" ? resource.template : undefined;
    const below = policy.templates.find((each) => template !== undefined && each.id === template);
    const value = firstValue([...resource.meta, ...(below?.meta ?? [])], name);
    if (value !== undefined) return value;
  }
  return firstValue(policy.resourceDefaults, name);
}

function firstValue(sets: readonly AttributeSet[], name: string): string | undefined {
  return sets.find((set) => set.values.has(name))?.values.get(name);
}

/** The resource and what it is a part of, outermost first. */
export function chainTo(
  resources: readonly ResourceDefinition[],
  id: string,
): ResourceDefinition[] {
  for (const resource of resources) {
    if (resource.id === id) return [resource];
    const below =
      resource.kind === "group"
        ? chainTo(resource.members, id)
        : resource.kind === "clone"
          ? chainTo([resource.child], id)
          : [];
    if (below.length > 0) return [resource, ...below];
  }
  return [];
}

export type { WallTime };
