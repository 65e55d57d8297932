import type { Sample } from "../data/sample.js";

/** The mentions of a training set with their types: whether a model can have learnt one by heart. */
export class SeenMentions {
  private readonly mentions = new Map<string, Set<string>>();

  static async of(samples: AsyncIterable<Sample> | Iterable<Sample>): Promise<SeenMentions> {
    const seen = new SeenMentions();
    for await (const sample of samples) seen.add(sample);
    return seen;
  }

  add({ text, entities }: Pick<Sample, "text" | "entities">): void {
    for (const { start, end, type } of entities) {
      const ofType = this.mentions.get(type) ?? new Set<string>();
      this.mentions.set(type, ofType);
      ofType.add(text.slice(start, end));
    }
  }

  has(type: string, mention: string): boolean {
    return this.mentions.get(type)?.has(mention) === true;
  }
}
