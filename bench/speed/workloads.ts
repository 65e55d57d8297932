/** Sizes of the encoders, as Hugging Face's config.json has them. */
export const ENCODERS = {
  tiny: { numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2, intermediateSize: 512 },
  mini: { numHiddenLayers: 6, hiddenSize: 384, numAttentionHeads: 12, intermediateSize: 1536 },
  base: { numHiddenLayers: 12, hiddenSize: 768, numAttentionHeads: 12, intermediateSize: 3072 },
} as const;

export type EncoderName = keyof typeof ENCODERS;

/** Whose lengths the sequences have: a corpus's, or the same for all. */
export type Lengths = "cluener" | "msra" | number;

/** What is measured: one model, and what it is given in a round. */
export interface Workload {
  name: string;
  /** Steps of training, predictions on packed batches, or predictions from text to entities. */
  task: "train" | "infer" | "texts";
  encoder: EncoderName;
  types: number;
  lengths: Lengths;
  /** Sequences of a batch. */
  batchSize: number;
  /** Batches of a round; texts come in one call, however many batches they make. */
  batches: number;
  /** How often a round goes through its batches. */
  passes: number;
}

const train = (
  encoder: EncoderName, lengths: Lengths, batchSize: number, batches: number, types = 10, passes = 1,
): Workload => ({
  name: `train-${encoder}-${typeof lengths === "number" ? `${batchSize}x${lengths}` : lengths}`
    + (types === 10 ? "" : `-${types}-types`),
  task: "train", encoder, types, lengths, batchSize, batches, passes,
});

const infer = (encoder: EncoderName, lengths: Lengths, batchSize: number, passes: number): Workload => ({
  name: `infer-${encoder}-${batchSize}x${lengths}`, task: "infer", encoder, types: 10, lengths, batchSize, batches: 1,
  passes,
});

const texts = (
  encoder: EncoderName, corpus: "cluener" | "msra" = "msra", batchSize = 32, passes = 1,
): Workload => ({
  name: `texts-${encoder}-${corpus}`, task: "texts", encoder, types: 10, lengths: corpus, batchSize, batches: 63,
  passes,
});

export const WORKLOADS: readonly Workload[] = [
  train("mini", "cluener", 64, 2),
  train("base", "cluener", 16, 2),
  train("mini", 512, 8, 1),
  train("tiny", 512, 16, 1, 10, 3),
  train("mini", 512, 4, 1, 60),
  train("mini", "msra", 32, 4),
  infer("mini", 32, 1, 40),
  infer("mini", 128, 1, 16),
  infer("mini", "cluener", 32, 4),
  infer("mini", 512, 8, 1),
  infer("base", 32, 1, 8),
  infer("base", 128, 1, 3),
  infer("base", "cluener", 32, 1),
  infer("base", 512, 8, 1),
  texts("mini"),
  texts("base"),
];

/** What a GPU is given. */
export const GPU_WORKLOADS: readonly Workload[] = [
  train("base", "cluener", 64, 8, 10, 2),
  train("base", 512, 16, 4),
  train("base", 512, 16, 2, 60),
  texts("base", "cluener", 64, 2),
];

/** Sentences of a text workload. */
export const TEXT_COUNT = 2000;

/** Width of a query and of a key. */
export const HEAD_SIZE = 64;

/**
 * Multiplications and additions of one pass over sequences of these lengths, as the definition of the model has them:
 * matrix products of the encoder, of the head and of the spans i <= j, without padding. Training counts three times
 * that: once forward, twice backward.
 */
export function floatingPointOperations(
  { encoder, types, task }: Pick<Workload, "encoder" | "types" | "task">, lengths: readonly number[],
): number {
  const { numHiddenLayers, hiddenSize, intermediateSize } = ENCODERS[encoder];
  let sum = 0;
  for (const length of lengths) {
    const linear = length * (4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize);
    const attention = 2 * length ** 2 * hiddenSize;
    const projection = length * hiddenSize * types * 2 * HEAD_SIZE;
    const spans = types * HEAD_SIZE * length * (length + 1) / 2;
    sum += 2 * (numHiddenLayers * (linear + attention) + projection + spans);
  }
  return task === "train" ? 3 * sum : sum;
}
