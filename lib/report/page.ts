import { Markup, html, type Content } from "./html.js";
import { PAGE_STYLE } from "./page-style.js";

/** One part of a page, which the list at its top leads to. */
export interface PageSection {
  /** A word of ours, never of the data. */
  id: string;
  heading: string;
  content: Content;
}

/** Nothing is fetched, whatever a page contains; its own style and script are all there is. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

/** The whole document. */
export function renderPage(title: string, head: Content, sections: readonly PageSection[]): string {
  const document = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE)}</style>
</head>
<body>
<div class="page">
<header>${head}</header>
<nav aria-label="Sections"><ul>${
  sections.map(({ id, heading }) => html`<li><a href="#${id}">${heading}</a></li>`)}</ul></nav>
<main>${sections.map(({ id, heading, content }) => html`
<section id="${id}" aria-labelledby="${id}-heading">
<h2 id="${id}-heading">${heading}</h2>
${content}
</section>`)}
</main>
</div>
</body>
</html>
`;
  return document.text;
}

/** What a report is about, as names and values. */
export function factList(facts: readonly (readonly [string, Content])[]): Markup {
  return html`<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

export function noteList(notes: readonly string[]): Markup {
  return html`<ul class="notes">${notes.map((note) => html`<li><bdi>${note}</bdi></li>`)}</ul>`;
}

/** Large numbers with what they are below them. */
export function figureList(figures: readonly (readonly [string, string])[]): Markup {
  return html`<ul class="figures">${figures.map(([value, name]) => html`
<li><b>${value}</b> <span>${name}</span></li>`)}</ul>`;
}
