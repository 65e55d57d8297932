import { copyFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { WEIGHTS_FILE } from "../model/directory.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { renderRunReport } from "../report/run-report.js";
import { jsonText } from "../storage/json-text.js";
import { outputError } from "../storage/output-error.js";
import { settleInterrupted, wholeDirectory, writeWholeDirectory } from "../storage/whole-directory.js";
import { sameBytes } from "../storage/same-bytes.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { TRACKING_FILES } from "../tracking/configured-trackers.js";
import type { EpochRecord } from "../tracking/tracker.js";
import { DirectoryClaim, refuseClaimed, wasLeft, type Purpose } from "./directory-claim.js";
import { appendRecord, keepRecordsUpTo, METRICS_FILE, readRecords } from "./metrics-file.js";
import { readRecord, RECORD_FILE, type RunRecord } from "./run-record.js";
import { readTrainerState, writeTrainerState, type TrainerState } from "./trainer-state.js";

const CONFIG = "config.json";
const REPORT = "report.html";
/** What `last/` holds besides the files of a model. */
const OPTIMIZER = "optimizer.safetensors";
const STATE = "trainer.json";

const PURPOSE: Purpose = { results: ["last", "best"], others: [CONFIG, RECORD_FILE, METRICS_FILE, ...TRACKING_FILES] };

/** Whether a directory is a checkpoint that a training goes on from: it holds more than a model. */
export function isCheckpoint(directory: string): boolean {
  return existsSync(join(directory, STATE));
}

/**
 * The directory of one training: `config.json`, `run.json`, `metrics.jsonl`, `report.html`, `best/`, `last/`, what
 * trackers write, and `lock` while a process trains it, so that no second one does.
 */
export class RunDirectory {
  readonly path: string;
  readonly configFile: string;
  readonly best: string;
  readonly last: string;
  readonly optimizerFile: string;
  private readonly metricsFile: string;
  private readonly stateFile: string;

  private constructor(private readonly claim: DirectoryClaim) {
    this.path = claim.path;
    this.configFile = join(this.path, CONFIG);
    this.metricsFile = join(this.path, METRICS_FILE);
    this.best = join(this.path, "best");
    this.last = join(this.path, "last");
    this.optimizerFile = join(this.last, OPTIMIZER);
    this.stateFile = join(this.last, STATE);
  }

  /** @throws GlobalPointerError `OUTPUT` when there is something already, or nothing can be written */
  static create(path: string, config: unknown): RunDirectory {
    if (RunDirectory.hasCheckpoint(path)) {
      refuseClaimed(path);
      throw new GlobalPointerError(
        "OUTPUT", `${path} holds a run already: choose another --output, or go on with it by --resume ${path}.`,
      );
    }
    return RunDirectory.begin(DirectoryClaim.begin(path, PURPOSE), config);
  }

  /**
   * The same under a name that nothing has: the path's own, or with a number behind. Two runs may begin in the same
   * second.
   */
  static createFresh(path: string, config: unknown): RunDirectory {
    return RunDirectory.begin(DirectoryClaim.beginFresh(path, PURPOSE), config);
  }

  private static begin(claim: DirectoryClaim, config: unknown): RunDirectory {
    const run = new RunDirectory(claim);
    try {
      writeWholeFile(run.configFile, jsonText(config));
      return run;
    } catch (error) {
      run.closeAndClear();
      throw outputError(run.path, error);
    }
  }

  /** Whether a run in this directory has come to its first checkpoint, so that it can be gone on with. */
  static hasCheckpoint(path: string): boolean {
    return existsSync(join(wholeDirectory(join(path, "last")), "config.json"));
  }

  /**
   * The directory of a run that was begun, with what an abrupt end left over put in order.
   *
   * @throws GlobalPointerError `CHECKPOINT` when there is nothing to go on from, `OUTPUT` when a process trains it
   */
  static open(path: string): RunDirectory {
    if (!existsSync(path)) {
      throw new GlobalPointerError("CHECKPOINT", `${path} does not exist: give the directory of a run to resume.`);
    }
    // Before the lock, which has no place in a directory that is no run.
    const missing = [join(path, CONFIG), join(path, "last")].find((name) => !existsSync(wholeDirectory(name)));
    if (missing !== undefined) {
      refuseClaimed(path); // it may not have come to its first checkpoint yet
      throw new GlobalPointerError("CHECKPOINT", wasLeft(path)
        ? `${path} ended abruptly before its first checkpoint, so that there is nothing to go on from: begin it anew `
          + "with the command that began it, which takes the same --output again."
        : `${missing} does not exist: resume takes the directory of a run that gp-train began and stopped.`);
    }
    const claim = DirectoryClaim.goOn(path, PURPOSE);
    try {
      const run = new RunDirectory(claim);
      settleInterrupted(run.last);
      settleInterrupted(run.best);
      return run;
    } catch (error) {
      claim.close();
      throw outputError(path, error);
    }
  }

  /**
   * Where the training stands.
   *
   * `last/` says so alone. At the end of an epoch it is saved before `best/`: the other way round, a process killed
   * between the two would leave a best model that its state knows nothing of, and the epoch, run again, need not give
   * the same one (on CUDA it does not). This way the best model is at worst missing, and `last/` is a copy of it.
   *
   * @throws GlobalPointerError `CHECKPOINT` when the checkpoint is damaged, or lacks its best model
   */
  async restoreState(): Promise<TrainerState> {
    const state = readTrainerState(this.stateFile);
    if (state.bestEpoch > 0 && state.bestEpoch === state.epoch && state.stepInEpoch === 0) await this.mendBest();
    if (state.bestEpoch > 0 && !existsSync(this.best)) {
      throw new GlobalPointerError(
        "CHECKPOINT", `${this.best}, the model of epoch ${state.bestEpoch}, is gone: bring it back, or train anew.`,
      );
    }
    return state;
  }

  /** Makes `best/` the model of `last/`, where it has other weights. */
  private async mendBest(): Promise<void> {
    if (sameBytes(join(this.last, WEIGHTS_FILE), join(this.best, WEIGHTS_FILE))) return;
    const files = readdirSync(this.last).filter((name) => name !== OPTIMIZER && name !== STATE);
    await writeWholeDirectory(this.best, (aside) => {
      for (const name of files) copyFileSync(join(this.last, name), join(aside, name));
    }, { replace: true });
  }

  /** Replaces `last/`: model, optimizer, random state and where the training stands. */
  async saveLast(model: GlobalPointer, state: TrainerState): Promise<void> {
    await writeWholeDirectory(this.last, async (aside) => {
      await model.writeInto(aside);
      await model.engine.saveOptimizer(join(aside, OPTIMIZER));
      writeTrainerState(join(aside, STATE), state);
    }, { replace: true });
  }

  async saveBest(model: GlobalPointer): Promise<void> {
    await model.save(this.best, { replace: true });
  }

  /** What the run was made of. @throws GlobalPointerError `CHECKPOINT` when it is missing or damaged */
  readRecord(): RunRecord {
    return readRecord(join(this.path, RECORD_FILE));
  }

  /** @throws GlobalPointerError `OUTPUT` */
  writeRecord(record: RunRecord): void {
    writeWholeFile(join(this.path, RECORD_FILE), jsonText(record));
  }

  appendRecord(record: EpochRecord): void {
    appendRecord(this.metricsFile, record);
  }

  /** Draws the curves of what metrics.jsonl holds. @throws GlobalPointerError `OUTPUT` */
  writeReport(name: string, epochs: number, bestEpoch: number): void {
    const records = readRecords(this.metricsFile);
    writeWholeFile(join(this.path, REPORT), renderRunReport({
      name, directory: this.path, epochs, records, ...(bestEpoch > 0 ? { bestEpoch } : {}),
    }));
  }

  /** Drops what metrics.jsonl says of epochs that are to be run again. */
  keepRecordsUpTo(epoch: number): void {
    keepRecordsUpTo(this.metricsFile, epoch);
  }

  /** Lets others train here. */
  close(): void {
    this.claim.close();
  }

  /** The same, and removes what is there without a checkpoint or a model: nothing could be done with it. */
  closeAndClear(): void {
    this.claim.closeAndClear();
  }
}
