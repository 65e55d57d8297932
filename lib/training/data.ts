import { createHash, type Hash } from "node:crypto";
import type { ResolvedConfig } from "../config/load.js";
import type { AlignmentReport } from "../data/alignment-report.js";
import { buildDataset, type Dataset } from "../data/dataset.js";
import { emptyReadReport, readSamples, type ReadOptions, type ReadReport } from "../data/read-samples.js";
import type { Sample } from "../data/sample.js";
import { defaultStride, type WindowOptions } from "../data/windows.js";
import { GlobalPointerError } from "../errors.js";
import type { BertTokenizer } from "../tokenizer/bert-tokenizer.js";

/** What a training learns from and is measured on. */
export interface TrainingData {
  /** The training set in flat columns. */
  dataset: Dataset;
  /** The types of the config, else those that occur in the training set. */
  entityTypes: readonly string[];
  /** How its making went. */
  alignment: AlignmentReport;
  reading: ReadReport;
  /** Read before the first step, so that a faulty line is told then and not after an epoch. */
  dev: Sample[];
  devReading: ReadReport;
  /** SHA-256 over texts and entities of both sets: tells whether a resumed run sees the data it began with. */
  digest: string;
}

/** How the files of a training are read. */
function readOptions({ data: { format, formatOptions, skipFaulty } }: ResolvedConfig): ReadOptions {
  return { format, requireLabels: true, skipFaulty, ...(formatOptions === undefined ? {} : { formatOptions }) };
}

/** Passes samples on while their content goes into a hash. */
async function* hashed(samples: AsyncIterable<Sample>, hash: Hash): AsyncGenerator<Sample> {
  for await (const sample of samples) {
    const { text, entities } = sample;
    hash.update(JSON.stringify([text, ...entities.map(({ start, end, type }) => [start, end, type])]));
    yield sample;
  }
  hash.update("\0");
}

/** The windows of training, which are the model's as well. */
export function trainingWindow({ training: { maxSeqLen, stride } }: ResolvedConfig): WindowOptions {
  return { maxSeqLen, stride: stride ?? defaultStride(maxSeqLen) };
}

/**
 * Reads the training set once, without keeping its texts, and the dev set with them.
 *
 * @throws GlobalPointerError `DATA` naming the line that cannot be used
 */
export async function readTrainingData(config: ResolvedConfig, tokenizer: BertTokenizer): Promise<TrainingData> {
  const { train, dev: devFile } = config.data;
  const hash = createHash("sha256");
  const reading = emptyReadReport();
  const given = config.data.entityTypes === undefined ? {} : { entityTypes: config.data.entityTypes };
  const { dataset, entityTypes, report: alignment } = await buildDataset(
    hashed(readSamples(train, { ...readOptions(config), ...given, report: reading }), hash),
    { ...given, ...trainingWindow(config), tokenizer },
  );
  if (entityTypes.length === 0) {
    throw new GlobalPointerError("DATA", `${train} holds no entity at all: give annotated sentences to train on.`);
  }
  if (dataset.spanCount === 0) {
    throw new GlobalPointerError(
      "DATA",
      `${train}: not one of ${alignment.entities} entities has a token span that training could learn; gp-data stats `
      + "tells why.",
    );
  }
  const devReading = emptyReadReport();
  const devSamples = readSamples(devFile, { ...readOptions(config), entityTypes, report: devReading });
  const dev: Sample[] = [];
  for await (const sample of hashed(devSamples, hash)) dev.push(sample);
  return { dataset, entityTypes, alignment, reading, dev, devReading, digest: hash.digest("hex") };
}
