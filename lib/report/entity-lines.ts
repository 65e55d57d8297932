import type { Entity } from "../data/sample.js";
import type { ErrorExcerpt } from "../evaluation/explanation.js";
import { html, type Markup } from "./html.js";
import { formatCount } from "./numbers.js";
import type { TypeColours } from "./type-colours.js";

/*
 * A text with lines under its entities. Entities nest and cross, elements do not; so the text is cut wherever an entity
 * begins or ends, and each piece draws the lines of all the entities that it lies in as its background.
 */

/** One line: an entity that was annotated, predicted, or both alike. */
export interface DrawnSpan {
  start: number;
  end: number;
  type: string;
  mark: "both" | "gold" | "predicted";
  /** Numbers of the errors that it stands in, from 1. */
  errors: number[];
  /** 0 is next to the text. */
  lane: number;
}

export interface Segment {
  text: string;
  start: number;
  /** All that cover it, nearest first. */
  spans: DrawnSpan[];
}

/** As many lines as can still be told apart under each other. */
const MOST_LANES = 12;

const LANE_HEIGHT = 6;

function keyOf({ start, end, type }: Entity): string {
  return `${start} ${end} ${type}`;
}

function spansOf({ excerpt, gold, predicted, errors }: ErrorExcerpt): Omit<DrawnSpan, "lane">[] {
  const spans = new Map<string, Omit<DrawnSpan, "lane">>();
  const add = (entity: Entity, mark: "gold" | "predicted"): void => {
    const { start, end, type } = entity;
    if (start < 0 || end <= start || end > excerpt.length) return; // no characters to draw a line under
    const known = spans.get(keyOf(entity));
    if (known === undefined) spans.set(keyOf(entity), { start, end, type, mark, errors: [] });
    else if (known.mark !== mark) known.mark = "both";
  };
  for (const entity of gold) add(entity, "gold");
  for (const entity of predicted) add(entity, "predicted");
  errors.forEach((error, index) => {
    for (const entity of [error.gold, error.predicted]) {
      if (entity !== undefined) spans.get(keyOf(entity))?.errors.push(index + 1);
    }
  });
  return [...spans.values()];
}

/** Gives every entity the lane nearest to the text that is free all along it, the shortest first: inner above outer. */
export function layOutSpans(excerpt: ErrorExcerpt): { spans: DrawnSpan[]; lanes: number; left: number } {
  const found = spansOf(excerpt).sort((a, b) => (a.end - a.start) - (b.end - b.start) || a.start - b.start);
  const taken = new Uint16Array(excerpt.excerpt.length); // a bit a lane
  const spans: DrawnSpan[] = [];
  let lanes = 0;
  for (const span of found) {
    let used = 0;
    for (let at = span.start; at < span.end; at++) used |= taken[at] ?? 0;
    let lane = 0;
    while (used >> lane & 1) lane++;
    if (lane >= MOST_LANES) continue;
    for (let at = span.start; at < span.end; at++) taken[at] = (taken[at] ?? 0) | 1 << lane;
    lanes = Math.max(lanes, lane + 1);
    spans.push({ ...span, lane });
  }
  return { spans, lanes, left: found.length - spans.length };
}

/** The text cut at every boundary; joined, the pieces are the text again. */
export function segmentsOf(text: string, spans: readonly DrawnSpan[]): Segment[] {
  const cuts = [...new Set([0, text.length, ...spans.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
  const byStart = [...spans].sort((a, b) => a.start - b.start);
  const segments: Segment[] = [];
  let open: DrawnSpan[] = [];
  let next = 0;
  for (let index = 0; index + 1 < cuts.length; index++) {
    const [start = 0, end = 0] = [cuts[index], cuts[index + 1]];
    open = open.filter((span) => span.end > start);
    for (let span = byStart[next]; span !== undefined && span.start <= start; span = byStart[++next]) open.push(span);
    segments.push({ text: text.slice(start, end), start, spans: [...open].sort((a, b) => a.lane - b.lane) });
  }
  return segments;
}

const MARK_NAMES = { both: "annotated and predicted", gold: "annotated", predicted: "predicted" };

function lineStyle(span: DrawnSpan, segmentEnd: number, colours: TypeColours, lanes: number): string {
  const { mark, lane, type, end } = span;
  const colour = colours.variable(type);
  const paint = mark === "predicted"
    ? `repeating-linear-gradient(90deg,${colour} 0 5px,transparent 5px 8px)`
    : `linear-gradient(${colour} 0 0)`;
  // Entities that follow each other without a gap in the text get one between their lines.
  const width = end === segmentEnd ? "calc(100% - 2px)" : "100%";
  const below = (lanes - 1 - lane) * LANE_HEIGHT;
  const thickness = mark === "both" ? "1.5px" : "3px";
  return `${paint} 0 calc(100% - ${below}px)/${width} ${thickness} no-repeat`;
}

function drawnSegment({ text, start, spans }: Segment, colours: TypeColours, lanes: number): Markup {
  if (spans.length === 0) return html`${text}`;
  const end = start + text.length;
  const layers = spans.map((span) => lineStyle(span, end, colours, lanes));
  const wrong = spans.some(({ mark }) => mark !== "both");
  if (wrong) layers.push(`linear-gradient(var(--wrong) 0 0) 0 0/100% calc(100% - ${lanes * LANE_HEIGHT}px) no-repeat`);
  const title = spans.map(({ type, mark }) => `${type} (${MARK_NAMES[mark]})`).join(", ");
  // Numbers are shown by the style sheet, so that a copied text is the text.
  const closing = spans.filter((span) => span.end === end).flatMap(({ errors }) => errors);
  const numbers = [...new Set(closing)].sort((a, b) => a - b).join(",");
  return html`<span class="seg" title="${title}"${
    numbers === "" ? undefined : html` data-errors="${numbers}"`
  } style="background:${layers.join(",")}">${text}</span>`;
}

/** The excerpt as a paragraph. */
export function entityLines(excerpt: ErrorExcerpt, colours: TypeColours): Markup {
  const { spans, lanes, left } = layOutSpans(excerpt);
  const cut = html`<span class="cut" role="img" aria-label="The text goes on."></span>`;
  const segments = segmentsOf(excerpt.excerpt, spans).map((segment) => drawnSegment(segment, colours, lanes));
  return html`<p class="excerpt" dir="auto" style="--lines:${lanes * LANE_HEIGHT}px">${
    excerpt.cutBefore ? cut : undefined}${segments}${excerpt.cutAfter ? cut : undefined}</p>${
    left === 0 ? undefined : html`
<p class="remark">${formatCount(left)} more overlap here than can be drawn under each other.</p>`}`;
}
