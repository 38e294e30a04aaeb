/** Lines around a difference that are shown with it. */
const CONTEXT = 3;

/** Beyond this many line pairs the middle is shown as replaced whole: it is a file, not a novel. */
const PAIRS_MAX = 4_000_000;

/** The difference of two texts as in `diff -u`, without the file names; empty: they are the same. */
export function textDiff(before: string, after: string): string[] {
  const rows = diffRows(splitLines(before), splitLines(after));
  return hunks(rows);
}

interface Row {
  readonly sign: " " | "-" | "+";
  readonly text: string;
  /** Line numbers in both texts before this row, from 0. */
  readonly oldAt: number;
  readonly newAt: number;
}

function splitLines(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function diffRows(a: readonly string[], b: readonly string[]): Row[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end++;
  }
  const rows: Row[] = [];
  let oldAt = 0;
  let newAt = 0;
  const add = (sign: Row["sign"], text: string): void => {
    rows.push({ sign, text, oldAt, newAt });
    if (sign !== "+") oldAt++;
    if (sign !== "-") newAt++;
  };
  for (const text of a.slice(0, start)) add(" ", text);
  const middleA = a.slice(start, a.length - end);
  const middleB = b.slice(start, b.length - end);
  for (const [sign, text] of middleRows(middleA, middleB)) add(sign, text);
  for (const text of a.slice(a.length - end)) add(" ", text);
  return rows;
}

/** The longest common subsequence, by the table of lengths. */
function middleRows(a: readonly string[], b: readonly string[]): [Row["sign"], string][] {
  if (a.length * b.length > PAIRS_MAX) {
    return [...a.map((text) => ["-", text] as const), ...b.map((text) => ["+", text] as const)].map(
      ([sign, text]) => [sign, text],
    );
  }
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const rows: [Row["sign"], string][] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      rows.push([" ", a[i]!]);
      i++;
      j++;
    } else if (
      j >= b.length ||
      (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      rows.push(["-", a[i++]!]);
    } else {
      rows.push(["+", b[j++]!]);
    }
  }
  return rows;
}

function hunks(rows: readonly Row[]): string[] {
  const wanted = rows.map(() => false);
  rows.forEach((row, i) => {
    if (row.sign === " ") return;
    const last = Math.min(rows.length - 1, i + CONTEXT);
    for (let near = Math.max(0, i - CONTEXT); near <= last; near++) wanted[near] = true;
  });
  const lines: string[] = [];
  for (let i = 0; i < rows.length; i++) {
    if (!wanted[i]) continue;
    let end = i;
    while (end < rows.length && wanted[end]) end++;
    const part = rows.slice(i, end);
    const olds = part.filter((row) => row.sign !== "+").length;
    const news = part.filter((row) => row.sign !== "-").length;
    lines.push(`@@ -${part[0]!.oldAt + 1},${olds} +${part[0]!.newAt + 1},${news} @@`);
    lines.push(...part.map((row) => `${row.sign}${row.text}`));
    i = end;
  }
  return lines;
}
