/** A word of a rule expression with its offset in the text of the rule. */
export interface RuleWord {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Written in quotes: a value, whatever it looks like. */
  readonly quoted: boolean;
}

/** Splits a rule into words, quoted values and parentheses; `undefined` where a quote is open. */
export function splitRule(text: string): RuleWord[] | undefined {
  const words: RuleWord[] = [];
  // A parenthesis directly behind a word belongs to it: `param(name)`.
  const pattern =
    /\s+|"([^"]*)"|'([^']*)'|[()]|(?:param|meta)\([^()\s]*\)|[^\s()"']+=?(?:"[^"]*")?|./gy;
  for (const match of text.matchAll(pattern)) {
    const [whole, double, single] = match;
    if (whole.trim() === "") continue;
    if (whole === '"' || whole === "'") return undefined;
    const quoted = double ?? single;
    words.push({
      text: quoted ?? whole.replaceAll('"', ""),
      start: match.index,
      end: match.index + whole.length,
      quoted: quoted !== undefined,
    });
  }
  return words;
}
