import type { Metrics } from "../evaluation/metrics.js";
import { html, type Markup } from "./html.js";

/** As many as the page has (see page-style.ts); more could not be told apart by everybody. */
export const COLOURS = 10;

/** Which colour a type has: the most frequent ones get one of their own before colours come again. */
export class TypeColours {
  private readonly places: Map<string, number>;

  constructor(readonly types: readonly string[]) {
    this.places = new Map(types.map((type, index) => [type, index]));
  }

  /** All types of the metrics, the most frequent first, and then those that only occur elsewhere. */
  static of(metrics: Metrics, others: Iterable<string> = []): TypeColours {
    const scored = Object.entries(metrics.types).sort(([, a], [, b]) => b.support - a.support).map(([type]) => type);
    return new TypeColours([...new Set([...scored, ...others])]);
  }

  /** A number that stands for the type, safe in attributes and scripts. */
  place(type: string): number {
    return this.places.get(type) ?? this.types.length;
  }

  variable(type: string): string {
    return `var(--type-${this.place(type) % COLOURS})`;
  }

  get repeats(): boolean {
    return this.types.length > COLOURS;
  }

  /** The type's name with its colour before it. */
  named(type: string): Markup {
    return html`<span class="type"><i class="swatch" style="background:${this.variable(type)}"></i>${
      html`<bdi>${type === "" ? "(no name)" : type}</bdi></span>`
    }`;
  }
}
