import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { ResolvedConfig } from "../config/load.js";
import type { AlignmentReport } from "../data/alignment-report.js";
import { buildDataset, type Dataset } from "../data/dataset.js";
import { collectEntityTypes, emptyReadReport, readSamples, type ReadReport } from "../data/read-samples.js";
import type { Sample } from "../data/sample.js";
import { GlobalPointerError } from "../errors.js";
import type { BertTokenizer } from "../tokenizer/bert-tokenizer.js";

/** The training set in flat columns, and how its making went. */
export interface TrainingData {
  dataset: Dataset;
  alignment: AlignmentReport;
  reading: ReadReport;
}

/** The types that the config names, else those that occur in the training set. */
export async function entityTypesOf(config: ResolvedConfig): Promise<string[]> {
  const { entityTypes, train, format } = config.data;
  if (entityTypes !== undefined) return entityTypes;
  const types = await collectEntityTypes(readSamples(train, format, { requireLabels: true }));
  if (types.length === 0) {
    throw new GlobalPointerError("DATA", `${train} holds no entity at all: give annotated sentences to train on.`);
  }
  return types;
}

export async function readTrainingData(
  config: ResolvedConfig, entityTypes: readonly string[], tokenizer: BertTokenizer,
): Promise<TrainingData> {
  const reading = emptyReadReport();
  const samples = readSamples(config.data.train, config.data.format, { entityTypes, requireLabels: true, report: reading });
  const { dataset, report } = await buildDataset(samples, {
    entityTypes, maxTokens: config.training.maxSeqLen, encode: (text) => tokenizer.encode(text),
  });
  return { dataset, alignment: report, reading };
}

export function readDevSamples(config: ResolvedConfig, entityTypes: readonly string[]): AsyncGenerator<Sample> {
  return readSamples(config.data.dev, config.data.format, { entityTypes, requireLabels: true });
}

/** SHA-256 over the training and dev files: tells whether a resumed run sees the data it began with. */
export async function dataDigest(config: ResolvedConfig): Promise<string> {
  const hash = createHash("sha256");
  for (const path of [config.data.train, config.data.dev]) {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    hash.update("\0");
  }
  return hash.digest("hex");
}
