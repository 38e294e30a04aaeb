/**
 * POSIX extended regular expressions (IEEE 1003.1 §9.4), which is what Pacemaker takes resource and
 * node patterns for, by translation to our own. What POSIX leaves open is as in glibc, where
 * somebody may rely on it (`\w`, `\<`, back references, a lone parenthesis); the rest is refused.
 * One thing differs: of several ways to match POSIX takes the longest, we take the first
 * alternative. Whether a text matches is the same; what its parts are (`%1`) may differ.
 */
export type Pattern = { readonly expression: RegExp } | { readonly problem: string };

/** Longer than any pattern for names; keeps what is nested in bounds, too. */
const LENGTH_MAX = 1024;
/** RE_DUP_MAX of glibc. */
const REPEAT_MAX = 32_767;

/** Reads a pattern; one that is none has a problem, and throws nothing. */
export function compilePattern(text: string): Pattern {
  if (text.length > LENGTH_MAX) return { problem: `longer than ${LENGTH_MAX} characters` };
  try {
    return { expression: new RegExp(new Translation(text).source(), "su") };
  } catch (error) {
    if (error instanceof PatternProblem) return { problem: error.message };
    throw error;
  }
}

/** Internal: ends a translation; caught in compilePattern. */
class PatternProblem extends Error {}

