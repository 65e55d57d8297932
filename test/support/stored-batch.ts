import type { LabelledBatch } from "../../lib/data/dataset.js";

/** A packed batch as the fixtures of test/parity/ have it. */
export interface StoredBatch {
  inputIds: number[];
  sequenceStarts: number[];
  tokenTypeIds?: number[];
  gold: { sequence: number[]; entityType: number[]; start: number[]; end: number[] };
}

export function packed(stored: StoredBatch): LabelledBatch {
  const { inputIds, sequenceStarts, tokenTypeIds, gold } = stored;
  return {
    batch: {
      inputIds: Int32Array.from(inputIds),
      sequenceStarts: Int32Array.from(sequenceStarts),
      ...(tokenTypeIds === undefined ? {} : { tokenTypeIds: Int32Array.from(tokenTypeIds) }),
    },
    gold: {
      sequence: Int32Array.from(gold.sequence),
      entityType: Int32Array.from(gold.entityType),
      start: Int32Array.from(gold.start),
      end: Int32Array.from(gold.end),
    },
  };
}
