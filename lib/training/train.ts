import { join } from "node:path";
import { loadConfig, type ResolvedConfig } from "../config/load.js";
import { formatAlignmentReport } from "../data/alignment-report.js";
import type { Dataset } from "../data/dataset.js";
import { GlobalPointerError } from "../errors.js";
import { evaluate } from "../evaluation/evaluate.js";
import type { Metrics } from "../evaluation/metrics.js";
import { GlobalPointer } from "../model/global-pointer.js";
import { planModel } from "./build-model.js";
import { dataDigest, entityTypesOf, readDevSamples, readTrainingData } from "./data.js";
import type { TrainingObserver } from "./progress.js";
import { shuffledOrder } from "./random.js";
import { RunDirectory, type TrainerState } from "./run-directory.js";
import { learningRateFactor } from "./schedule.js";

export interface TrainOptions {
  config: ResolvedConfig;
  /** The run directory; default: a new one named after the config and the time, in the config's `output`. */
  output?: string;
  observer?: TrainingObserver;
  /** Stops after the running step, leaving a `last/` to resume from. */
  signal?: AbortSignal;
}

export interface TrainResult {
  directory: string;
  /** The best epoch's model; undefined when not a single epoch was finished. */
  best?: { directory: string; epoch: number; f1: number };
  /** Dev scores of the last epoch that was evaluated in this call. */
  dev?: Metrics;
  /** True when the signal ended the training before its last epoch. */
  stopped: boolean;
}

function timestamp(): string {
  return new Date().toISOString().replace(/\..*$/, "").replace(/[-:]/g, "").replace("T", "-");
}

/**
 * Trains a model as the config says, evaluating after each epoch, and leaves a run directory.
 *
 * @throws GlobalPointerError with the code of what went wrong; what was in the run directory before stays usable
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { config, observer = {} } = options;
  const path = options.output ?? join(config.output, `${config.name}-${timestamp()}`);
  RunDirectory.refuseExisting(path);
  const plan = planModel(config);
  const digest = await dataDigest(config);
  const entityTypes = await entityTypesOf(config);
  const { device, threads, seed } = config.training;
  const model = await GlobalPointer.create(plan.describe(entityTypes), plan.vocabulary, { device, threads, seed });
  try {
    if (plan.weightsPath !== undefined) {
      const report = await model.loadWeights(plan.weightsPath, "encoder");
      observer.message?.(
        `loaded ${report.loaded.length} tensors from ${plan.weightsPath}`
        + (report.unexpected.length > 0 ? `; not used: ${report.unexpected.join(", ")}` : ""),
      );
    }
    const start: TrainerState = {
      epoch: 0, stepInEpoch: 0, step: 0, lossSum: 0, bestEpoch: 0, bestF1: 0, dataDigest: digest,
    };
    return await runTraining(model, config, () => RunDirectory.create(path, config), start, options);
  } finally {
    await model.dispose();
  }
}

export interface ResumeOptions extends Omit<TrainOptions, "config" | "output"> {
  /** The directory of a run that was stopped. */
  directory: string;
  device?: string;
  threads?: number;
}

/**
 * Goes on with a run from its `last/`. On the CPU the result is, bit for bit, that of a run which was never stopped.
 *
 * @throws GlobalPointerError `CHECKPOINT` when there is nothing to go on from, or the data changed
 */
export async function resume(options: ResumeOptions): Promise<TrainResult> {
  const run = RunDirectory.open(options.directory);
  const config = loadConfig(run.configFile);
  const state = run.readState();
  if (state.dataDigest !== await dataDigest(config)) {
    throw new GlobalPointerError(
      "CHECKPOINT",
      `The data of ${options.directory} changed since it began (${config.data.train}, ${config.data.dev}): bring the old `
      + "files back, or train anew.",
    );
  }
  const model = await GlobalPointer.load(run.last, {
    device: options.device ?? config.training.device, threads: options.threads ?? config.training.threads,
  });
  try {
    return await runTraining(model, config, () => run, state, options, run.optimizerFile);
  } finally {
    await model.dispose();
  }
}

/** The part that a fresh and a resumed training share. */
async function runTraining(
  model: GlobalPointer, config: ResolvedConfig, openRun: () => RunDirectory, start: TrainerState,
  options: Pick<TrainOptions, "observer" | "signal">, optimizerFile?: string,
): Promise<TrainResult> {
  const { training } = config;
  const { observer = {} } = options;
  const data = await readTrainingData(config, model.entityTypes, model.tokenizer);
  for (const line of formatAlignmentReport(data.alignment, config.data.train)) observer.message?.(line);
  if (data.reading.duplicates > 0) {
    observer.message?.(`${config.data.train}: ${data.reading.duplicates} entities stand twice on their line; each counts once`);
  }
  observer.message?.(
    `training on ${data.dataset.sampleCount} samples, ${data.dataset.tokenCount} tokens, ${data.dataset.spanCount} entities `
    + `of ${model.entityTypes.length} types; ${model.parameterCount} parameters on ${model.device}`,
  );
  await model.engine.configureOptimizer({
    weightDecay: training.weightDecay,
    beta1: training.adamBeta1,
    beta2: training.adamBeta2,
    eps: training.adamEps,
    maxGradNorm: training.maxGradNorm,
    decayAll: training.decayAll,
  });
  if (optimizerFile !== undefined) await model.engine.loadOptimizer(optimizerFile);
  const run = openRun();
  run.keepRecordsUpTo(start.step);
  return new Trainer(model, config, data.dataset, run, { ...start }, options).run();
}

