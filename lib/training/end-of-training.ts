import type { ResolvedConfig } from "../config/load.js";
import type { EarlyStopping } from "../config/schema.js";
import type { TrainerState } from "./trainer-state.js";

/** What has to be known of a training to tell whether it is over. */
type Standing = Pick<TrainerState, "epoch" | "bestEpoch" | "bestF1" | "epochsWithoutGain">;

/**
 * Epochs in a row without a gain, the epoch just evaluated included. A gain is a dev F1 that is more than `minDelta`
 * above the best one before; the first epoch is one.
 *
 * @param before the state before the epoch's F1 went into it
 */
export function epochsWithoutGain(before: Standing, f1: number, { minDelta = 0 }: Partial<EarlyStopping> = {}): number {
  return before.bestEpoch === 0 || f1 > before.bestF1 + minDelta ? 0 : before.epochsWithoutGain + 1;
}

/** Why no epoch comes any more, as what a run "has" done; undefined while there are epochs to come. */
export function endOfTraining(state: Standing, training: ResolvedConfig["training"]): string | undefined {
  const { epochs } = training;
  if (state.epoch >= epochs) return `has finished its ${epochs === 1 ? "one epoch" : `${epochs} epochs`}`;
  if (!endedEarly(state, training)) return undefined;
  const { epoch, bestEpoch, bestF1, epochsWithoutGain: without } = state;
  return `has ended early after epoch ${epoch} of ${epochs}: no better dev F1 for ${without} `
    + `${without === 1 ? "epoch" : "epochs"}; the best is ${bestF1.toFixed(4)}, of epoch ${bestEpoch}`;
}

/** Whether early stopping ended the training. */
export function endedEarly(
  { epoch, epochsWithoutGain: without }: Standing,
  { epochs, earlyStopping }: ResolvedConfig["training"],
): boolean {
  return epoch < epochs && earlyStopping !== undefined && without >= earlyStopping.patience;
}
