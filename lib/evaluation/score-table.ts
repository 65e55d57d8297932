import { formatTable } from "../terminal/table.js";
import { macroScores, type Metrics, type Scores } from "./metrics.js";

function scoreRow(name: string, scores: Scores): string[] {
  const shares = [scores.precision, scores.recall, scores.f1].map((share) => share.toFixed(4));
  const counts = [scores.support, scores.predicted, scores.correct].map(String);
  return [name, ...shares, ...counts];
}

function macroShares(metrics: Metrics): string[] {
  const { precision, recall, f1 } = macroScores(metrics);
  return [precision, recall, f1].map((share) => share.toFixed(4));
}

/** A line per entity type, one for all of them, and one for all of them. */
export function formatScoreTable(metrics: Metrics): string {
  return formatTable([
    ["type", "precision", "recall", "f1", "support", "predicted", "correct"],
    ...Object.entries(metrics.types).map(([type, scores]) => scoreRow(type, scores)),
    scoreRow("all", metrics),
    ["macro", ...macroShares(metrics)],
  ]);
}
