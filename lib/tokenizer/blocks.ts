import type { BertTokenizer, Encoding } from "./bert-tokenizer.js";

/** UTF-16 units that a block takes, about. */
const BLOCK_LENGTH = 1 << 15;

/** The code point that ends before a position. */
function codePointBefore(text: string, position: number): number {
  const unit = text.charCodeAt(position - 1);
  const isLow = unit >= 0xdc00 && unit <= 0xdfff;
  return isLow && position >= 2 ? text.codePointAt(position - 2) ?? unit : unit;
}

/** Whether tokenizing may begin anew at a position: a word ends before it, whatever comes next. */
function separates(tokenizer: BertTokenizer, text: string, position: number): boolean {
  const unit = text.charCodeAt(position);
  const previous = text.charCodeAt(position - 1);
  const splitsPair = unit >= 0xdc00 && unit <= 0xdfff && previous >= 0xd800 && previous <= 0xdbff;
  return !splitsPair && tokenizer.endsWord(codePointBefore(text, position));
}

/** Where the block that begins at `from` ends: near its full length, where nothing is torn apart. */
function blockEnd(tokenizer: BertTokenizer, text: string, from: number, length: number): number {
  const full = from + length;
  if (full >= text.length) return text.length;
  for (let position = full; position > from + length / 2; position--) {
    if (separates(tokenizer, text, position)) return position;
  }
  for (let position = full + 1; position < text.length; position++) {
    if (separates(tokenizer, text, position)) return position;
  }
  return text.length;
}

/**
 * The tokens of a text without special tokens around them, a block at a time, so that a long text never has all its
 * tokens in memory. Put end to end, the blocks are what `encode(text, false)` gives.
 *
 * @param blockLength UTF-16 units of a block, about
 */
export function* encodeInBlocks(
  tokenizer: BertTokenizer, text: string, blockLength = BLOCK_LENGTH,
): Generator<Encoding> {
  for (let from = 0; from < text.length;) {
    const end = blockEnd(tokenizer, text, from, blockLength);
    const block = tokenizer.encode(text.slice(from, end), false);
    for (let token = 0; token < block.starts.length; token++) {
      block.starts[token] = (block.starts[token] ?? 0) + from;
      block.ends[token] = (block.ends[token] ?? 0) + from;
    }
    yield block;
    from = end;
  }
}
