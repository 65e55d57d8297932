import type { EpochRecord } from "./run-directory.js";

/** What a training tells while it runs. Every method may be left out. */
export interface TrainingObserver {
  /** A line for the person who waits: what is being done, what was lost, where things are. */
  message?(text: string): void;
  /** After each step. `loss` is the mean of the epoch so far. */
  step?(progress: { epoch: number; epochs: number; step: number; steps: number; loss: number; tokensPerSecond: number }): void;
  /** After each epoch's evaluation. */
  epoch?(record: EpochRecord, best: boolean): void;
}
