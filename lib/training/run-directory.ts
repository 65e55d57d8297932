import { copyFileSync, existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { WEIGHTS_FILE } from "../model/directory.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { renderRunReport } from "../report/run-report.js";
import { discardAbandoned } from "../storage/aside.js";
import { LockHeldError, refuseHeld, takeLock } from "../storage/lock.js";
import { outputError } from "../storage/output-error.js";
import {
  makeDirectory, refuseExisting, restoreInterrupted, wholeDirectory, writeWholeDirectory,
} from "../storage/whole-directory.js";
import { sameBytes } from "../storage/same-bytes.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { appendRecord, keepRecordsUpTo, readRecords, type EpochRecord } from "./metrics-file.js";
import { readTrainerState, writeTrainerState, type TrainerState } from "./trainer-state.js";

const LOCK = "lock";
const REPORT = "report.html";
/** What `last/` holds besides the files of a model. */
const OPTIMIZER = "optimizer.safetensors";
const STATE = "trainer.json";

/** Does something with the lock of a run, or tells who trains it. */
function withLock<T>(run: string, action: (lock: string) => T): T {
  try {
    return action(join(run, LOCK));
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw outputError(run, error);
    const owner = error.owner === undefined ? "another process" : `process ${error.owner}`;
    throw new GlobalPointerError("OUTPUT", `${run} is being trained by ${owner}: wait for it, or stop it first.`);
  }
}

/** Whether a directory is a checkpoint that a training goes on from: it holds more than a model. */
export function isCheckpoint(directory: string): boolean {
  return existsSync(join(directory, STATE));
}

/**
 * The directory of one training: `config.json`, `metrics.jsonl`, `report.html`, `best/`, `last/`, and `lock` while a
 * process trains it, so that no second one does.
 */
export class RunDirectory {
  readonly configFile: string;
  readonly best: string;
  readonly last: string;
  readonly optimizerFile: string;
  private readonly metricsFile: string;
  private readonly stateFile: string;
  private readonly release: () => void;

  /** Takes the lock. @param made whether the directory itself is ours to remove */
  private constructor(readonly path: string, private readonly made: boolean) {
    this.configFile = join(path, "config.json");
    this.metricsFile = join(path, "metrics.jsonl");
    this.best = join(path, "best");
    this.last = join(path, "last");
    this.optimizerFile = join(this.last, OPTIMIZER);
    this.stateFile = join(this.last, STATE);
    this.release = withLock(path, takeLock);
  }

  /** @throws GlobalPointerError `OUTPUT` when there is something already, or nothing can be written */
  static create(path: string, config: unknown): RunDirectory {
    RunDirectory.refuseOccupied(path);
    let made: boolean;
    try {
      made = makeDirectory(path);
    } catch (error) {
      throw outputError(path, error);
    }
    return RunDirectory.begin(path, made, config);
  }

  /**
   * The same under a name that nothing has: the path's own, or with a number behind. Two runs may begin in the same
   * second.
   */
  static createFresh(path: string, config: unknown): RunDirectory {
    for (let number = 1; ; number++) {
      const fresh = number === 1 ? path : `${path}-${number}`;
      try {
        makeDirectory(dirname(fresh));
        mkdirSync(fresh); // looking first would leave time for another to make it
      } catch (error) {
        if (existsSync(fresh)) continue;
        throw outputError(fresh, error);
      }
      return RunDirectory.begin(fresh, true, config);
    }
  }

  private static begin(path: string, made: boolean, config: unknown): RunDirectory {
    const run = new RunDirectory(path, made);
    try {
      refuseExisting(path, LOCK); // another may have begun and ended while we came for the lock
    } catch (error) {
      run.close();
      throw error;
    }
    try {
      writeWholeFile(run.configFile, `${JSON.stringify(config, undefined, 2)}\n`);
    } catch (error) {
      run.closeAndClear();
      throw outputError(path, error);
    }
    return run;
  }

  private static refuseOccupied(path: string): void {
    try {
      if (existsSync(join(path, "last", "config.json"))) {
        throw new GlobalPointerError(
          "OUTPUT", `${path} holds a run already: choose another --output, or go on with it by --resume ${path}.`,
        );
      }
      refuseExisting(path);
    } catch (error) {
      withLock(path, refuseHeld); // what is there may be of a run that goes on, which is the better thing to say
      throw error;
    }
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
    const needed = [join(path, "config.json"), join(path, "last")];
    const missing = needed.find((name) => !existsSync(wholeDirectory(name)));
    if (missing !== undefined) {
      withLock(path, refuseHeld); // it may not have come to its first checkpoint yet
      throw new GlobalPointerError(
        "CHECKPOINT", `${missing} does not exist: resume takes the directory of a run that gp-train began and stopped.`,
      );
    }
    const run = new RunDirectory(path, false);
    try {
      restoreInterrupted(run.last);
      restoreInterrupted(run.best);
      discardAbandoned(path);
      return run;
    } catch (error) {
      run.close();
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
    this.release();
  }

  /** The same, and removes a directory that holds no checkpoint and no model: nothing could be done with it. */
  closeAndClear(): void {
    const begun = existsSync(this.last) || existsSync(this.best);
    if (!begun) {
      rmSync(this.configFile, { force: true });
      rmSync(this.metricsFile, { force: true });
    }
    this.release();
    if (!begun && this.made && existsSync(this.path) && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }
}
