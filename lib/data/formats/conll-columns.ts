/*
 * The columns of a line: cut at tabs if it holds one, else at runs of blanks.
 */

const [TAB, SPACE] = [0x09, 0x20];

/** Whether a UTF-16 unit is one that String.trim removes. */
function isBlank(unit: number): boolean {
  if (unit <= SPACE) return unit === SPACE || (unit >= TAB && unit <= 0x0d);
  if (unit < 0xa0) return false;
  return unit === 0xa0 || unit === 0x1680 || (unit >= 0x2000 && unit <= 0x200a) || unit === 0x2028 || unit === 0x2029
    || unit === 0x202f || unit === 0x205f || unit === 0x3000 || unit === 0xfeff;
}

/** Where in a text, from a position on, something stands that is not blank; `end` when nothing does. */
export function skipBlanks(text: string, from: number, end = text.length): number {
  let at = from;
  while (at < end && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Cuts line after line, keeping no more than positions. */
export class Columns {
  private text = "";
  private count = 0;
  private readonly bounds: number[] = [];

  /** @param kept how many columns of a line can be had; all are counted */
  constructor(private readonly kept = Infinity) {}

  /** The number of columns of a line, which may be a part of a text. */
  cut(text: string, from = 0, end = text.length): number {
    this.text = text;
    this.count = 0;
    let start = from;
    for (let at = from; at < end; at++) {
      if (text.charCodeAt(at) !== TAB) continue;
      this.add(start, at);
      start = at + 1;
    }
    if (this.count === 0) this.cutAtBlanks(from, end);
    else this.add(start, end);
    return this.count;
  }

  /** A column of the line, which has to have it. */
  cell(column: number): string {
    return this.text.slice(this.bounds[2 * column], this.bounds[2 * column + 1]);
  }

  /** Whether a column of the line is that one character. */
  holds(column: number, unit: number): boolean {
    const start = this.bounds[2 * column] ?? 0;
    return this.bounds[2 * column + 1] === start + 1 && this.text.charCodeAt(start) === unit;
  }

  private add(start: number, end: number): void {
    const column = this.count++;
    if (column >= this.kept) return;
    this.bounds[2 * column] = start;
    this.bounds[2 * column + 1] = end;
  }

  private cutAtBlanks(from: number, end: number): void {
    let start = from;
    for (let at = from; at <= end; at++) {
      if (at < end && this.text.charCodeAt(at) !== SPACE) continue;
      if (at > start) this.add(start, at);
      start = at + 1;
    }
  }
}
