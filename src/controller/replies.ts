import type { ControlFailure, ControlReply } from "../model/control.ts";

/** How the coordinator answers who has asked it something. */
export type Respond = (reply: ControlReply) => void;

export function ok(result: unknown): ControlReply {
  return { ok: true, result };
}

export function fail(code: string, message: string, hint?: string): ControlFailure {
  return hint === undefined ? { ok: false, code, message } : { ok: false, code, message, hint };
}

export function notQuorate(): ControlFailure {
  return fail(
    "NOT_QUORATE",
    "this partition has no quorum: nothing was changed",
    "bring enough of the missing nodes back, or their network: `paceline status` names them",
  );
}
