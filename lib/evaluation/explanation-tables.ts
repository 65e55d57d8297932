import { formatTable } from "../terminal/table.js";
import type { Comparison, Explanation, Interval, PartRow, PartScores } from "./explanation.js";
import type { Metrics } from "./metrics.js";

// What an Explanation says, as tables for a terminal.

function share(value: number): string {
  return value.toFixed(4);
}

function span({ low, high }: Interval): string {
  return `${share(low)} to ${share(high)}`;
}

function partRow(name: string, { precision, recall, f1, support, found, predicted, correct }: PartScores): string[] {
  return [name, ...[precision, recall, f1].map(share), ...[support, found, predicted, correct].map(String)];
}

function partTable(title: string, rows: readonly PartRow[]): string {
  return formatTable([
    [title, "precision", "recall", "f1", "support", "found", "predicted", "correct"],
    ...rows.map(({ name, ...scores }) => partRow(name, scores)),
  ]);
}

/** Tables below the one of strict scores. */
export function formatExplanation(metrics: Metrics, explanation: Explanation): string {
  const { intervals, macro, relaxed, errorCounts } = explanation;
  const tables = [
    formatTable([
      ["strict", "score", "95% interval"],
      ["precision", share(metrics.precision), span(intervals.precision)],
      ["recall", share(metrics.recall), span(intervals.recall)],
      ["f1", share(metrics.f1), span(intervals.f1)],
      ["macro f1", share(macro.f1), span(intervals.macroF1)],
    ]),
    partTable("relaxed", [
      { name: "overlap, same type", ...relaxed.overlap },
      { name: "boundaries, any type", ...relaxed.boundary },
      { name: "type, anywhere", ...relaxed.type },
    ]),
    partTable("nesting", explanation.nesting),
    partTable("mention length", explanation.mentionLength),
    partTable("text length", explanation.documentLength),
    ...(explanation.seen === undefined ? [] : [partTable("mention", explanation.seen)]),
    formatTable([["errors", "count"], ...Object.entries(errorCounts).map(([kind, count]) => [kind, String(count)])]),
  ];
  return tables.join("\n\n");
}

/** The figures of both models, and a sentence as far as they carry it. */
export function formatComparison(comparison: Comparison): string {
  const { f1, againstF1, difference, interval, pValue, against, resamples } = comparison;
  const sure = pValue < 0.05;
  const sign = difference < 0 ? "" : "+";
  const table = formatTable([
    ["paired bootstrap", "f1", ""],
    ["this model", share(f1), ""],
    [against, share(againstF1), ""],
    ["difference", `${sign}${share(difference)}`, `95% interval ${span(interval)}`],
    ["p-value", pValue === 0 ? `< ${share(2 / resamples)}` : share(pValue), `${resamples} resamples`],
  ]);
  return `${table}\n${sure ? "more than chance explains" : "no more than chance may explain"}, at the 5% level`;
}
