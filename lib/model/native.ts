import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LabelledBatch } from "../data/dataset.js";
import type { PackedBatch, SpanTable } from "../data/packed-batch.js";
import { GlobalPointerError } from "../errors.js";

// The only file that loads the addon, and the types of what it offers.

/** Sizes and switches of a model, as the native engine wants them. */
export interface ModelShape {
  vocabSize: number;
  hiddenSize: number;
  numHiddenLayers: number;
  numAttentionHeads: number;
  intermediateSize: number;
  maxPositionEmbeddings: number;
  typeVocabSize: number;
  /** The word embedding that stays as it is ([PAD]); -1 for none. */
  padTokenId: number;
  layerNormEps: number;
  hiddenAct: "gelu" | "gelu_new" | "relu";
  hiddenDropoutProb: number;
  attentionProbsDropoutProb: number;
  /** Standard deviation of the random initialisation. */
  initializerRange: number;
  /** Width of the embeddings; where it is not `hiddenSize`, a projection stands between. */
  embeddingSize: number;
  /** An embedding of each position, or queries and keys rotated by it (RoFormer). */
  positions: "learned" | "rotary";
  /** Row of the position table for the first token: 0, or `padTokenId` + 1 (RoBERTa). */
  positionOffset: number;
  /** Rows of the table of tasks (ERNIE), of which every token gets the first; 0 for none. */
  taskTypeVocabSize: number;
  /** With rotary positions: whether values are rotated, too. */
  rotaryValue: boolean;
  entityTypeCount: number;
  headType: "global-pointer" | "efficient-global-pointer" | "tplinker";
  /** Width of query and key, and whether they are rotated by position; TPLinker has neither. */
  headSize: number;
  rope: boolean;
  /** What the biases of Efficient GlobalPointer are made of. */
  biasInput: "projection" | "hidden";
  /** Leaves [CLS] and [SEP] (first and last token of each sequence) out of the scores. */
  maskSpecialTokens: boolean;
}

export interface EngineOptions {
  shape: ModelShape;
  /** `auto`, `cpu`, `cuda` or `cuda:N` */
  device: string;
  /** Threads of one operation; 0 for as many as there are cores. */
  threads: number;
  /** Of the random initialisation and of dropout. */
  seed: number;
  /**
   * Default: `fp32`. In another precision the engine is for predictions alone: once its weights are loaded (scope
   * `model`), it can neither be trained nor saved (`BAD_WEIGHTS`).
   */
  precision?: Precision;
}

/** AdamW with decoupled weight decay; `decayAll: false` exempts biases and LayerNorm. */
export interface OptimizerOptions {
  weightDecay: number;
  beta1: number;
  beta2: number;
  eps: number;
  /** Gradients are scaled down to this global L2 norm; 0 leaves them alone. */
  maxGradNorm: number;
  decayAll: boolean;
}

