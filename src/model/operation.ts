import type { Millis } from "../core/units.ts";
import type { OperationRecord, ResourceHistory } from "./cluster-status.ts";
import type { AgentName } from "./policy-definition.ts";

/** What the DC asks a node's LRM to run. Carries the DC's term: an LRM refuses an older one. */
export interface OperationRequest {
  /** `TRANSITION:ACTION`, unique per DC term; comes back with the result. */
  readonly key: string;
  readonly term: number;
  readonly resource: string;
  readonly agent: AgentName;
  /** start stop monitor promote demote notify reload reload-agent migrate_to migrate_from. */
  readonly operation: string;
  /** 0: once. Else a recurring operation: its first result is answered, later only changes. */
  readonly intervalMs: Millis;
  readonly timeoutMs: Millis;
  readonly startDelayMs: Millis;
  readonly params: Readonly<Record<string, string>>;
  /** CRM_meta_* variables, names as the agent sees them without OCF_RESKEY_. */
  readonly meta: Readonly<Record<string, string>>;
  readonly expectedRc: number;
  readonly digest: string;
  readonly restartDigest?: string;
  /** Parameters whose change needs a restart, and the secret ones: recorded with the result. */
  readonly forceRestart?: string;
  readonly secureParams?: string;
  readonly secureDigest?: string;
  /** on-fail=ignore: a failure is answered and recorded, and does not count. */
  readonly ignoreFailure?: boolean;
  /** A failure counts as INFINITY (a start where start-failure-is-fatal, or a stop). */
  readonly fatalFailure: boolean;
}

/** What came out of one run of an agent. */
export interface AgentOutcome {
  /** OCF exit code; undefined where there was none (killed, not to be started). */
  readonly rc: number | undefined;
  readonly reason: "exited" | "timeout" | "cancelled" | "not-started" | "killed";
  /** Bounded tail of what it printed, secrets masked. */
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: Millis;
  /** One plain sentence where the exit code does not say it: why not started, why killed. */
  readonly message?: string;
}

/** One agent run, as handed to the executor. */
export interface AgentCommand {
  readonly runId: number;
  readonly agent: AgentName;
  readonly action: string;
  readonly resource: string;
  /** The whole environment beside PATH and the like. */
  readonly env: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly timeoutMs: Millis;
}

/** Result of a requested operation, from LRM to DC. */
export interface OperationResult {
  readonly key: string;
  readonly node: string;
  readonly resource: string;
  readonly record: OperationRecord;
  /** The term of the request: keys repeat from one DC to the next. */
  readonly term: number;
  /** Nothing was run, and why; the record's status is 9 (invalid) or 1 (cancelled) then. */
  readonly refused?: "stale-term" | "queue-full" | "stopping" | "superseded";
  /** The request had been answered before; this is the same answer again. */
  readonly duplicate?: boolean;
}

/** What the guardian must stop when the daemon is gone; the list is in order, first first. */
export interface GuardEntry {
  readonly resource: string;
  readonly agent: AgentName;
  readonly params: Readonly<Record<string, string>>;
  /** The environment for the agent's stop. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: Millis;
  /** Addresses (without prefix) that go first, and without the agent. */
  readonly addresses: readonly string[];
}

/** All that a node knows of itself: answered to a new DC, and pushed on change. */
export interface LocalStatus {
  readonly node: string;
  readonly incarnation: number;
  /** Grows with every change; a DC keeps the highest. */
  readonly revision: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly history: readonly ResourceHistory[];
  /** Keys of requests still running, queued or, where all is told, held back. */
  readonly inFlight: readonly string[];
}
