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

const PRECEDENCE: readonly Nesting[] = ["same span", "inner", "outer", "crossing", "flat"];

function relation(one: Entity, other: Entity): Nesting {
  if (one.start >= other.end || other.start >= one.end) return "flat";
  if (one.start === other.start && one.end === other.end) return one.type === other.type ? "flat" : "same span";
  if (other.start <= one.start && one.end <= other.end) return "inner";
  return one.start <= other.start && other.end <= one.end ? "outer" : "crossing";
}

/** The nesting of each entity of one text, in their order; repetitions of one entity do not count as another. */
export function nestingOf(entities: readonly Entity[]): Nesting[] {
  const found = entities.map((): Nesting => "flat");
  const sorted = [...entities.keys()].sort((a, b) => (entities[a]?.start ?? 0) - (entities[b]?.start ?? 0));
  const note = (index: number, kind: Nesting): void => {
    if (PRECEDENCE.indexOf(kind) < PRECEDENCE.indexOf(found[index] ?? "flat")) found[index] = kind;
  };
  sorted.forEach((index, at) => {
    const one = entities[index];
    if (one === undefined) return;
    for (let next = at + 1; next < sorted.length; next++) {
      const otherIndex = sorted[next] ?? 0;
      const other = entities[otherIndex];
      if (other === undefined || other.start >= one.end) break; // so do all that follow
      note(index, relation(one, other));
      note(otherIndex, relation(other, one));
    }
  });
  return found;
}
