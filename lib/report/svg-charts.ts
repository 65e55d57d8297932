import type { Interval } from "../evaluation/explanation.js";
import { html, type Content, type Markup } from "./html.js";
import { NOTHING } from "./numbers.js";
import { linearScale, logarithmicScale, percent, placeOn, wholeTicks, type Scale } from "./scales.js";

/*
 * The drawings stretch with the page (preserveAspectRatio="none") while their strokes keep their width; what is to be
 * read in them is laid over as text of the page, so that it stays as large on a telephone as on a wide screen.
 */

/** A share as a bar. It stands beside its number, which is what a screen reader reads. */
export function bar(share: number): Markup {
  return html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">${
    html`<rect class="track" width="100" height="10"/><rect class="fill" width="${percent(share)}" height="10"/></svg>`
  }`;
}

export interface IntervalRow {
  name: Content;
  value: number;
  interval: Interval;
  /** What the number and its interval are written as. */
  label: string;
  intervalLabel: string;
}

function intervalDrawing(row: IntervalRow, scale: Scale, zero: boolean): Markup {
  const [low, high, at] = [row.interval.low, row.interval.high, row.value].map((end) => percent(placeOn(scale, end)));
  const grid = scale.ticks.map(({ value }) => {
    const x = percent(placeOn(scale, value));
    return html`<path class="${zero && value === 0 ? "zero" : "grid"}" d="M${x} 0V20"/>`;
  });
  const title = `${row.label}, 95% interval ${row.intervalLabel}`;
  return html`<svg class="interval" viewBox="0 0 100 20" preserveAspectRatio="none" role="img" aria-label="${title}">${
    html`<title>${title}</title>${grid}<path class="range" d="M${low} 10H${high}"/>`
  }${html`<path class="end" d="M${low} 6V14M${high} 6V14"/><path class="point" d="M${at} 10h0"/></svg>`}`;
}

/** Scores with their intervals on one scale. */
export function intervalTable(
  caption: string, rows: readonly IntervalRow[], { limits, zero = false }: { limits?: number[]; zero?: boolean } = {},
): Markup {
  const ends = rows.flatMap(({ value, interval }) => [value, interval.low, interval.high]);
  const scale = linearScale(zero ? [...ends, 0] : ends, { count: 4, ...(limits === undefined ? {} : { limits }) });
  const labels = scale.ticks.map(({ value, label }) =>
    html`<span style="left:${percent(placeOn(scale, value))}%">${label}</span>`);
  return html`<table class="intervals"><caption class="unseen">${caption}</caption>
