import type { ResolvedConfig } from "../config/load.js";
import { formatAlignmentReport } from "../data/alignment-report.js";
import type { LabelledBatch } from "../data/dataset.js";
import { GlobalPointerError } from "../errors.js";
import { evaluate } from "../evaluation/evaluate.js";
import type { Metrics } from "../evaluation/metrics.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import type { TrainingData } from "./data.js";
import { endedEarly, endOfTraining, epochsWithoutGain } from "./end-of-training.js";
import type { TrainingObserver } from "./progress.js";
import { shuffledOrder } from "../data/random.js";
import { drawReport } from "./draw-report.js";
import type { LearningRates } from "../model/native.js";
import type { RunDirectory } from "./run-directory.js";
import { learningRateFactor, warmupStepCount } from "./schedule.js";
import { aheadOfTime, StepInFlight, stepsAhead } from "./step-in-flight.js";
import type { TrainerState } from "./trainer-state.js";
import type { Tracking } from "../tracking/tracking.js";
import { epochWarnings } from "./warnings.js";

export interface TrainResult {
  /** The run directory. */
  directory: string;
  /** The best epoch's model; undefined when not a single epoch was finished. */
  best?: { directory: string; epoch: number; f1: number };
  /** Dev scores of the last epoch that was evaluated in this call. */
  dev?: Metrics;
  /** True when the signal ended the training before its last epoch. */
  stopped: boolean;
  /** True when early stopping ended it, which finishes the run. */
  endedEarly: boolean;
}

/** Whom a training tells, and who may stop it. */
export interface TrainingContext {
  observer?: TrainingObserver;
  /** Stops after the running step, leaving a `last/` to resume from. */
  signal?: AbortSignal;
  /** The command line, for the record of the run. */
  command?: string;
}

export function trainResult(
  run: RunDirectory, state: TrainerState, { training }: ResolvedConfig, stopped: boolean,
): TrainResult {
  const { bestEpoch, bestF1 } = state;
  return {
    directory: run.path,
    ...(bestEpoch > 0 ? { best: { directory: run.best, epoch: bestEpoch, f1: bestF1 } } : {}),
    stopped,
    endedEarly: endedEarly(state, training),
  };
}

/** The epochs of one training, from wherever its state stands. */
export class Trainer {
  private readonly stepsPerEpoch: number;
  private readonly totalSteps: number;
  private dev: Metrics | undefined;
  private warned = false;
  /** When the last step ended; as `performance.now` has it. */
  private stepEnded = 0;
  private microBatch: number | undefined;

  /** @param state is kept up to date; with the model, all that decides how the training goes on */
  constructor(
    private readonly model: GlobalPointer,
    private readonly config: ResolvedConfig,
    private readonly data: TrainingData,
    private readonly run: RunDirectory,
    private readonly state: TrainerState,
    private readonly context: TrainingContext,
    private readonly tracking: Tracking,
  ) {
    const { batchSize, accumulationSteps } = config.training;
    this.stepsPerEpoch = Math.ceil(data.dataset.sequenceCount / (batchSize * accumulationSteps));
    this.totalSteps = this.stepsPerEpoch * config.training.epochs;
  }

  async train(): Promise<TrainResult> {
    this.warnOfWarmup();
    while (this.end === undefined) {
      await this.trainSteps();
      if (this.stopRequested || !await this.finishEpoch()) {
        await this.run.saveLast(this.model, this.state);
        return this.result(true);
      }
    }
    if (endedEarly(this.state, this.config.training)) this.context.observer?.message?.(`the run ${this.end}`);
    return this.result(false);
  }

  /** Why no epoch comes any more. */
  private get end(): string | undefined {
    return endOfTraining(this.state, this.config.training);
  }

  private warnOfWarmup(): void {
    const warmup = warmupStepCount(this.config.training.schedule, this.totalSteps);
    if (warmup < this.totalSteps) return;
    this.context.observer?.message?.(
      `warning: the warm-up takes ${warmup} steps, but the training has ${this.totalSteps}: it never comes to its `
      + "learning rate; shorten training.schedule.warmupSteps",
    );
  }

  private get stopRequested(): boolean {
    return this.context.signal?.aborted === true;
  }

  private factorOfStep(step: number): number {
    return learningRateFactor(this.config.training.schedule, step, this.totalSteps, this.stepsPerEpoch);
  }

  /**
   * The batches whose gradients make one optimizer step: `accumulationSteps` of `batchSize` sequences, fewer at the end
   * of the epoch; undefined past it.
   */
  private batchesOf(step: number, order: Uint32Array): LabelledBatch[] | undefined {
    if (step >= this.stepsPerEpoch) return undefined;
    const { batchSize, accumulationSteps } = this.config.training;
    const first = step * batchSize * accumulationSteps;
    const sequences = order.subarray(first, first + batchSize * accumulationSteps);
    return Array.from({ length: Math.ceil(sequences.length / batchSize) }, (_, index) =>
      this.data.dataset.batch(sequences.subarray(index * batchSize, (index + 1) * batchSize)));
  }

