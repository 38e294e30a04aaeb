import { InvalidArgumentError } from "commander";
import type { Millis } from "../core/units.ts";
import type { OptionSpec } from "./command-maker.ts";
import { parseSpan } from "./views/time-text.ts";

/** Options that many commands share, each with one meaning everywhere. */

const WAIT_DEFAULT_MS = 60_000;

export interface WaitOptions {
  /** Milliseconds. */
  readonly wait?: Millis;
}

export const WAIT: OptionSpec = [
  "--wait [timeout]",
  "wait until the cluster is settled, fail if it didn't work out (default: 60s)",
  readSpan,
];

export interface OverrideOptions extends WaitOptions {
  readonly reason?: string;
  /** Milliseconds from now. */
  readonly expires?: Millis;
}

/** Who sets something by hand may say why and for how long. */
export const OVERRIDE: readonly OptionSpec[] = [
  ["--reason <text>", "why: shown by status until it is taken back"],
  ["--expires <span>", "take it back by itself after 30min, 2h, 1d …", readSpan],
  WAIT,
];

export interface YesOptions {
  readonly yes?: boolean;
}

export const YES: OptionSpec = ["-y, --yes", "do not ask"];

/** Commander calls this only for a value; a bare `--wait` comes as `true`. */
export function readSpan(value: string): Millis {
  const span = parseSpan(value);
  if (span === undefined || span <= 0 || span > 10 * 365 * 86_400_000) {
    throw new InvalidArgumentError("A span looks like 30s, 10min, 2h or 1d.");
  }
  return span;
}

/** The time to wait, or undefined if nobody wants to wait. */
export function waitMs(options: { readonly wait?: Millis | true }): Millis | undefined {
  return options.wait === true ? WAIT_DEFAULT_MS : options.wait;
}

export function readCount(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) {
    throw new InvalidArgumentError("A whole number from 1 is wanted.");
  }
  return Number(value);
}

/** For options that may be given several times. */
export function collect(value: string, previous: unknown): string[] {
  return [...((previous as string[] | undefined) ?? []), value];
}
