import type { WindowOptions } from "../data/windows.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import type { EncoderShape } from "./bert-config.js";
import type { ModelShape } from "./native.js";

/** The head and its switches, as the config and the model directory name them. */
export interface HeadDescription {
  type: "global-pointer";
  headSize: number;
  rope: boolean;
  maskSpecialTokens: boolean;
}

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
    headSize: head.headSize,
    rope: head.rope,
    maskSpecialTokens: head.maskSpecialTokens,
  };
}
