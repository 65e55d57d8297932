import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { defaultStride } from "../data/windows.js";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import { refuseExisting, writeWholeDirectory } from "../storage/whole-directory.js";
import { readModelDirectory } from "./directory.js";
import { computesAsBert, usablePositions } from "./encoder-config.js";
import { GlobalPointer } from "./global-pointer.js";
import { readEncoderDirectory } from "./pretrained.js";

// Interchange with GlobalPointer_pytorch: its state dicts hold the encoder under `encoder.` and the head under
// `dense.`, and say nothing about sizes, vocabulary or types.

export interface SeedModel {
  /** A `model_state_dict_N.pt`. */
  stateDict: string;
  /** The Hugging Face directory that the encoder was made from: its sizes and vocabulary. */
  encoder: string;
  /** `ent2id.json`: type name -> index. */
  ent2id: string;
  /** Default: false, as the original tokenizes. */
  lowerCase?: boolean;
  /** `inner_dim` there. Default: 64. */
  headSize?: number;
  /** Default: true. */
  rope?: boolean;
}

/** Checked by hand: z.record would lose a type called `__proto__`. */
const ent2idSchema = z.unknown().superRefine((value, context) => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    context.addIssue({ code: "custom", message: "is not an object {type: index}" });
    return;
  }
  for (const [type, index] of Object.entries(value as Record<string, unknown>)) {
    if (type === "") context.addIssue({ code: "custom", message: "names a type by nothing" });
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0) {
      context.addIssue({ code: "custom", path: [type], message: "is not a whole number from 0" });
    }
  }
}).transform((value) => Object.entries(value as Record<string, number>));

/** Type names in the order of their indices. @throws GlobalPointerError `DATA` when the indices are not 0 to n - 1 */
function readEntityTypes(path: string): string[] {
  const entries = readJsonFile(path, ent2idSchema, "DATA", "give the ent2id.json that the model was trained with");
  const numbered = entries.sort(([, a], [, b]) => a - b);
  if (numbered.length === 0 || numbered.some(([, index], expected) => index !== expected)) {
    throw new GlobalPointerError(
      "DATA", `${path} does not number its ${numbered.length} types from 0 without gaps: give the original file.`,
    );
  }
  return numbered.map(([type]) => type);
}

/**
 * Turns a model of GlobalPointer_pytorch into a model directory.
 *
 * @throws GlobalPointerError when a file is missing, faulty or does not fit the others, or the output exists
 */
export async function convertFromSeed(seed: SeedModel, output: string): Promise<void> {
  const { headSize = 64, rope = true, lowerCase = false } = seed;
  if (rope && headSize % 2 !== 0) {
    throw new GlobalPointerError(
      "CONFIG", `The head size ${headSize} is odd, but RoPE rotates pairs: give an even size.`,
    );
  }
  refuseExisting(output);
  const { shape, vocabulary, tokenizer } = readEncoderDirectory(seed.encoder);
  if (!computesAsBert(shape)) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `${seed.encoder} is of the type ${shape.modelType}, but GlobalPointer_pytorch builds a BertModel, which computes `
      + "otherwise: give the BERT directory that the model was trained with.",
    );
  }
  const entityTypes = readEntityTypes(seed.ent2id);
  const model = await GlobalPointer.create({
    encoder: shape,
    head: { type: "global-pointer", headSize, rope, maskSpecialTokens: false },
    entityTypes,
    tokenizer: { ...tokenizer, lowerCase },
    threshold: 0,
    window: { maxSeqLen: usablePositions(shape), stride: defaultStride(usablePositions(shape)) },
  }, vocabulary, { device: "cpu" });
  try {
    await model.loadWeights(seed.stateDict, "model").catch((error: unknown) => {
      if (!(error instanceof GlobalPointerError && error.code === "BAD_SHAPE")) throw error;
      throw new GlobalPointerError(
        "BAD_WEIGHTS",
        `${seed.stateDict} does not fit an encoder from ${seed.encoder}, ${entityTypes.length} types and head size `
        + `${headSize}: give the encoder, ent2id and head size (inner_dim) that it was trained with. ${error.message}`,
        { cause: error },
      );
    });
    await model.save(output);
  } finally {
    await model.dispose();
  }
}

/**
 * Writes a directory with `model_state_dict.pt` and `ent2id.json`, as GlobalPointer_pytorch takes them. The pooler,
 * which takes no part there, is written as zeros.
 *
 * @throws GlobalPointerError when the model cannot be read or is none that BertModel computes, or the output exists
 */
export async function convertToSeed(modelDirectory: string, output: string): Promise<void> {
  refuseExisting(output);
  const { encoder, head } = readModelDirectory(modelDirectory).description;
  if (!computesAsBert(encoder)) {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `${modelDirectory} has an encoder of the type ${encoder.modelType}, but GlobalPointer_pytorch builds a `
      + "BertModel, which would compute something else: convert a model whose encoder is a BERT.",
    );
  }
  if (head.type !== "global-pointer") {
    throw new GlobalPointerError(
      "MODEL_DIRECTORY",
      `The head of ${modelDirectory} is of the type ${head.type}, which GlobalPointer_pytorch does not know: give a `
      + "model whose head is global-pointer.",
    );
  }
  const model = await GlobalPointer.load(modelDirectory, { device: "cpu" });
  try {
    await writeWholeDirectory(output, async (aside) => {
      await model.engine.saveStateDict(join(aside, "model_state_dict.pt"));
      const ent2id = Object.fromEntries(model.entityTypes.map((type, index) => [type, index]));
      writeFileSync(join(aside, "ent2id.json"), `${JSON.stringify(ent2id, undefined, 2)}\n`);
    });
  } finally {
    await model.dispose();
  }
}
