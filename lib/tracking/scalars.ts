import type { EpochRecord, StepRecord } from "./tracker.js";

// The names that single numbers go by in TensorBoard and Weights & Biases; docs/tracking.md lists them.

export type Scalars = Record<string, number>;

export function scalarsOfStep(record: StepRecord): Scalars {
  return {
    "train/loss": record.loss,
    "train/gradientNorm": record.gradientNorm,
    "train/learningRate": record.learningRate,
    "train/headLearningRate": record.headLearningRate,
    "train/tokensPerSecond": record.tokensPerSecond,
    "train/epoch": record.epoch,
    "memory/resident": record.memory.resident,
    "memory/peak": record.memory.peak,
  };
}

export function scalarsOfEpoch({ dev, ...record }: EpochRecord): Scalars {
  const scalars: Scalars = {
    "epoch/number": record.epoch,
    "epoch/loss": record.loss,
    "epoch/learningRate": record.learningRate,
    "epoch/seconds": record.seconds,
    "epoch/tokensPerSecond": record.tokensPerSecond,
  };
  const add = (group: string, { precision, recall, f1 }: typeof dev.types[string]): void => {
    Object.assign(scalars, { [`${group}/precision`]: precision, [`${group}/recall`]: recall, [`${group}/f1`]: f1 });
  };
  add("dev", dev);
  for (const [type, scores] of Object.entries(dev.types)) add(`types/${type}`, scores);
  return scalars;
}
