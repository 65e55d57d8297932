/**
 * Properties of code points as Hugging Face's fast tokenizer sees them.
 *
 * Its categories are those of Unicode 8 and its decompositions those of Unicode 9, while lower-casing is up to date.
 * What has come to Unicode since, or has changed its category, is listed here, so that a text gets the same ids in
 * both worlds and under every version of Node. Found by asking the tokenizer about each code point; the unit tests
 * ask again.
 */

/** U+0061-U+007A is written "61-7a"; ranges are separated by blanks. */
function codePointSet(ranges: string): ReadonlySet<number> {
  const set = new Set<number>();
  for (const range of ranges.trim().split(/\s+/)) {
    const [first = "", last = first] = range.split("-");
    for (let codePoint = parseInt(first, 16); codePoint <= parseInt(last, 16); codePoint++) set.add(codePoint);
  }
  return set;
}

/** Nonspacing marks of today that are ordinary characters there: newer than Unicode 8. */
const LATER_MARKS = codePointSet(`
  7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1add 1ae0-1aeb 1df6-1dfb
  a82c a8c5 a8ff a9bd 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2
  111c9 111cf 1123e 11241 1133b 113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e
  1182f-11837 11839-1183a 1193b-1193c 1193e 11943 119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e
  11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11b60 11b62-11b64 11b66 11c30-11c36 11c38-11c3d 11c3f
  11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95
  11d97 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 16f4f 16fe4
  1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae
  1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a`);

/** Nonspacing marks there that are spacing marks today. */
const FORMER_MARKS = codePointSet("1734 1171e");

/** Punctuation of today that is an ordinary character there: newer than Unicode 8. */
const LATER_PUNCTUATION = codePointSet(`
  61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89 113d4-113d5
  113d7-113d8 1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c
  11a9e-11aa2 11b00-11b09 11be1 11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f
  16e97-16e9a 16fe2 1e5ff 1e95e-1e95f`);

/** Punctuation there that is a symbol (U+166D) or a mark (U+111C9) today. */
const FORMER_PUNCTUATION = codePointSet("166d 111c9");

/** Format characters of today that are kept there: newer than Unicode 8. */
const LATER_FORMAT = codePointSet("890-891 8e2 110cd 13430-1343f");

/** Characters that have a canonical decomposition today and stay whole there: newer than Unicode 9. */
const LATER_DECOMPOSITIONS = codePointSet(`
  105c9 105e4 11383 11385 1138e 11391 113c5 113c7-113c8 11938 16121-16128 16d68-16d6a`);

/**
 * The characters with a canonical combining class other than 0 that are no nonspacing marks there: they outlive the
 * stripping of accents, so the canonical order of what surrounds them shows.
 */
const ORDERED_NON_MARKS = codePointSet(`
  8d4-8e1 1b44 1baa 1bf2-1bf3 1dfb 302e-302f a953 a9c0 111c0 11235 1134d 11442 11446 116b6 11c3f 1d165-1d166
  1d16d-1d172 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e944-1e94a`);

/** Category Mn: dropped when accents are stripped. */
export function isNonspacingMark(codePoint: number): boolean {
  if (/\p{Mn}/u.test(String.fromCodePoint(codePoint))) return !LATER_MARKS.has(codePoint);
  return FORMER_MARKS.has(codePoint);
}

/** ASCII symbols and category P: each is a word of its own. */
export function isPunctuation(codePoint: number): boolean {
  if (/[!-/:-@[-`{-~\p{P}]/u.test(String.fromCodePoint(codePoint))) return !LATER_PUNCTUATION.has(codePoint);
  return FORMER_PUNCTUATION.has(codePoint);
}

/**
 * U+0000, U+FFFD and the categories Cc, Cf, Co: dropped from every text. So are lone surrogates (Cs), which reach
 * Hugging Face's tokenizer as U+FFFD. Unassigned code points (Cn) are kept.
 */
export function isDropped(codePoint: number): boolean {
  if (codePoint === 0x09 || codePoint === 0x0a || codePoint === 0x0d) return false;
  return /[\ufffd\p{Cc}\p{Cf}\p{Co}\p{Cs}]/u.test(String.fromCodePoint(codePoint)) && !LATER_FORMAT.has(codePoint);
}

export function isBlank(codePoint: number): boolean {
  return /\p{White_Space}/u.test(String.fromCodePoint(codePoint));
}

/**
 * The ideographs that BERT sets apart with blanks, compatibility forms included. The ranges are Hugging Face's own,
 * which leave out U+2B820-U+2B91F and everything newer than extension E.
 */
export function isIdeograph(codePoint: number): boolean {
  return (
    isUnifiedIdeograph(codePoint) ||
    (codePoint >= 0xf900 && codePoint <= 0xfaff) ||
    (codePoint >= 0x2f800 && codePoint <= 0x2fa1f)
  );
}

/** Those ideographs that normalization leaves as they are. */
export function isUnifiedIdeograph(codePoint: number): boolean {
  return (
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0x3400 && codePoint <= 0x4dbf) ||
    (codePoint >= 0x20000 && codePoint <= 0x2a6df) ||
    (codePoint >= 0x2a700 && codePoint <= 0x2b81f) ||
    (codePoint >= 0x2b920 && codePoint <= 0x2ceaf)
  );
}

/** Full canonical decomposition (NFD) of one code point. */
export function canonicalDecomposition(codePoint: number): number[] {
  if (LATER_DECOMPOSITIONS.has(codePoint)) return [codePoint];
  return codePointsOf(String.fromCodePoint(codePoint).normalize("NFD"));
}

/** Full lower-case mapping of one code point, without regard to its neighbours (a final sigma is no other sigma). */
export function lowerCase(codePoint: number): number[] {
  return codePointsOf(String.fromCodePoint(codePoint).toLowerCase());
}

/** Whether the code point keeps its place in the text only up to canonical order, and survives accent stripping. */
export function isOrderedNonMark(codePoint: number): boolean {
  return ORDERED_NON_MARKS.has(codePoint);
}

/**
 * Compares two decomposed code points by canonical combining class; 0 when they may not pass each other. Characters
 * of class 0 must not be asked about: see isOrdered.
 */
export function compareCombiningClasses(a: number, b: number): number {
  const ab = String.fromCodePoint(a, b);
  const ba = String.fromCodePoint(b, a);
  if (ab === ba) return 0;
  if (ab.normalize("NFD") === ba) return 1;
  return ba.normalize("NFD") === ab ? -1 : 0;
}

/** Whether the canonical combining class of a decomposed code point is other than 0. */
export function isOrdered(codePoint: number): boolean {
  if (isOrderedNonMark(codePoint)) return true;
  // U+0334 has the lowest class (1) and U+0345 the highest (240): one of them passes whatever is not of class 0.
  return isNonspacingMark(codePoint) &&
    (compareCombiningClasses(codePoint, 0x334) > 0 || compareCombiningClasses(0x345, codePoint) > 0);
}

function codePointsOf(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}
