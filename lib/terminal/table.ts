import { displayWidth } from "./display-width.js";

/** Lays rows out in columns that line up on a terminal: the first column to the left, the others to the right. */
export function formatTable(cells: readonly (readonly string[])[]): string {
  // A name may hold anything: a line break would tear the table, an escape sequence would reach the terminal.
  const rows = cells.map((row) => row.map((cell) => cell.replace(/\p{Cc}/gu, "\ufffd")));
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell)));
  }
  const padded = (cell: string, column: number): string => {
    const blanks = " ".repeat((widths[column] ?? 0) - displayWidth(cell));
    return column === 0 ? cell + blanks : blanks + cell;
  };
  return rows.map((row) => row.map(padded).join("  ").trimEnd()).join("\n");
}
