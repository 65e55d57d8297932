import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import type { ModelShape } from "./native.js";

/** What a BERT encoder is made of: the shape without its head. */
export type EncoderShape = Omit<
  ModelShape, "entityTypeCount" | "headType" | "headSize" | "rope" | "biasInput" | "maskSpecialTokens"
>;

const upTo = (most: number) => z.number().int().positive().max(most);
const size = upTo(LIMITS.size);
const probability = z.number().min(0).lt(1);

/** The keys of a Hugging Face config.json that make a BERT encoder; others are left alone. */
export const bertConfigSchema = z.object({
  // Early directories do not say; the sizes that follow tell whether it fits.
  model_type: z.literal("bert", {
    error: ({ input }) => `is ${JSON.stringify(input)}, but only "bert" is supported`,
  }).default("bert"),
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: upTo(LIMITS.layers),
  num_attention_heads: upTo(LIMITS.attentionHeads),
  intermediate_size: size,
  max_position_embeddings: size.min(3).default(512), // [CLS], a token, [SEP]
  type_vocab_size: upTo(LIMITS.typeVocabSize).default(2),
  pad_token_id: z.number().int().min(0).nullable().default(0),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.enum(["gelu", "gelu_new", "relu"]).default("gelu"),
  hidden_dropout_prob: probability.default(0.1),
  attention_probs_dropout_prob: probability.default(0.1),
  initializer_range: z.number().positive().default(0.02),
  position_embedding_type: z.literal("absolute", {
    error: ({ input }) => `is ${JSON.stringify(input)}, but only "absolute" is supported`,
  }).optional(),
}).refine((config) => config.hidden_size % config.num_attention_heads === 0, {
  path: ["hidden_size"], message: "is not a multiple of num_attention_heads",
}).refine((config) => (config.pad_token_id ?? -1) < config.vocab_size, {
  path: ["pad_token_id"], message: "is not below vocab_size",
});

export function encoderShapeFrom(config: z.output<typeof bertConfigSchema>): EncoderShape {
  return {
    vocabSize: config.vocab_size,
    hiddenSize: config.hidden_size,
    numHiddenLayers: config.num_hidden_layers,
    numAttentionHeads: config.num_attention_heads,
    intermediateSize: config.intermediate_size,
    maxPositionEmbeddings: config.max_position_embeddings,
    typeVocabSize: config.type_vocab_size,
    padTokenId: config.pad_token_id ?? -1,
    layerNormEps: config.layer_norm_eps,
    hiddenAct: config.hidden_act,
    hiddenDropoutProb: config.hidden_dropout_prob,
    attentionProbsDropoutProb: config.attention_probs_dropout_prob,
    initializerRange: config.initializer_range,
  };
}

/** The same in Hugging Face's spelling. */
export function bertConfigFrom(shape: EncoderShape): z.output<typeof bertConfigSchema> {
  return {
    model_type: "bert",
    vocab_size: shape.vocabSize,
    hidden_size: shape.hiddenSize,
    num_hidden_layers: shape.numHiddenLayers,
    num_attention_heads: shape.numAttentionHeads,
    intermediate_size: shape.intermediateSize,
    max_position_embeddings: shape.maxPositionEmbeddings,
    type_vocab_size: shape.typeVocabSize,
    pad_token_id: shape.padTokenId < 0 ? null : shape.padTokenId,
    layer_norm_eps: shape.layerNormEps,
    hidden_act: shape.hiddenAct,
    hidden_dropout_prob: shape.hiddenDropoutProb,
    attention_probs_dropout_prob: shape.attentionProbsDropoutProb,
    initializer_range: shape.initializerRange,
    position_embedding_type: "absolute",
  };
}
