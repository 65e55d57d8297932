import type { LabelledBatch } from "../data/dataset.js";
import { GlobalPointerError } from "../errors.js";
import type { LearningRates, NativeEngine, StepResult } from "../model/native.js";

/** Steps that a CUDA device is given at a time, so that it finds the next one prepared when it ends one. */
const STEPS_AHEAD = 2;

/** How many steps a device is asked for before the first of them is waited for. */
export function stepsAhead(device: string): number {
  return device === "cpu" ? 1 : STEPS_AHEAD;
}

/**
 * Begins pieces of work, up to `ahead` before the first of them is waited for, and ends them in the order in which they
 * were begun.
 * @param begin the next piece, when `inFlight` are begun and not ended; undefined when there is none for now
 */
export async function aheadOfTime<Work>(
  ahead: number, begin: (inFlight: number) => Work | undefined, end: (work: Work) => Promise<void>,
): Promise<void> {
  const inFlight: Work[] = [];
  for (;;) {
    while (inFlight.length < ahead) {
      const work = begin(inFlight.length);
      if (work === undefined) break;
      inFlight.push(work);
    }
    const first = inFlight.shift();
    if (first === undefined) return;
    await end(first);
  }
}

/** A training step that the engine was asked for. */
export class StepInFlight {
  readonly tokens: number;
  private readonly began = performance.now();
  private readonly pending: Promise<StepResult>;

  /** @param inParts whether the engine already tried smaller parts of the batches (`training.autoMicroBatch`) */
  constructor(
    engine: NativeEngine, batches: readonly LabelledBatch[], readonly rates: LearningRates,
    private readonly inParts = false,
  ) {
    this.tokens = batches.reduce((sum, { batch }) => sum + batch.inputIds.length, 0);
    this.pending = engine.trainStep(batches, rates);
    // A step before this one may fail first, and nobody waits for this one any more.
    this.pending.catch(() => undefined);
  }

  /**
   * @returns the result and the seconds that it took: since it was begun, or since the step before it ended (`free`)
   * @throws GlobalPointerError `OUT_OF_MEMORY`, with what to lower in the config
   */
  async end(free: number): Promise<StepResult & { seconds: number; ended: number }> {
    try {
      const result = await this.pending;
      const ended = performance.now();
      return { ...result, seconds: (ended - Math.max(free, this.began)) / 1000, ended };
    } catch (error) {
      throw error instanceof Error && "code" in error && error.code === "OUT_OF_MEMORY"
        ? outOfMemory(error, this.inParts) : error;
    }
  }
}

function outOfMemory({ message }: Error, inParts: boolean): GlobalPointerError {
  const fewer = "lower training.batchSize (and raise training.accumulationSteps), let training.autoMicroBatch do that "
    + "by itself, ";
  return new GlobalPointerError(
    "OUT_OF_MEMORY",
    `${message.replace(/[.:].*$/s, "")}: ${inParts ? "" : fewer}lower training.maxSeqLen, turn on `
    + "training.activationCheckpointing, or use a smaller encoder.",
  );
}