/** What each class has in the C locale, to stand between brackets. */
const CLASSES: Readonly<Record<string, string>> = {
  alnum: "A-Za-z0-9",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
  space: "\\t-\\r ",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** Escapes of GNU, most of them ours as well. */
const ESCAPES: Readonly<Record<string, string>> = {
  w: "\\w",
  W: "\\W",
  s: "\\s",
  S: "\\S",
  b: "\\b",
  B: "\\B",
  "<": "\\b(?=\\w)",
  ">": "\\b(?<=\\w)",
  "`": "^",
  "'": "$",
};

class Translation {
  readonly #text: readonly string[];
  #at = 0;
  /** The translation so far, in parts: a repetition is of the last one. */
  readonly #parts: string[] = [];
  /** The open groups: their numbers, and where they begin among the parts. */
  readonly #open: { readonly number: number; readonly start: number }[] = [];
  readonly #closed = new Set<number>();
  /** The last part can be repeated; and it is already. */
  #repeatable = false;
  #repeated = false;

  constructor(text: string) {
    this.#text = [...text];
  }

  source(): string {
    while (this.#at < this.#text.length) this.#next(this.#text[this.#at++]!);
    if (this.#open.length > 0) throw new PatternProblem("a ( is never closed");
    return this.#parts.join("");
  }

  #next(char: string): void {
    if (char === "[") this.#atom(this.#bracket());
    else if (char === "\\") this.#escape();
    else if (char === "(") this.#openGroup();
    else if (char === ")" && this.#open.length > 0) this.#closeGroup();
    else if (char === "|" || char === "^" || char === "$") this.#fixed(char);
    else if (char === "*" || char === "+" || char === "?") this.#repeat(char, char);
    else if (char === "{") this.#repeat(char, this.#interval());
    else if (char === ".") this.#atom(char);
    else this.#atom(quoted(char));
  }

  #atom(part: string): void {
    this.#parts.push(part);
    this.#repeatable = true;
    this.#repeated = false;
  }

  /** Something that cannot be repeated. */
  #fixed(part: string): void {
    this.#parts.push(part);
    this.#repeatable = false;
  }

  #escape(): void {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new PatternProblem("it ends with a \\");
    if (/[1-9]/.test(char)) this.#reference(char);
    else if (/[wWsS]/.test(char)) this.#atom(ESCAPES[char]!);
    else if (Object.hasOwn(ESCAPES, char)) this.#fixed(ESCAPES[char]!);
    else if (/[A-Za-z0-9]/.test(char)) throw new PatternProblem(`\\${char} has no meaning`);
    else this.#atom(quoted(char));
  }

  #reference(digit: string): void {
    if (!this.#closed.has(Number(digit))) {
      throw new PatternProblem(`there is no group before \\${digit} that it could mean`);
    }
    this.#atom(`(?:\\${digit})`);
  }

  #openGroup(): void {
    const number = this.#open.length + this.#closed.size + 1;
    this.#open.push({ number, start: this.#parts.length });
    this.#fixed("(");
  }

  #closeGroup(): void {
    const { number, start } = this.#open.pop()!;
    this.#closed.add(number);
    const inside = this.#parts.splice(start);
    this.#atom(`${inside.join("")})`);
  }

  #repeat(char: string, how: string): void {
    if (!this.#repeatable) throw new PatternProblem(`there is nothing before a ${char}`);
    const part = this.#parts.pop()!;
    this.#parts.push(this.#repeated ? `(?:${part})${how}` : `${part}${how}`);
    this.#repeated = true;
  }

  /** What follows a `{`. */
  #interval(): string {
    const end = this.#text.indexOf("}", this.#at);
    const text = end < 0 ? "" : this.#text.slice(this.#at, end).join("");
    const [, low = "", comma = "", high = ""] = /^(\d*)(,?)(\d*)$/.exec(text) ?? [];
    if (low === "" && high === "") throw new PatternProblem("a { begins no {1,2}");
    const isTooMuch = Math.max(Number(low), Number(high)) > REPEAT_MAX;
    if (isTooMuch || (high !== "" && Number(high) < Number(low))) {
      throw new PatternProblem(`{${text}} is no number of times`);
    }
    this.#at = end + 1;
    return `{${low === "" ? "0" : low}${comma}${high}}`;
  }

  /** What follows a `[`: a backslash means itself there, a `]` does where it is the first. */
  #bracket(): string {
    const negated = this.#text[this.#at] === "^";
    if (negated) this.#at++;
    let members = "";
    for (let first = true; first || this.#text[this.#at] !== "]"; first = false) {
      const start = this.#member(first);
      const isRange = this.#text[this.#at] === "-" && this.#text[this.#at + 1] !== "]";
      if (!isRange) {
        members += start.source;
        continue;
      }
      this.#at++;
      const end = this.#member(true);
      members += range(start, end);
    }
    this.#at++;
    return `[${negated ? "^" : ""}${members}]`;
  }

  #member(mayBeHyphen: boolean): Member {
    const char = this.#text[this.#at++];
    if (char === undefined) throw new PatternProblem("a [ is never closed");
    const kind = this.#text[this.#at];
    if (char === "[" && (kind === ":" || kind === "." || kind === "=")) return this.#named(kind);
    if (char === "-" && !mayBeHyphen && this.#text[this.#at] !== "]") {
      throw new PatternProblem("a - stands between no two characters");
    }
    return { source: quotedMember(char), char };
  }

  /** `[:alpha:]`, and `[.-.]` and `[=a=]` of single characters: no locale has more here. */
  #named(kind: string): Member {
    const start = this.#at + 1;
    let end = start;
    while (this.#text[end] !== kind || this.#text[end + 1] !== "]") {
      if (++end >= this.#text.length) throw new PatternProblem(`a [${kind} is never closed`);
    }
    this.#at = end + 2;
    const name = this.#text.slice(start, end).join("");
    if (kind !== ":" && end - start === 1) return { source: quotedMember(name), char: name };
    if (kind === ":" && Object.hasOwn(CLASSES, name)) return { source: CLASSES[name]! };
    throw new PatternProblem(`there is no [${kind}${name}${kind}]`);
  }
}

/** Of a bracket expression: a class, or the one character that it is. */
interface Member {
  readonly source: string;
  readonly char?: string;
}

function range(start: Member, end: Member): string {
  if (start.char === undefined || end.char === undefined) {
    throw new PatternProblem("a class cannot be the end of a range");
  }
  if (start.char.codePointAt(0)! > end.char.codePointAt(0)!) {
    throw new PatternProblem(`${start.char}-${end.char} is no range`);
  }
  return `${start.source}-${end.source}`;
}

/** The character as itself, outside of brackets. */
function quoted(char: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

/** The character as itself, between brackets. */
function quotedMember(char: string): string {
  return char === "-" ? "\\-" : quoted(char);
}
