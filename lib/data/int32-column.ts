const CHUNK_BITS = 14;
const CHUNK_LENGTH = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_LENGTH - 1;

/**
 * A column of whole numbers that grows, 4 bytes a value: in chunks, so that growing neither copies what is there nor
 * asks for more than a chunk in advance.
 */
export class Int32Column {
  private readonly chunks: Int32Array[] = [];
  private used = 0;

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    const at = this.used & CHUNK_MASK;
    if (at === 0) this.chunks.push(new Int32Array(CHUNK_LENGTH));
    const chunk = this.chunks[this.used >> CHUNK_BITS];
    if (chunk !== undefined) chunk[at] = value;
    this.used++;
  }

  append(values: Int32Array): void {
    for (let from = 0; from < values.length;) {
      const at = this.used & CHUNK_MASK;
      if (at === 0) this.chunks.push(new Int32Array(CHUNK_LENGTH));
      const count = Math.min(CHUNK_LENGTH - at, values.length - from);
      this.chunks[this.used >> CHUNK_BITS]?.set(values.subarray(from, from + count), at);
      this.used += count;
      from += count;
    }
  }

  /** @throws RangeError outside the column. */
  at(index: number): number {
    const value = index < this.used ? this.chunks[index >> CHUNK_BITS]?.[index & CHUNK_MASK] : undefined;
    if (value === undefined) throw new RangeError(`index ${index} is outside a column of ${this.used}`);
    return value;
  }

  /** Replaces a value. @throws RangeError outside the column. */
  set(index: number, value: number): void {
    const chunk = index < this.used ? this.chunks[index >> CHUNK_BITS] : undefined;
    if (chunk === undefined) throw new RangeError(`index ${index} is outside a column of ${this.used}`);
    chunk[index & CHUNK_MASK] = value;
  }

  /** Copies the values from `start` to below `end` into an array, from `offset` on. */
  copyTo(target: Int32Array, offset: number, start: number, end: number): void {
    for (let from = start; from < end;) {
      const at = from & CHUNK_MASK;
      const count = Math.min(CHUNK_LENGTH - at, end - from);
      const chunk = this.chunks[from >> CHUNK_BITS];
      if (chunk !== undefined) target.set(chunk.subarray(at, at + count), offset + from - start);
      from += count;
    }
  }
}
