import type { ResolvedConfig } from "../config/load.js";
import { GlobalPointerError } from "../errors.js";
import type { TrainingObserver } from "./progress.js";
import type { RunDirectory } from "./run-directory.js";

/** Draws the page of a run; it is for people to look at, so that it cannot be written is no reason to stop. */
export function drawReport(
  run: RunDirectory, { name, training: { epochs } }: ResolvedConfig, { bestEpoch }: { bestEpoch: number },
  observer: TrainingObserver | undefined,
): void {
  try {
    run.writeReport(name, epochs, bestEpoch);
  } catch (error) {
    if (!(error instanceof GlobalPointerError)) throw error;
    observer?.message?.(`warning: ${error.message} The training goes on without its report.`);
  }
}
