import type { ControlReply } from "../../src/model/control.ts";
import { impossible, type SequentialObject } from "./linearizability.ts";

/**
 * The CIB as clients see it, as objects for the linearizability check: the definition is one
 * register with compare-and-swap, every override a register of its own.
 */

export interface DefinitionState {
  readonly version: number;
  readonly text: string;
}

export type DefinitionCall =
  | { readonly kind: "read" }
  | { readonly kind: "apply"; readonly text: string; readonly baseVersion?: number };

export type DefinitionAnswer =
  | { readonly kind: "is"; readonly version: number; readonly text: string }
  | { readonly kind: "applied"; readonly version: number }
  /** Another version than the given one was in force. */
  | { readonly kind: "conflict" };

/** The definition in force, from a known version on. */
export function definitionRegister(
  initial: DefinitionState,
): SequentialObject<DefinitionState, DefinitionCall, DefinitionAnswer> {
  return {
    initial,
    next(state, call, answer) {
      if (call.kind === "read") {
        if (answer === undefined) return state;
        const fits = answer.kind === "is" && answer.version === state.version;
        return fits && answer.text === state.text ? state : impossible;
      }
      if (call.baseVersion !== undefined && call.baseVersion !== state.version) {
        return answer === undefined || answer.kind === "conflict" ? state : impossible;
      }
      const isSame = call.text === state.text;
      const after = isSame ? state : { version: state.version + 1, text: call.text };
      if (answer === undefined) return after;
      return answer.kind === "applied" && answer.version === after.version ? after : impossible;
    },
    name: ({ version, text }) => `${version} ${text}`,
  };
}

export type OverrideCall =
  | { readonly kind: "read" }
  /** `value`: anything that tells one setting from another, for instance the reason given. */
  | { readonly kind: "set"; readonly value: string }
  | { readonly kind: "remove" };

export type OverrideAnswer =
  | { readonly kind: "is"; readonly value: string | null }
  | { readonly kind: "set" }
  | { readonly kind: "removed"; readonly existed: boolean };

/** One override, by its id; null: it is not set. */
export const overrideRegister: SequentialObject<string | null, OverrideCall, OverrideAnswer> = {
  initial: null,
  next(state, call, answer) {
    switch (call.kind) {
      case "read":
        if (answer === undefined) return state;
        return answer.kind === "is" && answer.value === state ? state : impossible;
      case "set":
        return answer === undefined || answer.kind === "set" ? call.value : impossible;
      case "remove":
        if (answer === undefined) return null;
        return answer.kind === "removed" && answer.existed === (state !== null) ? null : impossible;
    }
  },
  name: (state) => state ?? "(not set)",
};

/**
 * What a reply says about the effect of a write that was asked for: done, certainly not done
 * (`none`: `CallRecorder.withdraw` it), or unknown: that one may still take effect.
 */
export function effectOf(reply: ControlReply): "done" | "conflict" | "none" | "unknown" {
  if (reply.ok) return "done";
  if (CONFLICTS.includes(reply.code)) return "conflict";
  return WITHOUT_EFFECT.includes(reply.code) ? "none" : "unknown";
}

const CONFLICTS = ["CONFLICT", "VERSION_CONFLICT"];

/** Codes of refusals before anything was proposed. NO_DC is none: a DC may be lost in between. */
const WITHOUT_EFFECT = [
  "NODE_PRESENT",
  "NOT_QUORATE",
  "INVALID_DEFINITION",
  "INVALID_OVERRIDE",
  "BUSY",
];
