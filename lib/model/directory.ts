import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { defaultStride, type WindowOptions } from "../data/windows.js";
import { GlobalPointerError } from "../errors.js";
import { jsonText } from "../storage/json-text.js";
import { readJsonFile } from "../storage/read-json.js";
import { wholeDirectory } from "../storage/whole-directory.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { SPECIAL_TOKENS, Vocabulary } from "../tokenizer/vocabulary.js";
import type { HeadDescription, ModelDescription } from "./description.js";
import { encoderConfigFrom, encoderConfigSchema, usablePositions, type EncoderShape } from "./encoder-config.js";
import { requireVocabularyFits } from "./pretrained.js";

export const WEIGHTS_FILE = "model.safetensors";
const FORMAT_VERSION = 1;
const REMEDY = "use a model directory as gp-train writes it";

const queryAndKey = { headSize: z.number().int().positive().max(LIMITS.headSize), rope: z.boolean() };
const maskSpecialTokens = z.boolean();

const headSchema: z.ZodType<HeadDescription> = z.discriminatedUnion("type", [
  z.object({ type: z.literal("global-pointer"), ...queryAndKey, maskSpecialTokens }),
  z.object({
    type: z.literal("efficient-global-pointer"), ...queryAndKey, biasInput: z.enum(["projection", "hidden"]),
    maskSpecialTokens,
  }),
  z.object({ type: z.literal("tplinker"), maskSpecialTokens }),
]).refine((head) => !("rope" in head) || !head.rope || head.headSize % 2 === 0, {
  path: ["headSize"], message: "must be even for rope",
});

const globalPointerSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION, {
    error: ({ input }) => `is ${JSON.stringify(input)}, but this version of globalpointer reads ${FORMAT_VERSION}`,
  }),
  entityTypes: z.array(z.string().min(1)).min(1).max(LIMITS.entityTypes).refine(
    (types) => new Set(types).size === types.length, { message: "names an entity type twice" },
  ),
  head: headSchema,
  tokenizer: z.object({ lowerCase: z.boolean(), stripAccents: z.boolean(), tokenizeChineseChars: z.boolean() }),
  threshold: z.number(),
  thresholds: z.array(z.number()).optional(),
  // Models of before there were windows: as long as the encoder takes.
  maxSeqLen: z.number().int().min(3).optional(),
  stride: z.number().int().min(1).optional(),
  /** Tells a vocabulary that was cut short; the embeddings may have more rows than there are tokens. */
  vocabularySize: z.number().int().positive(),
}, { error: "missing, as in an encoder that gp-train has not made a model of" });

const modelConfigSchema = z.intersection(encoderConfigSchema, z.object({ globalPointer: globalPointerSchema }));

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
  const { globalPointer, ...encoder } = config;
  const { entityTypes, head, tokenizer, threshold, thresholds, vocabularySize } = globalPointer;
  const vocabulary = Vocabulary.fromFile(join(found, "vocab.txt"));
  if (vocabulary.size !== vocabularySize) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `${join(found, "vocab.txt")} holds ${vocabulary.size} tokens, but the model was saved with ${vocabularySize}: `
      + "bring back the vocabulary that belongs to it.",
    );
  }
  requireVocabularyFits(vocabulary, encoder, found);
  const weightsPath = join(found, WEIGHTS_FILE);
  if (!existsSync(weightsPath)) {
    throw new GlobalPointerError("MODEL_DIRECTORY", `${weightsPath} does not exist: ${REMEDY}.`);
  }
  if (thresholds !== undefined && thresholds.length !== entityTypes.length) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `${join(found, "config.json")} has ${thresholds.length} thresholds for ${entityTypes.length} entity types: give `
      + "each type one, or remove \"thresholds\".",
    );
  }
  const description: ModelDescription = {
    encoder, head, entityTypes, tokenizer, threshold, ...(thresholds === undefined ? {} : { thresholds }),
    window: readWindow(globalPointer, encoder, found),
  };
  return { description, vocabulary, weightsPath };
}

/** How the model divides long texts. */
function readWindow(
  { maxSeqLen, stride }: { maxSeqLen?: number | undefined; stride?: number | undefined }, encoder: EncoderShape,
  directory: string,
): WindowOptions {
  const positions = usablePositions(encoder);
  const length = maxSeqLen ?? positions;
  const window = { maxSeqLen: length, stride: stride ?? defaultStride(length) };
  if (length <= positions && window.stride <= length - 2) return window;
  throw new GlobalPointerError(
    "MODEL_DIRECTORY",
    `${join(directory, "config.json")} has maxSeqLen ${length} and stride ${window.stride}, which do not fit `
    + `${positions} positions: ${REMEDY}.`,
  );
}

/** The text of a model directory's config.json. */
function configText(description: ModelDescription, vocabulary: Vocabulary): string {
  const { encoder, head, entityTypes, tokenizer, threshold, thresholds, window } = description;
  const { lowerCase, stripAccents = lowerCase, tokenizeChineseChars = true } = tokenizer;
  return jsonText({
    architectures: ["GlobalPointer"],
    ...encoderConfigFrom(encoder),
    globalPointer: {
      formatVersion: FORMAT_VERSION,
      entityTypes,
      head,
      tokenizer: { lowerCase, stripAccents, tokenizeChineseChars },
      threshold,
      ...(thresholds === undefined ? {} : { thresholds }),
      ...window,
      vocabularySize: vocabulary.size,
    },
  });
}

/**
 * Describes the model of a directory anew; its weights and vocabulary stay as they are.
 *
 * @throws GlobalPointerError `OUTPUT`
 */
export function rewriteDescription(directory: string, description: ModelDescription, vocabulary: Vocabulary): void {
  writeWholeFile(join(wholeDirectory(directory), "config.json"), configText(description, vocabulary));
}

/** Everything of a model directory but its weights, into a directory that is being written aside. */
export function writeModelFiles(directory: string, description: ModelDescription, vocabulary: Vocabulary): void {
  const { encoder, tokenizer } = description;
  const { lowerCase, stripAccents = lowerCase, tokenizeChineseChars = true } = tokenizer;
  writeFileSync(join(directory, "config.json"), configText(description, vocabulary));
  const special = Object.entries(SPECIAL_TOKENS)
    .filter(([, token]) => vocabulary.idOf(token) !== undefined)
    .map(([role, token]) => [`${role}_token`, token]);
  writeFileSync(join(directory, "tokenizer_config.json"), jsonText({
    tokenizer_class: "BertTokenizer",
    do_lower_case: lowerCase,
    strip_accents: stripAccents,
    tokenize_chinese_chars: tokenizeChineseChars,
    model_max_length: usablePositions(encoder),
    ...Object.fromEntries(special),
  }));
  const tokens = Array.from({ length: vocabulary.size }, (_, id) => vocabulary.tokenOf(id) ?? "");
  writeFileSync(join(directory, "vocab.txt"), `${tokens.join("\n")}\n`);
}
