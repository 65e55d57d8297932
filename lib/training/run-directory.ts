import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { readJsonFile } from "../storage/read-json.js";
import { refuseExisting, restoreInterrupted, writeWholeDirectory } from "../storage/whole-directory.js";
import { outputError, writeWholeFile } from "../storage/whole-file.js";

const STATE_FILE = "trainer.json";
const OPTIMIZER_FILE = "optimizer.safetensors";
const FORMAT_VERSION = 1;

const stateSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** Epochs completed; the running one is the next. */
  epoch: z.number().int().min(0),
  /** Steps done of the running epoch. */
  stepInEpoch: z.number().int().min(0),
  /** Steps done in all. */
  step: z.number().int().min(0),
  /** Sum of the losses of the running epoch's steps. */
  lossSum: z.number(),
  bestEpoch: z.number().int().min(0),
  bestF1: z.number(),
  /** Identifies the training data, so that a run is not continued on other data. */
  dataDigest: z.string(),
});

/** Where a training stands, besides weights, optimizer and random state. */
export type TrainerState = Omit<z.output<typeof stateSchema>, "formatVersion">;

/** One line of metrics.jsonl. */
export interface EpochRecord {
  epoch: number;
  step: number;
  /** Mean over the epoch's steps. */
  loss: number;
  /** Of the epoch's last step. */
  learningRate: number;
  /** Of training, without evaluation. */
  seconds: number;
  tokensPerSecond: number;
  dev: { precision: number; recall: number; f1: number; support: number; types: Record<string, unknown> };
}

/** The directory of one training: `config.json`, `metrics.jsonl`, `best/` and `last/`. */
export class RunDirectory {
  private constructor(readonly path: string) {}

  /** @throws GlobalPointerError `OUTPUT` when there is something already, or nothing can be written */
  static create(path: string, config: unknown): RunDirectory {
    RunDirectory.refuseExisting(path);
    try {
      mkdirSync(path, { recursive: true });
    } catch (error) {
      throw outputError(path, error);
    }
    writeWholeFile(join(path, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
    return new RunDirectory(path);
  }

  static refuseExisting(path: string): void {
    if (existsSync(join(path, "config.json"))) {
      throw new GlobalPointerError(
        "OUTPUT",
        `${path} holds a run already: choose another --output, or go on with it by --resume ${path}.`,
      );
    }
    refuseExisting(path);
  }

  /** @throws GlobalPointerError `CHECKPOINT` when there is nothing to go on from */
  static open(path: string): RunDirectory {
    const run = new RunDirectory(path);
    restoreInterrupted(run.last);
    restoreInterrupted(run.best);
    if (!existsSync(run.last)) {
      throw new GlobalPointerError(
        "CHECKPOINT", `${path} holds no last/ to resume from: give the directory of a run that was begun with gp-train.`,
      );
    }
    return run;
  }

  get best(): string {
    return join(this.path, "best");
  }

  get last(): string {
    return join(this.path, "last");
  }

  get optimizerFile(): string {
    return join(this.last, OPTIMIZER_FILE);
  }

  get configFile(): string {
    return join(this.path, "config.json");
  }

  readState(): TrainerState {
    return readJsonFile(join(this.last, STATE_FILE), stateSchema, "CHECKPOINT", "resume from another run, or train anew");
  }

  /** Replaces `last/`: model, optimizer, random state and where the training stands. */
  async saveLast(model: GlobalPointer, state: TrainerState): Promise<void> {
    await writeWholeDirectory(this.last, async (aside) => {
      await model.writeInto(aside);
      await model.engine.saveOptimizer(join(aside, OPTIMIZER_FILE));
      writeWholeFile(join(aside, STATE_FILE), `${JSON.stringify({ formatVersion: FORMAT_VERSION, ...state }, undefined, 2)}\n`);
    }, { replace: true });
  }

  async saveBest(model: GlobalPointer): Promise<void> {
    await model.save(this.best, { replace: true });
  }

  appendRecord(record: EpochRecord): void {
    try {
      appendFileSync(this.metricsFile, `${JSON.stringify(record)}\n`);
    } catch (error) {
      throw outputError(this.metricsFile, error);
    }
  }

  /** Drops the lines of epochs that are to be run again. */
  keepRecordsUpTo(step: number): void {
    if (!existsSync(this.metricsFile)) return;
    const kept = readFileSync(this.metricsFile, "utf8").split("\n").filter((line) => {
      const parsed = recordSchema.safeParse(parseOrUndefined(line));
      return parsed.success && parsed.data.step <= step;
    });
    writeWholeFile(this.metricsFile, kept.map((line) => `${line}\n`).join(""));
  }

  private get metricsFile(): string {
    return join(this.path, "metrics.jsonl");
  }
}

const recordSchema = z.object({ step: z.number() });

/** A line cut short by a crash is no record. */
function parseOrUndefined(line: string): unknown {
  try {
    const value: unknown = JSON.parse(line);
    return value;
  } catch {
    return undefined;
  }
}
