import {
  canonicalDecomposition,
  isBlank,
  isDropped,
  isIdeograph,
  isNonspacingMark,
  isOrderedNonMark,
  isPunctuation,
  isUnifiedIdeograph,
  lowerCase,
} from "./unicode-tables.js";

/** What becomes of a character between the raw text and the words. */
export const CharacterKind = {
  /** Not looked at yet. */
  UNKNOWN: 0,
  /** Part of a word. */
  LETTER: 1,
  /** Ends a word. */
  BLANK: 2,
  /** Vanishes without ending a word: control characters, stripped accents. */
  DROPPED: 3,
  /** A word of its own: punctuation, ideographs. */
  ISOLATED: 4,
  /** Becomes several characters; see CharacterTable.expansionOf. */
  EXPANDED: 5,
  /** Changes places with neighbouring marks: the whole text goes through normalizeInOrder. */
  ORDERED: 6,
} as const;

/** An entry is a kind in the low three bits and the normalized code point above them. */
const KIND_BITS = 3;
const KIND_MASK = (1 << KIND_BITS) - 1;

export const kindOf = (entry: number): number => entry & KIND_MASK;
export const codePointOf = (entry: number): number => entry >>> KIND_BITS;
const entryFor = (kind: number, codePoint: number): number => (codePoint << KIND_BITS) | kind;

const UNICODE_SIZE = 0x110000;
const SPACE = 0x20;

/**
 * BERT's normalization and word splitting, one entry a code point, looked up in properties of Unicode when a code
 * point is first met. The table spans all of Unicode; memory that is never touched costs nothing.
 *
 * The steps are Hugging Face's, in its order: drop control characters and turn blanks into U+0020; set ideographs
 * apart with blanks; decompose and drop nonspacing marks; lower-case; split at blanks and around punctuation.
 */
export class CharacterTable {
  readonly #entries = new Int32Array(UNICODE_SIZE);
  readonly #expansions = new Map<number, Int32Array>();

  constructor(
    readonly lowerCase: boolean,
    readonly stripAccents: boolean,
    readonly tokenizeChineseChars: boolean,
  ) {}

  /** The entry of a code point of the raw text. */
  entryOf(codePoint: number): number {
    const entry = this.#entries[codePoint] as number;
    return entry === CharacterKind.UNKNOWN ? this.#fill(codePoint) : entry;
  }

  /** The entries (BLANK, ISOLATED or LETTER) that an EXPANDED code point becomes. */
  expansionOf(codePoint: number): Int32Array {
    return this.#expansions.get(codePoint) ?? new Int32Array(0);
  }

  /** The code point after the first two steps: nothing, itself, or itself between blanks. */
  clean(codePoint: number): number[] {
    if (isDropped(codePoint)) return [];
    if (isBlank(codePoint)) return [SPACE];
    return this.tokenizeChineseChars && isIdeograph(codePoint) ? [SPACE, codePoint, SPACE] : [codePoint];
  }

  /** A cleaned and decomposed code point after the stripping of accents and lower-casing. */
  fold(codePoint: number): number[] {
    if (this.stripAccents && isNonspacingMark(codePoint)) return [];
    return this.lowerCase ? lowerCase(codePoint) : [codePoint];
  }

  /** The code point normalized, as far as its neighbours have no say. */
  normalize(codePoint: number): number[] {
    return this.#decompose(codePoint).flatMap((part) => this.fold(part));
  }

  /** How the splitting into words treats a normalized code point. */
  wordEntry(codePoint: number): number {
    if (isBlank(codePoint)) return CharacterKind.BLANK;
    return entryFor(isPunctuation(codePoint) ? CharacterKind.ISOLATED : CharacterKind.LETTER, codePoint);
  }

  #decompose(codePoint: number): number[] {
    const cleaned = this.clean(codePoint);
    return this.stripAccents ? cleaned.flatMap(canonicalDecomposition) : cleaned;
  }

  #fill(codePoint: number): number {
    const entry = this.#classify(codePoint);
    this.#entries[codePoint] = entry;
    return entry;
  }

  #classify(codePoint: number): number {
    // A short cut for most of a Chinese text: these have no case and no decomposition.
    if (this.tokenizeChineseChars && isUnifiedIdeograph(codePoint)) return entryFor(CharacterKind.ISOLATED, codePoint);
    if (this.stripAccents && this.#decompose(codePoint).some(isOrderedNonMark)) return CharacterKind.ORDERED;
    const entries = this.normalize(codePoint).map((part) => this.wordEntry(part));
    const [first, second, third] = entries;
    if (first === undefined) return CharacterKind.DROPPED;
    if (second === undefined) return first;
    const isBetweenBlanks = entries.length === 3 && first === CharacterKind.BLANK && third === CharacterKind.BLANK;
    if (isBetweenBlanks) return entryFor(CharacterKind.ISOLATED, codePointOf(second));
    this.#expansions.set(codePoint, Int32Array.from(entries));
    return CharacterKind.EXPANDED;
  }
}
