import type { ResolvedConfig } from "../config/load.js";
import type { EpochPoint } from "../report/run-report.js";

/** The training that a tracker is told of, from wherever it begins or goes on. */
export interface TrackedRun {
  /** The run directory. */
  directory: string;
  /** Every default filled in. */
  config: ResolvedConfig;
  /** Steps done before; 0 for a new run. Later ones that are on record already will be run again. */
  step: number;
  /** Epochs finished before; likewise. */
  epoch: number;
  /** A line for the person who waits. */
  message(text: string): void;
}

/** One step of training; a line of steps.jsonl. All of this step alone. */
export interface StepRecord {
  /** Steps done in all, this one counted. */
  step: number;
  /** The epoch it is of, counted from 1. */
  epoch: number;
  loss: number;
  /** Global L2 norm of the gradient before clipping. */
  gradientNorm: number;
  /** The encoder's, and the head's. */
  learningRate: number;
  headLearningRate: number;
  tokensPerSecond: number;
  /** Bytes of the process: resident now, and the most there ever were. */
  memory: { resident: number; peak: number };
}

/** One finished epoch; a line of metrics.jsonl, which is what the report of a run draws. */
export type EpochRecord = EpochPoint;

/** How a training ended. */
export interface TrackedEnd {
  /** `stopped`: by a signal, to be resumed. `failed`: by an error. */
  status: "finished" | "stopped" | "failed";
  /** Absent where no epoch was finished. */
  best?: { epoch: number; f1: number };
}

/**
 * Keeps, shows or sends what a training says of itself. Every method may be left out. They are called in the order
 * begin, step and epoch, end; where one returns a promise, the next call waits for it, but the training does not. One
 * that fails gets a line of warning and is not called any more, `abandon` excepted.
 */
export interface Tracker {
  /** For the line that tells of a failure. */
  readonly name: string;
  begin?(run: TrackedRun): void | Promise<void>;
  /** Every `tracking.everySteps` steps. */
  step?(record: StepRecord): void | Promise<void>;
  /** After an epoch's evaluation, before its checkpoint is written. */
  epoch?(record: EpochRecord): void | Promise<void>;
  /** The training waits for it, up to ten seconds. */
  end?(end: TrackedEnd): void | Promise<void>;
  /** After a failure, or when the end took too long: lets go of what is held. */
  abandon?(): void;
}
