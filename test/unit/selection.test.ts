import fc from "fast-check";
import { bestFlat, bestScoring, type RankedEntity } from "../../lib/model/selection.js";

function entity(start: number, end: number, margin: number, type = "a"): RankedEntity {
  return { start, end, type, margin, score: margin };
}

/** Whole margins: sums are exact, so that sets that weigh the same are told from those that nearly do. */
const entities = (margins: fc.Arbitrary<number>): fc.Arbitrary<RankedEntity[]> => fc.array(
  fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 6 }), margins, fc.constantFrom("a", "b"))
    .map(([start, length, margin, type]) => entity(start, start + length, margin, type)),
  { maxLength: 10 },
);

function overlapFree(chosen: readonly RankedEntity[]): boolean {
  return chosen.every((one, index) => chosen.slice(index + 1).every(({ start, end }) =>
    one.end <= start || end <= one.start));
}

function sum(chosen: readonly RankedEntity[]): number {
  return chosen.reduce((total, { margin }) => total + margin, 0);
}

/** The largest sum of all subsets without overlap. */
function largestSum(all: readonly RankedEntity[]): number {
  let largest = 0;
  for (let subset = 0; subset < 1 << all.length; subset++) {
    const chosen = all.filter((_, index) => (subset >> index & 1) === 1);
    if (overlapFree(chosen)) largest = Math.max(largest, sum(chosen));
  }
  return largest;
}

describe("bestFlat", () => {
  test("two that fit beside each other go before one that outweighs each of them", () => {
    const [long, left, right] = [entity(0, 6, 5), entity(0, 3, 3), entity(3, 6, 3)];
    expect(bestFlat([long, right, left])).toEqual([left, right]);
    expect(bestFlat([{ ...long, margin: 7 }, right, left])).toEqual([{ ...long, margin: 7 }]);
  });

  test("entities that meet do not overlap; of one range in two types one is kept", () => {
    expect(bestFlat([entity(2, 4, 1), entity(0, 2, 1), entity(4, 5, 1)])).toHaveLength(3);
    expect(bestFlat([entity(0, 2, 1, "a"), entity(0, 2, 2, "b")])).toEqual([entity(0, 2, 2, "b")]);
    expect(bestFlat([])).toEqual([]);
  });

  test("of sets that weigh the same, the one with the earlier ends", () => {
    expect(bestFlat([entity(1, 3, 2), entity(0, 2, 2)])).toEqual([entity(0, 2, 2)]);
    expect(bestFlat([entity(0, 5, 2), entity(1, 2, 1), entity(3, 4, 1)])).toEqual([
      entity(1, 2, 1), entity(3, 4, 1),
    ]);
  });

  test.each([
    ["margins of all sizes", fc.nat(50)], ["small margins, many alike", fc.nat(2)], ["equal margins", fc.constant(1)],
  ])("weighs as much as the best of all subsets, without overlap, by start: %s", (_, margins) => {
    fc.assert(fc.property(entities(margins), (all) => {
      const given = all.map((one) => ({ ...one }));
      const chosen = bestFlat(all);
      expect(all).toEqual(given);
      expect(overlapFree(chosen)).toBe(true);
      expect(sum(chosen)).toBe(largestSum(all));
      expect(new Set(chosen).size).toBe(chosen.length);
      for (const one of chosen) expect(all.includes(one)).toBe(true);
      expect(chosen.map(({ start }) => start)).toEqual(chosen.map(({ start }) => start).sort((a, b) => a - b));
    }), { numRuns: 150 });
  });

  test("margins that are no whole numbers", () => {
    fc.assert(fc.property(entities(fc.double({ min: 0, max: 30, noNaN: true })), (all) => {
      const chosen = bestFlat(all);
      expect(overlapFree(chosen)).toBe(true);
      expect(sum(chosen)).toBeCloseTo(largestSum(all), 9);
    }), { numRuns: 150 });
  });

  test("the order in which they come does not change what the set weighs", () => {
    fc.assert(fc.property(entities(fc.nat(9)), (all) => {
      expect(sum(bestFlat([...all].reverse()))).toBe(sum(bestFlat(all)));
    }));
  });

  test("many that all overlap, and many that do not", () => {
    const nested = Array.from({ length: 2000 }, (_, index) => entity(index, 4000 - index, index % 7));
    expect(bestFlat(nested).map(({ margin }) => margin)).toEqual([6]);
    const apart = Array.from({ length: 2000 }, (_, index) => entity(2 * index, 2 * index + 1, 1));
    expect(bestFlat(apart)).toHaveLength(2000);
  });
});

describe("bestScoring", () => {
  test("keeps the order in which they came; of equal ones, the earlier", () => {
    const all = [entity(0, 1, 1), entity(2, 3, 5), entity(4, 5, 1), entity(6, 7, 3), entity(8, 9, 1)];
    const starts = (count: number): number[] => bestScoring(all, count).map(({ start }) => start);
    expect(starts(1)).toEqual([2]);
    expect(starts(2)).toEqual([2, 6]);
    expect(starts(3)).toEqual([0, 2, 6]);
    expect(starts(4)).toEqual([0, 2, 4, 6]);
    expect(starts(9)).toEqual([0, 2, 4, 6, 8]);
  });

  test("no entity that is left out scores above one that is kept", () => {
    fc.assert(fc.property(entities(fc.integer({ min: -5, max: 5 })), fc.integer({ min: 1, max: 12 }), (all, count) => {
      const kept = bestScoring(all, count);
      expect(kept).toHaveLength(Math.min(count, all.length));
      expect(all.filter((one) => kept.includes(one))).toEqual(kept);
      for (const [place, left] of all.entries()) {
        if (kept.includes(left)) continue;
        for (const one of kept) {
          expect(one.margin > left.margin || (one.margin === left.margin && all.indexOf(one) < place)).toBe(true);
        }
      }
    }));
  });
});
