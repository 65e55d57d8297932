import type { PackedBatch, SpanTable } from "../../lib/data/packed-batch.js";
import { bertSwitches } from "../../lib/model/encoder-config.js";
import { createEngine } from "../../lib/model/engine.js";
import type {
  DenseTensor, EngineOptions, ModelShape, NativeEngine, OptimizerOptions, StepOptions,
} from "../../lib/model/native.js";

/** A model that takes no time; dropout is on, so that training depends on the random state. */
export const tinyShape: ModelShape = {
  vocabSize: 40,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 24,
  maxPositionEmbeddings: 20,
  typeVocabSize: 2,
  padTokenId: 0,
  layerNormEps: 1e-12,
  hiddenAct: "gelu",
  hiddenDropoutProb: 0.1,
  attentionProbsDropoutProb: 0.1,
  initializerRange: 0.02,
  ...bertSwitches(16),
  entityTypeCount: 3,
  headType: "global-pointer",
  headSize: 8,
  rope: true,
  biasInput: "projection",
  maskSpecialTokens: true,
};

/** The shape of a fixture, which says nothing of what all of its models share. */
export function shapeOfFixture(stored: Partial<ModelShape>): ModelShape {
  const { hiddenSize = tinyShape.hiddenSize } = stored;
  return { ...tinyShape, maskSpecialTokens: false, ...stored, padTokenId: 0, ...bertSwitches(hiddenSize) };
}

/** A model and a batch that keep the engine busy for many turns of the event loop. */
export const largeShape: ModelShape = {
  ...tinyShape,
  vocabSize: 20_000,
  hiddenSize: 128,
  embeddingSize: 128,
  numHiddenLayers: 3,
  intermediateSize: 512,
  maxPositionEmbeddings: 256,
};

export const optimizerOptions: OptimizerOptions = {
  weightDecay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradNorm: 1, decayAll: false,
};

export const learningRates = { encoder: 1e-3, head: 1e-3 };

/** Sequences of these lengths; the ids follow from position and `salt`, and are never that of the padding. */
export function batchOf(lengths: readonly number[], vocabSize: number, salt = 0): PackedBatch {
  const sequenceStarts = [0];
  for (const length of lengths) sequenceStarts.push((sequenceStarts.at(-1) ?? 0) + length);
  const inputIds = Int32Array.from(
    { length: sequenceStarts.at(-1) ?? 0 }, (_, i) => 1 + ((i * i * 7 + i * 3 + salt) % (vocabSize - 1)),
  );
  return { inputIds, sequenceStarts: Int32Array.from(sequenceStarts) };
}

export type GoldSpan = readonly [sequence: number, entityType: number, start: number, end: number];

export function goldOf(spans: readonly GoldSpan[]): SpanTable {
  const column = (index: 0 | 1 | 2 | 3): Int32Array => Int32Array.from(spans, (span) => span[index]);
  return { sequence: column(0), entityType: column(1), start: column(2), end: column(3) };
}

export const tinyBatch = batchOf([7, 3, 12], tinyShape.vocabSize);
export const tinyGold = goldOf([[0, 0, 1, 2], [0, 2, 3, 3], [1, 1, 1, 1], [2, 0, 1, 10], [2, 0, 4, 5]]);

export const largeBatch = batchOf(new Array<number>(40).fill(128), largeShape.vocabSize);
export const largeGold = goldOf(Array.from({ length: 40 }, (_, sequence) => [sequence, 1, 3, 6] as const));

/** What a training step takes. */
export const tinyStep = [{ batch: tinyBatch, gold: tinyGold }];
export const largeStep = [{ batch: largeBatch, gold: largeGold }];

/** An engine with its model built and its optimizer configured. */
export async function readyEngine(
  options: Partial<EngineOptions> = {}, stepOptions: StepOptions = {},
): Promise<NativeEngine> {
  const engine = createEngine({ shape: tinyShape, device: "cpu", threads: 2, seed: 1, ...options });
  await engine.initialise();
  await engine.configureOptimizer(optimizerOptions, stepOptions);
  return engine;
}

const sameBytes = (a: Float32Array, b: Float32Array): boolean =>
  Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));

/** Names of the parameters that are not bitwise the same in both. */
export function differingParameters(a: Record<string, DenseTensor>, b: Record<string, DenseTensor>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => {
    const [one, other] = [a[name], b[name]];
    return one === undefined || other === undefined || one.shape.join() !== other.shape.join()
      || !sameBytes(one.data, other.data);
  });
}
