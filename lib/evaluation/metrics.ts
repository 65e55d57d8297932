import type { Entity } from "../data/sample.js";

/** Precision, recall and F1 with the counts behind them. */
export interface Scores {
  precision: number;
  recall: number;
  f1: number;
  /** Gold entities. */
  support: number;
  /** Predicted entities. */
  predicted: number;
  /** Predicted entities that are gold. */
  correct: number;
}

/** Micro scores over the whole set, overall and by type. */
export interface Metrics extends Scores {
  types: Record<string, Scores>;
}

/** A share of nothing is 0: no score is ever NaN. */
export function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

export function scoresFrom({ support, predicted, correct }: Pick<Scores, "support" | "predicted" | "correct">): Scores {
  return {
    precision: ratio(correct, predicted),
    recall: ratio(correct, support),
    f1: ratio(2 * correct, support + predicted),
    support,
    predicted,
    correct,
  };
}

/** Means over the types that occur, in the annotation or the prediction, each type counting the same. */
export function macroScores({ types }: Metrics): Pick<Scores, "precision" | "recall" | "f1"> {
  const occurring = Object.values(types).filter(({ support, predicted }) => support + predicted > 0);
  const mean = (name: "precision" | "recall" | "f1"): number =>
    ratio(occurring.reduce((sum, scores) => sum + scores[name], 0), occurring.length);
  return { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") };
}

/** The distinct entities of an annotation, by all that strict scoring looks at: type -> start -> ends. */
class GoldEntities {
  private readonly found = new Map<string, Map<number, Set<number>>>();

  /** Whether it was not there yet. */
  add({ start, end, type }: Entity): boolean {
    const starts = this.found.get(type) ?? new Map<number, Set<number>>();
    this.found.set(type, starts);
    const ends = starts.get(start) ?? new Set<number>();
    starts.set(start, ends);
    return !ends.has(end) && Boolean(ends.add(end));
  }

  has({ start, end, type }: Entity): boolean {
    return this.found.get(type)?.get(start)?.has(end) ?? false;
  }
}

/**
 * Strict scores, sample by sample: a prediction is correct when an annotated entity has the same type and the same
 * first and last character. Gold is the annotation as it stands, without duplicates, so that an entity which no token
 * span can express counts as missed. Precision with nothing predicted, recall with nothing annotated and F1 with
 * neither are 0.
 */
export class StrictMetrics {
  private readonly counts = new Map<string, { support: number; predicted: number; correct: number }>();

  /** @param entityTypes types to list even where they never occur; further types are added as they come. */
  constructor(entityTypes: Iterable<string> = []) {
    for (const type of entityTypes) this.countsOf(type);
  }

  /**
   * One sample: its annotation and the prediction, both over the characters of its text.
   *
   * @param predicted without duplicates; looked at one by one and not kept, for there may be very many
   */
  add(gold: Iterable<Entity>, predicted: Iterable<Entity>): void {
    const expected = new GoldEntities();
    for (const entity of gold) if (expected.add(entity)) this.countsOf(entity.type).support++;
    for (const entity of predicted) {
      const counts = this.countsOf(entity.type);
      counts.predicted++;
      if (expected.has(entity)) counts.correct++;
    }
  }

  result(): Metrics {
    const total = { support: 0, predicted: 0, correct: 0 };
    for (const { support, predicted, correct } of this.counts.values()) {
      total.support += support;
      total.predicted += predicted;
      total.correct += correct;
    }
    const types = Object.fromEntries([...this.counts].map(([type, counts]) => [type, scoresFrom(counts)]));
    return { ...scoresFrom(total), types };
  }

  private countsOf(type: string): { support: number; predicted: number; correct: number } {
    const known = this.counts.get(type);
    if (known !== undefined) return known;
    const counts = { support: 0, predicted: 0, correct: 0 };
    this.counts.set(type, counts);
    return counts;
  }
}
