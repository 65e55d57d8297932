import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { file, fraction, oneOf, positive, wholeNumber } from "./fields.js";

// The section `encoder`, which is one of two.

const dropout = fraction();

/** Sizes that a pretrained directory settles by itself: refused beside `encoder.pretrained`. */
const settledByPretrained = z.never(
  "cannot be given beside encoder.pretrained, whose own files settle it; remove one of the two",
).optional();

export const pretrainedEncoder = z.strictObject({
  pretrained: file(),
  hiddenDropoutProb: dropout.optional(),
  attentionProbsDropoutProb: dropout.optional(),
  vocab: settledByPretrained,
  hiddenSize: settledByPretrained,
  numHiddenLayers: settledByPretrained,
  numAttentionHeads: settledByPretrained,
  intermediateSize: settledByPretrained,
  maxPositionEmbeddings: settledByPretrained,
  typeVocabSize: settledByPretrained,
  layerNormEps: settledByPretrained,
  hiddenAct: settledByPretrained,
  initializerRange: settledByPretrained,
}, "an object");

export const randomEncoder = z.strictObject({
  vocab: file("the path of a vocab.txt (or give encoder.pretrained instead)"),
  hiddenSize: wholeNumber(1, LIMITS.size),
  numHiddenLayers: wholeNumber(1, LIMITS.layers),
  numAttentionHeads: wholeNumber(1, LIMITS.attentionHeads),
  intermediateSize: wholeNumber(1, LIMITS.size),
  maxPositionEmbeddings: wholeNumber(3, LIMITS.size).optional(),
  typeVocabSize: wholeNumber(1, LIMITS.typeVocabSize).default(2),
  layerNormEps: positive().default(1e-12),
  hiddenAct: oneOf(["gelu", "gelu_new", "relu"]).default("gelu"),
  hiddenDropoutProb: dropout.default(0.1),
  attentionProbsDropoutProb: dropout.default(0.1),
  initializerRange: positive().default(0.02),
}, "an object").refine(
  ({ hiddenSize, numAttentionHeads }) => hiddenSize % numAttentionHeads === 0,
  { path: ["hiddenSize"], message: "is not a multiple of encoder.numAttentionHeads; change one of the two" },
);
