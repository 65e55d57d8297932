import type { PartRow } from "../evaluation/explanation.js";
import type { Metrics, Scores } from "../evaluation/metrics.js";
import { html, type Content, type Markup } from "./html.js";
import { NOTHING, formatCount, formatScore } from "./numbers.js";
import { bar } from "./svg-charts.js";
import type { TypeColours } from "./type-colours.js";

/** A table that scrolls by itself where it is wider than the page; reachable by keyboard for that. */
export function scrolling(name: string, table: Markup, extraClass = ""): Markup {
  return html`<div class="scroll ${extraClass}" role="region" aria-label="${name}" tabindex="0">${table}</div>`;
}

type Row = Pick<Scores, "precision" | "recall" | "f1" | "support" | "predicted" | "correct">;

/** Shares of nothing are not 0, they are not there: such cells hold a dash, and F1 gives way to words. */
export function scoreCells({ precision, recall, f1, support, predicted }: Row, nothing: string): Markup {
  const f1Cells = support === 0
    ? html`<td class="bars" colspan="2"><small>${nothing}</small></td>`
    : html`<td class="bars">${bar(f1)}</td><td class="strong">${formatScore(f1)}</td>`;
  return html`${f1Cells}<td>${predicted === 0 ? NOTHING : formatScore(precision)}</td>${
    html`<td>${support === 0 ? NOTHING : formatScore(recall)}</td>`}${
    html`<td>${formatCount(support)}</td><td>${formatCount(predicted)}</td>`}`;
}

export const SCORE_HEADINGS = html`<th scope="col" class="bars" colspan="2">F1</th><th scope="col">Precision</th>${
  html`<th scope="col">Recall</th><th scope="col">Annotated</th><th scope="col">Predicted</th>`}`;

/** A row a type, the most frequent first. */
export function typeTable(name: string, metrics: Metrics, colours: TypeColours): Markup {
  const types = Object.entries(metrics.types).sort(([, a], [, b]) => b.support - a.support);
  if (types.length === 0) return html`<p class="absent">There are no entity types.</p>`;
  const row = (heading: Content, scores: Scores): Markup => html`
<tr><th scope="row">${heading}</th>${scoreCells(scores, "none annotated")}<td>${formatCount(scores.correct)}</td></tr>`;
  return scrolling(name, html`<table class="scores">
<thead><tr><th scope="col">Type</th>${SCORE_HEADINGS}<th scope="col">Correct</th></tr></thead>
<tbody>${types.map(([type, scores]) => row(colours.named(type), scores))}</tbody>
<tfoot>${row("All", metrics)}</tfoot></table>`);
}

/** One breakdown of the entities. */
export function partChart(title: string, explanation: string, rows: readonly PartRow[]): Markup {
  const table = rows.length === 0
    ? html`<p class="absent">There is nothing to break down.</p>`
    : scrolling(title, html`<table class="scores parts">
<thead><tr><th scope="col">Part</th>${SCORE_HEADINGS}</tr></thead>
<tbody>${rows.map((row) => html`
<tr><th scope="row">${row.name}</th>${scoreCells(row, "none annotated")}</tr>`)}</tbody></table>`);
  return html`<section class="part"><h3>${title}</h3><p class="hint">${explanation}</p>${table}</section>`;
}
