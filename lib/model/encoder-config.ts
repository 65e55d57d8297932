import { z } from "zod";
import { isObject } from "../data/json-value.js";
import { LIMITS } from "../data/limits.js";
import type { ModelShape } from "./native.js";

// Encoders by the `model_type` of a Hugging Face config.json: what its keys say, with the defaults that the type has
// there, in the terms of the native engine.

const modelTypes = ["bert", "roberta", "electra", "ernie", "roformer"] as const;
export type EncoderType = (typeof modelTypes)[number];

/** What an encoder is made of: its type, and the shape without its head. */
export interface EncoderShape extends Omit<
  ModelShape, "entityTypeCount" | "headType" | "headSize" | "rope" | "biasInput" | "maskSpecialTokens"
> {
  /** Hugging Face's name for the type, under which a model is saved; the engine goes by the shape alone. */
  modelType: EncoderType;
}

/** [CLS], a token, [SEP] */
const FEWEST_TOKENS = 3;

const upTo = (most: number) => z.number().int().positive().max(most);
const size = upTo(LIMITS.size);
const probability = z.number().min(0).lt(1);
const onlyFalse = z.literal(false, {
  error: ({ input }) => `is ${JSON.stringify(input)}, but a decoder is not supported: use an encoder`,
}).optional();

const common = z.object({
  vocab_size: size,
  hidden_size: size,
  num_hidden_layers: upTo(LIMITS.layers),
  num_attention_heads: upTo(LIMITS.attentionHeads),
  intermediate_size: size,
  max_position_embeddings: size.min(FEWEST_TOKENS).default(512),
  type_vocab_size: upTo(LIMITS.typeVocabSize).default(2),
  pad_token_id: z.number().int().min(0).nullable().default(0),
  layer_norm_eps: z.number().positive().default(1e-12),
  hidden_act: z.enum(["gelu", "gelu_new", "relu"]).default("gelu"),
  hidden_dropout_prob: probability.default(0.1),
  attention_probs_dropout_prob: probability.default(0.1),
  initializer_range: z.number().positive().default(0.02),
  is_decoder: onlyFalse,
  add_cross_attention: onlyFalse,
});

type Common = z.output<typeof common>;

/** Positions that are added to the words. */
const learned = common.extend({
  position_embedding_type: z.literal("absolute", {
    error: ({ input }) => `is ${JSON.stringify(input)}, but only "absolute" is supported`,
  }).optional(),
});

/** What a config says beyond the sizes that all types have: the switches of the engine. */
type Switches = Pick<
  EncoderShape,
  "modelType" | "embeddingSize" | "positions" | "positionOffset" | "taskTypeVocabSize" | "rotaryValue"
>;

/** BERT's switches. */
export function bertSwitches(hiddenSize: number): Switches {
  return {
    modelType: "bert", embeddingSize: hiddenSize, positions: "learned", positionOffset: 0, taskTypeVocabSize: 0,
    rotaryValue: false,
  };
}

function shapeOf(config: Common, switches: Partial<Switches>): EncoderShape {
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
    ...bertSwitches(config.hidden_size),
    ...switches,
  };
}

const bert = learned.extend({ model_type: z.literal("bert") })
  .transform((config) => shapeOf(config, {}));

const roberta = learned.extend({
  model_type: z.literal("roberta"),
  pad_token_id: z.number("is no number, but positions are counted from it").int().min(0).default(1),
}).refine(
  (config) => config.max_position_embeddings - config.pad_token_id - 1 >= FEWEST_TOKENS,
  { path: ["max_position_embeddings"], message: "leaves no positions behind those up to pad_token_id" },
).transform((config) => shapeOf(config, { modelType: "roberta", positionOffset: config.pad_token_id + 1 }));

const electra = learned.extend({ model_type: z.literal("electra"), embedding_size: size.default(128) })
  .transform((config) => shapeOf(config, { modelType: "electra", embeddingSize: config.embedding_size }));

