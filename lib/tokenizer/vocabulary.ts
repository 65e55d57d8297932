import { readFileSync } from "node:fs";

import { GlobalPointerError } from "../errors.js";

/** The tokens with a role of their own, in Hugging Face's spelling. */
export const SPECIAL_TOKENS = { unk: "[UNK]", cls: "[CLS]", sep: "[SEP]", pad: "[PAD]", mask: "[MASK]" } as const;

const REMEDY = 'use the "vocab.txt" of the pretrained BERT directory';

/**
 * A WordPiece vocabulary: the token on line n (from 0) has the id n.
 *
 * As in Hugging Face's BertTokenizer, lines end at \n, \r\n or \r, a token that stands on several lines has the id of
 * the last one, and a blank line takes up an id that no text ever yields. Two things are kinder than there: a leading
 * byte order mark is no part of the first token, and blank lines at the end of the file do not count. A vocabulary
 * without [PAD] or [MASK] simply has none; no id is made up that would lie outside the embedding table.
 */
export class Vocabulary {
  /** Number of ids, which are 0 ... size - 1. */
  readonly size: number;
  readonly unkId: number;
  readonly clsId: number;
  readonly sepId: number;
  readonly padId: number | undefined;
  readonly maskId: number | undefined;

  readonly #tokens: readonly string[];
  readonly #ids = new Map<string, number>();

  private constructor(tokens: readonly string[], source: string) {
    this.#tokens = tokens;
    this.size = tokens.length;
    tokens.forEach((token, id) => this.#ids.set(token, id));
    this.unkId = this.#require(SPECIAL_TOKENS.unk, source);
    this.clsId = this.#require(SPECIAL_TOKENS.cls, source);
    this.sepId = this.#require(SPECIAL_TOKENS.sep, source);
    this.padId = this.idOf(SPECIAL_TOKENS.pad);
    this.maskId = this.idOf(SPECIAL_TOKENS.mask);
  }

  /**
   * Reads a vocab.txt.
   * @throws GlobalPointerError TOKENIZER when the file is missing, unreadable, empty, not UTF-8, or lacks [UNK], [CLS]
   * or [SEP].
   */
  static fromFile(path: string): Vocabulary {
    return Vocabulary.fromLines(decode(read(path), path).split(/\r\n|\n|\r/), path);
  }

  /**
   * A vocabulary from its lines, given without line endings.
   * @param source where the lines come from, for the error messages.
   * @throws GlobalPointerError TOKENIZER when there are none, or [UNK], [CLS] or [SEP] is missing.
   */
  static fromLines(lines: readonly string[], source: string): Vocabulary {
    let size = lines.length;
    while (size > 0 && lines[size - 1] === "") size--;
    if (size === 0) throw new GlobalPointerError("TOKENIZER", `The vocabulary ${source} is empty; ${REMEDY}.`);
    return new Vocabulary(lines.slice(0, size), source);
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  #require(token: string, source: string): number {
    const id = this.#ids.get(token);
    if (id === undefined) {
      throw new GlobalPointerError("TOKENIZER", `The vocabulary ${source} has no line "${token}"; ${REMEDY}.`);
    }
    return id;
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const what = code === "ENOENT" ? "does not exist" : `cannot be read (${code ?? String(cause)})`;
    throw new GlobalPointerError("TOKENIZER", `The vocabulary ${path} ${what}; ${REMEDY}.`, { cause });
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new GlobalPointerError("TOKENIZER", `The vocabulary ${path} is not UTF-8 text; ${REMEDY}.`, { cause });
  }
}