  /** Runs the steps that are left of the epoch, or those until the stop. */
  private async trainSteps(): Promise<void> {
    const { state, model } = this;
    const order = shuffledOrder(this.data.dataset.sequenceCount, this.config.training.seed, state.epoch);
    let next = this.batchesOf(state.stepInEpoch, order);
    await aheadOfTime(stepsAhead(model.device), (inFlight) => {
      if (next === undefined || this.stopRequested) return undefined;
      const step = new StepInFlight(
        model.engine, next, this.ratesOf(state.step + inFlight), this.config.training.autoMicroBatch,
      );
      next = this.batchesOf(state.stepInEpoch + inFlight + 1, order); // packed while the engine computes
      return step;
    }, (step) => this.finishStep(step));
  }

  private ratesOf(step: number): LearningRates {
    const { learningRate, headLearningRate = learningRate } = this.config.training;
    const factor = this.factorOfStep(step);
    return { encoder: learningRate * factor, head: headLearningRate * factor };
  }

  private async finishStep(step: StepInFlight): Promise<void> {
    const { state } = this;
    const { loss, gradientNorm, applied, microBatch, seconds, ended } = await step.end(this.stepEnded);
    this.stepEnded = ended;
    if (!applied) this.refuseDivergence(loss, gradientNorm);
    state.step++;
    state.stepInEpoch++;
    state.lossSum += loss;
    state.tokens += step.tokens;
    state.seconds += seconds;
    this.reportStep();
    this.tellOfMicroBatch(microBatch);
    this.tracking.step({
      step: state.step, epoch: state.epoch + 1, loss, gradientNorm, learningRate: step.rates.encoder,
      headLearningRate: step.rates.head, tokensPerSecond: step.tokens / seconds,
    });
  }

  private tellOfMicroBatch(microBatch: number | undefined): void {
    if (microBatch === undefined || microBatch === this.microBatch) return;
    this.microBatch = microBatch;
    this.context.observer?.message?.(
      `memory was short: from step ${this.state.step} on ${microBatch} sequence${microBatch === 1 ? " is" : "s are"} `
      + "computed at a time (training.autoMicroBatch)",
    );
  }

  private reportStep(): void {
    const { epoch, stepInEpoch, lossSum, tokens, seconds } = this.state;
    this.context.observer?.step?.({
      epoch: epoch + 1, epochs: this.config.training.epochs, step: stepInEpoch, steps: this.stepsPerEpoch,
      loss: lossSum / stepInEpoch, tokensPerSecond: tokens / seconds,
    });
  }

  private refuseDivergence(loss: number, gradientNorm: number): never {
    const what = Number.isFinite(loss) ? `gradient norm (${gradientNorm})` : `loss (${loss})`;
    const { epoch, stepInEpoch } = this.state;
    throw new GlobalPointerError(
      "TRAINING",
      `The ${what} is not a finite number in step ${stepInEpoch + 1} of epoch ${epoch + 1}: lower `
      + "training.learningRate, lengthen the warm-up or set training.maxGradNorm"
      + (epoch > 0 ? `; ${this.run.last} still holds epoch ${epoch}.` : "."),
    );
  }

  /** Evaluates and saves; false, with nothing changed, when the evaluation was stopped. */
  private async finishEpoch(): Promise<boolean> {
    const { state, config, model } = this;
    const { observer, signal } = this.context;
    const { metrics, alignment } = await evaluate(model, this.data.dev, {
      batchSize: config.evaluation.batchSize, ...(signal === undefined ? {} : { signal }),
    });
    if (this.stopRequested) return false;
    if (state.epoch === 0) {
      for (const line of formatAlignmentReport(alignment, config.data.dev)) observer?.message?.(line);
    }
    this.dev = metrics;
    const record = {
      epoch: state.epoch + 1,
      step: state.step,
      loss: state.lossSum / state.stepInEpoch,
      learningRate: config.training.learningRate * this.factorOfStep(state.step - 1),
      seconds: state.seconds,
      tokensPerSecond: state.tokens / state.seconds,
      dev: metrics,
    };
    state.epochsWithoutGain = epochsWithoutGain(state, metrics.f1, config.training.earlyStopping);
    const best = state.bestEpoch === 0 || metrics.f1 > state.bestF1;
    if (best) {
      Object.assign(state, { bestEpoch: record.epoch, bestF1: metrics.f1 });
    }
    this.run.appendRecord(record);
    this.tracking.epoch(record);
    Object.assign(state, { epoch: record.epoch, stepInEpoch: 0, lossSum: 0, tokens: 0, seconds: 0 });
    await this.run.saveLast(model, state);
    if (best) await this.run.saveBest(model); // after `last/`; RunDirectory.restoreState says why
    observer?.epoch?.(record, best);
    drawReport(this.run, config, state, observer);
    this.warn(metrics);
    return true;
  }

  private warn(dev: Metrics): void {
    const { data: { dataset }, config: { evaluation, training }, state, model } = this;
    const counts = dataset.typeCounts(model.entityTypes.length);
    const lines = epochWarnings(dev, state.epoch, {
      trainingCounts: new Map(model.entityTypes.map((type, index) => [type, counts[index] ?? 0])),
      threshold: evaluation.threshold,
      learningRate: training.learningRate,
      last: this.end !== undefined,
      told: this.warned,
    });
    this.warned ||= lines.length > 0;
    for (const line of lines) this.context.observer?.message?.(line);
  }

  private result(stopped: boolean): TrainResult {
    const result = trainResult(this.run, this.state, this.config, stopped);
    return { ...result, ...(this.dev === undefined ? {} : { dev: this.dev }) };
  }
}
