import type { EpochRecord, TrackedRun } from "../tracking/tracker.js";

/** Where a running epoch stands. */
export interface StepProgress {
  /** Counted from 1. */
  epoch: number;
  /** How many there are. */
  epochs: number;
  /** Steps done of the epoch. */
  step: number;
  /** How many the epoch has. */
  steps: number;
  /** Mean of the epoch so far. */
  loss: number;
  tokensPerSecond: number;
}

/** What a training tells while it runs. Every method may be left out. */
export interface TrainingObserver {
  /** A line for the person who waits: what is being done, what was lost, where things are. */
  message?(text: string): void;
  /** Before the first step. */
  begin?(run: TrackedRun): void;
  /** After each step. */
  step?(progress: StepProgress): void;
  /** After each epoch's evaluation, when its checkpoint is safe. */
  epoch?(record: EpochRecord, best: boolean): void;
}
