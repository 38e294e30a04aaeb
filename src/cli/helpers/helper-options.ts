import { usage } from "./helper-context.ts";

/**
 * Options of a helper: each by its names, one letter or a word. `flag` takes no argument, `value`
 * one, and `optional` takes the next word unless that looks like an option.
 */
export type OptionTable = Readonly<
  Record<string, readonly ["flag" | "value" | "optional", ...names: string[]]>
>;

export interface ParsedOptions {
  has(key: string): boolean;
  /** The last one counts, as with getopt. */
  get(key: string): string | undefined;
  /** Which of these was given last. */
  last(...keys: readonly string[]): string | undefined;
}

type Kind = "flag" | "value" | "optional";

/** Reads a command line as getopt_long does. Operands are ignored, as Pacemaker's tools do. */
export function parseOptions(args: readonly string[], table: OptionTable): ParsedOptions {
  const byName = new Map<string, { readonly key: string; readonly kind: Kind }>();
  for (const [key, [kind, ...names]] of Object.entries(table)) {
    for (const name of names) byName.set(name, { key, kind });
  }
  const given: { key: string; value: string }[] = [];
  const words = [...args];
  const take = (name: string, attached: string | undefined): void => {
    const option = byName.get(name);
    if (option === undefined) throw usage(`unknown option ${name}`);
    const { key, kind } = option;
    let value = attached;
    if (kind === "value" || (kind === "optional" && !(words[0] ?? "-").startsWith("-"))) {
      value ??= words.shift();
    }
    if (kind === "value" && value === undefined) throw usage(`option ${name} needs an argument`);
    given.push({ key, value: value ?? "" });
  };
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") break;
    if (word.startsWith("--")) takeLong(word, take);
    else if (word.startsWith("-") && word !== "-") takeShort(word, byName, take);
  }
  const keysOf = (key: string) => given.findLast((each) => each.key === key);
  return {
    has: (key) => keysOf(key) !== undefined,
    get: (key) => keysOf(key)?.value,
    last: (...keys) => given.findLast((each) => keys.includes(each.key))?.key,
  };
}

type Take = (name: string, attached: string | undefined) => void;

function takeLong(word: string, take: Take): void {
  const equals = word.indexOf("=");
  if (equals < 0) take(word.slice(2), undefined);
  else take(word.slice(2, equals), word.slice(equals + 1));
}

/** `-DQ`, `-N node`, `-Nnode`. */
function takeShort(
  word: string,
  byName: ReadonlyMap<string, { readonly kind: Kind }>,
  take: Take,
): void {
  for (let at = 1; at < word.length; at++) {
    const letter = word[at] as string;
    const rest = word.slice(at + 1);
    if (byName.get(letter)?.kind === "value" && rest !== "") {
      take(letter, rest);
      return;
    }
    take(letter, undefined);
  }
}
