import { errorKinds, type Comparison, type Explanation, type Interval } from "../evaluation/explanation.js";
import type { Metrics } from "../evaluation/metrics.js";
import { confusionTable } from "./confusion-table.js";
import { errorSection } from "./error-section.js";
import { html, type Content, type Markup } from "./html.js";
import { counted, formatCount, formatDifference, formatPValue, formatScore } from "./numbers.js";
import { factList, figureList, noteList, renderPage, type PageSection } from "./page.js";
import { SCORE_HEADINGS, partChart, scoreCells, scrolling, typeTable } from "./score-tables.js";
import { intervalTable } from "./svg-charts.js";
import { TypeColours } from "./type-colours.js";

export interface EvaluationReportInput {
  /** Which model, such as its directory. */
  model: string;
  /** On which texts, such as their file. */
  data: string;
  metrics: Metrics;
  explanation: Explanation;
  comparison?: Comparison;
  /** What else is to be known, such as what alignment lost. */
  notes?: readonly string[];
}

function intervalLabel({ low, high }: Interval, format: (value: number) => string = formatScore): string {
  return `${format(low)} to ${format(high)}`;
}

function overview({ metrics, explanation }: EvaluationReportInput): Markup {
  const { intervals, macro } = explanation;
  const rows = ([
    ["F1", metrics.f1, intervals.f1],
    ["Precision", metrics.precision, intervals.precision],
    ["Recall", metrics.recall, intervals.recall],
    ["Macro F1", macro.f1, intervals.macroF1],
  ] as const).map(([name, value, interval]) =>
    ({ name, value, interval, label: formatScore(value), intervalLabel: intervalLabel(interval) }));
  const remarks = [
    ...(metrics.support === 0 ? ["Nothing is annotated in these texts, so recall and F1 tell nothing."] : []),
    ...(metrics.predicted === 0 ? ["The model predicted no entity at all."] : []),
  ];
  return html`<div class="lead"><div>
<p class="eyebrow">Strict micro F1</p>
<p class="headline">${formatScore(metrics.f1)}<small>95% interval ${intervalLabel(intervals.f1)}</small></p>
${figureList([
  [formatCount(metrics.support), "annotated"],
  [formatCount(metrics.predicted), "predicted"],
  [formatCount(metrics.correct), "correct"],
  [formatScore(macro.precision), "macro precision"],
  [formatScore(macro.recall), "macro recall"],
])}</div>
<div>${intervalTable("Strict scores with their 95% intervals", rows, { limits: [0, 1] })}</div></div>
${remarks.map((remark) => html`<p class="remark">${remark}</p>
`)}<p class="hint"><b>Strict</b>: an entity is right when its type, its first and its last character are those of the
annotation. <b>Precision</b> is the share of the predicted entities that are right, <b>recall</b> the share of the
annotated ones that were found, <b>F1</b> their harmonic mean. <b>Micro</b> counts every entity the same, <b>macro</b>
every type. The <b>95% interval</b> is how far a score moves when as many texts are drawn anew from these, with
replacement, ${formatCount(intervals.resamples)} times: about how far it may be from that on other texts of this
sort.</p>`;
}

function verdict({ difference, pValue }: Comparison): string {
  if (difference === 0) return "Both have the same F1 on these texts.";
  return pValue < 0.05
    ? "So clear a difference would be rare if both were equally good: it is unlikely to be chance."
    : "A difference like this is common between models that are equally good: it may well be chance.";
}

function comparisonPart(comparison: Comparison): Markup {
  const { model, against, f1, againstF1, difference, interval, pValue, resamples } = comparison;
  const better = difference === 0 ? "as good as" : difference > 0 ? "better than" : "worse than";
  const row = {
    name: "Difference", value: difference, interval, label: formatDifference(difference),
    intervalLabel: intervalLabel(interval, formatDifference),
  };
  return html`<div class="lead"><div>
${factList([
  ["This model", html`<bdi>${model}</bdi> <b>${formatScore(f1)}</b>`],
  ["Compared with", html`<bdi>${against}</bdi> <b>${formatScore(againstF1)}</b>`],
])}
<p>This model is ${better} the other${difference === 0 ? undefined : html` by
<b>${formatScore(Math.abs(difference))}</b>`} in strict micro F1 (95% interval ${row.intervalLabel},
${formatPValue(pValue, resamples)}).
${verdict(comparison)}</p></div>
<div>${intervalTable("Difference in F1 with its 95% interval", [row], { zero: true })}</div></div>
<p class="hint">Both were scored on the same texts, drawn anew ${formatCount(resamples)} times. <b>p</b> is twice the
share of the draws in which the other model was ahead instead: the smaller, the less the difference owes to these very
texts.</p>`;
}

