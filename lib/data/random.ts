/**
 * Spreads one 32-bit number into a stream of them, so that near seeds give unrelated states (splitmix32: a Weyl
 * sequence through MurmurHash3's finaliser).
 */
function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
}

function rotateLeft(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/**
 * xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021): the same numbers on every
 * machine, which Math.random does not promise.
 */
export class Random {
  private readonly state: Uint32Array;

  /** @param seeds whole numbers from 0 to 2^32 - 1; their order matters */
  constructor(...seeds: number[]) {
    this.state = new Uint32Array(4);
    for (const seed of seeds) {
      const next = splitmix32(seed);
      // Mixing in place makes the order of the seeds count: each round starts from the last one's result.
      for (let i = 0; i < 4; i++) this.state[i] = splitmix32((this.state[i] ?? 0) ^ next())();
    }
    if (this.state.every((word) => word === 0)) this.state[0] = 1; // the one state that never moves
  }

  /** A whole number from 0 to 2^32 - 1. */
  next(): number {
    const state = this.state;
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state;
    const result = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0;
    state[1] = s1 ^ s2 ^ s0;
    state[0] = s0 ^ s3 ^ s1;
    state[2] = s2 ^ s0 ^ (s1 << 9);
    state[3] = rotateLeft(s3 ^ s1, 11);
    return result;
  }

  /** A whole number from 0 to `bound` - 1, each equally likely; `bound` from 1 to 2^32. */
  below(bound: number): number {
    const limit = 2 ** 32 - 2 ** 32 % bound; // numbers beyond would favour the small remainders
    let drawn = this.next();
    while (drawn >= limit) drawn = this.next();
    return drawn % bound;
  }
}

/** The numbers 0 to `count` - 1 in a random order (Fisher-Yates). */
export function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const other = random.below(last + 1);
    const kept = order[last] ?? 0;
    order[last] = order[other] ?? 0;
    order[other] = kept;
  }
  return order;
}

/**
 * The numbers 0 to `count` - 1 in an order that depends on the seed and the epoch alone, so that a resumed run sees
 * what an unbroken one would have seen.
 */
export function shuffledOrder(count: number, seed: number, epoch: number): Uint32Array {
  return shuffled(count, new Random(seed, epoch));
}
