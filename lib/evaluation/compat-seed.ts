import type { AlignedWindow } from "../data/align.js";
import type { SpanTable } from "../data/packed-batch.js";
import { thresholdsFor, type DecodeOptions } from "../model/decode-options.js";
import { packEncodings } from "../model/document-prediction.js";
import type { GlobalPointer } from "../model/global-pointer.js";
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

// Above every index of a type or a token that the engine takes: a pair of indices is one number, without rounding.
const STRIDE = 2 ** 24;

/** The gold cells of a batch: sequence and type -> start and end, each pair as one number. */
class GoldCells {
  private readonly cells = new Map<number, Set<number>>();
  count = 0;

  constructor(gold: SpanTable) {
    gold.sequence.forEach((sequence, row) => {
      const matrix = sequence * STRIDE + (gold.entityType[row] ?? 0);
      const found = this.cells.get(matrix) ?? new Set<number>();
      this.cells.set(matrix, found);
      found.add((gold.start[row] ?? 0) * STRIDE + (gold.end[row] ?? 0));
    });
    for (const { size } of this.cells.values()) this.count += size;
  }

  /** Rows of the table that are gold. */
  countIn({ sequence, entityType, start, end }: SpanTable): number {
    let count = 0;
    for (let row = 0; row < sequence.length; row++) {
      const found = this.cells.get((sequence[row] ?? 0) * STRIDE + (entityType[row] ?? 0));
      if (found?.has((start[row] ?? 0) * STRIDE + (end[row] ?? 0)) === true) count++;
    }
    return count;
  }
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
   * @param predicted all spans above the threshold, those on [CLS] and [SEP] included, each once as the engine gives
   * them
   */
  addBatch(gold: SpanTable, predicted: SpanTable): void {
    const cells = new GoldCells(gold);
    const scores = scoresFrom({
      support: cells.count, predicted: predicted.sequence.length, correct: cells.countIn(predicted),
    });
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

/** The spans that alignment kept, as columns of one batch. */
function goldSpans(windows: readonly AlignedWindow[]): SpanTable {
  const rows = windows.flatMap(({ spans }, sequence) => spans.map((span) => ({ sequence, ...span })));
  return {
    sequence: Int32Array.from(rows, (row) => row.sequence),
    entityType: Int32Array.from(rows, (row) => row.entityType),
    start: Int32Array.from(rows, (row) => row.start),
    end: Int32Array.from(rows, (row) => row.end),
  };
}

/** Computes BatchMeanScores with a model: batches of `batchSize` texts, all of their windows in one. */
export class BatchMeanEvaluation {
  private readonly scores = new BatchMeanScores();
  private readonly thresholds: Float32Array;
  private texts = 0;
  private windows: AlignedWindow[] = [];

  constructor(private readonly model: GlobalPointer, private readonly options: DecodeOptions & { batchSize: number }) {
    this.thresholds = thresholdsFor(model.description, options);
  }

  /** @param windows of one text */
  async add(windows: readonly AlignedWindow[]): Promise<void> {
    this.windows.push(...windows);
    if (++this.texts >= this.options.batchSize) await this.score();
  }

  async result(): Promise<BatchMeanMetrics> {
    if (this.texts > 0) await this.score();
    return this.scores.result();
  }

  private async score(): Promise<void> {
    const batch = packEncodings(this.windows.map(({ encoding }) => encoding));
    this.scores.addBatch(goldSpans(this.windows), await this.model.engine.predict(batch, this.thresholds));
    this.windows = [];
    this.texts = 0;
  }
}
