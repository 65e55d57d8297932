import { GlobalPointerError } from "../errors.js";
import { normalizeInOrder } from "./canonical-order.js";
import { CharacterKind, CharacterTable, codePointOf, kindOf } from "./character-table.js";
import { SPECIAL_TOKENS, type Vocabulary } from "./vocabulary.js";
import { WordPieces } from "./word-pieces.js";

export interface TokenizerOptions {
  /** Lower-case the text, as the vocabulary of an "uncased" model and of bert-base-chinese wants it. */
  lowerCase: boolean;
  /** Decompose the text and drop its accents. Default: as lowerCase. */
  stripAccents?: boolean;
  /** Make every Chinese character a word of its own. Default: true. */
  tokenizeChineseChars?: boolean;
  /** A word of more code points is [UNK]. Default: 100. */
  maxWordCharacters?: number;
}

/** The tokens of a text, as columns of equal length. */
export interface Encoding {
  inputIds: Int32Array;
  /** Where each token begins in the text, in UTF-16 units. [CLS] and [SEP] around the text have (0, 0). */
  starts: Int32Array;
  /** Where each token ends, exclusive. */
  ends: Int32Array;
}

const OPENING_BRACKET = 0x5b;

/**
 * BERT's WordPiece tokenizer, equal to Hugging Face's BertTokenizerFast in ids and offsets.
 *
 * A token's offsets enclose all it was made of: `text.slice(start, end)` is what the user wrote, accents and dropped
 * control characters within the token included. Special tokens that the text spells out ("[SEP]") become their ids.
 * Lone surrogates are dropped, like control characters. Nothing is ever cut off.
 */
export class BertTokenizer {
  readonly vocabulary: Vocabulary;
  readonly options: Readonly<Required<TokenizerOptions>>;

  readonly #characters: CharacterTable;
  readonly #pieces: WordPieces;
  readonly #specialTokens: { token: string; id: number }[] = [];

  // The tokens found so far. Kept between calls, so that a call allocates its result and nothing else.
  #ids = new Int32Array(1024);
  #starts = new Int32Array(1024);
  #ends = new Int32Array(1024);
  #count = 0;

  // The word being read. Code points beyond maxWordCharacters are counted, but not kept.
  readonly #word: Int32Array;
  readonly #wordStarts: Int32Array;
  readonly #wordEnds: Int32Array;
  #wordLength = 0;
  #wordEnd = 0;

  /** @throws GlobalPointerError TOKENIZER when maxWordCharacters is not a whole number of 1 or more. */
  constructor(vocabulary: Vocabulary, options: TokenizerOptions) {
    this.vocabulary = vocabulary;
    this.options = {
      lowerCase: options.lowerCase,
      stripAccents: options.stripAccents ?? options.lowerCase,
      tokenizeChineseChars: options.tokenizeChineseChars ?? true,
      maxWordCharacters: options.maxWordCharacters ?? 100,
    };
    const { lowerCase, stripAccents, tokenizeChineseChars, maxWordCharacters } = this.options;
    if (!Number.isInteger(maxWordCharacters) || maxWordCharacters < 1) {
      throw new GlobalPointerError("TOKENIZER", `maxWordCharacters is ${maxWordCharacters}; use a whole number >= 1.`);
    }
    this.#characters = new CharacterTable(lowerCase, stripAccents, tokenizeChineseChars);
    this.#pieces = new WordPieces(vocabulary);
    this.#word = new Int32Array(maxWordCharacters);
    this.#wordStarts = new Int32Array(maxWordCharacters);
    this.#wordEnds = new Int32Array(maxWordCharacters);
    for (const token of Object.values(SPECIAL_TOKENS)) {
      const id = vocabulary.idOf(token);
      if (id !== undefined) this.#specialTokens.push({ token, id });
    }
  }

  /**
   * @param addSpecialTokens whether [CLS] and [SEP] go around the text.
   * @returns the tokens of the whole text, however long it is.
   */
  encode(text: string, addSpecialTokens = true): Encoding {
    this.#count = 0;
    if (addSpecialTokens) this.#addToken(this.vocabulary.clsId, 0, 0);
    this.#encodeText(text);
    if (addSpecialTokens) this.#addToken(this.vocabulary.sepId, 0, 0);
    return {
      inputIds: this.#ids.slice(0, this.#count),
      starts: this.#starts.slice(0, this.#count),
      ends: this.#ends.slice(0, this.#count),
    };
  }

