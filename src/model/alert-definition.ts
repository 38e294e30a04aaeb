import type { AttributeSet } from "./rule.ts";

/** An alert as Pacemaker has it (Pacemaker Explained, "Alerts"): an agent, and whom it tells what. */
export interface AlertDefinition extends AlertOptions {
  readonly id: string;
  /** The agent: a program by its path. */
  readonly path: string;
  /** nodes, fencing, resources, attributes; empty: all but the last. */
  readonly select: readonly string[];
  /** The only attributes that it is about; empty: any. */
  readonly attributes: readonly string[];
  readonly recipients: readonly AlertRecipient[];
}

export interface AlertRecipient extends AlertOptions {
  readonly id: string;
  readonly value: string;
}

interface AlertOptions {
  /** timeout, timestamp-format, enabled. */
  readonly meta: readonly AttributeSet[];
  /** Environment variables of the agent. */
  readonly params: readonly AttributeSet[];
}
