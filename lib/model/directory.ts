import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import { wholeDirectory } from "../storage/whole-directory.js";
import { SPECIAL_TOKENS, Vocabulary } from "../tokenizer/vocabulary.js";
import { bertConfigFrom, bertConfigSchema, encoderShapeFrom } from "./bert-config.js";
import type { ModelDescription } from "./description.js";
import { requireVocabularyFits } from "./pretrained.js";

export const WEIGHTS_FILE = "model.safetensors";
const FORMAT_VERSION = 1;
const REMEDY = "use a model directory as gp-train writes it";

const globalPointerSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION, {
    error: ({ input }) => `is ${JSON.stringify(input)}, but this version of globalpointer reads ${FORMAT_VERSION}`,
  }),
  entityTypes: z.array(z.string().min(1)).min(1).max(LIMITS.entityTypes).refine(
    (types) => new Set(types).size === types.length, { message: "names an entity type twice" },
  ),
  head: z.object({
    type: z.literal("global-pointer"),
    headSize: z.number().int().positive().max(LIMITS.headSize),
    rope: z.boolean(),
    maskSpecialTokens: z.boolean(),
  }).refine(({ headSize, rope }) => !rope || headSize % 2 === 0, {
    path: ["headSize"], message: "must be even for rope",
  }),
  tokenizer: z.object({ lowerCase: z.boolean(), stripAccents: z.boolean(), tokenizeChineseChars: z.boolean() }),
  threshold: z.number(),
  /** Tells a vocabulary that was cut short; the embeddings may have more rows than there are tokens. */
  vocabularySize: z.number().int().positive(),
}, { error: "missing, as in an encoder that gp-train has not made a model of" });

const modelConfigSchema = z.intersection(bertConfigSchema, z.object({ globalPointer: globalPointerSchema }));

export interface ModelDirectory {
  description: ModelDescription;
  vocabulary: Vocabulary;
  weightsPath: string;
}

/**
 * Reads the description of a model directory; the weights stay where they are.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY` or `TOKENIZER` naming the file that is missing or faulty
 */
export function readModelDirectory(directory: string): ModelDirectory {
  const found = wholeDirectory(directory);
  if (statSync(found, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const problem = existsSync(found) ? "is not a directory" : "does not exist";
    throw new GlobalPointerError("MODEL_DIRECTORY", `${directory} ${problem}: ${REMEDY}.`);
  }
  const models = [join(found, "best"), join(found, "last")];
  const inside = models.find((path) => existsSync(join(path, "config.json")));
  if (inside !== undefined) {
    throw new GlobalPointerError("MODEL_DIRECTORY", `${directory} is a run, not a model: use the model in ${inside}.`);
  }
  const config = readJsonFile(join(found, "config.json"), modelConfigSchema, "MODEL_DIRECTORY", REMEDY);
  const { entityTypes, head, tokenizer, threshold, vocabularySize } = config.globalPointer;
  const vocabulary = Vocabulary.fromFile(join(found, "vocab.txt"));
  if (vocabulary.size !== vocabularySize) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `${join(found, "vocab.txt")} holds ${vocabulary.size} tokens, but the model was saved with ${vocabularySize}: `
      + "bring back the vocabulary that belongs to it.",
    );
  }
  const encoder = encoderShapeFrom(config);
  requireVocabularyFits(vocabulary, encoder, found);
  const weightsPath = join(found, WEIGHTS_FILE);
  if (!existsSync(weightsPath)) {
    throw new GlobalPointerError("MODEL_DIRECTORY", `${weightsPath} does not exist: ${REMEDY}.`);
  }
  return { description: { encoder, head, entityTypes, tokenizer, threshold }, vocabulary, weightsPath };
}

/** Everything of a model directory but its weights, into a directory that is being written aside. */
export function writeModelFiles(directory: string, description: ModelDescription, vocabulary: Vocabulary): void {
  const { encoder, head, entityTypes, tokenizer, threshold } = description;
  const { lowerCase, stripAccents = lowerCase, tokenizeChineseChars = true } = tokenizer;
  const write = (name: string, value: unknown): void => {
    writeFileSync(join(directory, name), `${JSON.stringify(value, undefined, 2)}\n`);
  };
  write("config.json", {
    architectures: ["GlobalPointer"],
    ...bertConfigFrom(encoder),
    globalPointer: {
      formatVersion: FORMAT_VERSION,
      entityTypes,
      head,
      tokenizer: { lowerCase, stripAccents, tokenizeChineseChars },
      threshold,
      vocabularySize: vocabulary.size,
    },
  });
  const special = Object.entries(SPECIAL_TOKENS)
    .filter(([, token]) => vocabulary.idOf(token) !== undefined)
    .map(([role, token]) => [`${role}_token`, token]);
  write("tokenizer_config.json", {
    tokenizer_class: "BertTokenizer",
    do_lower_case: lowerCase,
    strip_accents: stripAccents,
    tokenize_chinese_chars: tokenizeChineseChars,
    model_max_length: encoder.maxPositionEmbeddings,
    ...Object.fromEntries(special),
  });
  const tokens = Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id) ?? "");
  writeFileSync(join(directory, "vocab.txt"), `${tokens.join("\n")}\n`);
}