/** One training under way. */
class Trainer {
  private readonly stepsPerEpoch: number;
  private readonly totalSteps: number;
  private dev: Metrics | undefined;

  constructor(
    private readonly model: GlobalPointer,
    private readonly config: ResolvedConfig,
    private readonly dataset: Dataset,
    private readonly directory: RunDirectory,
    private readonly state: TrainerState,
    private readonly options: Pick<TrainOptions, "observer" | "signal">,
  ) {
    this.stepsPerEpoch = Math.ceil(dataset.sampleCount / config.training.batchSize);
    this.totalSteps = this.stepsPerEpoch * config.training.epochs;
  }

  async run(): Promise<TrainResult> {
    const { epochs } = this.config.training;
    while (this.state.epoch < epochs) {
      const seconds = await this.trainEpoch();
      if (this.stopRequested) {
        await this.directory.saveLast(this.model, this.state);
        return this.result(true);
      }
      await this.finishEpoch(seconds);
    }
    return this.result(false);
  }

  private get stopRequested(): boolean {
    return this.options.signal?.aborted === true;
  }

  private learningRateFactor(step: number): number {
    return learningRateFactor(this.config.training.schedule, step, this.totalSteps, this.stepsPerEpoch);
  }

  /** Runs the steps that are left of the epoch; returns the seconds they took. */
  private async trainEpoch(): Promise<number> {
    const { batchSize, learningRate, headLearningRate = learningRate, seed, epochs } = this.config.training;
    const order = shuffledOrder(this.dataset.sampleCount, seed, this.state.epoch);
    const batchOf = (step: number): ReturnType<Dataset["batch"]> =>
      this.dataset.batch(order.subarray(step * batchSize, (step + 1) * batchSize));
    const began = performance.now();
    let tokens = 0;
    let next = this.state.stepInEpoch < this.stepsPerEpoch ? batchOf(this.state.stepInEpoch) : undefined;
    while (next !== undefined && !this.stopRequested) {
      const { batch, gold } = next;
      const factor = this.learningRateFactor(this.state.step);
      const pending = this.model.engine.trainStep(batch, gold, {
        encoder: learningRate * factor, head: headLearningRate * factor,
      });
      // The next batch is packed while the engine computes this one.
      const following = this.state.stepInEpoch + 1;
      next = following < this.stepsPerEpoch ? batchOf(following) : undefined;
      const { loss, gradientNorm, applied } = await pending;
      if (!applied) this.refuseDivergence(loss, gradientNorm);
      this.state.step++;
      this.state.stepInEpoch++;
      this.state.lossSum += loss;
      tokens += batch.inputIds.length;
      this.options.observer?.step?.({
        epoch: this.state.epoch + 1, epochs, step: this.state.stepInEpoch, steps: this.stepsPerEpoch,
        loss: this.state.lossSum / this.state.stepInEpoch,
        tokensPerSecond: tokens / ((performance.now() - began) / 1000),
      });
    }
    this.tokensOfEpoch = tokens;
    return (performance.now() - began) / 1000;
  }

  private tokensOfEpoch = 0;

  private refuseDivergence(loss: number, gradientNorm: number): never {
    const what = Number.isFinite(loss) ? `gradient norm (${gradientNorm})` : `loss (${loss})`;
    const where = `epoch ${this.state.epoch + 1}, step ${this.state.stepInEpoch + 1}`;
    throw new GlobalPointerError(
      "TRAINING",
      `The ${what} is not a finite number at ${where}: lower training.learningRate, lengthen the warm-up or set `
      + "training.maxGradNorm; the checkpoints written so far are sound.",
    );
  }

  private async finishEpoch(seconds: number): Promise<void> {
    const { state, config, model } = this;
    const { metrics, alignment } = await evaluate(
      model, readDevSamples(config, model.entityTypes), { batchSize: config.evaluation.batchSize },
    );
    this.dev = metrics;
    if (state.epoch === 0) {
      for (const line of formatAlignmentReport(alignment, config.data.dev)) this.options.observer?.message?.(line);
    }
    const record = {
      epoch: state.epoch + 1,
      step: state.step,
      loss: state.lossSum / Math.max(state.stepInEpoch, 1),
      learningRate: config.training.learningRate * this.learningRateFactor(Math.max(state.step - 1, 0)),
      seconds,
      tokensPerSecond: seconds > 0 ? this.tokensOfEpoch / seconds : 0,
      dev: metrics,
    };
    const best = state.bestEpoch === 0 || metrics.f1 > state.bestF1;
    if (best) {
      await this.directory.saveBest(model);
      state.bestEpoch = record.epoch;
      state.bestF1 = metrics.f1;
    }
    this.directory.appendRecord(record);
    state.epoch++;
    state.stepInEpoch = 0;
    state.lossSum = 0;
    await this.directory.saveLast(model, state);
    this.options.observer?.epoch?.(record, best);
  }

  private result(stopped: boolean): TrainResult {
    const { bestEpoch, bestF1 } = this.state;
    return {
      directory: this.directory.path,
      stopped,
      ...(bestEpoch > 0 ? { best: { directory: this.directory.best, epoch: bestEpoch, f1: bestF1 } } : {}),
      ...(this.dev === undefined ? {} : { dev: this.dev }),
    };
  }
}
