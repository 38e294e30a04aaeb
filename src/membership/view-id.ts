/**
 * What a view id says: `COUNTER.FORMER`, `+1` or `+2` when it is passed on, `!a,b` when nodes are left
 * out, `!a,b;c` when not even those can be together. A node advertises the word it acts upon, so its
 * neighbours know whom it has in its view.
 */
export interface ViewWord {
  readonly counter: number;
  readonly former: string;
  /** 0: said by the former itself; 1: by one that hears it; 2: by one that hears such a one. */
  readonly hops: number;
  readonly excluded: Exclusions;
}

/** Who is left out: each group is a view of its own, the first has most members. */
export type Exclusions = readonly (readonly string[])[];

/** Words that came further are not followed: nodes would tell each other old words for ever. */
export const HOPS_MAX = 2;

export function formatViewId(
  counter: number,
  former: string,
  excluded: Exclusions,
  hops = 0,
): string {
  const base = `${counter}.${former}${hops === 0 ? "" : `+${hops}`}`;
  return excluded.length === 0
    ? base
    : `${base}!${excluded.map((group) => group.join(",")).join(";")}`;
}

/** Undefined for what is no view id. */
export function parseViewId(text: string): ViewWord | undefined {
  const match = /^(\d+)\.([^!+]*)(?:\+(\d+))?(?:!(.*))?$/.exec(text);
  if (match === null) return undefined;
  const [, counter, former, hops, excluded] = match;
  const groups = excluded === undefined || excluded === "" ? [] : excluded.split(";");
  return {
    counter: Number(counter),
    former: former ?? "",
    hops: Number(hops ?? 0),
    excluded: groups.map((group) => group.split(",")),
  };
}

/** Whether both are in one view by these exclusions. */
export function areTogether(excluded: Exclusions, a: string, b: string): boolean {
  return excluded.every((group) => group.includes(a) === group.includes(b));
}
