import { stripVTControlCharacters } from "node:util";

/**
 * Rows as aligned columns, two blanks between them, nothing at the ends of lines. A row of one cell
 * is a heading: it takes no part in the widths. A column that is empty throughout is left out.
 */
export function columns(rows: readonly (readonly string[])[], indent = ""): string[] {
  const widths: number[] = [];
  for (const row of rows.filter((each) => each.length > 1)) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(cell));
    });
  }
  return rows.map((row) => {
    const cells =
      row.length === 1
        ? row
        : row
            .map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell)))
            .filter((_cell, i) => (widths[i] ?? 0) > 0);
    return `${indent}${cells.join("  ")}`.trimEnd();
  });
}

function width(cell: string): number {
  return [...stripVTControlCharacters(cell)].length;
}
