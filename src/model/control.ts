import type { Override } from "./cib.ts";

/** What the CLI may ask a daemon over its control socket. One JSON object per line, both ways. */
export type ControlRequest =
  | { readonly method: "status" }
  | { readonly method: "config-show"; readonly version?: number }
  | { readonly method: "config-history" }
  | {
      readonly method: "config-apply";
      readonly text: string;
      readonly author: string;
      readonly comment?: string;
      readonly baseVersion?: number;
      /** Only validate and plan, change nothing. */
      readonly dryRun?: boolean;
    }
  | { readonly method: "config-rollback"; readonly version: number; readonly author: string }
  | { readonly method: "override-set"; readonly override: Omit<Override, "at"> }
  | { readonly method: "override-remove"; readonly ids: readonly string[] }
  | { readonly method: "cleanup"; readonly resource?: string; readonly node?: string }
  | { readonly method: "explain"; readonly resource: string; readonly node?: string }
  /** Answers once the cluster is settled: no transition running, none wanted. */
  | { readonly method: "wait"; readonly timeoutMs: number }
  | { readonly method: "timeline"; readonly limit?: number }
  | { readonly method: "fence-history" }
  | {
      readonly method: "fence";
      readonly action: "off" | "on" | "reboot" | "status" | "test" | "confirm";
      readonly target: string;
      readonly author: string;
    }
  | { readonly method: "leave" };

export type ControlReply =
  | { readonly ok: true; readonly result: unknown }
  | {
      readonly ok: false;
      /** Stable, upper case: NOT_QUORATE, UNKNOWN_RESOURCE, INVALID_DEFINITION … */
      readonly code: string;
      readonly message: string;
      readonly hint?: string;
      readonly details?: unknown;
    };
