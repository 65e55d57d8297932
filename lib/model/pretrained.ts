import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import type { Vocabulary } from "../tokenizer/vocabulary.js";
import { encoderConfigSchema, type EncoderShape } from "./encoder-config.js";
import { SPLIT_WEIGHTS_FILES, WEIGHTS_FILES } from "./pretrained-files.js";
import { readTokenizerConfig, readVocabulary } from "./tokenizer-files.js";

/** A Hugging Face directory with an encoder, its weights left aside. */
export interface EncoderDirectory {
  shape: EncoderShape;
  vocabulary: Vocabulary;
  tokenizer: TokenizerOptions;
}

/** The same with the file that holds the weights. */
export interface PretrainedDirectory extends EncoderDirectory {
  weightsPath: string;
}

const REMEDY = "use a complete directory of a Hugging Face encoder, with config.json, vocab.txt and model.safetensors "
  + "or pytorch_model.bin";

const configSchema = z.intersection(encoderConfigSchema, z.object({ tokenizer_class: z.string().nullish() }));

function requireDirectory(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isDirectory() === true) return;
  const problem = status === undefined ? "does not exist" : "is not a directory";
  throw new GlobalPointerError("MODEL_DIRECTORY", `${path} ${problem}: ${REMEDY}.`);
}

/** The weight file of a directory, the safe format first. */
function findWeights(directory: string): string {
  for (const name of WEIGHTS_FILES) {
    const path = join(directory, name);
    if (existsSync(path)) return path;
  }
  for (const name of SPLIT_WEIGHTS_FILES) {
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
 * Reads the sizes, vocabulary and tokenizer settings of a Hugging Face directory.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY` or `TOKENIZER` naming the file that is missing or faulty
 */
export function readEncoderDirectory(directory: string): EncoderDirectory {
  requireDirectory(directory);
  const config = readJsonFile(join(directory, "config.json"), configSchema, "MODEL_DIRECTORY", REMEDY);
  const { tokenizer_class: named, ...shape } = config;
  const tokenizer = readTokenizerConfig(directory, shape.modelType, named ?? undefined);
  const vocabulary = readVocabulary(directory);
  requireVocabularyFits(vocabulary, shape, directory);
  return { shape, vocabulary, tokenizer };
}

/**
 * The same, and finds the weights, which stay where they are.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY` or `TOKENIZER` naming the file that is missing or faulty
 */
export function readPretrainedDirectory(directory: string): PretrainedDirectory {
  return { ...readEncoderDirectory(directory), weightsPath: findWeights(directory) };
}
