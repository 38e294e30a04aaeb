/** What a view id says: `COUNTER.FORMER`, and `!a,b` when nodes are left out. */
export interface ViewWord {
  readonly counter: number;
  readonly former: string;
  readonly excluded: readonly string[];
}

export function formatViewId(counter: number, former: string, excluded: readonly string[]): string {
  const base = `${counter}.${former}`;
  return excluded.length === 0 ? base : `${base}!${excluded.join(",")}`;
}

export function parseViewId(text: string): ViewWord | undefined {
  const match = /^(\d+)\.([^!]*)(?:!(.*))?$/.exec(text);
  if (match === null) return undefined;
  const [, counter, former, excluded] = match;
  const names = excluded === undefined || excluded === "" ? [] : excluded.split(",");
  return { counter: Number(counter), former: former ?? "", excluded: names };
}
