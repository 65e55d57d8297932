import type { Sample } from "../sample.js";

/** A fault of one record of a file: what is wrong and what mends it, without the place. */
export class RecordProblem extends Error {}

/** One annotated text as it stands in the file. */
export interface FileSample extends Sample {
  /** Whether the record says anything about entities; one that says there are none does. */
  labelled: boolean;
}

/** What a reader finds, in the order of the file: texts, and places where there should be one. */
export interface FileRecord {
  /** `file:line`, for messages. */
  place: string;
  /** Absent when the record is faulty. */
  sample?: FileSample;
  /** What is wrong and what mends it, for faulty records. */
  problem?: string;
  /** Oddities that were read all the same. */
  notices?: string[];
}

/** The record that `read` gives, or its fault. */
export function recordAt(place: string, read: () => FileSample): FileRecord {
  try {
    return { place, sample: read() };
  } catch (error) {
    if (!(error instanceof RecordProblem)) throw error;
    return { place, problem: error.message };
  }
}
