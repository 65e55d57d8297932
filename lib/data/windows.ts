import type { BertTokenizer, Encoding } from "../tokenizer/bert-tokenizer.js";
import { encodeInBlocks } from "../tokenizer/blocks.js";
import { endsSentenceAt } from "./sentence-ends.js";

/*
 * Long texts are divided into windows that overlap. A window is a run of the text's own tokens between a [CLS] and a
 * [SEP]; token indices here count the text's tokens without those two.
 *
 * With room for C tokens a window (maxSeqLen - 2) and a stride S, neighbours share O = C - S tokens or more, so that
 * every span of up to O tokens lies in some window as a whole.
 */

export interface WindowOptions {
  /** Tokens of a window, [CLS] and [SEP] counted; 3 or more. */
  maxSeqLen: number;
  /** Tokens from the start of a window to that of the next, at most; from 1 to maxSeqLen - 2. */
  stride: number;
}

/** Tokens `start` to below `end` of the text. */
export interface TokenRange {
  start: number;
  end: number;
}

/** Part of a text, as a sequence for the model. */
export interface DocumentWindow extends TokenRange {
  /** [CLS], the window's tokens, [SEP]; offsets are those of the whole text. */
  encoding: Encoding;
  /**
   * The characters that lie in the window with all their neighbours that have no token: those from the end of the token
   * before it to the start of the one behind.
   */
  characters: { start: number; end: number };
  /** The neighbouring windows. */
  previous?: TokenRange;
  next?: TokenRange;
}

/** Three quarters of a window's room: neighbours share a quarter. */
export function defaultStride(maxSeqLen: number): number {
  return Math.max(1, Math.ceil((maxSeqLen - 2) * 0.75));
}

/** @throws RangeError */
export function requireWindowOptions({ maxSeqLen, stride }: WindowOptions): void {
  if (!Number.isSafeInteger(maxSeqLen) || maxSeqLen < 3) {
    throw new RangeError(`maxSeqLen must be a whole number of 3 or more, but is ${maxSeqLen}`);
  }
  if (!Number.isSafeInteger(stride) || stride < 1 || stride > maxSeqLen - 2) {
    throw new RangeError(`stride must be a whole number from 1 to ${maxSeqLen - 2} (maxSeqLen - 2), but is ${stride}`);
  }
}

/**
 * The ranges of the windows over `count` tokens, or over as many as there turn out to be. A window ends, and the next
 * one begins, at the end of a sentence where there is one within a quarter of the stride.
 *
 * @param has whether there is a token of this index; asked for indices that never fall by more than a window
 * @param endsSentence whether a sentence ends behind the token of this index
 */
export function* windowRanges(
  { maxSeqLen, stride }: WindowOptions, has: (token: number) => boolean, endsSentence: (token: number) => boolean,
): Generator<TokenRange> {
  const room = maxSeqLen - 2;
  const overlap = room - stride;
  const slack = stride >> 2; // keeps half of the stride as progress in the worst case
  /** The last end of a sentence from `from` down to above `above`; `from` when there is none. */
  const nearest = (from: number, above: number): number => {
    for (let position = from; position > above; position--) if (endsSentence(position - 1)) return position;
    return from;
  };
  for (let start = 0; ;) {
    const full = start + room;
    if (!has(full)) {
      let end = full;
      while (end > start && !has(end - 1)) end--;
      yield { start, end };
      return;
    }
    const end = nearest(full, full - slack - 1);
    yield { start, end };
    const latest = end - overlap;
    start = nearest(latest, Math.max(start, latest - slack - 1));
  }
}

/** The tokens of a text from some index on, encoded when they are asked for. */
class TokenStream {
  private readonly blocks: Generator<Encoding>;
  private held: Encoding[] = [];
  private heldFrom = 0; // index of the first token held
  private heldTo = 0;
  private endBefore = 0; // where the last token that is not held any more ends

  constructor(tokenizer: BertTokenizer, text: string) {
    this.blocks = encodeInBlocks(tokenizer, text);
  }

  has(token: number): boolean {
    while (token >= this.heldTo) {
      const next = this.blocks.next();
      if (next.done === true) return false;
      if (next.value.inputIds.length === 0) continue;
      this.held.push(next.value);
      this.heldTo += next.value.inputIds.length;
    }
    return token >= 0;
  }

  /** Of a token from the last release on. */
  startOf(token: number): number {
    const [block, at] = this.find(token);
    return block.starts[at] ?? 0;
  }

  /** Of a token from before the last release on. */
  endOf(token: number): number {
    if (token < this.heldFrom) return this.endBefore;
    const [block, at] = this.find(token);
    return block.ends[at] ?? 0;
  }

