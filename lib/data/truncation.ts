import type { Encoding } from "../tokenizer/bert-tokenizer.js";

/** What a cut left out. */
export interface Cut {
  tokens: number;
  /** UTF-16 units of text from the first token left out to the end of the last. */
  characters: number;
}

export interface Truncation {
  encoding: Encoding;
  /** Absent when everything fitted. */
  cut?: Cut;
}

/**
 * Cuts an encoding ([CLS] ... [SEP]) down to `maxTokens`, keeping the final [SEP], and says what was cut.
 *
 * @throws RangeError when `maxTokens` leaves no room for a token between the two.
 */
export function truncateEncoding(encoding: Encoding, maxTokens: number): Truncation {
  const length = encoding.inputIds.length;
  if (maxTokens < 3) throw new RangeError(`${maxTokens} tokens leave no room between [CLS] and [SEP]`);
  if (length <= maxTokens) return { encoding };
  const kept = maxTokens - 1;
  const cutColumn = (column: Int32Array): Int32Array => {
    const shortened = column.slice(0, maxTokens);
    shortened[kept] = column[length - 1] ?? 0;
    return shortened;
  };
  const firstCut = encoding.starts[kept] ?? 0;
  const textEnd = encoding.ends[length - 2] ?? firstCut;
  return {
    encoding: {
      inputIds: cutColumn(encoding.inputIds),
      starts: cutColumn(encoding.starts),
      ends: cutColumn(encoding.ends),
    },
    cut: { tokens: length - maxTokens, characters: textEnd - firstCut },
  };
}
