/**
 * Numbers from 0, below 1, that a seed settles (Marsaglia's 32-bit xorshift).
 * @param {number} seed
 * @returns {() => number}
 */
export function randomNumbers(seed) {
  let state = (seed ^ 0x9e3779b9) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/**
 * @template T
 * @param {readonly T[]} list not empty
 * @param {() => number} random
 * @returns {T}
 */
export function pick(list, random) {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) {
    throw new RangeError("nothing to pick from");
  }
  return found;
}
