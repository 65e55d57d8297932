import type { Entity } from "./sample.js";

/** Identifies an entity by all that strict scoring looks at: its range and its type. */
export function entityKey({ start, end, type }: Entity): string {
  return `${start} ${end} ${type}`;
}

/** The entities without repetitions of the same type and range, and the repetitions. */
export function withoutDuplicates(entities: readonly Entity[]): { kept: Entity[]; dropped: Entity[] } {
  const seen = new Set<string>();
  const kept: Entity[] = [];
  const dropped: Entity[] = [];
  for (const entity of entities) {
    const key = entityKey(entity);
    (seen.has(key) ? dropped : kept).push(entity);
    seen.add(key);
  }
  return { kept, dropped };
}
