import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { outputError } from "../storage/output-error.js";
import { writeWholeFile } from "../storage/whole-file.js";
import type { EpochRecord } from "../tracking/tracker.js";

/** In a run directory. */
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

function epochOf(line: string): number {
  try {
    return epochSchema.parse(JSON.parse(line)).epoch;
  } catch {
    return Infinity; // a line cut short by a crash is no record
  }
}

/** @throws GlobalPointerError `OUTPUT` */
export function appendRecord(path: string, record: EpochRecord): void {
  try {
    appendFileSync(path, `${JSON.stringify(record)}\n`);
  } catch (error) {
    throw outputError(path, error);
  }
}

/** The records of finished epochs; a line that is none, such as one cut short by a crash, is left out. */
export function readRecords(path: string): EpochRecord[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").flatMap((line) => {
    try {
      return [recordSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}

/** Drops the lines of epochs after the given one, which are to be run again. @throws GlobalPointerError `OUTPUT` */
export function keepRecordsUpTo(path: string, epoch: number): void {
  if (!existsSync(path)) return;
  const lines = readFileSync(path, "utf8").split("\n");
  const kept = lines.filter((line) => epochOf(line) <= epoch);
  writeWholeFile(path, kept.map((line) => `${line}\n`).join(""));
}
