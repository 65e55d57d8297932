import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { flag, fraction, number, numberBetween, oneOf, positive, share, wholeNumber } from "./fields.js";

const warmup = {
  warmupSteps: wholeNumber(0).optional(),
  warmupRatio: numberBetween(0, 1).optional(),
};

const minRatio = numberBetween(0, 1).default(0);

const schedule = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("constant"), ...warmup }),
  z.strictObject({ type: z.literal("linear"), ...warmup }),
  z.strictObject({ type: z.literal("cosine"), minRatio, ...warmup }),
  z.strictObject({
    type: z.literal("cosine-warm-restarts"),
    periodEpochs: positive(),
    periodMultiplier: wholeNumber(1).default(1),
    minRatio,
    compat: oneOf(["seed"]).optional(),
    ...warmup,
  }).refine(({ compat, warmupSteps, warmupRatio }) =>
    compat === undefined || (warmupSteps ?? warmupRatio ?? 0) === 0, {
    path: ["compat"],
    message: "begins the schedule anew each epoch, so that no place is left for a warm-up: remove one of the two",
  }).refine(({ compat, periodEpochs, periodMultiplier }) =>
    compat === undefined || periodMultiplier === 1 || periodEpochs < 1, {
    path: ["periodMultiplier"],
    message: "stands beside compat, under which each epoch begins the first period anew: no second one comes when "
      + "periodEpochs is 1 or more; leave it out",
  }),
  z.strictObject({ type: z.literal("step"), everySteps: wholeNumber(1), decay: share(), ...warmup }),
], "an object whose type is one of \"constant\", \"linear\", \"cosine\", \"cosine-warm-restarts\", \"step\"").refine(
  ({ warmupSteps, warmupRatio }) => warmupSteps === undefined || warmupRatio === undefined,
  { path: ["warmupSteps"], message: "stands beside training.schedule.warmupRatio; give one of the two" },
);

const ema = z.strictObject({ decay: fraction().default(0.999) }, "an object such as {\"decay\":0.999}");

const epsilon = positive().default(1);

const adversarial = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("fgm"), epsilon }),
  z.strictObject({
    type: z.literal("pgd"), epsilon, alpha: positive().default(0.3), steps: wholeNumber(1, LIMITS.ascents).default(3),
  }),
], "an object whose type is \"fgm\" or \"pgd\"");

const earlyStopping = z.strictObject({
  patience: wholeNumber(1),
  minDelta: numberBetween(0, 1).default(0),
}, "an object such as {\"patience\":3}");

/** The section `training`. */
export const trainingSection = z.strictObject({
  epochs: wholeNumber(1),
  batchSize: wholeNumber(1, LIMITS.batchSize),
  learningRate: positive(),
  headLearningRate: positive().optional(),
  layerDecay: share().default(1),
  frozenEmbeddings: flag().default(false),
  frozenLayers: wholeNumber(0, LIMITS.layers).default(0),
  weightDecay: number(0).default(0.01),
  decayAll: flag().default(false),
  adamBeta1: fraction().default(0.9),
  adamBeta2: fraction().default(0.999),
  adamEps: positive().default(1e-8),
  maxGradNorm: number(0).default(1),
  accumulationSteps: wholeNumber(1, LIMITS.batchSize).default(1),
  ema: ema.optional(),
  adversarial: adversarial.optional(),
  rDrop: number(0).default(0),
  labelSmoothing: fraction().default(0),
  activationCheckpointing: flag().default(false),
  autoMicroBatch: flag().default(false),
  cudaGraphs: flag().default(false),
  precision: oneOf(["fp32", "tf32", "bf16"]).default("fp32"),
  schedule: schedule.prefault({ type: "linear", warmupRatio: 0.1 }),
  earlyStopping: earlyStopping.optional(),
  seed: wholeNumber(0, LIMITS.seed).default(2333),
  maxSeqLen: wholeNumber(3, LIMITS.size).default(128),
  stride: wholeNumber(1, LIMITS.size).optional(),
  device: z.string("\"auto\", \"cpu\", \"cuda\" or \"cuda:N\"")
    .regex(/^(auto|cpu|cuda(:\d{1,3})?)$/, "\"auto\", \"cpu\", \"cuda\" or \"cuda:N\"").default("auto"),
  threads: wholeNumber(0, 1024).default(0),
}, "an object").refine(
  ({ maxSeqLen, stride }) => (stride ?? 1) <= maxSeqLen - 2,
  { path: ["stride"], message: "is more than training.maxSeqLen - 2, the tokens of a window; lower it" },
).refine(
  ({ adversarial: perturbation, frozenEmbeddings }) => perturbation === undefined || !frozenEmbeddings,
  { path: ["adversarial"], message: "perturbs word embeddings, which training.frozenEmbeddings lets take no gradient; "
    + "remove one of the two" },
).refine(
  ({ adversarial: perturbation, frozenLayers }) => perturbation === undefined || frozenLayers === 0,
  { path: ["adversarial"], message: "perturbs word embeddings, which training.frozenLayers freezes with the layers; "
    + "remove one of the two" },
);
