import { isPretrained, type RandomEncoderConfig } from "../config/schema.js";
import type { ResolvedConfig } from "../config/load.js";
import { GlobalPointerError } from "../errors.js";
import type { ModelDescription } from "../model/description.js";
import { bertSwitches, usablePositions, type EncoderShape } from "../model/encoder-config.js";
import { readPretrainedDirectory } from "../model/pretrained.js";
import { trainingWindow } from "./data.js";
import type { TokenizerOptions } from "../tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../tokenizer/vocabulary.js";

/** A model as the config describes it, before any weight exists. */
export interface ModelPlan {
  describe: (entityTypes: readonly string[]) => ModelDescription;
  vocabulary: Vocabulary;
  tokenizer: TokenizerOptions;
  /** Pretrained encoder weights; absent for random ones. */
  weightsPath?: string;
}

function randomShape(encoder: RandomEncoderConfig, vocabulary: Vocabulary, maxSeqLen: number): EncoderShape {
  return {
    vocabSize: vocabulary.size,
    hiddenSize: encoder.hiddenSize,
    numHiddenLayers: encoder.numHiddenLayers,
    numAttentionHeads: encoder.numAttentionHeads,
    intermediateSize: encoder.intermediateSize,
    // No more than training will see: predictions at positions that never had a gradient would be noise.
    maxPositionEmbeddings: encoder.maxPositionEmbeddings ?? maxSeqLen,
    typeVocabSize: encoder.typeVocabSize,
    padTokenId: vocabulary.padId ?? -1,
    layerNormEps: encoder.layerNormEps,
    hiddenAct: encoder.hiddenAct,
    hiddenDropoutProb: encoder.hiddenDropoutProb,
    attentionProbsDropoutProb: encoder.attentionProbsDropoutProb,
    initializerRange: encoder.initializerRange,
    ...bertSwitches(encoder.hiddenSize),
  };
}

/**
 * Reads vocabulary and sizes that the config points to.
 *
 * @throws GlobalPointerError `MODEL_DIRECTORY`, `TOKENIZER` or `CONFIG`
 */
export function planModel(config: ResolvedConfig): ModelPlan {
  const { encoder: encoderConfig } = config;
  let shape: EncoderShape;
  let vocabulary: Vocabulary;
  let tokenizer: TokenizerOptions;
  let weightsPath: string | undefined;
  if (isPretrained(encoderConfig)) {
    const pretrained = readPretrainedDirectory(encoderConfig.pretrained);
    ({ vocabulary, tokenizer, weightsPath } = pretrained);
    const { hiddenDropoutProb, attentionProbsDropoutProb } = encoderConfig;
    shape = {
      ...pretrained.shape,
      ...(hiddenDropoutProb === undefined ? {} : { hiddenDropoutProb }),
      ...(attentionProbsDropoutProb === undefined ? {} : { attentionProbsDropoutProb }),
    };
  } else {
    vocabulary = Vocabulary.fromFile(encoderConfig.vocab);
    tokenizer = { lowerCase: true };
    shape = randomShape(encoderConfig, vocabulary, config.training.maxSeqLen);
  }
  const { lowerCase } = config.tokenizer;
  if (lowerCase !== undefined) tokenizer = { ...tokenizer, lowerCase };
  if (config.training.maxSeqLen > usablePositions(shape)) {
    throw new GlobalPointerError(
      "CONFIG",
      `training.maxSeqLen is ${config.training.maxSeqLen}, but the encoder has ${usablePositions(shape)} positions for `
      + "tokens: lower training.maxSeqLen.",
    );
  }
  if (config.training.frozenLayers > shape.numHiddenLayers) {
    throw new GlobalPointerError(
      "CONFIG",
      `training.frozenLayers is ${config.training.frozenLayers}, but the encoder has ${shape.numHiddenLayers} `
      + "layers: lower training.frozenLayers.",
    );
  }
  if (config.training.rDrop > 0 && shape.hiddenDropoutProb === 0 && shape.attentionProbsDropoutProb === 0) {
    throw new GlobalPointerError(
      "CONFIG",
      "training.rDrop compares two passes with other dropout, but the encoder's own config.json has none: give "
      + "encoder.hiddenDropoutProb, or remove training.rDrop.",
    );
  }
  return {
    describe: (entityTypes) => ({
      encoder: shape, head: config.head, entityTypes, tokenizer, threshold: config.evaluation.threshold,
      window: trainingWindow(config),
    }),
    vocabulary,
    tokenizer,
    ...(weightsPath === undefined ? {} : { weightsPath }),
  };
}
