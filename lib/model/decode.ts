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

/** Places in a list by key: those of key k stand from `starts[k]` to below `starts[k + 1]`, in their old order. */
interface Buckets {
  starts: Uint32Array;
  items: Uint32Array;
}

/** A stable counting sort; keys are whole numbers from 0 to below `keyCount`. */
function bucketsOf(items: Uint32Array, keyCount: number, keyOf: (item: number) => number): Buckets {
  const starts = new Uint32Array(keyCount + 1);
  for (const item of items) {
    const after = keyOf(item) + 1;
    starts[after] = (starts[after] ?? 0) + 1;
  }
  for (let key = 0; key < keyCount; key++) starts[key + 1] = (starts[key + 1] ?? 0) + (starts[key] ?? 0);
  const next = starts.slice();
  const sorted = new Uint32Array(items.length);
  for (const item of items) {
    const key = keyOf(item);
    const place = next[key] ?? 0;
    next[key] = place + 1;
    sorted[place] = item;
  }
  return { starts, items: sorted };
}

/** The place of each type in the order of the types' code units. */
function ranksOf(entityTypes: readonly string[]): Uint32Array {
  const ranks = new Uint32Array(entityTypes.length);
  [...entityTypes.keys()]
    .sort((a, b) => ((entityTypes[a] ?? "") < (entityTypes[b] ?? "") ? -1 : 1))
    .forEach((type, rank) => { ranks[type] = rank; });
  return ranks;
}

/**
 * Predicted token spans of one batch, to be turned into entities a sequence at a time: a model that is not trained yet
 * may hit nearly every cell, far more than there is room for as objects.
 */
export class SpanDecoder {
  private readonly rows: Buckets; // by sequence
  private readonly ranks: Uint32Array; // [types]

  /**
   * @param table spans of one batch, in any order
   * @param encodings of that batch, in its order, as long as the sequences that were predicted on
   * @param entityTypes the model's types, in its order
   * @throws RangeError for a span outside the batch, its sequence or the types.
   */
  constructor(
    private readonly table: SpanTable, private readonly encodings: readonly Encoding[],
    private readonly entityTypes: readonly string[],
  ) {
    const all = new Uint32Array(table.sequence.length);
    for (let row = 0; row < all.length; row++) {
      this.check(row);
      all[row] = row;
    }
    this.rows = bucketsOf(all, encodings.length, (row) => table.sequence[row] ?? 0);
    this.ranks = ranksOf(entityTypes);
  }

  /**
   * The entities of one sequence, by start, then the longer first, then by type: an entity comes before those inside
   * it. Spans that start or end on [CLS] or [SEP] are left out; spans that cover the same characters with the same type
   * become one, with the best score.
   *
   * @param keep tells which token spans count (both ends inclusive); default: all
   */
  * entitiesOf(sequence: number, keep?: (start: number, end: number) => boolean): Generator<Entity> {
    const { table, encodings, entityTypes } = this;
    const encoding = encodings[sequence];
    if (encoding === undefined) throw new RangeError(`the batch has no sequence ${sequence}`);
    let pending: Entity | undefined;
    for (const row of this.sortedRows(sequence, encoding)) {
      const [first = 0, last = 0] = [table.start[row], table.end[row]];
      const range = keep?.(first, last) === false ? undefined : decodeSpan(encoding, first, last);
      if (range === undefined) continue;
      const type = entityTypes[table.entityType[row] ?? 0] ?? "";
      const score = table.score?.[row];
      if (pending?.start === range.start && pending.end === range.end && pending.type === type) {
        if (score !== undefined && score > (pending.score ?? -Infinity)) pending.score = score;
        continue;
      }
      if (pending !== undefined) yield pending;
      pending = { ...range, type, ...(score === undefined ? {} : { score }) };
    }
    if (pending !== undefined) yield pending;
  }

  /** Least significant key first, as each sort keeps the order of the one before. */
  private sortedRows(sequence: number, encoding: Encoding): Uint32Array {
    const { table, ranks, rows } = this;
    const found = rows.items.subarray(rows.starts[sequence], rows.starts[sequence + 1]);
    if (found.length < 2) return found;
    // A window far inside a text has large offsets, but few different ones: counted from its first character.
    const textEnd = encoding.ends.reduce((last, end) => Math.max(last, end), 0);
    const textStart = encoding.starts.reduce((least, start, token) =>
      start < (encoding.ends[token] ?? 0) ? Math.min(least, start) : least, textEnd);
    const keys = textEnd - textStart + 1;
    const byType = bucketsOf(found, ranks.length, (row) => ranks[table.entityType[row] ?? 0] ?? 0);
    const byEnd = bucketsOf(byType.items, keys, (row) =>
      Math.min(keys - 1, textEnd - (encoding.ends[table.end[row] ?? 0] ?? 0)));
    return bucketsOf(byEnd.items, keys, (row) =>
      Math.max(0, (encoding.starts[table.start[row] ?? 0] ?? 0) - textStart)).items;
  }

  private check(row: number): void {
    const sequence = this.table.sequence[row] ?? -1;
    const start = this.table.start[row] ?? -1;
    const end = this.table.end[row] ?? -1;
    const length = this.encodings[sequence]?.inputIds.length ?? 0;
    if (start < 0 || end < start || end >= length || this.entityTypes[this.table.entityType[row] ?? -1] === undefined) {
      throw new RangeError(`row ${row}: span ${start}-${end} of sequence ${sequence} does not fit the batch`);
    }
  }
}

/** The entities of every sequence of a batch at once, as SpanDecoder gives them. */
export function decodeEntities(
  table: SpanTable, encodings: readonly Encoding[], entityTypes: readonly string[],
): Entity[][] {
  const decoder = new SpanDecoder(table, encodings, entityTypes);
  return encodings.map((_, sequence) => [...decoder.entitiesOf(sequence)]);
}
