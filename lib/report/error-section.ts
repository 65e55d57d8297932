import type { Entity } from "../data/sample.js";
import {
  errorKinds, type ErrorExcerpt, type ErrorKind, type Explanation, type SpanError,
} from "../evaluation/explanation.js";
import { entityLines } from "./entity-lines.js";
import { Markup, html, type Content } from "./html.js";
import { counted, formatCount } from "./numbers.js";
import { bar } from "./svg-charts.js";
import { COLOURS, type TypeColours } from "./type-colours.js";

const KINDS: Record<ErrorKind, string> = {
  boundary: "The type is right, but the entity begins or ends elsewhere.",
  type: "An entity of another type stands there.",
  missed: "An annotated entity without a prediction.",
  spurious: "A prediction where nothing is annotated.",
};

/** More lines under one text are not read by anybody. */
const MOST_LINES = 40;

/** Longer mentions are cut in the middle. */
const MOST_CHARACTERS = 80;

/**
 * Shows the texts that have an error of the chosen kind and type. Without it all are there; the controls appear only
 * where it runs.
 */
const FILTER_SCRIPT = new Markup(`<script>
(() => {
  const form = document.getElementById("filter");
  const texts = [...document.querySelectorAll("article.text")];
  const show = () => {
    const { kind, type } = Object.fromEntries(new FormData(form));
    let shown = 0;
    for (const text of texts) {
      let fits = false;
      for (const line of text.querySelectorAll("li[data-kind]")) {
        line.hidden = !((kind === "" || line.dataset.kind === kind)
          && (type === "" || line.dataset.types.split(" ").includes(type)));
        fits ||= !line.hidden;
      }
      text.hidden = !fits;
      if (fits) shown++;
    }
    document.getElementById("shown").textContent = shown + " of " + texts.length + " texts";
  };
  form.hidden = false;
  form.addEventListener("change", show);
  form.addEventListener("reset", () => setTimeout(show));
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
})();
</script>`);

/** The types that have lines, the most frequent of the set first. */
function typesIn(excerpts: readonly ErrorExcerpt[], colours: TypeColours): string[] {
  const types = excerpts.flatMap(({ gold, predicted }) => [...gold, ...predicted].map(({ type }) => type));
  return [...new Set(types)].sort((a, b) => colours.place(a) - colours.place(b));
}

function mention(text: string): string {
  const line = text.replace(/\r\n|\n|\r/g, "↵");
  if (line.length <= MOST_CHARACTERS) return line;
  const half = MOST_CHARACTERS / 2;
  return `${line.slice(0, half)} … ${line.slice(-half)}`;
}

function placed(entity: Entity, { excerpt, offset }: ErrorExcerpt): Markup {
  const { start, end } = entity;
  return html`<q><bdi>${mention(excerpt.slice(start, end))}</bdi></q> <span class="place">[${
    offset + start}, ${offset + end})</span>`;
}

function errorLine(error: SpanError, number: number, excerpt: ErrorExcerpt, colours: TypeColours): Markup {
  const { kind, gold, predicted } = error;
  const types = [...new Set([gold?.type, predicted?.type])].filter((type) => type !== undefined);
  const shared = types.length === 1 ? types[0] : undefined;
  const parts: Content[] = [html`<b class="kind">${kind}</b>`];
  if (shared !== undefined) parts.push(colours.named(shared));
  const tell = (name: string, entity: Entity | undefined): void => {
    if (entity === undefined) return;
    const own = shared === undefined ? html`${colours.named(entity.type)} ` : undefined;
    parts.push(html`${name} ${own}${placed(entity, excerpt)}`);
  };
  tell("gold", gold);
  tell("predicted", predicted);
  if (predicted?.score !== undefined && Number.isFinite(predicted.score)) {
    parts.push(html`score ${predicted.score.toFixed(2)}`);
  }
  const joined = parts.map((part, index) => index === 0 ? part : html` <span class="dot">·</span> ${part}`);
  return html`
<li data-kind="${kind}" data-types="${types.map((type) => colours.place(type)).join(" ")}">${
  html`<span class="index">${number}</span> <span class="what">${joined}</span></li>`}`;
}

