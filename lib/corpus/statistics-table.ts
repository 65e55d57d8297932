import { formatAlignmentReport } from "../data/alignment-report.js";
import { nestings } from "../data/nesting.js";
import { formatTable } from "../terminal/table.js";
import { counted } from "./counted.js";
import type { CorpusStatistics, Quantiles } from "./statistics.js";

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${(100 * part / whole).toFixed(1)}%`;
}

function quantileRow(name: string, { min, median, p90, p99, max, mean }: Quantiles): string[] {
  return [name, String(min), String(median), mean.toFixed(1), String(p90), String(p99), String(max)];
}

/** Lines for a person. @param name of the file */
export function formatStatistics(statistics: CorpusStatistics, name: string): string[] {
  const { texts, entities, types, nesting, tokens } = statistics;
  const lines = [
    `${name}: ${counted(texts, "text")}, ${counted(entities, "entity", "entities")} of `
    + counted(types.length, "type"),
    `  ${counted(statistics.empty, "text")} (${percent(statistics.empty, texts)}) without an entity; `
    + `${counted(statistics.duplicates, "text")} (${percent(statistics.duplicates, texts)}) repeating an earlier one`,
    "",
    formatTable([
      ["length", "min", "median", "mean", "90%", "99%", "max"],
      quantileRow("texts, characters", statistics.characters),
      ...(tokens === undefined ? [] : [quantileRow("texts, tokens", tokens.lengths)]),
      quantileRow("mentions, characters", statistics.mentions),
    ]),
    "",
    formatTable([
      ["type", "entities", "share"],
      ...types.map(({ type, count }) => [type, String(count), percent(count, entities)]),
    ]),
    "",
    formatTable([
      ["nesting", "entities", "share"],
      ...nestings.map((kind) => [kind, String(nesting[kind]), percent(nesting[kind], entities)]),
    ]),
  ];
  if (tokens !== undefined) {
    lines.push(
      "",
      `${tokens.unknown} of ${tokens.tokens} tokens (${percent(tokens.unknown, tokens.tokens)}) are [UNK]: not in the `
      + "vocabulary",
      ...formatAlignmentReport(tokens.alignment, name),
    );
    if (tokens.alignment.lostCount === 0) lines.push("every entity has a token span");
  }
  return lines;
}
