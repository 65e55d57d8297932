import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../tokenizer/vocabulary.js";
import { bertConfigSchema, encoderShapeFrom, type EncoderShape } from "./bert-config.js";

/** A Hugging Face directory with a BERT encoder, its weights left aside. */
export interface EncoderDirectory {
  shape: EncoderShape;
  vocabulary: Vocabulary;
  tokenizer: TokenizerOptions;
}

/** The same with the file that holds the weights. */
export interface PretrainedDirectory extends EncoderDirectory {
  weightsPath: string;
}

const REMEDY = "use a complete BERT directory with config.json, vocab.txt and model.safetensors or pytorch_model.bin";

const tokenizerConfigSchema = z.object({
  do_lower_case: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().default(true),
});

function requireDirectory(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) return;
  const problem = status === undefined ? "does not exist" : "is not a directory";
  throw new GlobalPointerError("MODEL_DIRECTORY", `${path} ${problem}: ${REMEDY}.`);
}

/** The weight file of a directory, the safe format first. */
function findWeights(directory: string): string {
  for (const name of ["model.safetensors", "pytorch_model.bin"]) {
    const path = join(directory, name);
    if (existsSync(path)) return path;
  }
  for (const name of ["model.safetensors.index.json", "pytorch_model.bin.index.json"]) {
    if (existsSync(join(directory, name))) {
      throw new GlobalPointerError(
        "MODEL_DIRECTORY",
        `${join(directory, name)} says that the weights are split into several files, which is not supported: `
        + "save the model as one model.safetensors.",
      );
    }
  }
  throw new GlobalPointerError("MODEL_DIRECTORY", `${directory} has no weights: ${REMEDY}.`);
}

/** do_lower_case and its kin; Hugging Face's defaults where the file is missing. */
function readTokenizerConfig(directory: string): TokenizerOptions {
  const path = join(directory, "tokenizer_config.json");
  const config = existsSync(path)
    ? readJsonFile(path, tokenizerConfigSchema, "MODEL_DIRECTORY", "mend it or remove it")
    : tokenizerConfigSchema.parse({});
  return {
    lowerCase: config.do_lower_case,
    tokenizeChineseChars: config.tokenize_chinese_chars,
    ...(typeof config.strip_accents === "boolean" ? { stripAccents: config.strip_accents } : {}),
  };
}

/** @throws GlobalPointerError `MODEL_DIRECTORY` when the vocabulary holds ids that the embeddings do not have */
export function requireVocabularyFits(vocabulary: Vocabulary, shape: EncoderShape, directory: string): void {
  if (vocabulary.size <= shape.vocabSize) return;
  throw new GlobalPointerError(
    "MODEL_DIRECTORY",
    `${join(directory, "vocab.txt")} holds ${vocabulary.size} tokens, but config.json beside it says vocab_size `
    + `${shape.vocabSize}: use the vocabulary that belongs to the weights.`,
  );
}

/**
 * Reads the sizes, vocabulary and tokenizer settings of a Hugging Face BERT directory.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY` or `TOKENIZER` naming the file that is missing or faulty
 */
export function readEncoderDirectory(directory: string): EncoderDirectory {
  requireDirectory(directory);
  const config = readJsonFile(join(directory, "config.json"), bertConfigSchema, "MODEL_DIRECTORY", REMEDY);
  const shape = encoderShapeFrom(config);
  const vocabulary = Vocabulary.fromFile(join(directory, "vocab.txt"));
  requireVocabularyFits(vocabulary, shape, directory);
  return { shape, vocabulary, tokenizer: readTokenizerConfig(directory) };
}

/**
 * The same, and finds the weights, which stay where they are.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY` or `TOKENIZER` naming the file that is missing or faulty
 */
export function readPretrainedDirectory(directory: string): PretrainedDirectory {
  return { ...readEncoderDirectory(directory), weightsPath: findWeights(directory) };
}
