import { GuardedTracker } from "./guarded-tracker.js";
import type { EpochRecord, StepRecord, TrackedEnd, TrackedRun, Tracker } from "./tracker.js";

/** How long a training waits for its trackers at its end, in ms. */
const LONGEST_END = 10_000;

/** What the training knows of a step; the memory is looked at here, when the step is recorded. */
export type StepMeasures = Omit<StepRecord, "memory">;

/** Several trackers at once, none of which can stop the training or hold it up. */
export class Tracking {
  private readonly trackers: GuardedTracker[];
  private readonly everySteps: number;

  /** Begins all of them. @param longestEnd in ms */
  constructor(run: TrackedRun, trackers: readonly Tracker[], private readonly longestEnd = LONGEST_END) {
    this.everySteps = run.config.tracking.everySteps;
    this.trackers = trackers.map((tracker) => new GuardedTracker(tracker, (text) => { run.message(text); }));
    for (const tracker of this.trackers) tracker.call((it) => it.begin?.(run));
  }

  /** Records every so many steps, as the config says. */
  step(measures: StepMeasures): void {
    if (measures.step % this.everySteps !== 0) return;
    const memory = { resident: process.memoryUsage.rss(), peak: process.resourceUsage().maxRSS * 1024 };
    const record = { ...measures, memory };
    for (const tracker of this.trackers) tracker.call((it) => it.step?.(record));
  }

  epoch(record: EpochRecord): void {
    for (const tracker of this.trackers) tracker.call((it) => it.epoch?.(record));
  }

  /** Waits for all of them together, for a bounded time. */
  async end(end: TrackedEnd): Promise<void> {
    await Promise.all(this.trackers.map((tracker) => tracker.finish((it) => it.end?.(end), this.longestEnd)));
  }
}
