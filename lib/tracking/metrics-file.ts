import { join } from "node:path";
import { z } from "zod";
import { appendLine, keepLines, readLines } from "./record-lines.js";
import type { EpochRecord, TrackedRun, Tracker } from "./tracker.js";

/** In the run directory. */
export const METRICS_FILE = "metrics.jsonl";

const scoresSchema = z.object({
  precision: z.number(), recall: z.number(), f1: z.number(), support: z.number(), predicted: z.number(),
  correct: z.number(),
});

/** The scores of an epoch, overall and by type. */
export const devSchema = scoresSchema.extend({ types: z.record(z.string(), scoresSchema) });

const epochSchema = z.object({ epoch: z.number() });

/** Whole records; further keys are left alone. */
const recordSchema: z.ZodType<EpochRecord> = epochSchema.extend({
  step: z.number(), loss: z.number(), learningRate: z.number(), seconds: z.number(), tokensPerSecond: z.number(),
  dev: devSchema,
});

/**
 * The records of finished epochs; a line that is none, such as one cut short by a crash, is left out.
 *
 * @throws GlobalPointerError `OUTPUT` when there is a file that cannot be read
 */
export function readRecords(path: string): EpochRecord[] {
  return readLines(path).flatMap((line) => {
    const record = recordSchema.safeParse(line);
    return record.success ? [record.data] : [];
  });
}

/** A line an epoch. Those of epochs that are to be run again are dropped at the beginning. */
export class MetricsFile implements Tracker {
  readonly name = METRICS_FILE;
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, METRICS_FILE);
  }

  begin({ epoch: finished }: TrackedRun): void {
    keepLines(this.path, (line) => {
      const record = epochSchema.safeParse(line);
      return record.success && record.data.epoch <= finished;
    });
  }

  epoch(record: EpochRecord): void {
    appendLine(this.path, record);
  }
}
