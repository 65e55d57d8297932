import type { ResolvedConfig } from "../../lib/config/load.js";
import type { EpochRecord, StepRecord, TrackedRun } from "../../lib/tracking/tracker.js";

/** A run to tell trackers of, with what it was told. */
export function trackedRun(
  directory: string, { step = 0, epoch = 0, everySteps = 1 } = {},
): TrackedRun & { messages: string[] } {
  const tracking = { console: true, everySteps, tensorboard: true };
  const messages: string[] = [];
  return {
    directory, step, epoch, messages, message: (text) => { messages.push(text); },
    config: { name: "tracked", tracking } as unknown as ResolvedConfig,
  };
}

export function stepRecord(step: number): StepRecord {
  return {
    step, epoch: 1, loss: 1 / step, gradientNorm: 0.3, learningRate: 1e-5, headLearningRate: 1e-3,
    tokensPerSecond: 1234.5, memory: { resident: 3e8, peak: 5e9 },
  };
}

export function epochRecord(epoch: number, step: number): EpochRecord {
  const scores = { precision: 0.25, recall: 0.5, f1: 1 / 3, support: 4, predicted: 8, correct: 2 };
  return {
    epoch, step, loss: 1 / epoch, learningRate: 1e-5, seconds: 12.5, tokensPerSecond: 1000,
    dev: { ...scores, types: { "人物": scores, "a/b": { ...scores, f1: 0 } } },
  };
}
