import type { OverrideKind } from "./cib.ts";

/**
 * The identity of an override: `KIND:TARGET`, and for a ban `ban:TARGET:NODE`, because one resource
 * may be banned from several nodes. A second migrate replaces the first, wherever it pointed.
 */
export function overrideId(kind: OverrideKind, target: string, node?: string): string {
  return kind === "ban" && node !== undefined ? `${kind}:${target}:${node}` : `${kind}:${target}`;
}
