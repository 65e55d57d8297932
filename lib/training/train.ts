import { join } from "node:path";
import { loadConfig, type ResolvedConfig } from "../config/load.js";
import { GlobalPointerError } from "../errors.js";
import { GlobalPointer } from "../model/global-pointer.js";
import { BertTokenizer } from "../tokenizer/bert-tokenizer.js";
import { configuredTrackers } from "../tracking/configured-trackers.js";
import type { TrackedEnd, Tracker } from "../tracking/tracker.js";
import { Tracking } from "../tracking/tracking.js";
import { planModel } from "./build-model.js";
import { readTrainingData, type TrainingData } from "./data.js";
import { drawReport } from "./draw-report.js";
import { refuseEditedConfig } from "./edited-config.js";
import { endOfTraining } from "./end-of-training.js";
import { environmentChanges, environmentOf, type Environment } from "./environment.js";
import { createModel, prepare } from "./prepare.js";
import type { TrainingObserver } from "./progress.js";
import { RunDirectory } from "./run-directory.js";
import { hashFiles, newRecord, startNow, type RunRecord } from "./run-record.js";
import { timestamp } from "./timestamp.js";
import { Trainer, trainResult, type TrainingContext, type TrainResult } from "./trainer.js";
import { initialState, type TrainerState } from "./trainer-state.js";

export type { TrainResult } from "./trainer.js";

/** Who keeps record of a training, besides. */
export interface TrackedContext extends TrainingContext {
  /** Told of the training beside those of `config.tracking`. */
  trackers?: readonly Tracker[];
}

export interface TrainOptions extends TrackedContext {
  config: ResolvedConfig;
  /** The run directory; default: a new one named after the config and the time, in the config's `output`. */
  output?: string;
}

export interface ResumeOptions extends TrackedContext {
  /** The directory of a run that was stopped. */
  directory: string;
  /** Default: as the config says. */
  device?: string;
  threads?: number;
}

/**
 * Trains a model as the config says, evaluating after each epoch, and leaves a run directory. A training that fails
 * before its first checkpoint leaves none.
 *
 * @throws GlobalPointerError with the code of what went wrong
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { config } = options;
  const run = options.output === undefined
    ? RunDirectory.createFresh(join(config.output, `${config.name}-${timestamp()}`), config)
    : RunDirectory.create(options.output, config);
  try {
    return await trainFromScratch(run, options);
  } finally {
    run.closeAndClear();
  }
}

async function trainFromScratch(run: RunDirectory, options: TrainOptions): Promise<TrainResult> {
  const { config, observer } = options;
  const plan = planModel(config);
  const data = await readTrainingData(config, new BertTokenizer(plan.vocabulary, plan.tokenizer));
  const model = await createModel(plan, plan.describe(data.entityTypes), config, observer);
  try {
    const state = initialState(data.digest);
    const start = startNow(environmentOf(model.device, config.training.threads), state, options.command);
    run.writeRecord(newRecord(config, await hashFiles(config, plan.weightsPath), start));
    await prepare(model, config, data, observer);
    return await runTrainer(model, config, data, run, state, options);
  } finally {
    await model.dispose();
  }
}

/**
 * Goes on with a run from its `last/`. On the CPU, and with as many threads, the result is bit for bit that of a run
 * which was never stopped.
 *
 * @throws GlobalPointerError `CHECKPOINT` when there is nothing to go on from, or the data changed; `OUTPUT` when a
 * process trains it
 */
export async function resume(options: ResumeOptions): Promise<TrainResult> {
  const run = RunDirectory.open(options.directory);
  try {
    return await continueTraining(run, options);
  } finally {
    run.close();
  }
}

async function continueTraining(run: RunDirectory, options: ResumeOptions): Promise<TrainResult> {
  const { directory, observer } = options;
  const config = loadConfig(run.configFile);
  const state = await run.restoreState();
  const record = run.readRecord();
  refuseEditedConfig(run, record, config);
  const end = endOfTraining(state, config.training);
  if (end !== undefined) {
    observer?.message?.(`${directory} ${end}: there is nothing left to do`);
    drawReport(run, config, state, observer); // the process may have been killed right before
    return trainResult(run, state, config, false);
  }
  const { device = config.training.device, threads = config.training.threads } = options;
  const model = await fromCheckpoint(run, () => GlobalPointer.load(run.last, { device, threads }));
  try {
    const { entityTypes } = model;
    const data = await readTrainingData(config, model.tokenizer);
    if (state.dataDigest !== data.digest || data.entityTypes.join("\0") !== entityTypes.join("\0")) {
      throw new GlobalPointerError(
        "CHECKPOINT",
        `The data of ${directory} changed since it began (${config.data.train}, ${config.data.dev}): bring the old `
        + "files back, or train anew.",
      );
    }
    await prepare(model, config, data, observer);
    await fromCheckpoint(run, () => model.engine.loadOptimizer(run.optimizerFile));
    run.keepRecordsUpTo(state.epoch);
    const start = startNow(environmentOf(model.device, threads), state, options.command);
    warnOfChanges(record, start.environment, observer);
    run.writeRecord({ ...record, starts: [...record.starts, start] });
    return await runTrainer(model, config, data, run, state, options);
  } finally {
    await model.dispose();
  }
}

/** Tells what is not as it was at the last start; the run goes on all the same. */
function warnOfChanges(record: RunRecord, now: Environment, observer: TrainingObserver | undefined): void {
  const before = record.starts.at(-1)?.environment;
  const changed = before === undefined ? [] : environmentChanges(before, now);
  if (changed.length === 0) return;
  observer?.message?.(
    `warning: the run goes on with other means than before (${changed.join("; ")}), so that it may differ in its last `
    + "digits from one that was never stopped",
  );
}

/** Reads something of `last/`; a file that is damaged or missing there is told as what it means for the run. */
async function fromCheckpoint<T>(run: RunDirectory, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof GlobalPointerError)) throw error;
    if (!["MODEL_DIRECTORY", "TOKENIZER", "BAD_WEIGHTS", "BAD_SHAPE"].includes(error.code)) throw error;
    throw new GlobalPointerError(
      "CHECKPOINT", `${run.path} cannot be resumed, so train anew: ${error.message}`, { cause: error },
    );
  }
}

async function runTrainer(
  model: GlobalPointer, config: ResolvedConfig, data: TrainingData, run: RunDirectory, state: TrainerState,
  context: TrackedContext,
): Promise<TrainResult> {
  const { observer, trackers = [] } = context;
  const message = (text: string): void => { observer?.message?.(text); };
  message(`run directory: ${run.path}`);
  const tracked = { directory: run.path, config, step: state.step, epoch: state.epoch, message };
  observer?.begin?.(tracked);
  const tracking = new Tracking(tracked, [...configuredTrackers(config, run.path), ...trackers]);
  let status: TrackedEnd["status"] = "failed";
  try {
    const result = await new Trainer(model, config, data, run, state, context, tracking).train();
    status = result.stopped ? "stopped" : "finished";
    return result;
  } finally {
    const { bestEpoch, bestF1 } = state;
    await tracking.end({ status, ...(bestEpoch > 0 ? { best: { epoch: bestEpoch, f1: bestF1 } } : {}) });
  }
}