/** What a training step does besides; whatever is left out is not done. */
export interface StepOptions {
  /**
   * In (0, 1]: the learning rate of layer l of N is that of the encoder times layerDecay^(N - 1 - l), that of the
   * embeddings (and whatever else lies below the first layer) times layerDecay^N.
   */
  layerDecay?: number;
  /** Embeddings that do not learn: no gradient, no decay, no share in the gradient's norm. */
  frozenEmbeddings?: boolean;
  /** The lowest layers that do not learn either, and the embeddings with them; at most as many as there are. */
  frozenLayers?: number;
  /**
   * In [0, 1): a moving average of the weights is kept. After step t (from 1) it is d * average + (1 - d) * weights,
   * d = min(averageDecay, (1 + t) / (10 + t)). Everything but trainStep, saving included, then sees the averaged model.
   */
  averageDecay?: number;
  /**
   * Adds the gradient of the loss with perturbed word embeddings to the gradient of the loss. The perturbation makes
   * `steps` ascents of L2 norm `alpha` along the gradient, and stays within the ball of radius `epsilon` (norms over
   * the whole matrix). One ascent of alpha = epsilon is FGM, several are PGD. Not beside frozen embeddings.
   */
  adversarial?: { epsilon: number; alpha: number; steps: number };
  /**
   * At least 0: every batch is passed twice, with other dropout masks (R-Drop, Wu et al. 2021, arXiv 2106.14448). The
   * loss is the mean of both plus rDrop times their divergence: the mean over (sequence, type) of the sum over spans of
   * half the symmetric Kullback-Leibler divergence of sigmoid(score).
   */
  rDrop?: number;
  /**
   * In [0, 1): the share of each gold span that goes to the four spans beginning or ending one token off (boundary
   * smoothing, Zhu and Li 2022, arXiv 2204.12031); what has no place stays.
   */
  labelSmoothing?: number;
  /** Encoder layers keep their input only and are computed again in the backward pass; results are the same bits. */
  activationCheckpointing?: boolean;
  /**
   * On CUDA, steps of one batch are recorded by the size of the batch when it has come twice before, and then started
   * as a whole (CUDA graphs): the same step, sooner begun. Not beside averageDecay, adversarial, rDrop,
   * activationCheckpointing and TPLinker, nor on the CPU, where nothing changes.
   */
  cudaGraphs?: boolean;
  /**
   * Batches that memory is too short for are computed in parts of fewer sequences, halved until they fit, in this step
   * and those after it. Gradients are those of the whole, up to rounding and to other dropout masks.
   */
  autoMicroBatch?: boolean;
  /**
   * What the products of linear layers are computed in, forward and backward. Default: `fp32`. `bf16` rounds both
   * sides of a product and sums in fp32; weights, moments and all else stay in fp32, but on CUDA what goes from layer
   * to layer is stored in bf16, too. `tf32` is CUDA's alone. Predictions meanwhile are in fp32. `DEVICE` where the
   * device cannot.
   */
  precision?: TrainingPrecision;
}

export interface LearningRates {
  encoder: number;
  head: number;
}

export interface StepResult {
  /** Mean over all (sequence, type) of the batches, before the step and without perturbation. */
  loss: number;
  /** Global L2 norm of the gradient before clipping. */
  gradientNorm: number;
  /**
   * False when loss or gradient were not finite: weights, average, optimizer and random state are then as before (the
   * random state moves on where steps are left to a CUDA device).
   */
  applied: boolean;
  /** Sequences computed at a time, where memory was too short for the batches as they came (`autoMicroBatch`). */
  microBatch?: number;
}

/** What linear layers are computed in while a model learns. */
export const trainingPrecisions = ["fp32", "tf32", "bf16"] as const;
export type TrainingPrecision = (typeof trainingPrecisions)[number];

/** What the linear layers of predictions are computed in. */
export const precisions = ["fp32", "tf32", "bf16", "int8"] as const;
export type Precision = (typeof precisions)[number];

/** How the names in a weight file met the names of the model. */
export interface LoadReport {
  format: "safetensors" | "torch-zip" | "torch-legacy";
  loaded: string[];
  /** Parameters of the model that the file does not have: left at their random initialisation. */
  missing: string[];
  /** Tensors of the file that the model does not have (unused heads, the pooler). */
  unexpected: string[];
}

/** A tensor in row-major order. */
export interface DenseTensor {
  shape: number[];
  data: Float32Array;
}

/**
 * One model on a native thread of its own. Jobs run one at a time, in the order of the calls. Arguments are checked at
 * once (TypeError, RangeError); a job that fails rejects with an error that carries `code`.
 */
