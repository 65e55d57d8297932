import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Metrics } from "../evaluation/metrics.js";
import { outputError } from "../storage/output-error.js";
import { writeWholeFile } from "../storage/whole-file.js";

/** One line of metrics.jsonl. */
export interface EpochRecord {
  /** Counted from 1. */
  epoch: number;
  /** Steps done in all. */
  step: number;
  /** Mean over the epoch's steps. */
  loss: number;
  /** Of the epoch's last step. */
  learningRate: number;
  /** Of training, without evaluation. */
  seconds: number;
  tokensPerSecond: number;
  dev: Metrics;
}

const recordSchema = z.object({ epoch: z.number() });

function epochOf(line: string): number {
  try {
    return recordSchema.parse(JSON.parse(line)).epoch;
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

/** The records of finished epochs; a line cut short by a crash is none. */
export function readRecords(path: string): EpochRecord[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  // Written by appendRecord, which is what the type says; whatever has an epoch was written whole.
  return lines.filter((line) => Number.isFinite(epochOf(line))).map((line) => JSON.parse(line) as EpochRecord);
}

/** Drops the lines of epochs after the given one, which are to be run again. @throws GlobalPointerError `OUTPUT` */
export function keepRecordsUpTo(path: string, epoch: number): void {
  if (!existsSync(path)) return;
  const lines = readFileSync(path, "utf8").split("\n");
  const kept = lines.filter((line) => epochOf(line) <= epoch);
  writeWholeFile(path, kept.map((line) => `${line}\n`).join(""));
}
