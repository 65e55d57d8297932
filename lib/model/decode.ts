import type { SpanTable } from "../data/packed-batch.js";
import type { Entity } from "../data/sample.js";
import type { Encoding } from "../tokenizer/bert-tokenizer.js";

/**
 * The characters that a token span covers (UTF-16 units, end exclusive); undefined when it starts or ends on a token
 * that stands for no character, as [CLS] and [SEP] do.
 */
export function decodeSpan(encoding: Encoding, start: number, end: number): { start: number; end: number } | undefined {
  const first = { start: encoding.starts[start] ?? 0, end: encoding.ends[start] ?? 0 };
  const last = { start: encoding.starts[end] ?? 0, end: encoding.ends[end] ?? 0 };
  if (first.start >= first.end || last.start >= last.end || first.start >= last.end) return undefined;
  return { start: first.start, end: last.end };
}

/** By start, then the longer first, then by type: an entity comes before those inside it. */
export function compareEntities(a: Entity, b: Entity): number {
  return a.start - b.start || b.end - a.end || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0);
}

/**
 * Turns predicted token spans into entities over characters.
 *
 * @param table spans of one batch
 * @param encodings of that batch, in its order, as long as the sequences that were predicted on
 * @param entityTypes the model's types, in its order
 * @returns the entities of each sequence, sorted by compareEntities. Spans that start or end on [CLS] or [SEP] are left
 * out; spans that cover the same characters with the same type become one, with the best score.
 * @throws RangeError for a span outside the batch, its sequence or the types.
 */
export function decodeEntities(
  table: SpanTable, encodings: readonly Encoding[], entityTypes: readonly string[],
): Entity[][] {
  const found = encodings.map(() => new Map<string, Entity>());
  for (let row = 0; row < table.sequence.length; row++) {
    const sequence = table.sequence[row] ?? -1;
    const start = table.start[row] ?? -1;
    const end = table.end[row] ?? -1;
    const encoding = encodings[sequence];
    const entities = found[sequence];
    const type = entityTypes[table.entityType[row] ?? -1];
    if (encoding === undefined || entities === undefined || type === undefined
      || start < 0 || end < start || end >= encoding.inputIds.length) {
      throw new RangeError(`row ${row}: span ${start}-${end} of sequence ${sequence} does not fit the batch`);
    }
    const range = decodeSpan(encoding, start, end);
    if (range === undefined) continue;
    const key = `${range.start} ${range.end} ${type}`;
    const score = table.score?.[row];
    const known = entities.get(key);
    if (known === undefined) entities.set(key, { ...range, type, ...(score === undefined ? {} : { score }) });
    else if (score !== undefined && score > (known.score ?? -Infinity)) known.score = score;
  }
  return found.map((entities) => [...entities.values()].sort(compareEntities));
}
