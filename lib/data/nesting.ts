import type { Entity } from "./sample.js";

/**
 * How an entity lies to the others of its text; the first that holds:
 * - same span: another type stands on the same characters
 * - inner: it lies inside a longer one
 * - outer: a shorter one lies inside it
 * - crossing: it shares characters with another, but neither holds the other
 * - flat: it shares no character with any other
 */
export const nestings = ["flat", "outer", "inner", "same span", "crossing"] as const;

export type Nesting = (typeof nestings)[number];

/** The largest of any run of values: a table of the runs of 1, 2, 4, ... values from each place on (sparse table). */
class RunMaximum {
  private readonly levels: Int32Array[];

  constructor(values: Int32Array) {
    this.levels = [values];
    for (let width = 1; 2 * width <= values.length; width *= 2) {
      const below = this.levels.at(-1) ?? values;
      const level = new Int32Array(values.length - 2 * width + 1);
      for (let at = 0; at < level.length; at++) level[at] = Math.max(below[at] ?? 0, below[at + width] ?? 0);
      this.levels.push(level);
    }
  }

  /** Of the values from `from` to below `to`; -Infinity for none. */
  of(from: number, to: number): number {
    if (to <= from) return -Infinity;
    const log = 31 - Math.clz32(to - from);
    const level = this.levels[log];
    return Math.max(level?.[from] ?? 0, level?.[to - 2 ** log] ?? 0);
  }
}

/** How many of some ascending values are at most `bound`, or below it. */
function countUpTo(values: Int32Array, bound: number, inclusive: boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = values[middle] ?? 0;
    if (value < bound || (inclusive && value === bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Range {
  start: number;
  end: number;
  types: Set<string>;
}

/** Whether a range that begins inside each range ends behind it, told for all of them. */
function crossedFromBehind(ranges: readonly { start: number; end: number }[]): (start: number, end: number) => boolean {
  const sorted = [...ranges].sort((a, b) => a.start - b.start);
  const starts = Int32Array.from(sorted, ({ start }) => start);
  const furthest = new RunMaximum(Int32Array.from(sorted, ({ end }) => end));
  return (start, end) => furthest.of(countUpTo(starts, start, true), countUpTo(starts, end, false)) > end;
}

/** The nesting of distinct ranges, in O(n log n): a model that is not trained yet may predict very many. */
function nestRanges(ranges: Range[]): Map<Range, Nesting> {
  const nesting = new Map<Range, Nesting>();
  const byStart = [...ranges].sort((a, b) => a.start - b.start || b.end - a.end);
  // What comes before in this order begins no later; of those that begin together the longer comes first.
  const inner = new Set<Range>();
  let furthest = -Infinity;
  for (const range of byStart) {
    if (furthest >= range.end) inner.add(range);
    furthest = Math.max(furthest, range.end);
  }
  const outer = new Set<Range>();
  let nearest = Infinity;
  for (const range of byStart.reverse()) {
    if (nearest <= range.end) outer.add(range);
    nearest = Math.min(nearest, range.end);
  }
  const behind = crossedFromBehind(ranges);
  const before = crossedFromBehind(ranges.map(({ start, end }) => ({ start: -end, end: -start }))); // seen in a mirror
  for (const range of ranges) {
    const { start, end, types } = range;
    const crossing = behind(start, end) || before(-end, -start);
    nesting.set(range, types.size > 1 ? "same span" : inner.has(range) ? "inner" : outer.has(range) ? "outer"
      : crossing ? "crossing" : "flat");
  }
  return nesting;
}

/** The nesting of each entity of one text, in their order; repetitions of one entity do not count as another. */
export function nestingOf(entities: readonly Entity[]): Nesting[] {
  if (entities.length < 2) return entities.map(() => "flat");
  const ranges = new Map<string, Range>();
  const own = entities.map(({ start, end, type }) => {
    const key = `${start} ${end}`;
    const range = ranges.get(key) ?? { start, end, types: new Set<string>() };
    range.types.add(type);
    ranges.set(key, range);
    return range;
  });
  const nesting = nestRanges([...ranges.values()]);
  return own.map((range) => nesting.get(range) ?? "flat");
}
