import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { outputError } from "../storage/output-error.js";
import { writeWholeFile } from "../storage/whole-file.js";
import type { StepRecord, TrackedRun, Tracker } from "./tracker.js";

/** In the run directory. */
export const STEPS_FILE = "steps.jsonl";

const stepSchema = z.object({ step: z.number() });

function stepOf(line: string): number {
  try {
    return stepSchema.parse(JSON.parse(line)).step;
  } catch {
    return Infinity; // a line cut short by a crash is no record
  }
}

/** A line for each step on record. Those of steps that are to be run again are dropped at the beginning. */
export class StepsFile implements Tracker {
  readonly name = STEPS_FILE;
  private readonly path: string;

  constructor(directory: string) {
    this.path = join(directory, STEPS_FILE);
  }

  begin({ step: done }: TrackedRun): void {
    if (existsSync(this.path)) {
      const kept = readFileSync(this.path, "utf8").split("\n").filter((line) => stepOf(line) <= done);
      writeWholeFile(this.path, kept.map((line) => `${line}\n`).join(""));
    } else {
      this.append(""); // so that every run has one, however few its steps
    }
  }

  step(record: StepRecord): void {
    this.append(`${JSON.stringify(record)}\n`);
  }

  private append(text: string): void {
    try {
      appendFileSync(this.path, text);
    } catch (error) {
      throw outputError(this.path, error);
    }
  }
}
