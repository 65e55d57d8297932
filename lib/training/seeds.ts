import { join } from "node:path";
import type { ResolvedConfig } from "../config/load.js";
import { LIMITS } from "../data/limits.js";
import { GlobalPointerError } from "../errors.js";
import type { DeviceOptions } from "../model/global-pointer.js";
import type { TrainingObserver } from "./progress.js";
import { RunDirectory } from "./run-directory.js";
import { SeedsDirectory } from "./seeds-directory.js";
import type { SeedsRecord } from "./seeds-record.js";
import { timestamp } from "./timestamp.js";
import { resume, train, type TrackedContext } from "./train.js";

/** What is told of several trainings, one after the other. */
export interface SeedsObserver extends TrainingObserver {
  /** Before the training of a seed; whatever is told afterwards is of this one. */
  seed?(seed: number): void;
}

interface SeedsContext extends TrackedContext {
  observer?: SeedsObserver;
}

export interface TrainSeedsOptions extends SeedsContext {
  config: ResolvedConfig;
  /** Each in the place of `training.seed`. */
  seeds: readonly number[];
  /** The folder of the runs; default: a new one named after the config and the time, in the config's `output`. */
  output?: string;
}

/** Device and threads: default as the config says. */
export interface ResumeSeedsOptions extends SeedsContext, DeviceOptions {
  /** The folder of seeds that were stopped. */
  directory: string;
}

/** What came of several seeds; the same is in the folder's `seeds.json`. */
export interface SeedsResult extends SeedsRecord {
  directory: string;
  /** True when the signal ended the training before its last seed was finished. */
  stopped: boolean;
}

/** @throws GlobalPointerError `CONFIG` when they are none, not whole, out of range, or one is there twice */
export function requireSeeds(seeds: readonly number[]): void {
  const refuse = (problem: string): never => {
    throw new GlobalPointerError(
      "CONFIG", `The seeds ${problem}: give different whole numbers from 0 to ${LIMITS.seed}, such as 1,2,3.`,
    );
  };
  if (seeds.length === 0) refuse("are none");
  for (const [place, seed] of seeds.entries()) {
    if (!Number.isInteger(seed) || seed < 0 || seed > LIMITS.seed) refuse(`hold ${seed}`);
    if (seeds.indexOf(seed) < place) refuse(`hold ${seed} twice`);
  }
}

/**
 * Trains the same config once a seed, one after the other, each in a run directory of its own within one folder, and
 * compares them.
 *
 * @throws GlobalPointerError as `train` does; `CONFIG` for seeds that cannot be
 */
export async function trainSeeds({ config, seeds, output, ...context }: TrainSeedsOptions): Promise<SeedsResult> {
  requireSeeds(seeds);
  const folder = output === undefined
    ? SeedsDirectory.createFresh(join(config.output, `${config.name}-seeds-${timestamp()}`), config, seeds)
    : SeedsDirectory.create(output, config, seeds);
  try {
    return await trainUnfinished(folder, config, context);
  } finally {
    folder.closeAndClear();
  }
}

/**
 * Goes on with seeds that were stopped: those that are finished are left alone, the running one is resumed, the others
 * are begun.
 *
 * @throws GlobalPointerError as `resume` does; `CHECKPOINT` when the folder holds no seeds or its config was edited
 */
export async function resumeSeeds(
  { directory, device, threads, ...context }: ResumeSeedsOptions,
): Promise<SeedsResult> {
  const folder = SeedsDirectory.open(directory);
  try {
    const given = { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) };
    return await trainUnfinished(folder, folder.readConfig(), context, given);
  } finally {
    folder.close();
  }
}

async function trainUnfinished(
  folder: SeedsDirectory, config: ResolvedConfig, context: SeedsContext, given: DeviceOptions = {},
): Promise<SeedsResult> {
  const { seeds } = folder.record;
  const result = (stopped: boolean): SeedsResult => ({ directory: folder.path, ...folder.record, stopped });
  for (const [place, seed] of seeds.entries()) {
    if (folder.isFinished(seed)) continue;
    context.observer?.seed?.(seed);
    context.observer?.message?.(`seed ${seed}, ${place + 1} of ${seeds.length}`);
    const directory = folder.runOf(seed);
    const training = { ...config.training, ...given, seed };
    const trained = RunDirectory.hasCheckpoint(directory)
      ? await resume({ ...context, ...given, directory })
      : await train({ ...context, config: { ...config, training }, output: directory });
    if (trained.stopped) return result(true);
    folder.finish(seed, trained);
    if (context.signal?.aborted === true) break;
  }
  return result(folder.record.runs.length < seeds.length);
}
