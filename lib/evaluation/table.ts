import { displayWidth } from "./display-width.js";
import type { Metrics, Scores } from "./metrics.js";

/** Lays rows out in columns that line up on a terminal: the first column to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
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

function scoreRow(name: string, scores: Scores): string[] {
  const shares = [scores.precision, scores.recall, scores.f1].map((share) => share.toFixed(4));
  const counts = [scores.support, scores.predicted, scores.correct].map(String);
  return [name, ...shares, ...counts];
}

/** A line per entity type and one for all of them. */
export function formatScoreTable(metrics: Metrics): string {
  return formatTable([
    ["type", "precision", "recall", "f1", "support", "predicted", "correct"],
    ...Object.entries(metrics.types).map(([type, scores]) => scoreRow(type, scores)),
    scoreRow("all", metrics),
  ]);
}