  /** Whether a word, and a special token, ends behind this character whatever follows: where a text may be divided. */
  endsWord(codePoint: number): boolean {
    const kind = kindOf(this.#characters.entryOf(codePoint));
    return kind === CharacterKind.BLANK || (kind === CharacterKind.ISOLATED && codePoint !== OPENING_BRACKET);
  }

  #encodeText(text: string): void {
    // What lies between two special tokens is normalized on its own.
    let segmentStart = 0;
    let segmentCount = this.#count;
    let start = 0;
    while (start < text.length) {
      let codePoint = text.charCodeAt(start);
      const special = codePoint === OPENING_BRACKET ? this.#specialTokenAt(text, start) : undefined;
      if (special !== undefined) {
        this.#endWord();
        segmentStart = start + special.token.length;
        this.#addToken(special.id, start, segmentStart);
        segmentCount = this.#count;
        start = segmentStart;
        continue;
      }
      if (codePoint >= 0xd800 && codePoint <= 0xdbff) codePoint = text.codePointAt(start) ?? codePoint;
      let end = start + (codePoint > 0xffff ? 2 : 1);
      const entry = this.#characters.entryOf(codePoint);
      const kind = kindOf(entry);
      if (kind === CharacterKind.EXPANDED) {
        for (const part of this.#characters.expansionOf(codePoint)) this.#addCharacter(part, start, end);
      } else if (kind === CharacterKind.ORDERED) {
        // Begin the segment again, since a mark may have passed what has been read already.
        this.#count = segmentCount;
        this.#wordLength = 0;
        end = this.#nextSpecialToken(text, end);
        this.#encodeInOrder(text, segmentStart, end);
      } else {
        this.#addCharacter(entry, start, end);
      }
      start = end;
    }
    this.#endWord();
  }

  #encodeInOrder(text: string, from: number, to: number): void {
    const { codePoints, starts, ends } = normalizeInOrder(text, from, to, this.#characters);
    codePoints.forEach((codePoint, i) => {
      this.#addCharacter(this.#characters.wordEntry(codePoint), starts[i] ?? 0, ends[i] ?? 0);
    });
  }

  #addCharacter(entry: number, start: number, end: number): void {
    switch (kindOf(entry)) {
      case CharacterKind.LETTER:
        if (this.#wordLength < this.#word.length) {
          this.#word[this.#wordLength] = codePointOf(entry);
          this.#wordStarts[this.#wordLength] = start;
          this.#wordEnds[this.#wordLength] = end;
        }
        this.#wordLength++;
        this.#wordEnd = end;
        break;
      case CharacterKind.ISOLATED: {
        this.#endWord();
        const id = this.#pieces.idOfCharacter(codePointOf(entry));
        this.#addToken(id < 0 ? this.vocabulary.unkId : id, start, end);
        break;
      }
      case CharacterKind.BLANK:
        this.#endWord();
        break;
    }
  }

  /** Splits the word into its pieces, longest match first; [UNK] when it is too long or a piece is missing. */
  #endWord(): void {
    const length = this.#wordLength;
    if (length === 0) return;
    this.#wordLength = 0;
    const countBefore = this.#count;
    let from = length > this.#word.length ? -1 : 0;
    while (from >= 0 && from < length) {
      const id = this.#pieces.longestMatch(this.#word, from, length);
      if (id < 0) {
        from = -1;
      } else {
        const to = this.#pieces.matchEnd;
        this.#addToken(id, this.#wordStarts[from] as number, this.#wordEnds[to - 1] as number);
        from = to;
      }
    }
    if (from < 0) {
      this.#count = countBefore;
      this.#addToken(this.vocabulary.unkId, this.#wordStarts[0] as number, this.#wordEnd);
    }
  }

  #addToken(id: number, start: number, end: number): void {
    if (this.#count === this.#ids.length) this.#grow();
    this.#ids[this.#count] = id;
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  #grow(): void {
    const doubled = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const column = new Int32Array(2 * old.length);
      column.set(old);
      return column;
    };
    this.#ids = doubled(this.#ids);
    this.#starts = doubled(this.#starts);
    this.#ends = doubled(this.#ends);
  }

  #specialTokenAt(text: string, position: number): { token: string; id: number } | undefined {
    return this.#specialTokens.find(({ token }) => text.startsWith(token, position));
  }

  /** Where the next special token begins, or the end of the text. */
  #nextSpecialToken(text: string, from: number): number {
    let position = text.indexOf("[", from);
    while (position >= 0 && this.#specialTokenAt(text, position) === undefined) {
      position = text.indexOf("[", position + 1);
    }
    return position < 0 ? text.length : position;
  }
}
