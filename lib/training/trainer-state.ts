import { writeFileSync } from "node:fs";
import { z } from "zod";
import { readJsonFile } from "../storage/read-json.js";

const FORMAT_VERSION = 2;

const count = z.number().int().min(0);

const stateSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Epochs completed; the running one is the next. */
  epoch: count,
  /** Steps done of the running epoch. */
  stepInEpoch: count,
  /** Steps done in all. */
  step: count,
  /** Of the running epoch's steps: the sum of their losses, their tokens, and how long they took. */
  lossSum: z.number(),
  tokens: count,
  seconds: z.number().min(0),
  /** The epoch that `best/` is from; 0 for none. */
  bestEpoch: count,
  bestF1: z.number(),
  /** Identifies the training data, so that a run is not continued on other data. */
  dataDigest: z.string(),
});

/** Where a training stands, besides weights, optimizer and random state. */
export type TrainerState = z.output<typeof stateSchema>;

/** The state before the first step. */
export function initialState(dataDigest: string): TrainerState {
  return {
    formatVersion: FORMAT_VERSION, epoch: 0, stepInEpoch: 0, step: 0, lossSum: 0, tokens: 0, seconds: 0,
    bestEpoch: 0, bestF1: 0, dataDigest,
  };
}

/** @throws GlobalPointerError `CHECKPOINT` when the file is missing or damaged */
export function readTrainerState(path: string): TrainerState {
  return readJsonFile(path, stateSchema, "CHECKPOINT", "the run cannot be resumed, so train anew");
}

/** Into a directory that is being written aside. */
export function writeTrainerState(path: string, state: TrainerState): void {
  writeFileSync(path, `${JSON.stringify(state, undefined, 2)}\n`);
}
