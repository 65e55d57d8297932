import type { Schedule } from "../config/schema.js";

/** Warm-up steps of a schedule: a number of steps, or a share of all steps rounded to the nearest. */
export function warmupStepCount(schedule: Schedule, totalSteps: number): number {
  return schedule.warmupSteps ?? Math.round((schedule.warmupRatio ?? 0) * totalSteps);
}

/** Whether the factor of a step depends on how many steps come in all. */
export function spansTraining(schedule: Schedule): boolean {
  return schedule.type === "linear" || schedule.type === "cosine" || (schedule.warmupRatio ?? 0) > 0;
}

/** Half a cosine wave from 1 down to `floor`, as `progress` goes from 0 to 1. */
function cosineBetween(progress: number, floor: number): number {
  return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
}

/**
 * Progress, from 0 to below 1, within the period that `step` falls into, when the first period takes `period` steps and
 * each further one `multiplier` times the one before.
 */
function progressInPeriod(step: number, period: number, multiplier: number): number {
  if (multiplier === 1) return (step % period) / period;
  let [start, length] = [0, period];
  while (step >= start + length) {
    start += length;
    length *= multiplier;
  }
  return (step - start) / length;
}

/**
 * What the configured learning rate is multiplied with for one optimizer step.
 *
 * With w warm-up steps and n = totalSteps - w steps after them, the factor is step / w during warm-up (the first step
 * has rate 0, as in transformers' get_..._schedule_with_warmup). Afterwards, with t = step - w counting from 0:
 *
 * - constant: 1
 * - linear: 1 - t / n
 * - cosine: m + (1 - m) (1 + cos(pi t / n)) / 2, with m = minRatio (PyTorch's CosineAnnealingLR)
 * - cosine-warm-restarts: the same with t / n taken within a period of periodEpochs * stepsPerEpoch steps, every period
 *   periodMultiplier times as long as the one before (SGDR, arXiv 1608.03983; PyTorch's CosineAnnealingWarmRestarts,
 *   stepped after every optimizer step). With `compat: "seed"` t counts from the start of the running epoch, for
 *   GlobalPointer_pytorch makes its scheduler anew each epoch: with its period of 2 epochs the factor falls from 1 to
 *   about 1/2 in every epoch, and the lower half of the wave never comes
 * - step: decay^floor(t / everySteps) (PyTorch's StepLR)
 *
 * @param step counted from 0 over the whole training
 * @param totalSteps optimizer steps of the whole training
 */
export function learningRateFactor(
  schedule: Schedule, step: number, totalSteps: number, stepsPerEpoch: number,
): number {
  const warmup = warmupStepCount(schedule, totalSteps);
  if (step < warmup) return step / warmup;
  const t = step - warmup;
  const progress = Math.min(t / Math.max(totalSteps - warmup, 1), 1);
  switch (schedule.type) {
    case "constant":
      return 1;
    case "linear":
      return 1 - progress;
    case "cosine":
      return cosineBetween(progress, schedule.minRatio);
    case "cosine-warm-restarts": {
      // A whole number of steps, at least one: a period that ends between two steps would drift.
      const period = Math.max(1, Math.round(schedule.periodEpochs * stepsPerEpoch));
      const sinceStart = schedule.compat === "seed" ? t % stepsPerEpoch : t;
      return cosineBetween(progressInPeriod(sinceStart, period, schedule.periodMultiplier), schedule.minRatio);
    }
    case "step":
      return schedule.decay ** Math.floor(t / schedule.everySteps);
  }
}