function relaxedPart({ metrics, explanation: { relaxed } }: EvaluationReportInput): Markup {
  const rows = [
    ["Strict", "Type and both boundaries are right.", metrics],
    ["Overlap", "The type is right and at least one character is shared: what is lost to boundaries is given back.",
      relaxed.overlap],
    ["Boundary", "Both boundaries are right, whatever the type: what is lost to wrong types is given back.",
      relaxed.boundary],
    ["Type", "As many entities of the type as the text has, wherever they are: whether the model knows what a text "
      + "is about.", relaxed.type],
  ] as const;
  return scrolling("Relaxed scores beside strict ones", html`<table class="scores relaxed">
<thead><tr><th scope="col">Counted as right</th>${SCORE_HEADINGS}</tr></thead>
<tbody>${rows.map(([name, meaning, scores]) => html`
<tr><th scope="row">${name}<small>${meaning}</small></th>${
  scoreCells(scores, "none annotated")}</tr>`)}</tbody></table>`);
}

function partsOf({ nesting, mentionLength, documentLength, seen }: Explanation): Markup {
  return html`<div class="parts-grid">
${partChart("Nesting", "Flat: touches no other entity. Outer and inner: holds another, lies in another. Same span: "
  + "another type has the same characters. Crossing: overlaps another that neither holds it nor lies in it.", nesting)}
${partChart("Length of the mention", "Characters of the entity.", mentionLength)}
${partChart("Length of the text", "Characters of the text that the entity stands in.", documentLength)}
${seen === undefined
  ? html`<section class="part"><h3>Seen and unseen</h3><p class="absent">Not known: without the training set, nobody can
tell which mentions the model has seen.</p></section>`
  : partChart("Seen and unseen", "Whether the training set has the same mention with the same type. Unseen ones show "
      + "what the model has learned beyond names it knows.", seen)}</div>`;
}

function typesIn({ explanation: { confusion, excerpts } }: EvaluationReportInput): string[] {
  const drawn = excerpts.flatMap(({ gold, predicted }) => [...gold, ...predicted].map(({ type }) => type));
  return [...confusion.types, ...drawn];
}

/** A page that shows how good a model is on a data set, and where it is wrong. It needs no other file. */
export function renderEvaluationReport(input: EvaluationReportInput): string {
  const { model, data, metrics, explanation, comparison, notes = [] } = input;
  const colours = TypeColours.of(metrics, typesIn(input));
  const errors = errorKinds.reduce((sum, kind) => sum + explanation.errorCounts[kind], 0);
  const section = (id: string, heading: string, content: Content): PageSection => ({ id, heading, content });
  return renderPage(`Evaluation of ${model} on ${data}`, html`<h1>Evaluation</h1>
${factList([["Model", html`<bdi>${model}</bdi>`], ["Data", html`<bdi>${data}</bdi>`]])}`, [
    section("scores", "Scores", overview(input)),
    ...(comparison === undefined ? [] : [section("comparison", "Comparison", comparisonPart(comparison))]),
    ...(notes.length === 0 ? [] : [section("notes", "Notes", noteList(notes))]),
    section("types", "Types", html`<p class="hint">Strict scores of each type, the most frequent first.</p>
${typeTable("Scores by type", metrics, colours)}`),
    section("relaxed", "Relaxed scores", html`<p class="hint">The same predictions, counted more leniently: how far
these rise above the strict scores shows what kind of mistake costs most.</p>
${relaxedPart(input)}`),
    section("parts", "Kinds of entities", html`<p class="hint">Strict scores by what the entities are like. A part can
have annotated entities without predictions and the other way round; few entities make for scores that chance moves.</p>
${partsOf(explanation)}`),
    section("confusion", "Confusion of types", html`<p class="hint">What was annotated (rows) and what was predicted
instead (columns). On the diagonal are right entities and those with the right type but other boundaries; in the last
column what was missed, in the last row what was predicted where nothing is. Stronger colour means more errors.</p>
${confusionTable(explanation.confusion, colours)}`),
    section("errors", "Errors", html`<p class="hint">${counted(errors, "error")} in all.</p>
${errorSection(explanation, colours)}`),
  ]);
}
