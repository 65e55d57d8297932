import { GlobalPointerError } from "../errors.js";
import {
  CONFIG_FILE, SPLIT_WEIGHTS_FILES, TOKENIZER_CONFIG_FILE, VOCABULARY_FILE, WEIGHTS_FILES,
} from "../model/pretrained-files.js";
import type { RemoteFile, RemoteModel } from "./remote-model.js";

/** What is fetched of a model. */
export interface ChosenFiles {
  /** What tells whether the model can be used. */
  descriptions: RemoteFile[];
  weights: RemoteFile;
}

/** Every file that a download may put into a directory. */
export const KNOWN_FILES: readonly string[] = [CONFIG_FILE, VOCABULARY_FILE, TOKENIZER_CONFIG_FILE, ...WEIGHTS_FILES];

function refuse({ name }: RemoteModel, problem: string): never {
  throw new GlobalPointerError("DOWNLOAD", `${name} ${problem}.`);
}

/**
 * The files that a pretrained directory needs, and no others: one file of weights, the safe format where there is one.
 *
 * @throws GlobalPointerError `DOWNLOAD` when the model lacks one
 */
export function chooseFiles(model: RemoteModel): ChosenFiles {
  const find = (path: string): RemoteFile | undefined => model.files.find((file) => file.path === path);
  const config = find(CONFIG_FILE);
  if (config === undefined) {
    return refuse(model, `has no ${CONFIG_FILE}: it is not a model for transformers; use another`);
  }
  const vocabulary = find(VOCABULARY_FILE);
  if (vocabulary === undefined) {
    const bytePairs = find("vocab.json") !== undefined && find("merges.txt") !== undefined;
    return refuse(model, `has no ${VOCABULARY_FILE}${bytePairs ? " (its tokenizer is a byte-level BPE)" : ""}: `
      + "only WordPiece vocabularies are supported; use another model");
  }
  const weights = WEIGHTS_FILES.map(find).find((file) => file !== undefined);
  if (weights === undefined) {
    const split = SPLIT_WEIGHTS_FILES.find((name) => find(name) !== undefined);
    return refuse(model, split === undefined
      ? `has neither ${WEIGHTS_FILES.join(" nor ")}: use a model, or a revision of it, that has one`
      : `has its weights split into several files (${split}), which is not supported: use another model, or save it `
        + `as one ${WEIGHTS_FILES[0]}`);
  }
  const tokenizer = find(TOKENIZER_CONFIG_FILE);
  return { descriptions: [config, vocabulary, ...(tokenizer === undefined ? [] : [tokenizer])], weights };
}