  /** The tokens of a range between [CLS] and [SEP]. */
  sequence({ start, end }: TokenRange, clsId: number, sepId: number): Encoding {
    const length = end - start + 2;
    const encoding = {
      inputIds: new Int32Array(length), starts: new Int32Array(length), ends: new Int32Array(length),
    };
    encoding.inputIds[0] = clsId;
    encoding.inputIds[length - 1] = sepId;
    for (let token = start; token < end;) {
      const [block, at] = this.find(token);
      const count = Math.min(block.inputIds.length - at, end - token);
      for (const column of ["inputIds", "starts", "ends"] as const) {
        encoding[column].set(block[column].subarray(at, at + count), token - start + 1);
      }
      token += count;
    }
    return encoding;
  }

  /** Lets go of what lies wholly before a token. */
  release(before: number): void {
    for (let first = this.held[0]; first !== undefined; first = this.held[0]) {
      const length = first.inputIds.length;
      if (this.heldFrom + length > before) return;
      this.endBefore = first.ends[length - 1] ?? 0;
      this.heldFrom += length;
      this.held.shift();
    }
  }

  private find(token: number): [Encoding, number] {
    let at = token - this.heldFrom;
    for (const block of this.held) {
      if (at >= 0 && at < block.inputIds.length) return [block, at];
      at -= block.inputIds.length;
    }
    throw new RangeError(`token ${token} is not held`);
  }
}

/** A text that fits as a whole. */
function soleWindow(text: string, encoding: Encoding): DocumentWindow {
  return { start: 0, end: encoding.inputIds.length - 2, encoding, characters: { start: 0, end: text.length } };
}

/** A text of so few characters is encoded at once. */
const SHORT_TEXT = 1 << 14;

/**
 * Divides a text into windows: one when it fits, several that overlap when it does not. At any time, the tokens of a
 * few windows are held.
 *
 * @throws RangeError when the options do not fit together
 */
export function* windowsOf(text: string, tokenizer: BertTokenizer, options: WindowOptions): Generator<DocumentWindow> {
  requireWindowOptions(options);
  if (text.length <= SHORT_TEXT) {
    const encoding = tokenizer.encode(text);
    if (encoding.inputIds.length <= options.maxSeqLen) {
      yield soleWindow(text, encoding);
      return;
    }
  }
  const tokens = new TokenStream(tokenizer, text);
  const { clsId, sepId } = tokenizer.vocabulary;
  const ranges = windowRanges(
    options, (token) => tokens.has(token), (token) => endsSentenceAt(text, tokens.endOf(token)),
  );
  let previous: TokenRange | undefined;
  let current = ranges.next();
  while (current.done !== true) {
    const range = current.value;
    const encoding = tokens.sequence(range, clsId, sepId);
    const characters = {
      start: range.start === 0 ? 0 : tokens.endOf(range.start - 1),
      end: tokens.has(range.end) ? tokens.startOf(range.end) : text.length,
    };
    current = ranges.next();
    yield {
      ...range, encoding, characters,
      ...(previous === undefined ? {} : { previous }),
      ...(current.done === true ? {} : { next: current.value }),
    };
    previous = range;
    if (current.done !== true) tokens.release(current.value.start - 1);
  }
}

/** How much of the text a window shows before or behind a span, whichever is less; negative when it is not inside. */
function contextOf(window: TokenRange, start: number, end: number, isFirst: boolean, isLast: boolean): number {
  if (start < window.start || end >= window.end) return -1;
  // At the edges of the text, all there is is shown.
  return Math.min(isFirst ? Infinity : start - window.start, isLast ? Infinity : window.end - 1 - end);
}

/**
 * Whether a window is the one that settles a span: the one that shows most of the text on both sides of it, the earlier
 * of two that show as much. Each span that lies in any window is settled by exactly one, so that what the windows find
 * can be put together without doubles, and no window's edge decides on an entity that another window shows whole.
 *
 * Of the windows that hold a span, later ones show less before it and more behind it. The best one is therefore better
 * than both of its neighbours, and no other is. It also means that a neighbour's far side never decides.
 *
 * @param start first token of the span, counted in the text
 * @param end last token, inclusive
 */
export function settlesSpan(window: DocumentWindow, start: number, end: number): boolean {
  const { previous, next } = window;
  const own = contextOf(window, start, end, previous === undefined, next === undefined);
  if (own < 0) return false;
  if (previous !== undefined && contextOf(previous, start, end, true, false) >= own) return false;
  return next === undefined || contextOf(next, start, end, false, true) <= own;
}
