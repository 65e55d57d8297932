import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import { restoreInterrupted } from "../storage/whole-directory.js";
import { writeWholeFile } from "../storage/whole-file.js";
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
  entityTypes: z.array(z.string().min(1)).min(1).refine((types) => new Set(types).size === types.length, {
    message: "names an entity type twice",
  }),
  head: z.object({
    type: z.literal("global-pointer"),
    headSize: z.number().int().positive(),
    rope: z.boolean(),
    maskSpecialTokens: z.boolean(),
  }).refine(({ headSize, rope }) => !rope || headSize % 2 === 0, { path: ["headSize"], message: "must be even for rope" }),
  tokenizer: z.object({ lowerCase: z.boolean(), stripAccents: z.boolean(), tokenizeChineseChars: z.boolean() }),
  threshold: z.number(),
});

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
  restoreInterrupted(directory);
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new GlobalPointerError("MODEL_DIRECTORY", `${directory} is not a directory: ${REMEDY}.`);
  }
  if (!existsSync(join(directory, "config.json")) && existsSync(join(directory, "best", "config.json"))) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY", `${directory} is a run, not a model: use the model in ${join(directory, "best")}.`,
    );
  }
  const config = readJsonFile(join(directory, "config.json"), modelConfigSchema, "MODEL_DIRECTORY", REMEDY);
  const { entityTypes, head, tokenizer, threshold } = config.globalPointer;
  const vocabulary = Vocabulary.fromFile(join(directory, "vocab.txt"));
  const encoder = encoderShapeFrom(config);
  requireVocabularyFits(vocabulary, encoder, directory);
  const weightsPath = join(directory, WEIGHTS_FILE);
  if (!existsSync(weightsPath)) throw new GlobalPointerError("MODEL_DIRECTORY", `${weightsPath} does not exist: ${REMEDY}.`);
  return { description: { encoder, head, entityTypes, tokenizer, threshold }, vocabulary, weightsPath };
}

/** Everything of a model directory but its weights. @throws GlobalPointerError `OUTPUT` */
export function writeModelFiles(directory: string, description: ModelDescription, vocabulary: Vocabulary): void {
  const { encoder, head, entityTypes, tokenizer, threshold } = description;
  const { lowerCase, stripAccents = lowerCase, tokenizeChineseChars = true } = tokenizer;
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  writeWholeFile(join(directory, "config.json"), json({
    architectures: ["GlobalPointer"],
    ...bertConfigFrom(encoder),
    globalPointer: {
      formatVersion: FORMAT_VERSION,
      entityTypes,
      head,
      tokenizer: { lowerCase, stripAccents, tokenizeChineseChars },
      threshold,
    },
  }));
  const special = Object.entries(SPECIAL_TOKENS)
    .filter(([, token]) => vocabulary.idOf(token) !== undefined)
    .map(([role, token]) => [`${role}_token`, token]);
  writeWholeFile(join(directory, "tokenizer_config.json"), json({
    tokenizer_class: "BertTokenizer",
    do_lower_case: lowerCase,
    strip_accents: stripAccents,
    tokenize_chinese_chars: tokenizeChineseChars,
    model_max_length: encoder.maxPositionEmbeddings,
    ...Object.fromEntries(special),
  }));
  const tokens = Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id) ?? "");
  writeWholeFile(join(directory, "vocab.txt"), `${tokens.join("\n")}\n`);
}
