/** A column of 32-bit integers that grows; holds 4 bytes a value, where a JavaScript list may hold 8 or more. */
export class Int32Column {
  private values: Int32Array;
  private used = 0;

  constructor(capacity = 64) {
    this.values = new Int32Array(Math.max(capacity, 1));
  }

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    this.reserve(1);
    this.values[this.used++] = value;
  }

  append(values: Int32Array): void {
    this.reserve(values.length);
    this.values.set(values, this.used);
    this.used += values.length;
  }

  /** @throws RangeError outside the column. */
  at(index: number): number {
    const value = index < this.used ? this.values[index] : undefined;
    if (value === undefined) throw new RangeError(`index ${index} is outside a column of ${this.used}`);
    return value;
  }

  /** A window on the values, valid until the column grows. */
  view(start: number, end: number): Int32Array {
    return this.values.subarray(start, Math.min(end, this.used));
  }

  private reserve(extra: number): void {
    if (this.used + extra <= this.values.length) return;
    const grown = new Int32Array(Math.max(this.values.length * 2, this.used + extra));
    grown.set(this.values.subarray(0, this.used));
    this.values = grown;
  }
}
