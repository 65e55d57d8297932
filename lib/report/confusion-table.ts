import type { Confusion } from "../evaluation/explanation.js";
import { html, type Markup } from "./html.js";
import { counted, formatCount } from "./numbers.js";
import { percent } from "./scales.js";
import { scrolling } from "./score-tables.js";
import type { TypeColours } from "./type-colours.js";

/** As many rows and columns as can be looked over at once. */
const MOST_TYPES = 20;

interface Chosen {
  places: number[];
  /** Type errors in all, and among the types that are shown. */
  confusions: number;
  shown: number;
}

function countAt({ counts }: Confusion, row: number, column: number): number {
  return counts[row]?.[column] ?? 0;
}

function chooseTypes(confusion: Confusion): Chosen {
  const none = confusion.types.length;
  const all = confusion.types.map((_, place) => {
    let confused = 0;
    for (let other = 0; other < none; other++) {
      if (other !== place) confused += countAt(confusion, place, other) + countAt(confusion, other, place);
    }
    return { place, confused, alone: countAt(confusion, place, none) + countAt(confusion, none, place) };
  });
  const places = [...all].sort((a, b) => b.confused - a.confused || b.alone - a.alone).slice(0, MOST_TYPES)
    .map(({ place }) => place).sort((a, b) => a - b);
  const chosen = new Set(places);
  let shown = 0;
  for (const row of places) for (const column of chosen) if (row !== column) shown += countAt(confusion, row, column);
  return { places, confusions: all.reduce((sum, { confused }) => sum + confused, 0) / 2, shown };
}

/** Annotated by predicted types, shaded by count. */
export function confusionTable(confusion: Confusion, colours: TypeColours): Markup {
  if (confusion.types.length === 0) return html`<p class="absent">There are no entity types to confuse.</p>`;
  const none = confusion.types.length;
  const { places, confusions, shown } = chooseTypes(confusion);
  const lines = [...places, none];
  // Right ones outnumber errors by far and would leave these pale: they are not shaded with them.
  const most = Math.max(1, ...lines.flatMap((row) =>
    lines.map((column) => row === column ? 0 : countAt(confusion, row, column))));
  const cell = (row: number, column: number): Markup => {
    if (row === none && column === none) return html`<td class="corner"></td>`;
    const count = countAt(confusion, row, column);
    if (row === column) return html`<td class="same">${formatCount(count)}</td>`;
    if (count === 0) return html`<td class="zero">0</td>`;
    return html`<td style="--shade:${percent(Math.sqrt(count / most))}%">${formatCount(count)}</td>`;
  };
  const name = (place: number): Markup =>
    place === none ? html`<em>none</em>` : colours.named(confusion.types[place] ?? "");
  const left = confusion.types.length - places.length;
  return html`${left === 0 ? undefined : html`
<p class="remark">The ${places.length} types with the most confusion are shown; ${counted(left, "type")} with less
${left === 1 ? "is" : "are"} left out, and so ${counted(confusions - shown, "type error")} of
${formatCount(confusions)}.</p>`}${
    confusions === 0 ? html`
<p class="remark">No entity was given another type: all errors are in the last row, the last column, or boundaries.</p>`
      : undefined}${
    scrolling("Annotated types by predicted types", html`<table class="confusion">
<thead><tr><th scope="col">annotated ↓ <span class="by">predicted →</span></th>${
  lines.map((column) => html`<th scope="col"><span class="upright">${name(column)}</span></th>`)}</tr></thead>
<tbody>${lines.map((row) => html`
<tr><th scope="row">${name(row)}</th>${lines.map((column) => cell(row, column))}</tr>`)}</tbody></table>`)}`;
}
