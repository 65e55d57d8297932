import fc from "fast-check";
import { Random, shuffledOrder } from "../../lib/data/random.js";

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

test("the same seeds give the same numbers, in range", () => {
  fc.assert(fc.property(seeds, seeds, (seed, epoch) => {
    const [one, other] = [new Random(seed, epoch), new Random(seed, epoch)];
    for (let i = 0; i < 20; i++) {
      const number = one.next();
      expect(other.next()).toBe(number);
      expect(Number.isInteger(number) && number >= 0 && number < 2 ** 32).toBe(true);
    }
  }));
});

test("xoshiro128** as published: the first numbers from a known state", () => {
  // From state (1, 2, 3, 4), by hand: rotl(2 * 5, 7) * 9 = 11520; then s1 = 0, which gives 0.
  const random = new Random(0);
  Object.assign(random, { state: Uint32Array.of(1, 2, 3, 4) });
  expect([random.next(), random.next()]).toEqual([11520, 0]);
  const steps = [random.next(), random.next(), random.next()];
  expect(steps).toEqual(reference([1, 2, 3, 4], 5).slice(2));
});

/** The published generator, stated anew over arbitrary-precision integers. */
function reference(state: number[], count: number): number[] {
  const mask = 0xffffffffn;
  const rotate = (value: bigint, by: bigint): bigint => ((value << by) | (value >> (32n - by))) & mask;
  let [a = 0n, b = 0n, c = 0n, d = 0n] = state.map(BigInt);
  return Array.from({ length: count }, () => {
    const result = (rotate((b * 5n) & mask, 7n) * 9n) & mask;
    const shifted = (b << 9n) & mask;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11n);
    return Number(result);
  });
}

test("different seeds, epochs and orders of the two give different numbers", () => {
  const firsts = new Set<string>();
  let count = 0;
  for (let seed = 0; seed < 40; seed++) {
    for (let epoch = 0; epoch < 40; epoch++) {
      const random = new Random(seed, epoch);
      firsts.add([random.next(), random.next(), random.next()].join());
      count++;
    }
  }
  expect(firsts.size).toBe(count);
});

test("below() stays below and reaches every number about equally often", () => {
  const random = new Random(2333);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) {
    const drawn = random.below(7);
    counts[drawn] = (counts[drawn] ?? NaN) + 1;
  }
  // Five standard deviations of a binomial with n = 70,000 and p = 1/7.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(5 * Math.sqrt(70_000 * (1 / 7) * (6 / 7)));
  expect(random.below(1)).toBe(0);
  expect(random.below(2 ** 32)).toBeLessThan(2 ** 32);
});

describe("shuffledOrder", () => {
  test("is a permutation that depends on seed and epoch alone", () => {
    fc.assert(fc.property(fc.nat(300), seeds, fc.nat(1000), (count, seed, epoch) => {
      const order = shuffledOrder(count, seed, epoch);
      expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      expect(shuffledOrder(count, seed, epoch)).toEqual(order);
    }));
  });

  test("differs between epochs and between seeds", () => {
    const order = shuffledOrder(100, 2333, 0).join();
    expect(shuffledOrder(100, 2333, 1).join()).not.toBe(order);
    expect(shuffledOrder(100, 2334, 0).join()).not.toBe(order);
  });

  test("puts every sample first about equally often", () => {
    const firsts = new Array<number>(5).fill(0);
    for (let epoch = 0; epoch < 5000; epoch++) {
      const first = shuffledOrder(5, 1, epoch)[0] ?? NaN;
      firsts[first] = (firsts[first] ?? NaN) + 1;
    }
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(5000 * 0.2 * 0.8));
  });
});
