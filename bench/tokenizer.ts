/**
 * Sentences a second through BertTokenizer, on one core: ids and offsets, special tokens included.
 *
 *   node dist/bench/tokenizer.js VOCABULARY TEXTS [--cased] [--runs N]
 *
 * TEXTS holds one sentence a line, or one JSON object with a "text" a line (CLUENER).
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { GlobalPointerError } from "../lib/errors.js";
import { BertTokenizer } from "../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../lib/tokenizer/vocabulary.js";
import { median } from "./median.js";
import { runBenchmark } from "./run-benchmark.js";

const SECONDS_A_RUN = 1;

function sentenceOf(line: string): string {
  if (!line.startsWith("{")) return line;
  const { text } = JSON.parse(line) as { text?: unknown };
  if (typeof text !== "string") throw new GlobalPointerError("DATA", `A line has no "text": ${line.slice(0, 60)}`);
  return text;
}

/** Encodes the sentences over and over for a second or more. */
function sentencesPerSecond(tokenizer: BertTokenizer, sentences: readonly string[]): number {
  const begin = performance.now();
  let encoded = 0;
  for (;;) {
    for (const sentence of sentences) tokenizer.encode(sentence);
    encoded += sentences.length;
    const seconds = (performance.now() - begin) / 1000;
    if (seconds >= SECONDS_A_RUN) return encoded / seconds;
  }
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { cased: { type: "boolean", default: false }, runs: { type: "string", default: "7" } },
  });
  const [vocabularyPath, textsPath] = positionals;
  const runs = Number(values.runs);
  if (vocabularyPath === undefined || textsPath === undefined || !(Number.isInteger(runs) && runs > 0)) {
    throw new GlobalPointerError("CONFIG", "Usage: node dist/bench/tokenizer.js VOCABULARY TEXTS [--cased] [--runs N]");
  }
  const lines = readFileSync(textsPath, "utf8").split("\n");
  const sentences = lines.filter((line) => line.trim() !== "").map(sentenceOf);
  if (sentences.length === 0) throw new GlobalPointerError("DATA", `${textsPath} holds no sentence.`);

  const begin = performance.now();
  const vocabulary = Vocabulary.fromFile(vocabularyPath);
  const tokenizer = new BertTokenizer(vocabulary, { lowerCase: !values.cased });
  const loaded = performance.now();
  let characters = 0;
  let tokens = 0;
  for (const sentence of sentences) {
    characters += sentence.length;
    tokens += tokenizer.encode(sentence).inputIds.length;
  }
  const warm = performance.now();

  const rates = Array.from({ length: runs }, () => sentencesPerSecond(tokenizer, sentences));
  const mean = (total: number): string => (total / sentences.length).toFixed(1);
  process.stdout.write(
    `${sentences.length} sentences, mean ${mean(characters)} characters, ${mean(tokens)} tokens\n` +
    `load ${(loaded - begin).toFixed(1)} ms for ${vocabulary.size} ids, first pass ${(warm - loaded).toFixed(0)} ms\n` +
    `median of ${runs} runs: ${Math.round(median(rates))} sentences/s ` +
    `(${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))})\n`,
  );
}

await runBenchmark(main);
