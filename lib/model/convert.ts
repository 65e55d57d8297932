import { join } from "node:path";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import { writeWholeDirectory } from "../storage/whole-directory.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { GlobalPointer } from "./global-pointer.js";
import { readPretrainedDirectory } from "./pretrained.js";

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
  headSize?: number;
  rope?: boolean;
}

const ent2idSchema = z.record(z.string().min(1), z.number().int().min(0));

/** Type names by index. @throws GlobalPointerError `DATA` when the indices are not 0 to n - 1 */
function readEntityTypes(path: string): string[] {
  const ent2id = readJsonFile(path, ent2idSchema, "DATA", "give the ent2id.json that the model was trained with");
  const types: string[] = [];
  for (const [type, index] of Object.entries(ent2id)) types[index] = type;
  const count = Object.keys(ent2id).length;
  if (count === 0 || types.length !== count || Object.keys(types).length !== count) {
    throw new GlobalPointerError("DATA", `${path} must number its ${count} types from 0 without gaps: give the original file.`);
  }
  return types;
}

/**
 * Turns a model of GlobalPointer_pytorch into a model directory.
 *
 * @throws GlobalPointerError when a file is missing, faulty or does not fit the others, or the output exists
 */
export async function convertFromSeed(seed: SeedModel, output: string): Promise<void> {
  const { shape, vocabulary, tokenizer } = readPretrainedDirectory(seed.encoder, { weights: "not needed" });
  const model = await GlobalPointer.create({
    encoder: shape,
    head: {
      type: "global-pointer", headSize: seed.headSize ?? 64, rope: seed.rope ?? true, maskSpecialTokens: false,
    },
    entityTypes: readEntityTypes(seed.ent2id),
    tokenizer: { ...tokenizer, lowerCase: seed.lowerCase ?? false },
    threshold: 0,
  }, vocabulary, { device: "cpu" });
  try {
    await model.loadWeights(seed.stateDict, "model");
    await model.save(output);
  } finally {
    await model.dispose();
  }
}

/**
 * Writes a directory with `model_state_dict.pt` and `ent2id.json`, as GlobalPointer_pytorch takes them. The pooler, which
 * takes no part there, is written as zeros.
 *
 * @throws GlobalPointerError when the model cannot be read, or the output exists
 */
export async function convertToSeed(modelDirectory: string, output: string): Promise<void> {
  const model = await GlobalPointer.load(modelDirectory, { device: "cpu" });
  try {
    await writeWholeDirectory(output, async (aside) => {
      await model.engine.saveStateDict(join(aside, "model_state_dict.pt"));
      const ent2id = Object.fromEntries(model.entityTypes.map((type, index) => [type, index]));
      writeWholeFile(join(aside, "ent2id.json"), `${JSON.stringify(ent2id, undefined, 2)}\n`);
    });
  } finally {
    await model.dispose();
  }
}
