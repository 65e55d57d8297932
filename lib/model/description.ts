import type { WindowOptions } from "../data/windows.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import type { EncoderShape } from "./encoder-config.js";
import type { ModelShape } from "./native.js";

/** The head and its switches, as the config and the model directory name them. */
export type HeadDescription = {
  /** Whether [CLS] and [SEP] are left out of the scores. */
  maskSpecialTokens: boolean;
} & (
  { type: "global-pointer"; headSize: number; rope: boolean }
  | {
    type: "efficient-global-pointer";
    headSize: number;
    rope: boolean;
    /** What the biases by type are made of: the queries and keys before their rotation, or the hidden states. */
    biasInput: "projection" | "hidden";
  }
  | { type: "tplinker" }
);

/** All that has to be known besides weights and vocabulary to use a model as it was trained. */
export interface ModelDescription {
  encoder: EncoderShape;
  head: HeadDescription;
  /** Their order gives each its index. */
  entityTypes: readonly string[];
  tokenizer: TokenizerOptions;
  /** Spans above this score are entities. */
  threshold: number;
  /** The same by type, in the order of the types; goes before `threshold`. */
  thresholds?: readonly number[];
  /** How texts are divided that are longer than a window. */
  window: WindowOptions;
}

/** The shape that the native engine wants. */
export function modelShape({ encoder, head, entityTypes }: ModelDescription): ModelShape {
  return {
    ...encoder,
    entityTypeCount: entityTypes.length,
    headType: head.type,
    // What a head has no use for needs a value all the same.
    headSize: "headSize" in head ? head.headSize : 1,
    rope: "rope" in head && head.rope,
    biasInput: "biasInput" in head ? head.biasInput : "projection",
    maskSpecialTokens: head.maskSpecialTokens,
  };
}