<thead class="unseen"><tr><th scope="col">Score</th><th scope="col">Value</th><th scope="col">Drawn</th></tr></thead>
<tbody>${rows.map((row) => html`
<tr><th scope="row">${row.name}</th><td class="number"><span class="value">${row.label}</span>
<small>${row.intervalLabel}</small></td><td class="drawn">${intervalDrawing(row, scale, zero)}</td></tr>`)}
<tr class="axis" aria-hidden="true"><td></td><td></td><td class="drawn"><div>${labels}</div></td></tr></tbody></table>`;
}

export interface Series {
  name: string;
  values: readonly number[];
}

export interface LineChart {
  title: string;
  /** The numbers along the bottom: epochs, ascending. */
  x: readonly number[];
  /** At most three: each has a way of drawing of its own that does without colour. */
  series: readonly Series[];
  /** `zero` begins at 0, `fit` where the values do, `loss` is logarithmic where the values span magnitudes. */
  scale: "zero" | "fit" | "loss";
  limits?: number[];
  format: (value: number) => string;
  /** The x to be marked. */
  marked?: { x: number; label: string };
}

/** Dots beside the line only as long as they do not touch each other. */
const MOST_DOTS = 40;

function scaleOf({ series, scale, limits }: LineChart): Scale {
  const values = series.flatMap((one) => one.values).filter((value) => Number.isFinite(value));
  const low = values.reduce((a, b) => Math.min(a, b), Infinity);
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity);
  if (scale === "loss" && low > 0 && high / low > 40) return logarithmicScale(values);
  const options = limits === undefined ? {} : { limits };
  // A fifth of the height empty is the most that beginning at 0 may cost a chart that need not begin there.
  const fits = scale === "fit" && low > high / 5 && series.some((one) => one.values.length > 1);
  return linearScale(fits ? values : [0, ...values], options);
}

function curve(series: Series, index: number, chart: LineChart, place: (x: number, y: number) => string): Markup {
  let pen = "M";
  const path = series.values.map((value, at) => {
    if (!Number.isFinite(value)) {
      pen = "M";
      return "";
    }
    const piece = pen + place(chart.x[at] ?? 0, value);
    pen = "L";
    return piece;
  }).join("");
  const dots = series.values.map((value, at) => Number.isFinite(value)
    ? html`<path class="dot" d="M${place(chart.x[at] ?? 0, value)}h0">${
      html`<title>${series.name}, epoch ${chart.x[at] ?? 0}: ${chart.format(value)}</title></path>`
    }`
    : undefined);
  const many = series.values.length > MOST_DOTS;
  return html`<g class="series s${index}${many ? " many" : ""}"><path class="curve" d="${path}"/>${dots}</g>`;
}

/** Curves over epochs, with a legend where there are several. */
export function lineChart(chart: LineChart): Markup {
  const scale = scaleOf(chart);
  const first = chart.x[0] ?? 1;
  const last = chart.x.at(-1) ?? first;
  const across = (x: number): number => last === first ? 50 : percent((x - first) / (last - first));
  const up = (value: number): number => Number((100 - percent(placeOn(scale, value))).toFixed(2));
  const place = (x: number, y: number): string => `${across(x)} ${up(y)}`;
  const ends = chart.series.map(({ name, values }) => {
    const known = values.filter((value) => Number.isFinite(value));
    const [from, to] = [known[0], known.at(-1)].map((value) => value === undefined ? NOTHING : chart.format(value));
    return known.length > 1 ? `${name} from ${from ?? ""} to ${to ?? ""}` : `${name} ${to ?? ""}`;
  });
  const span = last === first ? `Epoch ${first}` : `Epochs ${first} to ${last}`;
  const { marked } = chart;
  const markedAt = marked === undefined ? 0 : across(marked.x);
  const label = `${chart.title}. ${span}: ${ends.join("; ")}.`;
  return html`<figure class="chart"><figcaption>${chart.title}${
    scale.logarithmic ? html` <small>logarithmic scale</small>` : undefined
  }</figcaption>${chart.series.length < 2 ? undefined : html`
<ul class="keys">${chart.series.map(({ name }, index) => html`<li><svg class="key" viewBox="0 0 28 10" ${
  html`aria-hidden="true" focusable="false"><g class="series s${index}"><path class="curve" d="M1 5H27"/></g></svg>`
}${name}</li>`)}</ul>`}
<div class="plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="${label}">
<title>${label}</title>${scale.ticks.map(({ value }) => html`<path class="grid" d="M0 ${up(value)}H100"/>`)}${
  marked === undefined ? undefined : html`<path class="marked" d="M${markedAt} 0V100"/>`
}${chart.series.map((series, index) => curve(series, index, chart, place))}</svg>
<div class="labels" aria-hidden="true">${
  scale.ticks.map(({ value, label: text }) => html`<span class="y" style="top:${up(value)}%">${text}</span>`)
}${
  (last === first ? [first] : wholeTicks(first, last)).map((x) =>
    html`<span class="x" style="left:${across(x)}%">${x}</span>`)
}${marked === undefined ? undefined : html`
<span class="mark${markedAt > 80 ? " left" : ""}" style="left:${markedAt}%">${marked.label}</span>`
}</div></div></figure>`;
}
