import { appendFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { outputError } from "../storage/output-error.js";
import { scalarsRecord, startRecord, versionRecord } from "./event-records.js";
import { scalarsOfEpoch, scalarsOfStep, type Scalars } from "./scalars.js";
import type { EpochRecord, StepRecord, TrackedRun, Tracker } from "./tracker.js";

/** In the run directory. */
export const TENSORBOARD_FOLDER = "tensorboard";

const FILE_NAME = /^events\.out\.tfevents\.(\d{10})\./;

function now(): number {
  return Date.now() / 1000;
}

/** TensorBoard reads the files of a folder in the order of their names: a new one comes last, whatever the clock. */
function newFile(folder: string): string {
  const earlier = readdirSync(folder).map((name) => Number(FILE_NAME.exec(name)?.[1] ?? 0));
  const seconds = Math.max(Math.floor(now()), ...earlier.map((time) => time + 1));
  return join(folder, `events.out.tfevents.${String(seconds).padStart(10, "0")}.globalpointer`);
}

/** Scalars for TensorBoard: an event file each time a training begins or goes on. */
export class TensorBoardTracker implements Tracker {
  readonly name = "TensorBoard";
  private readonly folder: string;
  private path: string | undefined;

  constructor(directory: string) {
    this.folder = join(directory, TENSORBOARD_FOLDER);
  }

  begin({ step: done }: TrackedRun): void {
    try {
      if (!existsSync(this.folder)) mkdirSync(this.folder);
      this.path = newFile(this.folder);
    } catch (error) {
      throw outputError(this.folder, error);
    }
    this.append(Buffer.concat([versionRecord(now()), startRecord(now(), done + 1)]));
  }

  step(record: StepRecord): void {
    this.add(record.step, scalarsOfStep(record));
  }

  epoch(record: EpochRecord): void {
    this.add(record.step, scalarsOfEpoch(record));
  }

  private add(step: number, scalars: Scalars): void {
    this.append(scalarsRecord(now(), step, scalars));
  }

  private append(bytes: Buffer): void {
    const { path = this.folder } = this;
    try {
      appendFileSync(path, bytes);
    } catch (error) {
      throw outputError(path, error);
    }
  }
}
