import fc from "fast-check";
import { Random } from "../../lib/data/random.js";
import { bootstrapIntervals, comparePaired, TextCounts } from "../../lib/evaluation/bootstrap.js";

interface Row {
  type: number;
  support: number;
  predicted: number;
  correct: number;
}

function countsOf(texts: readonly (readonly Row[])[]): TextCounts {
  const counts = new TextCounts();
  for (const rows of texts) counts.add(rows);
  return counts;
}

const row = fc.tuple(fc.nat(2), fc.nat(4), fc.nat(4), fc.nat(4)).map(([type, support, predicted, correct]): Row => ({
  type, support, predicted, correct: Math.min(support, predicted, correct),
}));
const corpora = fc.array(fc.uniqueArray(row, { maxLength: 3, selector: ({ type }) => type }), {
  minLength: 1, maxLength: 8,
});

interface Figures {
  precision: number;
  recall: number;
  f1: number;
  macroF1: number;
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

/** The scores of some texts, from the definitions. */
function figuresOf(texts: readonly (readonly Row[])[]): Figures {
  const rows = texts.flat();
  const sum = (name: "support" | "predicted" | "correct", of = rows): number =>
    of.reduce((total, one) => total + one[name], 0);
  const f1Of = (of: Row[]): number => share(2 * sum("correct", of), sum("support", of) + sum("predicted", of));
  const byType = [0, 1, 2].map((type) => rows.filter((one) => one.type === type))
    .filter((of) => sum("support", of) + sum("predicted", of) > 0);
  return {
    precision: share(sum("correct"), sum("predicted")), recall: share(sum("correct"), sum("support")), f1: f1Of(rows),
    macroF1: share(byType.reduce((total, of) => total + f1Of(of), 0), byType.length),
  };
}

/** The texts of each resample, by the same random numbers that the toolkit draws. */
function resamplesOf<T>(texts: readonly T[], resamples: number): T[][] {
  const random = new Random(2333);
  return Array.from({ length: resamples }, () =>
    Array.from(texts, () => texts[random.below(texts.length)] as T));
}

function middle(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const tail = Math.round(0.025 * (values.length - 1)); // as many are left out on either side
  return { low: sorted[tail] ?? NaN, high: sorted[sorted.length - 1 - tail] ?? NaN };
}

const names = ["precision", "recall", "f1", "macroF1"] as const;

/** Texts of which a model finds some share of the entities, with a wrong one now and then. */
function simulated(texts: number, seed: number, found: number): Row[][] {
  const random = new Random(seed);
  return Array.from({ length: texts }, () => [0, 1].map((type): Row => {
    const support = 1 + random.below(3);
    let correct = 0;
    for (let entity = 0; entity < support; entity++) if (random.below(100) < found) correct++;
    return { type, support, correct, predicted: correct + (random.below(100) < found ? 0 : 1) };
  }));
}

describe("bootstrapIntervals", () => {
  test("are those of a plain implementation over the same draws", () => {
    fc.assert(fc.property(corpora, fc.integer({ min: 1, max: 60 }), (texts, resamples) => {
      const drawn = resamplesOf(texts, resamples).map(figuresOf);
      const intervals = bootstrapIntervals(countsOf(texts), resamples);
      expect(intervals.resamples).toBe(resamples);
      for (const name of names) {
        const expected = middle(drawn.map((figures) => figures[name]));
        expect(intervals[name].low).toBeCloseTo(expected.low, 12);
        expect(intervals[name].high).toBeCloseTo(expected.high, 12);
      }
    }), { numRuns: 60 });
  });

  test("are the same each time, and hold the score", () => {
    const texts = simulated(120, 7, 70);
    const intervals = bootstrapIntervals(countsOf(texts));
    expect(bootstrapIntervals(countsOf(texts))).toEqual(intervals);
    expect(intervals.resamples).toBe(1000);
    const figures = figuresOf(texts);
    for (const name of names) {
      const { low, high } = intervals[name];
      expect(low < figures[name] && figures[name] < high).toBe(true);
      expect(high - low).toBeLessThan(0.2);
    }
  });

  test("come close to the normal approximation where it holds", () => {
    // Recall of texts with one entity each is a binomial share.
    const texts = Array.from({ length: 400 }, (_, text): Row[] => [
      { type: 0, support: 1, predicted: 1, correct: text % 5 === 0 ? 0 : 1 },
    ]);
    const { recall, precision, f1 } = bootstrapIntervals(countsOf(texts));
    const error = 1.96 * Math.sqrt(0.8 * 0.2 / 400);
    expect(Math.abs(recall.low - (0.8 - error))).toBeLessThan(0.01);
    expect(Math.abs(recall.high - (0.8 + error))).toBeLessThan(0.01);
    expect([precision, f1]).toEqual([recall, recall]);
  });

  test("of one text are its score, of none 0, and of what is all right 1", () => {
    const one: Row[][] = [[{ type: 0, support: 2, predicted: 4, correct: 1 }]];
    const exactly = (value: number): { low: number; high: number } => ({ low: value, high: value });
    expect(bootstrapIntervals(countsOf(one))).toEqual({
      precision: exactly(1 / 4), recall: exactly(1 / 2), f1: exactly(2 / 6), macroF1: exactly(2 / 6), resamples: 1000,
    });
    const all = (value: number) => Object.fromEntries(names.map((name) => [name, exactly(value)]));
    expect(bootstrapIntervals(countsOf([]))).toMatchObject(all(0));
    expect(bootstrapIntervals(countsOf([[], [], []]))).toMatchObject(all(0));
    expect(bootstrapIntervals(countsOf(simulated(20, 1, 100)))).toMatchObject(all(1));
  });
});

describe("comparePaired", () => {
  const paired = fc.array(fc.tuple(row, row), { minLength: 1, maxLength: 8 })
    // Both sides have the same annotation.
    .map((texts) => texts.map(([own, other]) => {
      const { support, type } = own;
      const correct = Math.min(other.correct, support, other.predicted);
      return [[own], [{ ...other, type, support, correct }]] as const;
    }));
  const sides = (texts: readonly (readonly [readonly Row[], readonly Row[]])[]) => ({
    own: countsOf(texts.map(([one]) => one)), other: countsOf(texts.map(([, two]) => two)),
  });
  const compare = (own: TextCounts, other: TextCounts, resamples?: number) =>
    comparePaired({ name: "own", counts: own }, { name: "other", counts: other }, resamples);

  test("is what a plain implementation gives over the same draws", () => {
    fc.assert(fc.property(paired, fc.integer({ min: 1, max: 60 }), (texts, resamples) => {
      const { own, other } = sides(texts);
      const f1 = (drawn: typeof texts, side: 0 | 1): number => figuresOf(drawn.map((text) => text[side])).f1;
      const difference = f1(texts, 0) - f1(texts, 1);
      const differences = resamplesOf(texts, resamples).map((drawn) => f1(drawn, 0) - f1(drawn, 1));
      const turned = differences.filter((one) => one === 0 || Math.sign(one) !== Math.sign(difference)).length;
      const { low, high } = middle(differences);
      const result = compare(own, other, resamples);
      expect(result).toMatchObject({ model: "own", against: "other", resamples });
      expect(result.f1).toBeCloseTo(f1(texts, 0), 12);
      expect(result.againstF1).toBeCloseTo(f1(texts, 1), 12);
      expect(result.difference).toBeCloseTo(difference, 12);
      expect(result.interval.low).toBeCloseTo(low, 12);
      expect(result.interval.high).toBeCloseTo(high, 12);
      expect(result.pValue).toBeCloseTo(Math.min(1, 2 * turned / resamples), 12);
    }), { numRuns: 60 });
  });

  test("mirrors when the sides are swapped", () => {
    fc.assert(fc.property(paired, fc.integer({ min: 1, max: 60 }), (texts, resamples) => {
      const { own, other } = sides(texts);
      const [one, back] = [compare(own, other, resamples), compare(other, own, resamples)];
      expect(back.f1).toBe(one.againstF1);
      expect(back.pValue).toBe(one.pValue);
      expect(back.difference + one.difference).toBe(0);
      expect(back.interval.low + one.interval.high).toBe(0);
      expect(back.interval.high + one.interval.low).toBe(0);
    }), { numRuns: 60 });
  });

  test("a model differs from itself by nothing", () => {
    const counts = countsOf(simulated(40, 3, 60));
    const result = compare(counts, counts);
    expect(result).toMatchObject({ difference: 0, pValue: 1, interval: { low: 0, high: 0 }, resamples: 1000 });
    expect(compare(counts, counts)).toEqual(result);
  });

  test("a model that is clearly better is so by more than chance, one that is hardly so is not", () => {
    const strong = countsOf(simulated(100, 5, 90));
    const weak = compare(strong, countsOf(simulated(100, 5, 50)));
    expect(weak.difference).toBeGreaterThan(0.1);
    expect(weak.interval.low).toBeGreaterThan(0);
    expect(weak.pValue).toBeLessThan(0.01);
    // One text more of a hundred.
    const texts = simulated(100, 5, 90);
    const hit: Row[] = [{ type: 0, support: 1, predicted: 1, correct: 1 }];
    const miss: Row[] = [{ type: 0, support: 1, predicted: 1, correct: 0 }];
    const close = compare(countsOf([...texts, hit]), countsOf([...texts, miss]));
    expect(close.difference).toBeGreaterThan(0);
    expect(close.interval.low).toBe(0);
    expect(close.pValue).toBeGreaterThan(0.3);
  });

  test("no texts, and texts that are not as many", () => {
    expect(compare(new TextCounts(), new TextCounts())).toMatchObject({
      f1: 0, againstF1: 0, difference: 0, pValue: 1, interval: { low: 0, high: 0 },
    });
    const [one, two] = [countsOf([[]]), countsOf([[], []])];
    expect(() => compare(one, two)).toThrow(new RangeError("1 texts cannot be compared with 2"));
  });

  test("a type that only one of the two predicts", () => {
    const own = countsOf([[{ type: 0, support: 1, predicted: 1, correct: 1 }]]);
    const other = countsOf([[
      { type: 0, support: 1, predicted: 1, correct: 1 }, { type: 4, support: 0, predicted: 2, correct: 0 },
    ]]);
    expect(compare(own, other)).toMatchObject({ f1: 1, againstF1: 2 / 4, difference: 1 / 2, pValue: 0 });
  });
});
