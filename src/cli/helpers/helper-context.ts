import type { ControlMethod, ControlRequest, ControlResults } from "../../model/control.ts";

/** Exit codes as agents know them from Pacemaker's tools (crm_exit_e). */
export const HELPER_EXIT = {
  ok: 0,
  error: 1,
  unimplemented: 3,
  usage: 64,
  disconnected: 102,
  noSuch: 105,
  quorum: 106,
} as const;

/** What a helper command works with. */
export interface HelperContext {
  /** The name it was called by. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Asks the local daemon; rejects with a ControlError. */
  ask<Method extends ControlMethod>(
    request: Extract<ControlRequest, { method: Method }>,
  ): Promise<ControlResults[Method]>;
}

export type Helper = (context: HelperContext, args: readonly string[]) => Promise<number>;

/** Ends a helper with a message. */
export class HelperError extends Error {
  override readonly name = "HelperError";
  readonly exit: number;

  constructor(exit: number, message: string) {
    super(message);
    this.exit = exit;
  }
}

export function usage(message: string): HelperError {
  return new HelperError(HELPER_EXIT.usage, message);
}

export function noSuch(): HelperError {
  return new HelperError(
    HELPER_EXIT.noSuch,
    "Error performing operation: No such device or address",
  );
}

/** The name of the node on which the agent runs. */
export async function localNode(context: HelperContext): Promise<string> {
  return context.env["PACELINE_NODE"] ?? (await context.ask({ method: "status" })).node;
}

/** Who is said to have made a change. */
export function authorOf(context: HelperContext): string {
  const resource = context.env["OCF_RESOURCE_INSTANCE"];
  return resource === undefined ? context.command : `${context.command} of ${resource}`;
}
