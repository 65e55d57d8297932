import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../tokenizer/vocabulary.js";
import type { EncoderType } from "./encoder-config.js";

// The tokenizer of a Hugging Face directory: WordPiece with a vocab.txt, or an error that says what is there instead.

const tokenizerConfigSchema = z.object({
  tokenizer_class: z.string().nullish(),
  do_lower_case: z.boolean().default(true),
  strip_accents: z.boolean().nullish(),
  tokenize_chinese_chars: z.boolean().default(true),
});

/** Tokenizers that read a vocab.txt, yet cut texts in another way than BertTokenizer: what each does. */
const OTHER_TOKENIZERS = new Map([
  ["RoFormerTokenizer", "cuts texts into words by jieba before WordPiece"],
  ["BertJapaneseTokenizer", "cuts texts into words by a Japanese dictionary before WordPiece"],
  ["PhobertTokenizer", "joins pairs of pieces (BPE)"],
  ["BertweetTokenizer", "joins pairs of pieces (BPE)"],
]);

/** What transformers takes where no file names a tokenizer. */
const DEFAULT_TOKENIZERS: Partial<Record<EncoderType, string>> = { roformer: "RoFormerTokenizer" };

/**
 * do_lower_case and its kin; Hugging Face's defaults where the file is missing.
 *
 * @param named the `tokenizer_class` of config.json, which counts where tokenizer_config.json names none
 * @throws GlobalPointerError `TOKENIZER` when the tokenizer is known not to be plain WordPiece, `MODEL_DIRECTORY` when
 * the file is faulty
 */
export function readTokenizerConfig(
  directory: string, modelType: EncoderType, named: string | undefined,
): TokenizerOptions {
  const path = join(directory, "tokenizer_config.json");
  const config = existsSync(path)
    ? readJsonFile(path, tokenizerConfigSchema, "MODEL_DIRECTORY", "mend it or remove it")
    : tokenizerConfigSchema.parse({});
  requireWordPiece(directory, modelType, config.tokenizer_class ?? named);
  return {
    lowerCase: config.do_lower_case,
    tokenizeChineseChars: config.tokenize_chinese_chars,
    ...(typeof config.strip_accents === "boolean" ? { stripAccents: config.strip_accents } : {}),
  };
}

function requireWordPiece(directory: string, modelType: EncoderType, named: string | undefined): void {
  const tokenizer = named?.replace(/Fast$/, "") ?? DEFAULT_TOKENIZERS[modelType];
  const manner = tokenizer === undefined ? undefined : OTHER_TOKENIZERS.get(tokenizer);
  if (tokenizer === undefined || manner === undefined) return;
  throw new GlobalPointerError("TOKENIZER", named === undefined
    ? `${directory} names no tokenizer_class, and that of a ${modelType} model is then ${tokenizer}, which ${manner}; `
      + "that is not supported: if its vocabulary is one of characters, made for BertTokenizer, say "
      + "\"tokenizer_class\": \"BertTokenizer\" in its tokenizer_config.json, else use another model."
    : `${directory} has the tokenizer ${named}, which ${manner}; that is not supported: use a model whose tokenizer is `
      + "BertTokenizer.");
}

/**
 * The vocab.txt of a directory.
 *
 * @throws GlobalPointerError `TOKENIZER` when it is missing, naming what is there in its place, or faulty
 */
export function readVocabulary(directory: string): Vocabulary {
  const path = join(directory, "vocab.txt");
  const found = existsSync(path) ? undefined : otherVocabulary(directory);
  if (found === undefined) return Vocabulary.fromFile(path);
  throw new GlobalPointerError("TOKENIZER", `${directory} has no vocab.txt, but ${found}.`);
}

/** What else a directory has to tokenize with, and what can be done about it; undefined for nothing. */
function otherVocabulary(directory: string): string | undefined {
  const remedy = "only WordPiece is supported: use a model that has its vocabulary in a vocab.txt";
  const names = readdirSync(directory).sort();
  const ofSentencePiece = names.find((name) => name.endsWith(".model"));
  if (names.includes("vocab.json") && names.includes("merges.txt")) {
    return `vocab.json and merges.txt, which are a byte-level BPE; ${remedy}`;
  }
  if (ofSentencePiece !== undefined) return `${ofSentencePiece}, which is of SentencePiece; ${remedy}`;
  if (!names.includes("tokenizer.json")) return undefined;
  const kind = kindOf(join(directory, "tokenizer.json"));
  if (kind === "WordPiece") {
    return "a WordPiece vocabulary in tokenizer.json: write its tokens into a vocab.txt beside it, one a line in the "
      + "order of their ids";
  }
  return `a tokenizer.json of ${kind === undefined ? "an unknown kind" : `the kind ${kind}`}; ${remedy}`;
}

const tokenizerSchema = z.object({ model: z.object({ type: z.string() }) });

/** The kind of model in a tokenizer.json; undefined when it does not say. */
function kindOf(path: string): string | undefined {
  try {
    return tokenizerSchema.parse(JSON.parse(readFileSync(path, "utf8"))).model.type;
  } catch {
    return undefined;
  }
}
