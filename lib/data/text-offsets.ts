/** Whether the UTF-16 unit at `index` is the first half of a pair. A half without its partner counts by itself. */
function startsPair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  if (unit < 0xd800 || unit > 0xdbff) return false;
  const next = text.charCodeAt(index + 1);
  return next >= 0xdc00 && next <= 0xdfff;
}

/**
 * Converts positions in one text between code points (as Python and most file formats count) and UTF-16 units (as
 * JavaScript counts). The two differ after any character outside the Basic Multilingual Plane.
 */
export class TextOffsets {
  /** The text's length in code points. */
  readonly length: number;
  /** UTF-16 position of every code point and of the end; undefined where the two counts agree throughout. */
  private readonly starts: Int32Array | undefined;

  constructor(text: string) {
    let pairs = 0;
    for (let i = 0; i < text.length; i++) if (startsPair(text, i)) pairs++;
    this.length = text.length - pairs;
    if (pairs === 0) return;
    this.starts = new Int32Array(this.length + 1);
    for (let point = 0, unit = 0; point < this.length; point++) {
      this.starts[point] = unit;
      unit += startsPair(text, unit) ? 2 : 1;
    }
    this.starts[this.length] = text.length;
  }

  /** @throws RangeError for a position outside 0..length. */
  toUtf16(codePoint: number): number {
    if (!Number.isInteger(codePoint) || codePoint < 0 || codePoint > this.length) {
      throw new RangeError(`position ${codePoint} is outside a text of ${this.length} code points`);
    }
    return this.starts === undefined ? codePoint : this.starts[codePoint] ?? 0;
  }

  /**
   * A position between the halves of a pair belongs to the code point it splits.
   *
   * @throws RangeError for a position outside the text.
   */
  toCodePoint(utf16: number): number {
    const end = this.starts === undefined ? this.length : this.starts[this.length] ?? 0;
    if (!Number.isInteger(utf16) || utf16 < 0 || utf16 > end) {
      throw new RangeError(`position ${utf16} is outside a text of ${end} UTF-16 units`);
    }
    if (this.starts === undefined) return utf16;
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= utf16) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
