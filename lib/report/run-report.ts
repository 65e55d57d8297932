import type { Metrics } from "../evaluation/metrics.js";
import { html, type Content, type Markup } from "./html.js";
import { counted, formatCount, formatDuration, formatScore, formatValue } from "./numbers.js";
import { factList, figureList, noteList, renderPage, type PageSection } from "./page.js";
import { scrolling, typeTable } from "./score-tables.js";
import { lineChart, type LineChart } from "./svg-charts.js";
import { TypeColours } from "./type-colours.js";

/** What an epoch left behind; a line of metrics.jsonl. */
export interface EpochPoint {
  /** Counted from 1. */
  epoch: number;
  /** Steps done in all. */
  step: number;
  /** Mean over the epoch's steps. */
  loss: number;
  /** Of the epoch's last step. */
  learningRate: number;
  /** Of training, without evaluation. */
  seconds: number;
  tokensPerSecond: number;
  dev: Metrics;
}

export interface RunReportInput {
  name: string;
  directory: string;
  /** How many epochs were meant to be. */
  epochs: number;
  /** Ascending. */
  records: readonly EpochPoint[];
  /** The epoch whose model was kept; absent where none was. */
  bestEpoch?: number;
  notes?: readonly string[];
}

function curves(records: readonly EpochPoint[], best: EpochPoint | undefined): Markup {
  const x = records.map(({ epoch }) => epoch);
  const marked = best === undefined ? {} : { marked: { x: best.epoch, label: `best: ${best.epoch}` } };
  const of = (name: string, value: (record: EpochPoint) => number): { name: string; values: number[] } =>
    ({ name, values: records.map(value) });
  const charts: LineChart[] = [
    {
      title: "Scores on the development set", x, scale: "fit", limits: [0, 1], format: formatScore, ...marked,
      series: [
        of("F1", ({ dev }) => dev.f1),
        of("Precision", ({ dev }) => dev.precision),
        of("Recall", ({ dev }) => dev.recall),
      ],
    },
    {
      title: "Training loss", x, scale: "loss", format: formatValue, ...marked,
      series: [of("Loss", ({ loss }) => loss)],
    },
    {
      title: "Learning rate", x, scale: "zero", format: formatValue,
      series: [of("Learning rate", ({ learningRate }) => learningRate)],
    },
    {
      title: "Tokens per second", x, scale: "zero", format: formatCount,
      series: [of("Tokens per second", ({ tokensPerSecond }) => tokensPerSecond)],
    },
  ];
  return html`<div class="charts">${charts.map(lineChart)}</div>`;
}

function epochTable(records: readonly EpochPoint[], best: EpochPoint | undefined): Markup {
  return scrolling("Epochs", html`<table>
<thead><tr><th scope="col">Epoch</th><th scope="col">Steps</th><th scope="col">Loss</th><th scope="col">F1</th>${
  html`<th scope="col">Precision</th><th scope="col">Recall</th><th scope="col">Learning rate</th>`}${
  html`<th scope="col">Time</th><th scope="col">Tokens/s</th></tr></thead>`}
<tbody>${records.map((record) => html`
<tr${record === best ? html` class="best"` : undefined}><th scope="row">${record === best ? "best " : undefined}${
  record.epoch}</th><td>${formatCount(record.step)}</td><td>${formatValue(record.loss)}</td><td>${
  formatScore(record.dev.f1)}</td><td>${formatScore(record.dev.precision)}</td><td>${
  formatScore(record.dev.recall)}</td><td>${formatValue(record.learningRate)}</td><td>${
  formatDuration(record.seconds)}</td><td>${
  formatCount(record.tokensPerSecond)}</td></tr>`)}</tbody></table>`, "epochs");
}

function overview({ epochs }: RunReportInput, records: readonly EpochPoint[], best: EpochPoint | undefined): Markup {
  const seconds = records.reduce((sum, record) => sum + record.seconds, 0);
  const tokens = records.reduce((sum, record) => sum + record.seconds * record.tokensPerSecond, 0);
  const last = records.at(-1);
  const shown = best ?? last;
  return html`<p class="eyebrow">Strict micro F1 on the development set, ${
    best === undefined ? "last epoch; none was the best" : "best epoch"}</p>
<p class="headline">${formatScore(shown?.dev.f1 ?? NaN)}<small>epoch ${shown?.epoch ?? 0}: precision ${
  formatScore(shown?.dev.precision ?? NaN)}, recall ${formatScore(shown?.dev.recall ?? NaN)}</small></p>
${figureList([
  [`${formatCount(records.length)} of ${formatCount(epochs)}`, "epochs"],
  [formatCount(last?.step ?? 0), "steps"],
  [formatValue(last?.loss ?? NaN), "last loss"],
  [formatDuration(seconds), "of training"],
  [formatDuration(seconds / records.length), "an epoch"],
  [formatCount(seconds > 0 ? tokens / seconds : NaN), "tokens per second"],
])}
<p class="hint">An entity is right when its type, its first and its last character are those of the annotation.
<b>Precision</b> is the share of the predicted entities that are right, <b>recall</b> the share of the annotated ones
that were found, <b>F1</b> their harmonic mean. The loss is the mean over the epoch's steps, the learning rate that
of its last step, the time that of training without evaluation.</p>`;
}

/** A page that shows how a training went. It needs no other file. */
export function renderRunReport(input: RunReportInput): string {
  const { name, directory, records, bestEpoch, notes = [] } = input;
  const best = records.find(({ epoch }) => epoch === bestEpoch);
  const shown = best ?? records.at(-1);
  const section = (id: string, heading: string, content: Content): PageSection => ({ id, heading, content });
  const sections = shown === undefined
    ? [section("scores", "Scores", html`<p class="absent">No epoch is complete yet.</p>`)]
    : [
      section("scores", "Scores", overview(input, records, best)),
      section("curves", "Curves", curves(records, best)),
      section("epochs", "Epochs", html`<p class="hint">${counted(records.length, "epoch")}${best === undefined
        ? ", none of them the best" : `; the model of epoch ${best.epoch} is the best`}.</p>
${epochTable(records, best)}`),
      section("types", "Types", html`<p class="hint">Scores on the development set after epoch ${shown.epoch}${
        best === undefined ? " (the last)" : " (the best)"}, the most frequent types first.</p>
${typeTable("Scores by type", shown.dev, TypeColours.of(shown.dev))}`),
    ];
  return renderPage(`Training of ${name}`, html`<h1>Training</h1>
${factList([["Run", html`<bdi>${name}</bdi>`], ["Directory", html`<bdi>${directory}</bdi>`]])}`, [
    ...sections,
    ...(notes.length === 0 ? [] : [section("notes", "Notes", noteList(notes))]),
  ]);
}
