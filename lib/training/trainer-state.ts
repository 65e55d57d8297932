import { writeFileSync } from "node:fs";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";

const FORMAT_VERSION = 3;
const REMEDY = "the run cannot be resumed, so train anew";

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
  /** Epochs in a row, up to the last one completed, without the gain that early stopping asks for. */
  epochsWithoutGain: count,
  /** Identifies the training data, so that a run is not continued on other data. */
  dataDigest: z.string(),
});

/** Where a training stands, besides weights, optimizer and random state. */
export type TrainerState = z.output<typeof stateSchema>;

/** The state before the first step. */
export function initialState(dataDigest: string): TrainerState {
  return {
    formatVersion: FORMAT_VERSION, epoch: 0, stepInEpoch: 0, step: 0, lossSum: 0, tokens: 0, seconds: 0,
    bestEpoch: 0, bestF1: 0, epochsWithoutGain: 0, dataDigest,
  };
}

/** @throws GlobalPointerError `CHECKPOINT` when the file is missing, damaged or of another version */
export function readTrainerState(path: string): TrainerState {
  const { formatVersion } = readJsonFile(path, z.object({ formatVersion: count }), "CHECKPOINT", REMEDY);
  if (formatVersion !== FORMAT_VERSION) {
    const remedy = formatVersion < FORMAT_VERSION
      ? "an earlier version of globalpointer: resume the run with that version, or train anew; the models in best/ and "
        + "last/ can be used as they are"
      : "a later version of globalpointer: resume the run with that version";
    throw new GlobalPointerError(
      "CHECKPOINT",
      `${path} is of format ${formatVersion}, where this version has ${FORMAT_VERSION}, so that the run was begun by `
      + `${remedy}.`,
    );
  }
  return readJsonFile(path, stateSchema, "CHECKPOINT", REMEDY);
}

/** Into a directory that is being written aside. */
export function writeTrainerState(path: string, state: TrainerState): void {
  writeFileSync(path, `${JSON.stringify(state, undefined, 2)}\n`);
}
