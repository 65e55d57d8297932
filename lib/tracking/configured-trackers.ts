import type { ResolvedConfig } from "../config/load.js";
import { STEPS_FILE, StepsFile } from "./steps-file.js";
import { TENSORBOARD_FOLDER, TensorBoardTracker } from "./tensorboard.js";
import type { Tracker } from "./tracker.js";
import { WandbTracker } from "./wandb.js";

/** What trackers leave in a run directory. */
export const TRACKING_FILES: readonly string[] = [STEPS_FILE, TENSORBOARD_FOLDER];

/** The trackers that a config asks for. */
export function configuredTrackers({ tracking }: ResolvedConfig, directory: string): Tracker[] {
  const { tensorboard, wandb } = tracking;
  return [
    new StepsFile(directory),
    ...(tensorboard ? [new TensorBoardTracker(directory)] : []),
    ...(wandb === undefined ? [] : [new WandbTracker(wandb)]),
  ];
}
