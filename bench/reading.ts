/**
 * How fast an annotated file becomes a training set: read, checked, encoded, aligned and packed, as gp-train does it.
 * Give the process a single core (taskset -c 0) to measure one.
 *
 *   node dist/bench/reading.js VOCABULARY FILE [--format NAME] [--max-seq-len N] [--cased] [--runs N]
 */
import { parseArgs } from "node:util";

import { buildDataset, type BuiltDataset } from "../lib/data/dataset.js";
import { readSamples, sampleFormats } from "../lib/data/read-samples.js";
import { defaultStride } from "../lib/data/windows.js";
import { GlobalPointerError } from "../lib/errors.js";
import { BertTokenizer } from "../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../lib/tokenizer/vocabulary.js";
import { median } from "./median.js";
import { runBenchmark } from "./run-benchmark.js";

const INT32 = 4; // bytes

/** Of the columns themselves: token ids; type, start and end of each span; where sequences and their spans begin. */
function bytesOf({ dataset }: BuiltDataset): number {
  return INT32 * (dataset.tokenCount + 3 * dataset.spanCount + 2 * dataset.sequenceCount);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "format": { type: "string", default: "auto" },
      "max-seq-len": { type: "string", default: "128" },
      "cased": { type: "boolean", default: false },
      "runs": { type: "string", default: "7" },
    },
  });
  const [vocabularyPath, path] = positionals;
  const format = sampleFormats.find((name) => name === values.format);
  const [maxSeqLen, runs] = [Number(values["max-seq-len"]), Number(values.runs)];
  if (vocabularyPath === undefined || path === undefined || format === undefined || !(runs >= 1)) {
    throw new GlobalPointerError("CONFIG", "Usage: node dist/bench/reading.js VOCABULARY FILE [--runs N]");
  }
  const tokenizer = new BertTokenizer(Vocabulary.fromFile(vocabularyPath), { lowerCase: !values.cased });
  const rates: number[] = [];
  for (let run = 0; run < runs; run++) {
    const began = performance.now();
    const built = await buildDataset(
      readSamples(path, { format, requireLabels: true }), { tokenizer, maxSeqLen, stride: defaultStride(maxSeqLen) },
    );
    const seconds = (performance.now() - began) / 1000;
    const { samples } = built.report;
    rates.push(samples / seconds);
    if (run > 0) continue;
    const { tokenCount, spanCount, sequenceCount } = built.dataset;
    process.stdout.write(
      `${samples} texts, ${sequenceCount} sequences, ${tokenCount} tokens, ${spanCount} spans: `
      + `${Math.round(bytesOf(built) / samples)} bytes a text\n`,
    );
  }
  process.stdout.write(
    `median of ${runs} runs: ${Math.round(median(rates))} texts/s (${Math.round(Math.min(...rates))} to `
    + `${Math.round(Math.max(...rates))})\n`,
  );
}

await runBenchmark(main);