function excerptArticle(excerpt: ErrorExcerpt, colours: TypeColours): Markup {
  const { id, sample, offset, excerpt: text, errors } = excerpt;
  const types = typesIn([excerpt], colours);
  const lines = errors.slice(0, MOST_LINES);
  const more = errors.length - lines.length;
  const where = excerpt.cutBefore || excerpt.cutAfter
    ? html`<span class="where">characters ${formatCount(offset)} to ${formatCount(offset + text.length)}</span>`
    : undefined;
  return html`
<article class="text"><header><h3>Text ${sample + 1}</h3>${
  id === undefined ? undefined : html`<span class="where">id <bdi>${String(id)}</bdi></span>`}${where}${
  html`<span class="types">${types.map((type) => colours.named(type))}</span></header>`}
${entityLines(excerpt, colours)}
<ol class="errors">${lines.map((error, index) => errorLine(error, index + 1, excerpt, colours))}</ol>${
  more === 0 ? undefined : html`
<p class="remark">${counted(more, "more error")} in this text ${more === 1 ? "is" : "are"} not listed.</p>`}</article>`;
}

function kindTable(counts: Record<ErrorKind, number>, total: number): Markup {
  return html`<table class="kinds"><caption class="unseen">Errors by kind</caption>
<thead class="unseen"><tr><th scope="col">Kind</th><th scope="col">Errors</th><th scope="col">Share</th></tr></thead>
<tbody>${errorKinds.map((kind) => html`
<tr><th scope="row">${kind}<small>${KINDS[kind]}</small></th><td class="number">${formatCount(counts[kind])}</td>${
  html`<td class="bars">${bar(counts[kind] / total)}</td></tr>`}`)}</tbody></table>`;
}

function filterForm(excerpts: readonly ErrorExcerpt[], colours: TypeColours): Markup {
  const errors = excerpts.flatMap((excerpt) => excerpt.errors);
  const kinds = new Set(errors.map(({ kind }) => kind));
  const types = new Set(errors.flatMap(({ gold, predicted }) => [gold?.type, predicted?.type]));
  const kindOptions = errorKinds.filter((kind) => kinds.has(kind)).map((kind) =>
    html`<option value="${kind}">${kind}</option>`);
  const typeOptions = colours.types.filter((type) => types.has(type)).map((type) =>
    html`<option value="${colours.place(type)}">${type === "" ? "(no name)" : type}</option>`);
  return html`<form id="filter" hidden autocomplete="off">
<label>Kind <select name="kind"><option value="">all</option>${kindOptions}</select></label>
<label>Type <select name="type"><option value="">all</option>${typeOptions}</select></label>
<button type="reset">Show all</button> <output id="shown"></output></form>`;
}

function legend(excerpts: readonly ErrorExcerpt[], colours: TypeColours): Markup {
  const line = (style: string): Markup => html`<i class="line" style="background:${style}"></i>`;
  const dashes = "repeating-linear-gradient(90deg,currentColor 0 5px,transparent 5px 8px)";
  const types = typesIn(excerpts, colours);
  const repeated = colours.repeats
    ? html`
<p class="remark">Colours come again after the ${COLOURS} most frequent types; each text names its own.</p>`
    : undefined;
  return html`<div class="legend"><ul class="marks">
<li>${line("linear-gradient(currentColor 0 0) 0 50%/100% 1.5px no-repeat")}annotated and predicted alike</li>
<li>${line("linear-gradient(currentColor 0 0) 0 50%/100% 3px no-repeat")}annotated (gold), not predicted so</li>
<li>${line(`${dashes} 0 50%/100% 3px no-repeat`)}predicted, not annotated so</li>
<li><i class="tint">ab</i>wrong; the number is that of the line below the text</li></ul>
<p class="types">${types.map((type) => html`${colours.named(type)} `)}</p>${repeated}</div>`;
}

/** How many errors of which kind, and texts with theirs marked. */
export function errorSection({ errorCounts, excerpts }: Explanation, colours: TypeColours): Markup {
  const total = errorKinds.reduce((sum, kind) => sum + errorCounts[kind], 0);
  if (total === 0) return html`<p class="absent">There are no errors.</p>`;
  const shown = excerpts.reduce((sum, { errors }) => sum + errors.length, 0);
  const extent = shown < total
    ? `${formatCount(shown)} of the ${counted(total, "error")} are shown here.`
    : "All errors are shown here.";
  return html`${kindTable(errorCounts, total)}${excerpts.length === 0
    ? html`<p class="absent">No texts are shown.</p>`
    : html`
<h3 class="above">${counted(excerpts.length, "text")} with errors</h3>
<p class="hint">${extent} Every entity has a line under its characters, inner ones above outer ones. Positions count
UTF-16 units of the whole text from 0, the end exclusive; texts are counted from 1. The score is the model's for the
span: it predicts those above its threshold.</p>
${legend(excerpts, colours)}${filterForm(excerpts, colours)}
<div class="texts">${excerpts.map((excerpt) => excerptArticle(excerpt, colours))}</div>
${FILTER_SCRIPT}`}`;
}
