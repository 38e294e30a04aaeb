import type { Millis } from "../core/units.ts";

/** What became of arming this node's watchdog. */
export interface WatchdogState {
  readonly how: "hardware" | "software" | "none";
  /** It is certain to end everything that runs here: others may rely on it. */
  readonly proves: boolean;
  readonly fireMs: Millis;
  /** One plain sentence. */
  readonly detail: string;
}
