/** Booleans as Pacemaker's options take them; undefined where the text is none. */
export function parseBoolean(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (/^(true|on|yes|y|1)$/i.test(text)) return true;
  return /^(false|off|no|n|0)$/i.test(text) ? false : undefined;
}

/** True only for a text that says so. */
export function isTrue(text: string | undefined): boolean {
  return parseBoolean(text) === true;
}

/** A whole number from 0 on; `fallback` where it is absent, 0 where it is nonsense. */
export function countOr(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const found = /^\s*([+-]?\d+)/.exec(text);
  return found === null ? 0 : Math.max(0, Number(found[1]));
}
