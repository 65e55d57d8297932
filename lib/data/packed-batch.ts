/**
 * B sequences of T tokens in all, laid end to end without padding: what crosses to the native engine.
 */
export interface PackedBatch {
  /** [T] token ids, special tokens included. */
  inputIds: Int32Array;
  /** [B+1] cumulative lengths: first 0, last T. */
  sequenceStarts: Int32Array;
  /** [T] segment ids; zeros when absent. */
  tokenTypeIds?: Int32Array;
}

/**
 * Spans of a packed batch as parallel columns of equal length. `start` and `end` are token indices within the
 * sequence ([CLS] is 0), both inclusive: a cell of that sequence's score matrix.
 */
export interface SpanTable {
  /** Index of the sequence in the batch. */
  sequence: Int32Array;
  /** Index into the model's entity types. */
  entityType: Int32Array;
  start: Int32Array;
  end: Int32Array;
  /** Present on predictions only. */
  score?: Float32Array;
}
