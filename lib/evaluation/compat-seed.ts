import type { SpanTable } from "../data/packed-batch.js";
import { ratio, scoresFrom } from "./metrics.js";

/** Means of per-batch scores. */
export interface BatchMeanMetrics {
  precision: number;
  recall: number;
  f1: number;
  /** Aligned gold spans of all batches. */
  support: number;
  batches: number;
}

function cells(table: SpanTable): Set<string> {
  const found = new Set<string>();
  table.sequence.forEach((sequence, row) => {
    found.add(`${sequence} ${table.entityType[row]} ${table.start[row]} ${table.end[row]}`);
  });
  return found;
}

/**
 * The score GlobalPointer_pytorch reports: precision, recall and F1 of each batch, averaged over the batches without
 * weights. Gold is what alignment kept, over tokens, so that lost entities never count as missed; the figures depend on
 * how the samples fall into batches and are good for comparison with that project only.
 *
 * There a batch with nothing predicted stops the program. Here a ratio of 0 to 0 is 0 as in StrictMetrics: such a batch
 * has precision 0; one without gold spans has recall 0; one with neither has F1 0. Each counts in the means.
 */
export class BatchMeanScores {
  private readonly sums = { precision: 0, recall: 0, f1: 0 };
  private support = 0;
  private batches = 0;

  /**
   * @param gold the spans that alignment kept
   * @param predicted all spans above the threshold, those on [CLS] and [SEP] included
   */
  addBatch(gold: SpanTable, predicted: SpanTable): void {
    const expected = cells(gold);
    const found = cells(predicted);
    const correct = [...found].filter((cell) => expected.has(cell)).length;
    const scores = scoresFrom({ support: expected.size, predicted: found.size, correct });
    this.sums.precision += scores.precision;
    this.sums.recall += scores.recall;
    this.sums.f1 += scores.f1;
    this.support += scores.support;
    this.batches++;
  }

  result(): BatchMeanMetrics {
    return {
      precision: ratio(this.sums.precision, this.batches),
      recall: ratio(this.sums.recall, this.batches),
      f1: ratio(this.sums.f1, this.batches),
      support: this.support,
      batches: this.batches,
    };
  }
}
