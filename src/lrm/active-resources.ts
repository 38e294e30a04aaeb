import { isActiveCode, OCF } from "../model/exit-code.ts";
import type { GuardEntry, OperationRequest } from "../model/operation.ts";
import type { AgentName } from "../model/policy-definition.ts";
import { type AgentEnvironment, ocfEnvironment } from "./ocf-environment.ts";
import type { RecordedOutcome } from "./ocf-outcome.ts";

interface ActiveResource {
  /** The request whose parameters it runs with. */
  readonly request: OperationRequest;
  /** Grows with every start: what started last stops first. */
  readonly order: number;
  readonly promoted: boolean;
}

/** A stop gets at least so long when the guardian or an emergency runs it. */
const STOP_TIMEOUT_MIN_MS = 20_000;

/**
 * Which resources may be active here, as far as this node's own operations tell. Unknown is not
 * stopped: a resource counts as active from the moment its start is run until a stop succeeded or
 * a probe found it stopped. The list feeds the guardian and the emergency stop.
 */
export class ActiveResources {
  readonly #active = new Map<string, ActiveResource>();
  readonly #inactive = new Set<string>();
  #order = 0;
  #changed = false;

  has(resource: string): boolean {
    return this.#active.has(resource);
  }

  isPromoted(resource: string): boolean {
    return this.#active.get(resource)?.promoted ?? false;
  }

  requestOf(resource: string): OperationRequest | undefined {
    return this.#active.get(resource)?.request;
  }

  /** The names, what stops first first: addresses, then newest first. */
  stopOrder(): string[] {
    return this.#sorted().map(([resource]) => resource);
  }

  /** Requests that repeat the announcement of the addresses which are up here. */
  announcements(term: number): OperationRequest[] {
    return this.#sorted()
      .map(([, active]) => active.request)
      .filter(({ agent }) => agent.provider === "paceline" && agent.type === "vip")
      .map((request) => ({
        ...request,
        key: `local:announce:${request.resource}`,
        term,
        operation: "announce",
        intervalMs: 0,
        startDelayMs: 0,
        expectedRc: OCF.success,
      }));
  }

  /** An agent is about to run. */
  began(request: OperationRequest): void {
    if (["start", "migrate_from", "promote"].includes(request.operation)) this.#activate(request);
    else if (request.operation.startsWith("reload") && this.has(request.resource)) {
      this.#activate(request);
    }
  }

  /** An agent has run; `neverRan` if it could not even be started. */
  ended(request: OperationRequest, outcome: RecordedOutcome, neverRan: boolean): void {
    const { resource, operation } = request;
    const succeeded = outcome.status === 0 && outcome.rc === OCF.success;
    if (operation === "stop" && succeeded) this.#deactivate(resource);
    else if (operation === "start" && neverRan) this.#deactivate(resource);
    else if (operation === "promote" && succeeded) this.#setPromoted(resource, true);
    else if (operation === "demote" && succeeded) this.#setPromoted(resource, false);
    else if (operation === "monitor" && request.intervalMs === 0) this.#probed(request, outcome);
  }

  /** The guardian's list, if it changed since it was last taken. */
  takeGuardList(
    environment: AgentEnvironment,
  ): { entries: GuardEntry[]; inactive: string[] } | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    return {
      entries: this.#sorted().map(([, active]) => guardEntry(active.request, environment)),
      inactive: [...this.#inactive].sort(),
    };
  }

  #probed(request: OperationRequest, outcome: RecordedOutcome): void {
    const { resource } = request;
    if (outcome.status === 0 && isActiveCode(outcome.rc)) {
      if (!this.has(resource)) this.#activate(request);
      const promoted = outcome.rc === OCF.runningPromoted || outcome.rc === OCF.degradedPromoted;
      this.#setPromoted(resource, promoted);
    } else if (outcome.rc === OCF.notRunning || outcome.rc === OCF.notInstalled) {
      this.#deactivate(resource);
    }
  }

  #activate(request: OperationRequest): void {
    const earlier = this.#active.get(request.resource);
    this.#active.set(request.resource, {
      request,
      order: earlier?.order ?? ++this.#order,
      promoted: earlier?.promoted ?? false,
    });
    this.#inactive.delete(request.resource);
    this.#changed ||= earlier === undefined || earlier.request.digest !== request.digest;
  }

  #deactivate(resource: string): void {
    const known = this.#active.delete(resource);
    this.#changed ||= known || !this.#inactive.has(resource);
    this.#inactive.add(resource);
  }

  #setPromoted(resource: string, promoted: boolean): void {
    const active = this.#active.get(resource);
    if (active !== undefined) this.#active.set(resource, { ...active, promoted });
  }

  #sorted(): [string, ActiveResource][] {
    return [...this.#active].sort(([, a], [, b]) => {
      const addressFirst = Number(isAddress(b.request)) - Number(isAddress(a.request));
      return addressFirst || b.order - a.order;
    });
  }
}

function isAddress(request: OperationRequest): boolean {
  return guardAddresses(request.agent, request.params).length > 0;
}

function guardEntry(request: OperationRequest, environment: AgentEnvironment): GuardEntry {
  const timeoutMs = Math.max(request.timeoutMs, STOP_TIMEOUT_MIN_MS);
  const { resource, agent, params, meta } = request;
  const stop = { resource, agent, operation: "stop", intervalMs: 0, timeoutMs, params };
  return {
    resource,
    agent,
    params,
    env: ocfEnvironment(environment, { ...stop, meta: withoutRunOnes(meta) }),
    timeoutMs,
    addresses: guardAddresses(agent, params),
  };
}

/** Meta variables that speak of one run, not of the resource. */
function withoutRunOnes(meta: Readonly<Record<string, string>>): Record<string, string> {
  const own = ["CRM_meta_timeout", "CRM_meta_interval", "CRM_meta_name"];
  return Object.fromEntries(Object.entries(meta).filter(([name]) => !own.includes(name)));
}

/** The addresses an agent puts up, without their prefix length; empty for other agents. */
export function guardAddresses(
  agent: AgentName,
  params: Readonly<Record<string, string>>,
): readonly string[] {
  if (agent.class !== "ocf") return [];
  const name = `${agent.provider}:${agent.type}`;
  const given =
    name === "paceline:vip" || name === "heartbeat:IPaddr2" || name === "heartbeat:IPaddr"
      ? params["ip"]
      : name === "heartbeat:IPv6addr"
        ? params["ipv6addr"]
        : undefined;
  const address = given?.trim().split("/")[0] ?? "";
  return /^[0-9a-fA-F:.]{2,45}$/.test(address) ? [address] : [];
}
