import { stripVTControlCharacters } from "node:util";

/** Rows as aligned columns, two blanks between them, nothing at the ends of lines. */
export function columns(rows: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)));
    return `${indent}${cells.join("  ")}`.trimEnd();
  });
}

function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