const ernie = learned.extend({
  model_type: z.literal("ernie"),
  use_task_id: z.boolean().default(false),
  task_type_vocab_size: z.number().int().min(0).max(LIMITS.typeVocabSize).default(3),
}).refine((config) => !config.use_task_id || config.task_type_vocab_size > 0, {
  path: ["task_type_vocab_size"], message: "is 0, but use_task_id is true",
}).transform((config) => shapeOf(config, {
  modelType: "ernie", taskTypeVocabSize: config.use_task_id ? config.task_type_vocab_size : 0,
}));

const roformer = common.extend({
  model_type: z.literal("roformer"),
  max_position_embeddings: size.min(FEWEST_TOKENS).default(1536),
  embedding_size: size.nullish(),
  rotary_value: z.boolean().default(false),
}).refine(
  (config) => (config.hidden_size / config.num_attention_heads) % 2 !== 1,
  { path: ["hidden_size"], message: "gives attention heads of an odd size, but rotary positions turn pairs" },
).transform((config) => shapeOf(config, {
  modelType: "roformer", embeddingSize: config.embedding_size ?? config.hidden_size, positions: "rotary",
  rotaryValue: config.rotary_value,
}));

/** Early directories do not say their type; the sizes tell whether it fits. */
function withModelType(config: unknown): unknown {
  return isObject(config) ? { model_type: "bert", ...config } : undefined;
}

/** The keys of a config.json that make an encoder, as its shape; other keys are left alone. */
export const encoderConfigSchema = z.preprocess(
  withModelType,
  z.discriminatedUnion("model_type", [bert, roberta, electra, ernie, roformer], {
    error: ({ input }) => unsupported(input),
  }),
).refine((shape) => shape.hiddenSize % shape.numAttentionHeads === 0, {
  path: ["hidden_size"], message: "is not a multiple of num_attention_heads",
}).refine((shape) => shape.padTokenId < shape.vocabSize, {
  path: ["pad_token_id"], message: "is not below vocab_size",
});

function unsupported(config: unknown): string {
  if (!isObject(config)) return "is not an object";
  const { model_type: type } = config;
  return `is ${JSON.stringify(type)}, but only ${modelTypes.map((name) => `"${name}"`).join(", ")} are supported`;
}

/** The config.json, in Hugging Face's spelling, of an encoder: read again it gives the same shape. */
export function encoderConfigFrom(shape: EncoderShape): Record<string, unknown> {
  return {
    model_type: shape.modelType,
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
    ...ownKeys(shape),
  };
}

/** The keys that only some types have. */
function ownKeys(shape: EncoderShape): Record<string, unknown> {
  const absolute = { position_embedding_type: "absolute" };
  switch (shape.modelType) {
    case "bert":
    case "roberta":
      return absolute;
    case "electra":
      return { ...absolute, embedding_size: shape.embeddingSize };
    case "ernie":
      return shape.taskTypeVocabSize === 0
        ? { ...absolute, use_task_id: false }
        : { ...absolute, use_task_id: true, task_type_vocab_size: shape.taskTypeVocabSize };
    case "roformer":
      return { embedding_size: shape.embeddingSize, rotary_value: shape.rotaryValue };
  }
}

/** Tokens that an encoder takes at most, [CLS] and [SEP] counted: RoBERTa does not use all rows of its table. */
export function usablePositions(shape: EncoderShape): number {
  return shape.maxPositionEmbeddings - shape.positionOffset;
}

/** Whether Hugging Face's BertModel, given the weights, would compute the same. */
export function computesAsBert(shape: EncoderShape): boolean {
  const { embeddingSize, hiddenSize, positions, positionOffset, taskTypeVocabSize } = shape;
  return embeddingSize === hiddenSize && positions === "learned" && positionOffset === 0 && taskTypeVocabSize === 0;
}
