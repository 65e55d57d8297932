// A WordPiece vocabulary for the corpus and for a user's own sentences.

import { split } from "./inventory.mjs";

const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
const LETTERS = split("abcdefghijklmnopqrstuvwxyz");
const DIGITS = split("0123456789");
const ASCII_PUNCTUATION = split("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
const CHINESE_PUNCTUATION = split("，。、；：？！“”‘’（）《》〈〉【】「」『』—…·～￥％");

/** The 3,755 common characters of the first level of GB 2312, rows 16 to 55. */
function commonCharacters() {
  const bytes = [];
  for (let row = 16; row <= 55; row++) {
    for (let cell = 1; cell <= (row === 55 ? 89 : 94); cell++) bytes.push(0xa0 + row, 0xa0 + cell);
  }
  return split(new TextDecoder("gb2312", { fatal: true }).decode(Uint8Array.from(bytes)));
}

/**
 * Lower-case: letters and digits alone and as pieces, punctuation, the common characters and
 * whatever else the given texts hold.
 * @param {Iterable<string>} texts
 * @returns {string[]} the tokens, each once
 */
export function createVocabulary(texts) {
  const pieces = [...LETTERS, ...DIGITS];
  const tokens = new Set([
    ...SPECIAL, ...ASCII_PUNCTUATION, ...CHINESE_PUNCTUATION, ...pieces, ...pieces.map((piece) => `##${piece}`),
    ...commonCharacters(),
  ]);
  const others = new Set();
  for (const text of texts) {
    for (const character of text.toLowerCase()) {
      if (character !== " " && !tokens.has(character)) others.add(character);
    }
  }
  return [...tokens, ...[...others].sort()];
}
