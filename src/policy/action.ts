import type { Node, OperationConfig, Resource } from "./working-set.ts";

/** How strongly an ordering binds; a set of bits, since one pair may be ordered for several reasons. */
export const ORDER = {
  none: 0,
  /** Only the order: neither needs the other. */
  ordered: 1,
} as const;

/** One action of the plan in the making. */
export class Action {
  readonly id: number;
  readonly resource: Resource | undefined;
  node: Node | undefined;
  task: string;
  /** `web_start_0`. */
  key: string;
  readonly intervalMs: number;
  config: OperationConfig | undefined;
  optional = true;
  runnable = true;
  pseudo = false;
  reason: string | undefined;
  priority = 0;

  constructor(
    id: number,
    resource: Resource | undefined,
    task: string,
    key: string,
    intervalMs: number,
  ) {
    this.id = id;
    this.resource = resource;
    this.task = task;
    this.key = key;
    this.intervalMs = intervalMs;
  }
}

export interface Ordering {
  readonly id: number;
}
