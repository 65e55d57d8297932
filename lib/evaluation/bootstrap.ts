import { Random } from "../data/random.js";
import type { BootstrapIntervals, Comparison, Interval } from "./explanation.js";
import { ratio } from "./metrics.js";

/*
 * The bootstrap (Efron, 1979): texts are drawn with replacement, as many as there are, and the score of each draw tells
 * how far chance alone moves it. Percentile intervals. For two models the same texts are drawn for both
 * (Berg-Kirkpatrick et al., "An Empirical Investigation of Statistical Significance in NLP", 2012).
 */

const RESAMPLES = 1000;
const SEED = 2333;

/** Strict counts of every text, by type: what resampling needs of an evaluation, in flat columns. */
export class TextCounts {
  private readonly starts = [0]; // [texts + 1] rows
  private readonly type: number[] = []; // [rows]
  private readonly support: number[] = [];
  private readonly predicted: number[] = [];
  private readonly correct: number[] = [];
  typeCount = 0;

  get texts(): number {
    return this.starts.length - 1;
  }

  /** @param rows of the types that occur in the text */
  add(rows: Iterable<{ type: number; support: number; predicted: number; correct: number }>): void {
    for (const row of rows) {
      this.type.push(row.type);
      this.support.push(row.support);
      this.predicted.push(row.predicted);
      this.correct.push(row.correct);
      this.typeCount = Math.max(this.typeCount, row.type + 1);
    }
    this.starts.push(this.type.length);
  }

  /** Adds the counts of one text to sums of [types][support, predicted, correct]. */
  addTo(sums: Float64Array, text: number): void {
    for (let row = this.starts[text] ?? 0; row < (this.starts[text + 1] ?? 0); row++) {
      const at = 3 * (this.type[row] ?? 0);
      sums[at] = (sums[at] ?? 0) + (this.support[row] ?? 0);
      sums[at + 1] = (sums[at + 1] ?? 0) + (this.predicted[row] ?? 0);
      sums[at + 2] = (sums[at + 2] ?? 0) + (this.correct[row] ?? 0);
    }
  }
}

interface Figures {
  precision: number;
  recall: number;
  f1: number;
  macroF1: number;
}

function figuresOf(sums: Float64Array): Figures {
  let [support, predicted, correct, types, f1Sum] = [0, 0, 0, 0, 0];
  for (let at = 0; at < sums.length; at += 3) {
    const [ofType = 0, guessed = 0, right = 0] = sums.subarray(at, at + 3);
    support += ofType;
    predicted += guessed;
    correct += right;
    if (ofType + guessed === 0) continue;
    types++;
    f1Sum += 2 * right / (ofType + guessed);
  }
  return {
    precision: ratio(correct, predicted), recall: ratio(correct, support), f1: ratio(2 * correct, support + predicted),
    macroF1: ratio(f1Sum, types),
  };
}

/** The middle 95% of some values: as many are left out on either side. */
function middle(values: Float64Array): Interval {
  const sorted = values.slice().sort();
  const tail = Math.round(0.025 * (sorted.length - 1));
  return { low: sorted[tail] ?? 0, high: sorted[sorted.length - 1 - tail] ?? 0 };
}

function* draws(texts: number, resamples: number): Generator<Uint32Array> {
  const random = new Random(SEED);
  const drawn = new Uint32Array(texts);
  for (let round = 0; round < resamples; round++) {
    for (let place = 0; place < texts; place++) drawn[place] = random.below(texts);
    yield drawn;
  }
}

/** The same seed each time: the same counts give the same intervals. */
export function bootstrapIntervals(counts: TextCounts, resamples = RESAMPLES): BootstrapIntervals {
  const names = ["precision", "recall", "f1", "macroF1"] as const;
  const values = new Map(names.map((name) => [name, new Float64Array(resamples)]));
  const sums = new Float64Array(3 * counts.typeCount);
  let round = 0;
  for (const drawn of counts.texts === 0 ? [] : draws(counts.texts, resamples)) {
    sums.fill(0);
    for (const text of drawn) counts.addTo(sums, text);
    const figures = figuresOf(sums);
    for (const name of names) {
      const column = values.get(name);
      if (column !== undefined) column[round] = figures[name];
    }
    round++;
  }
  const interval = (name: (typeof names)[number]): Interval => middle(values.get(name) ?? new Float64Array(1));
  return {
    precision: interval("precision"), recall: interval("recall"), f1: interval("f1"), macroF1: interval("macroF1"),
    resamples,
  };
}

/**
 * Whether one model's strict micro F1 is above another's by more than chance.
 *
 * @param model its name and the counts of each text
 * @param against the same of the other, over the same texts in the same order
 * @throws RangeError when they are not of as many texts
 */
export function comparePaired(
  model: { name: string; counts: TextCounts }, against: { name: string; counts: TextCounts }, resamples = RESAMPLES,
): Comparison {
  const { texts } = model.counts;
  if (texts !== against.counts.texts) {
    throw new RangeError(`${texts} texts cannot be compared with ${against.counts.texts}`);
  }
  const sides = [model.counts, against.counts].map((counts) => ({
    counts, sums: new Float64Array(3 * counts.typeCount),
  }));
  const f1Of = (drawn: Iterable<number>): [number, number] => {
    const [own = 0, other = 0] = sides.map(({ counts, sums }) => {
      sums.fill(0);
      for (const text of drawn) counts.addTo(sums, text);
      return figuresOf(sums).f1;
    });
    return [own, other];
  };
  const [f1, againstF1] = f1Of(Array.from({ length: texts }, (_, text) => text));
  const difference = f1 - againstF1;
  const differences = new Float64Array(resamples);
  let round = 0;
  let reversed = 0; // draws in which the sign turns, or there is no difference
  for (const drawn of texts === 0 ? [] : draws(texts, resamples)) {
    const [own, other] = f1Of(drawn);
    differences[round++] = own - other;
    if ((own - other) * difference <= 0) reversed++;
  }
  return {
    model: model.name, against: against.name, f1, againstF1, difference, interval: middle(differences),
    pValue: texts === 0 ? 1 : Math.min(1, 2 * reversed / resamples), resamples,
  };
}
