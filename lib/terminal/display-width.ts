/*
 * Columns a text takes on a terminal: two for East Asian wide and full-width characters and for emoji, none for
 * combining marks, one for the rest (after Unicode Standard Annex 11).
 */

const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;

/** First and last code points of wide blocks. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f], // Hangul initial consonants
  [0x2e80, 0x303e], // CJK radicals, punctuation
  [0x3041, 0x33ff], // kana, bopomofo, compatibility letters
  [0x3400, 0x4dbf], // CJK extension A
  [0x4e00, 0x9fff], // CJK ideographs
  [0xa000, 0xa4cf], // Yi
  [0xa960, 0xa97f], // Hangul extended A
  [0xac00, 0xd7a3], // Hangul syllables
  [0xf900, 0xfaff], // CJK compatibility ideographs
  [0xfe30, 0xfe6f], // CJK compatibility forms
  [0xff00, 0xff60], // full-width forms
  [0xffe0, 0xffe6], // full-width signs
  [0x1f300, 0x1f64f], // pictographs, emoticons
  [0x1f680, 0x1f6ff], // transport
  [0x1f900, 0x1faff], // further pictographs
  [0x20000, 0x3fffd], // CJK extensions B and later
];

export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x20 || (point >= 0x7f && ZERO_WIDTH.test(character))) continue;
    width += point >= 0x1100 && WIDE.some(([first, last]) => first <= point && point <= last) ? 2 : 1;
  }
  return width;
}
