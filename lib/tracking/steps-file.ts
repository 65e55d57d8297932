import { join } from "node:path";
import { z } from "zod";
import { appendLine, keepLines, makeFile } from "./record-lines.js";
import type { StepRecord, TrackedRun, Tracker } from "./tracker.js";

/** In the run directory. */
export const STEPS_FILE = "steps.jsonl";

const stepSchema = z.object({ step: z.number() });

/** A line for each step on record. Those of steps that are to be run again are dropped at the beginning. */
export class StepsFile implements Tracker {
  readonly name = STEPS_FILE;
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, STEPS_FILE);
  }

  begin({ step: done }: TrackedRun): void {
    keepLines(this.path, (line) => {
      const record = stepSchema.safeParse(line);
      return record.success && record.data.step <= done;
    });
    makeFile(this.path); // so that every run has one, however few its steps
  }

  step(record: StepRecord): void {
    appendLine(this.path, record);
  }
}
