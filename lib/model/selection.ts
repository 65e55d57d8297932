import type { Entity } from "../data/sample.js";

/** An entity with how far its score lies above the threshold of its type. */
export interface RankedEntity extends Entity {
  margin: number;
}

/**
 * The entities that do not overlap and whose margins are largest in sum: weighted interval scheduling, by dynamic
 * programming over the entities sorted by their ends (Kleinberg and Tardos, "Algorithm Design", section 6.1).
 * O(n log n) in time. Of sets that weigh the same, the one with the earlier ends is taken.
 *
 * @param entities with margins of 0 or more, in any order
 * @returns some of them, by start
 */
export function bestFlat<E extends RankedEntity>(entities: readonly E[]): E[] {
  const sorted = [...entities].sort((a, b) => a.end - b.end || a.start - b.start);
  // best[n]: the largest sum among the first n; before[n]: how many of them end where number n starts, or earlier.
  const best = new Float64Array(sorted.length + 1);
  const before = new Int32Array(sorted.length + 1);
  sorted.forEach(({ start, margin }, index) => {
    let low = 0;
    let high = index;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle]?.end ?? 0) <= start) low = middle + 1;
      else high = middle;
    }
    before[index + 1] = low;
    best[index + 1] = Math.max(best[index] ?? 0, (best[low] ?? 0) + margin);
  });
  const chosen: E[] = [];
  for (let count = sorted.length; count > 0;) {
    const entity = sorted[count - 1];
    if (entity === undefined || best[count] === best[count - 1]) count--;
    else {
      chosen.push(entity);
      count = before[count] ?? 0;
    }
  }
  return chosen.reverse();
}

/** The best-scoring entities, in the order in which all of them came; of equal ones, the earlier. */
export function bestScoring<E extends Entity>(entities: readonly E[], count: number): E[] {
  if (entities.length <= count) return [...entities];
  const ranked = entities.map((entity, place) => ({ entity, place }))
    .sort((a, b) => (b.entity.score ?? 0) - (a.entity.score ?? 0) || a.place - b.place)
    .slice(0, count);
  return ranked.sort((a, b) => a.place - b.place).map(({ entity }) => entity);
}
