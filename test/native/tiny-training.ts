import type { LabelledBatch } from "../../lib/data/dataset.js";
import type { NativeEngine, StepOptions } from "../../lib/model/native.js";
import { batchOf, goldOf, learningRates, readyEngine, tinyShape, tinyStep } from "./tiny-model.js";

export const otherBatch: LabelledBatch = {
  batch: batchOf([5, 18], tinyShape.vocabSize, 3), gold: goldOf([[0, 1, 1, 3], [1, 2, 7, 9]]),
};
/** Two batches of one step. */
export const twoBatches: readonly LabelledBatch[] = [...tinyStep, otherBatch];

export const fgm = { epsilon: 1, alpha: 1, steps: 1 };
export const pgd = { epsilon: 1, alpha: 0.3, steps: 3 };
/** All of what a step may do that goes together. */
export const everything: StepOptions = {
  layerDecay: 0.8, averageDecay: 0.9, adversarial: pgd, rDrop: 0.5, labelSmoothing: 0.1,
  activationCheckpointing: true,
};

const engines: NativeEngine[] = [];

/** An engine that `disposeAll` takes care of. One thread: tiny models are no faster with more. */
export async function ready(stepOptions: StepOptions = {}, seed = 9, device = "cpu"): Promise<NativeEngine> {
  const engine = await readyEngine({ seed, threads: 1, device }, stepOptions);
  engines.push(engine);
  return engine;
}

export async function disposeAll(): Promise<void> {
  await Promise.all(engines.splice(0).map((engine) => engine.dispose()));
}

/** Loss and gradient norm of each step. */
export async function train(engine: NativeEngine, steps: number, batches = twoBatches): Promise<number[]> {
  const numbers: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { loss, gradientNorm, applied } = await engine.trainStep(batches, learningRates);
    expect(applied).toBe(true);
    numbers.push(loss, gradientNorm);
  }
  return numbers;
}
