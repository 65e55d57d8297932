import type { ResolvedConfig } from "../config/load.js";
import type { LabelledBatch } from "../data/dataset.js";
import type { SpanTable } from "../data/packed-batch.js";
import { GlobalPointerError } from "../errors.js";
import { scoresFrom, type Scores } from "../evaluation/metrics.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { BertTokenizer } from "../tokenizer/bert-tokenizer.js";
import { planModel } from "./build-model.js";
import { readTrainingData } from "./data.js";
import { createModel, prepare } from "./prepare.js";
import { plainStepOptions } from "./step-options.js";
import type { TrainingContext } from "./trainer.js";

/** A model that learns at all has learnt a batch long before. */
const MAX_STEPS = 1000;
const LOOK_EVERY = 10;
const LISTED = 10;

export interface OverfitResult {
  /** Whether every entity of the batch is predicted, and nothing else. */
  learnt: boolean;
  steps: number;
  loss: number;
  /** Over token spans of the batch. */
  scores: Scores;
  /** Spans that are still wrong, for a person. */
  wrong: string[];
}

/** The places of a span table, by all that tells one span from another. */
function keysOf({ sequence, entityType, start, end }: SpanTable): string[] {
  return Array.from(sequence, (one, row) => `${one} ${entityType[row] ?? 0} ${start[row] ?? 0} ${end[row] ?? 0}`);
}

/** Spans as their tokens, with what is wrong with them. */
function tellWrong(keys: readonly string[], what: string, { batch }: LabelledBatch, model: GlobalPointer): string[] {
  return keys.map((key) => {
    const [sequence = 0, type = 0, start = 0, end = 0] = key.split(" ").map(Number);
    const from = batch.sequenceStarts[sequence] ?? 0;
    const tokens = [...batch.inputIds.subarray(from + start, from + end + 1)];
    const { vocabulary } = model.tokenizer;
    return `${what} ${model.entityTypes[type] ?? ""}: ${tokens.map((id) => vocabulary.tokenOf(id) ?? "").join(" ")}`;
  });
}

/** Compares what the model finds in the batch with what it was shown. */
async function look(model: GlobalPointer, labelled: LabelledBatch): Promise<{ scores: Scores; wrong: string[] }> {
  const gold = new Set(keysOf(labelled.gold));
  const predicted = new Set(keysOf(await model.engine.predict(labelled.batch, model.thresholds())));
  const missed = [...gold].filter((key) => !predicted.has(key));
  const spurious = [...predicted].filter((key) => !gold.has(key));
  const correct = gold.size - missed.length;
  return {
    scores: scoresFrom({ support: gold.size, predicted: predicted.size, correct }),
    wrong: [
      ...tellWrong(missed.slice(0, LISTED), "missed", labelled, model),
      ...tellWrong(spurious.slice(0, LISTED), "spurious", labelled, model),
    ],
  };
}

/**
 * Trains on one batch until it is learnt, without dropout, schedule, accumulation, moving average and adversarial
 * training, and leaves nothing on the disk: a batch that cannot be learnt points to faults of data, labels or settings.
 * What is frozen stays frozen.
 *
 * @throws GlobalPointerError as `train` does
 */
export async function overfitBatch(
  { config, observer, signal }: TrainingContext & { config: ResolvedConfig },
): Promise<OverfitResult> {
  const plan = planModel(config);
  const { batchSize, learningRate, headLearningRate = learningRate } = config.training;
  const data = await readTrainingData(config, new BertTokenizer(plan.vocabulary, plan.tokenizer));
  const { dataset } = data;
  const withSpans: number[] = [];
  for (let sequence = 0; sequence < dataset.sequenceCount && withSpans.length < batchSize; sequence++) {
    if (dataset.spansOf(sequence) > 0) withSpans.push(sequence);
  }
  const description = plan.describe(data.entityTypes);
  const encoder = { ...description.encoder, hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 };
  const model = await createModel(plan, { ...description, encoder }, config, observer);
  try {
    await prepare(model, config, data, observer, plainStepOptions(config));
    const labelled = dataset.batch(withSpans);
    observer?.message?.(
      `learning ${withSpans.length} sequences with ${labelled.gold.sequence.length} entities by heart, without dropout`,
    );
    let loss = NaN;
    let found = await look(model, labelled);
    let steps = 0;
    while (steps < MAX_STEPS && signal?.aborted !== true) {
      const step = ++steps;
      const began = performance.now();
      const result = await model.engine.trainStep([labelled], { encoder: learningRate, head: headLearningRate });
      ({ loss } = result);
      if (!result.applied) {
        throw new GlobalPointerError(
          "TRAINING", `The loss (${loss}) or its gradient is not a finite number in step ${step}: lower `
          + "training.learningRate or set training.maxGradNorm.",
        );
      }
      const seconds = (performance.now() - began) / 1000;
      observer?.step?.({
        epoch: 1, epochs: 1, step, steps: MAX_STEPS, loss, tokensPerSecond: labelled.batch.inputIds.length / seconds,
      });
      if (step % LOOK_EVERY !== 0) continue;
      found = await look(model, labelled);
      const { f1, predicted } = found.scores;
      if (step % (10 * LOOK_EVERY) === 0 || f1 === 1) {
        observer?.message?.(
          `step ${step}  loss ${loss.toFixed(4)}  F1 on the batch ${f1.toFixed(4)}  ${predicted} predicted`,
        );
      }
      if (f1 === 1) return { learnt: true, steps: step, loss, ...found };
    }
    return { learnt: false, steps, loss, ...found };
  } finally {
    await model.dispose();
  }
}
