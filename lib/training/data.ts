import { createHash } from "node:crypto";
import type { ResolvedConfig } from "../config/load.js";
import type { AlignmentReport } from "../data/alignment-report.js";
import { buildDataset, type Dataset } from "../data/dataset.js";
import { readLines } from "../data/lines.js";
import {
  collectEntityTypes, emptyReadReport, readSamples, type ReadOptions, type ReadReport,
} from "../data/read-samples.js";
import type { Sample } from "../data/sample.js";
import { GlobalPointerError } from "../errors.js";
import type { BertTokenizer } from "../tokenizer/bert-tokenizer.js";

/** What a training learns from and is measured on. */
export interface TrainingData {
  /** The training set in flat columns. */
  dataset: Dataset;
  /** How its making went. */
  alignment: AlignmentReport;
  reading: ReadReport;
  /** Read before the first step, so that a faulty line is told then and not after an epoch. */
  dev: Sample[];
  devReading: ReadReport;
}

/** How the files of a training are read. */
function readOptions({ data: { format, formatOptions } }: ResolvedConfig): ReadOptions {
  return { format, requireLabels: true, ...(formatOptions === undefined ? {} : { formatOptions }) };
}

/** The types that the config names, else those that occur in the training set. */
export async function entityTypesOf(config: ResolvedConfig): Promise<string[]> {
  const { entityTypes, train } = config.data;
  if (entityTypes !== undefined) return entityTypes;
  const types = await collectEntityTypes(readSamples(train, readOptions(config)));
  if (types.length === 0) {
    throw new GlobalPointerError("DATA", `${train} holds no entity at all: give annotated sentences to train on.`);
  }
  return types;
}

/** @throws GlobalPointerError `DATA` naming the line that cannot be used */
export async function readTrainingData(
  config: ResolvedConfig, entityTypes: readonly string[], tokenizer: BertTokenizer,
): Promise<TrainingData> {
  const { train, dev: devFile } = config.data;
  const reading = emptyReadReport();
  const { dataset, report: alignment } = await buildDataset(
    readSamples(train, { ...readOptions(config), entityTypes, report: reading }),
    { entityTypes, maxTokens: config.training.maxSeqLen, encode: (text) => tokenizer.encode(text) },
  );
  const devReading = emptyReadReport();
  const dev: Sample[] = [];
  for await (const sample of readSamples(devFile, { ...readOptions(config), entityTypes, report: devReading })) {
    dev.push(sample);
  }
  return { dataset, alignment, reading, dev, devReading };
}

/**
 * SHA-256 over the lines of the training and dev files: tells whether a resumed run sees the data it began with.
 *
 * @throws GlobalPointerError `DATA` when one cannot be read
 */
export async function dataDigest(config: ResolvedConfig): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [config.data.train, config.data.dev]) {
    for await (const { text = "" } of readLines(path)) hash.update(text).update("\n");
    hash.update("\0");
  }
  return hash.digest("hex");
}
