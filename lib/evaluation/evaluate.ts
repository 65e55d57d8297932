import { alignEntities, type Alignment } from "../data/align.js";
import { AlignmentReport } from "../data/alignment-report.js";
import type { SpanTable } from "../data/packed-batch.js";
import type { Sample } from "../data/sample.js";
import { requireBatchSize, requireThreshold } from "../model/arguments.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { BatchMeanScores, type BatchMeanMetrics } from "./compat-seed.js";
import { StrictMetrics, type Metrics } from "./metrics.js";

export interface EvaluationOptions {
  /** Texts to compute at a time; the mean of per-batch scores depends on it, the other scores do not. */
  batchSize: number;
  /** Default: the model's own. */
  threshold?: number;
  /** `seed`: computes the mean of per-batch scores too. */
  compat?: "seed";
  /** Stops after the running batch; the result is then of the part that was seen. */
  signal?: AbortSignal;
}

export interface Evaluation {
  /** Strict micro scores over the whole set, against the annotation as it stands. */
  metrics: Metrics;
  /** The mean of per-batch scores, as GlobalPointer_pytorch computes it; present with `compat: "seed"`. */
  batchMean?: BatchMeanMetrics;
  /** What the annotation lost on the way to token spans, and which texts were cut. */
  alignment: AlignmentReport;
}

/** The spans that alignment kept, as columns of one batch. */
function goldSpans(alignments: readonly Alignment[]): SpanTable {
  const rows = alignments.flatMap(({ spans }, sequence) => spans.map((span) => ({ sequence, ...span })));
  return {
    sequence: Int32Array.from(rows, (row) => row.sequence),
    entityType: Int32Array.from(rows, (row) => row.entityType),
    start: Int32Array.from(rows, (row) => row.start),
    end: Int32Array.from(rows, (row) => row.end),
  };
}

/**
 * Predicts every sample and compares with its annotation.
 *
 * @throws RangeError when `batchSize` is not a whole number of 1 or more, or `threshold` not a number
 * @throws GlobalPointerError `DISPOSED` or `OUT_OF_MEMORY`, and what the samples' own reader throws
 */
export async function evaluate(
  model: GlobalPointer, samples: AsyncIterable<Sample> | Iterable<Sample>, options: EvaluationOptions,
): Promise<Evaluation> {
  requireBatchSize(options.batchSize);
  if (options.threshold !== undefined) requireThreshold(options.threshold);
  const typeIndex = new Map(model.entityTypes.map((type, index) => [type, index]));
  const strict = new StrictMetrics(model.entityTypes);
  const batchMean = options.compat === "seed" ? new BatchMeanScores() : undefined;
  const report = new AlignmentReport();
  let batch: { sample: Sample; alignment: Alignment }[] = [];

  const scoreBatch = async (): Promise<void> => {
    const alignments = batch.map(({ alignment }) => alignment);
    const { spans, entitiesOf } = await model.predictEncodings(
      alignments.map(({ encoding }) => encoding), options.threshold,
    );
    batch.forEach(({ sample }, index) => { strict.add(sample.entities, entitiesOf(index)); });
    batchMean?.addBatch(goldSpans(alignments), spans);
    batch = [];
  };

  for await (const sample of samples) {
    if (options.signal?.aborted === true) break;
    const alignment = alignEntities(sample.entities, model.tokenizer.encode(sample.text), typeIndex, model.maxTokens);
    report.add(sample, alignment);
    batch.push({ sample, alignment });
    if (batch.length >= options.batchSize) await scoreBatch();
  }
  if (batch.length > 0) await scoreBatch();
  return {
    metrics: strict.result(), alignment: report,
    ...(batchMean === undefined ? {} : { batchMean: batchMean.result() }),
  };
}
