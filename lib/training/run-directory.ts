import { existsSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { discardAbandoned } from "../storage/aside.js";
import { outputError } from "../storage/output-error.js";
import {
  makeDirectory, refuseExisting, restoreInterrupted, writeWholeDirectory,
} from "../storage/whole-directory.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { appendRecord, keepRecordsUpTo, type EpochRecord } from "./metrics-file.js";
import { readTrainerState, writeTrainerState, type TrainerState } from "./trainer-state.js";

/** The directory of one training: `config.json`, `metrics.jsonl`, `best/` and `last/`. */
export class RunDirectory {
  readonly configFile: string;
  readonly best: string;
  readonly last: string;
  readonly optimizerFile: string;
  private readonly metricsFile: string;
  private readonly stateFile: string;
  /** Whether the directory itself is ours to remove. */
  private made = false;

  private constructor(readonly path: string) {
    this.configFile = join(path, "config.json");
    this.metricsFile = join(path, "metrics.jsonl");
    this.best = join(path, "best");
    this.last = join(path, "last");
    this.optimizerFile = join(this.last, "optimizer.safetensors");
    this.stateFile = join(this.last, "trainer.json");
  }

  /** @throws GlobalPointerError `OUTPUT` when there is something already, or nothing can be written */
  static create(path: string, config: unknown): RunDirectory {
    RunDirectory.refuseExisting(path);
    const run = new RunDirectory(path);
    try {
      run.made = makeDirectory(path);
      writeWholeFile(run.configFile, `${JSON.stringify(config, undefined, 2)}\n`);
    } catch (error) {
      run.removeUnlessBegun();
      throw outputError(path, error);
    }
    return run;
  }

  private static refuseExisting(path: string): void {
    if (existsSync(join(path, "last", "config.json"))) {
      throw new GlobalPointerError(
        "OUTPUT", `${path} holds a run already: choose another --output, or go on with it by --resume ${path}.`,
      );
    }
    refuseExisting(path);
  }

  /**
   * The directory of a run that was begun, with what an abrupt end left over put in order.
   *
   * @throws GlobalPointerError `CHECKPOINT` when there is nothing to go on from
   */
  static open(path: string): RunDirectory {
    const run = new RunDirectory(path);
    if (!existsSync(path)) {
      throw new GlobalPointerError("CHECKPOINT", `${path} does not exist: give the directory of a run to resume.`);
    }
    restoreInterrupted(run.last);
    restoreInterrupted(run.best);
    const missing = [run.configFile, run.last].find((file) => !existsSync(file));
    if (missing !== undefined) {
      throw new GlobalPointerError(
        "CHECKPOINT", `${missing} does not exist: resume takes the directory of a run that gp-train began and stopped.`,
      );
    }
    discardAbandoned(path);
    return run;
  }

  /** @throws GlobalPointerError `CHECKPOINT` when the checkpoint is damaged, or lacks its best model */
  readState(): TrainerState {
    const state = readTrainerState(this.stateFile);
    if (state.bestEpoch > 0 && !existsSync(this.best)) {
      throw new GlobalPointerError(
        "CHECKPOINT", `${this.best}, the model of epoch ${state.bestEpoch}, is gone: bring it back, or train anew.`,
      );
    }
    return state;
  }

  /** Replaces `last/`: model, optimizer, random state and where the training stands. */
  async saveLast(model: GlobalPointer, state: TrainerState): Promise<void> {
    await writeWholeDirectory(this.last, async (aside) => {
      await model.writeInto(aside);
      await model.engine.saveOptimizer(join(aside, "optimizer.safetensors"));
      writeTrainerState(join(aside, "trainer.json"), state);
    }, { replace: true });
  }

  async saveBest(model: GlobalPointer): Promise<void> {
    await model.save(this.best, { replace: true });
  }

  appendRecord(record: EpochRecord): void {
    appendRecord(this.metricsFile, record);
  }

  /** Drops what metrics.jsonl says of epochs that are to be run again. */
  keepRecordsUpTo(epoch: number): void {
    keepRecordsUpTo(this.metricsFile, epoch);
  }

  /** Removes a directory that holds no checkpoint and no model: nothing could be done with it. */
  removeUnlessBegun(): void {
    if (existsSync(this.last) || existsSync(this.best) || !existsSync(this.path)) return;
    rmSync(this.configFile, { force: true });
    rmSync(this.metricsFile, { force: true });
    if (this.made && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }
}