export interface NativeEngine {
  /** Builds the model with random weights; to be called first. */
  initialise(): Promise<{ device: string; parameters: number; headParameters: number }>;
  /** `model` asks for every parameter, `encoder` for the encoder's and leaves the head alone. */
  loadWeights(path: string, scope: "model" | "encoder"): Promise<LoadReport>;
  saveWeights(path: string): Promise<void>;
  /** A PyTorch state dict with the key names of GlobalPointer_pytorch. */
  saveStateDict(path: string): Promise<void>;
  /** Begins a training of the model as it is; one that ran before is given up. */
  configureOptimizer(options: OptimizerOptions, stepOptions?: StepOptions): Promise<void>;
  /**
   * One optimizer step on the union of the batches, at least one, of which one at a time takes memory: gradients are
   * those of a single batch that holds all their sequences, up to rounding. A CUDA device works on it while the next
   * call is made: two in flight keep it busy.
   */
  trainStep(batches: readonly LabelledBatch[], learningRates: LearningRates): Promise<StepResult>;
  /** Moments, step count and random state; beside a moving average the weights themselves, too. */
  saveOptimizer(path: string): Promise<void>;
  /**
   * The same back, into an optimizer that was configured with the same options; an average is taken from the model, so
   * its weights are to be loaded before. A file that does not fit is refused (`BAD_WEIGHTS`) and changes nothing.
   */
  loadOptimizer(path: string): Promise<void>;
  /** Mean loss without dropout and without learning from it. */
  loss(batch: PackedBatch, gold: SpanTable): Promise<number>;
  /** Spans above the threshold of their type. @param thresholds [types] */
  predict(batch: PackedBatch, thresholds: Float32Array): Promise<SpanTable>;
  /** For tests and analysis: per sequence [types, L, L], -Infinity where no span can be. */
  scores(batch: PackedBatch): Promise<Float32Array[]>;
  /** For tests and analysis: [T, hidden]. */
  hiddenStates(batch: PackedBatch): Promise<Float32Array>;
  /** For tests and analysis. */
  parameters(): Promise<Record<string, DenseTensor>>;
  /** For tests and analysis: the gradient of the loss by every parameter, without dropout. */
  gradients(batch: PackedBatch, gold: SpanTable): Promise<{ loss: number; gradients: Record<string, DenseTensor> }>;
  /** The most bytes that tensors took on the CUDA device so far, those of other engines counted; 0 on the CPU. */
  deviceMemory(): Promise<{ peakBytes: number }>;
  /** Waits for the jobs in flight and frees the model; may be called twice. */
  dispose(): Promise<void>;
}

export interface NativeAddon {
  Engine: new (options: EngineOptions) => NativeEngine;
  /** `precisions`: those that the processor can compute in. */
  deviceInfo(): { libtorch: string; cudaDevices: number; threads: number; precisions: Precision[] };
}

/** The folder of the package: sources and build output lie at different depths below it. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) {
      throw new GlobalPointerError("SETUP", "The globalpointer package has lost its package.json: install it anew.");
    }
    folder = parent;
  }
  return folder;
}

/**
 * OpenMP threads that wait for each other spin by default, for milliseconds; on a processor shared with other programs
 * most of the time then goes into waiting. libgomp reads its settings when it is loaded; what the user has set stays.
 */
function withShortSpinning<T>(load: () => T): T {
  const { env } = process;
  if (env.GOMP_SPINCOUNT !== undefined || env.OMP_WAIT_POLICY !== undefined) return load();
  env.GOMP_SPINCOUNT = "10000";
  try {
    return load();
  } finally {
    delete env.GOMP_SPINCOUNT;
  }
}

let loaded: NativeAddon | undefined;

/**
 * Loads the native addon, once a process.
 *
 * @throws GlobalPointerError `SETUP` when it was not built or does not load, with what to do about it
 */
export function loadAddon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const path = join(packageRoot(), "build", "Release", "globalpointer.node");
  if (!existsSync(path)) {
    throw new GlobalPointerError(
      "SETUP", "The native addon is not built yet: run `npx gp-setup` once, then try again.",
    );
  }
  try {
    loaded = withShortSpinning(() => createRequire(import.meta.url)(path) as NativeAddon);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new GlobalPointerError(
      "SETUP",
      `The native addon does not load (${reason}): LibTorch was moved or removed, or Node is of another version than `
      + "at set-up; run `npx gp-setup --force` to build it anew.",
      { cause: error },
    );
  }
  return loaded;
}
