import type { EpochRecord } from "./metrics-file.js";

/** Where a running epoch stands. All are counted from 1. */
export interface StepProgress {
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  /** Mean of the epoch so far. */
  loss: number;
  tokensPerSecond: number;
}

/** What a training tells while it runs. Every method may be left out. */
export interface TrainingObserver {
  /** A line for the person who waits: what is being done, what was lost, where things are. */
  message?(text: string): void;
  /** After each step. */
  step?(progress: StepProgress): void;
  /** After each epoch's evaluation, when its checkpoint is safe. */
  epoch?(record: EpochRecord, best: boolean): void;
}
