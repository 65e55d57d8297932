/** Text that is markup already and goes into a page as it stands. */
export class Markup {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type Content = Markup | string | number | undefined | readonly Content[];

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;" };

/** What control characters are shown as; tabs and line breaks are shown as they are. */
const PICTURES = new Map([
  ...Array.from({ length: 0x20 }, (_, code): [string, string] =>
    [String.fromCharCode(code), String.fromCharCode(0x2400 + code)]),
  ["\u007f", "\u2421"], ["\t", "\t"], ["\n", "\n"],
]);

/**
 * Characters that a page cannot hold or that do not show: control characters become their pictures (␀), halves of
 * surrogate pairs the replacement character, the marks that turn the direction of writing likewise, so that no text
 * can make its neighbours read differently.
 */
function visible(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (control) => PICTURES.get(control) ?? "\ufffd")
    .replace(/[\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");
}

/** For text and for attributes in quotes alike. */
export function escapeHtml(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

function rendered(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "string") return escapeHtml(content);
  if (typeof content === "number") return String(content);
  return content.map(rendered).join("");
}

/** A piece of a page. Whatever is put into it is escaped unless it is Markup, so that forgetting is not possible. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  return new Markup(strings.map((string, index) => string + rendered(values[index])).join(""));
}
