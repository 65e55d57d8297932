import { DocumentAlignment, type AlignedWindow } from "../data/align.js";
import { AlignmentReport } from "../data/alignment-report.js";
import type { Sample } from "../data/sample.js";
import type { WindowOptions } from "../data/windows.js";
import { requireBatchSize } from "../model/arguments.js";
import type { DecodeOptions } from "../model/decode-options.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import type { TextCounts } from "./bootstrap.js";
import { BatchMeanEvaluation, type BatchMeanMetrics } from "./compat-seed.js";
import { ExplainedMetrics } from "./explain.js";
import type { Explanation } from "./explanation.js";
import { StrictMetrics, type Metrics } from "./metrics.js";
import type { SeenMentions } from "./seen-mentions.js";

export interface EvaluationOptions extends DecodeOptions, Partial<WindowOptions> {
  /** Windows to compute at a time; the mean of per-batch scores depends on it, the other scores do not. */
  batchSize: number;
  /** `seed`: computes the mean of per-batch scores too. */
  compat?: "seed";
  /** Explains the scores: relaxed scores, breakdowns, intervals, errors. */
  explain?: boolean;
  /** Mentions of the training set, for the breakdown by seen and unseen ones. */
  seen?: SeenMentions;
  /** Stops after the running batch; the result is then of the part that was seen. */
  signal?: AbortSignal;
}

export interface Evaluation {
  /** Strict micro scores over the whole set, against the annotation as it stands. */
  metrics: Metrics;
  /** The mean of per-batch scores, as GlobalPointer_pytorch computes it; present with `compat: "seed"`. */
  batchMean?: BatchMeanMetrics;
  /** Present with `explain`. */
  explanation?: Explanation;
  /** Strict counts text by text, for a paired comparison; present with `explain`. */
  counts?: TextCounts;
  /** What the annotation lost on the way to token spans, and which texts were divided. */
  alignment: AlignmentReport;
}

/** A sample on its way through the model. */
interface EvaluatedDocument {
  sample: Sample;
  alignment: DocumentAlignment;
  windows: Iterable<AlignedWindow>;
}

/**
 * Predicts every sample and compares with its annotation.
 *
 * @throws RangeError when an option does not fit
 * @throws GlobalPointerError `DISPOSED` or `OUT_OF_MEMORY`, and what the samples' own reader throws
 */
export async function evaluate(
  model: GlobalPointer, samples: AsyncIterable<Sample> | Iterable<Sample>, options: EvaluationOptions,
): Promise<Evaluation> {
  requireBatchSize(options.batchSize);
  const window = model.windowOptions(options);
  const typeIndex = new Map(model.entityTypes.map((type, index) => [type, index]));
  const strict = new StrictMetrics(model.entityTypes);
  const explained = options.explain === true ? new ExplainedMetrics(model.entityTypes, options.seen) : undefined;
  const batchMean = options.compat === "seed" ? new BatchMeanEvaluation(model, options) : undefined;
  const report = new AlignmentReport();

  const documents = async function* (): AsyncGenerator<EvaluatedDocument> {
    for await (const sample of samples) {
      if (options.signal?.aborted === true) break;
      const alignment = new DocumentAlignment(sample, model.tokenizer, typeIndex, window);
      if (batchMean === undefined) yield { sample, alignment, windows: alignment.windows() };
      else {
        const windows = [...alignment.windows()];
        await batchMean.add(windows);
        yield { sample, alignment, windows };
      }
    }
  };

  for await (const { document, entities } of model.predictDocuments(documents(), options)) {
    const { sample, alignment } = document;
    report.add(sample, alignment);
    if (explained === undefined) strict.add(sample.entities, entities());
    else {
      const predicted = [...entities()];
      strict.add(sample.entities, predicted);
      explained.add(sample, predicted);
    }
  }
  const metrics = strict.result();
  return {
    metrics, alignment: report,
    ...(batchMean === undefined ? {} : { batchMean: await batchMean.result() }),
    ...(explained === undefined ? {} : { explanation: explained.result(metrics), counts: explained.counts }),
  };
}
