import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { formatOptionsSchema } from "../data/formats/options.js";
import { sampleFormats } from "../data/read-samples.js";
import { file, flag, fraction, number, numberBetween, oneOf, positive, share, text, wholeNumber } from "./fields.js";

/*
 * Every key of a config file, with its default and what it may hold. Nothing outside this folder knows key names as
 * text; what each key means to the user is told in docs/configuration.md.
 */

const dropout = fraction();

const data = z.strictObject({
  train: file(),
  dev: file(),
  format: oneOf(sampleFormats).default("auto"),
  formatOptions: formatOptionsSchema.optional(),
  skipFaulty: flag().default(false),
  entityTypes: z.array(text(), "a list of names").min(1, "a list of at least one name")
    .max(LIMITS.entityTypes, `a list of at most ${LIMITS.entityTypes} names`).optional(),
}, "an object").refine(
  ({ entityTypes }) => new Set(entityTypes).size === (entityTypes?.length ?? 0),
  { path: ["entityTypes"], message: "names an entity type twice; leave each in once" },
);

/** Sizes that a pretrained directory settles by itself: refused beside `encoder.pretrained`. */
const settledByPretrained = z.never(
  "cannot be given beside encoder.pretrained, whose own files settle it; remove one of the two",
).optional();

const pretrainedEncoder = z.strictObject({
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

const randomEncoder = z.strictObject({
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

const tokenizer = z.strictObject({ lowerCase: flag().optional() }, "an object");

/** What scores the spans; what a type has no use for is refused rather than ignored. */
const head = z.strictObject({
  type: oneOf(["global-pointer", "efficient-global-pointer", "tplinker"]).default("global-pointer"),
  headSize: wholeNumber(1, LIMITS.headSize).optional(),
  rope: flag().optional(),
  biasInput: oneOf(["projection", "hidden"]).optional(),
  maskSpecialTokens: flag().default(false),
}, "an object").superRefine(({ type, headSize, rope, biasInput }, context) => {
  const refuse = (key: string, message: string): void => {
    context.addIssue({ code: "custom", path: [key], message });
  };
  if (type === "tplinker") {
    const why = "cannot be given for a \"tplinker\" head, which has no queries and keys; remove it";
    if (headSize !== undefined) refuse("headSize", why);
    if (rope !== undefined) refuse("rope", why);
  } else if (headSize !== undefined && headSize % 2 !== 0 && rope !== false) {
    refuse("headSize", "is odd, but head.rope rotates pairs of dimensions; give an even number");
  }
  if (biasInput !== undefined && type !== "efficient-global-pointer") {
    refuse("biasInput", `cannot be given for a "${type}" head, which has no biases by type; remove it`);
  }
}).transform(({ type, headSize = 64, rope = true, biasInput = "projection", maskSpecialTokens }) => {
  switch (type) {
    case "global-pointer": return { type, headSize, rope, maskSpecialTokens };
    case "efficient-global-pointer": return { type, headSize, rope, biasInput, maskSpecialTokens };
    case "tplinker": return { type, maskSpecialTokens };
  }
});

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

const ema = z.strictObject({ decay: fraction().default(0.999) }, "an object");

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
}, "an object");

const training = z.strictObject({
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

const evaluation = z.strictObject({
  batchSize: wholeNumber(1, LIMITS.batchSize).default(32),
  threshold: number().default(0),
}, "an object");

const tracking = z.strictObject({
  console: flag().default(true),
  everySteps: wholeNumber(1).default(10),
  tensorboard: flag().default(false),
  wandb: z.strictObject({
    project: text(),
    entity: text().optional(),
    name: text().optional(),
  }, "an object").optional(),
}, "an object");

/** Two passes that drop nothing are the same. */
function dropsSomething({ encoder, training: { rDrop } }: {
  encoder: { hiddenDropoutProb?: number | undefined; attentionProbsDropoutProb?: number | undefined };
  training: { rDrop: number };
}): boolean {
  return rDrop === 0 || encoder.hiddenDropoutProb !== 0 || encoder.attentionProbsDropoutProb !== 0;
}

const withoutDropout = {
  path: ["training", "rDrop"],
  message: "compares two passes with other dropout, but encoder.hiddenDropoutProb and "
    + "encoder.attentionProbsDropoutProb are 0; give dropout, or remove it",
};

function configSchemaWith<E extends z.ZodType>(encoder: E) {
  return z.strictObject({
    name: z.string("text").regex(
      /^[\p{L}\p{N}_][\p{L}\p{N}._-]*$/u, "a folder name of letters, digits, \"_\", \"-\" and \".\", not starting with \".\"",
    ),
    output: file().default("runs"),
    data,
    encoder,
    tokenizer: tokenizer.prefault({}),
    head: head.prefault({}),
    training,
    evaluation: evaluation.prefault({}),
    tracking: tracking.prefault({}),
  }, "an object");
}

const configWithPretrained = configSchemaWith(pretrainedEncoder).refine(dropsSomething, withoutDropout);
const configWithRandomEncoder = configSchemaWith(randomEncoder).refine(
  ({ encoder, training: { maxSeqLen } }) => maxSeqLen <= (encoder.maxPositionEmbeddings ?? maxSeqLen),
  { path: ["training", "maxSeqLen"], message: "is more than encoder.maxPositionEmbeddings; lower it or raise that" },
).refine(
  ({ encoder, training: { frozenLayers } }) => frozenLayers <= encoder.numHiddenLayers,
  { path: ["training", "frozenLayers"], message: "is more than encoder.numHiddenLayers; lower it" },
).refine(dropsSomething, withoutDropout);
const anyConfig = configSchemaWith(z.union([pretrainedEncoder, randomEncoder]));

/** A config with every default filled in. */
export type Config = z.output<typeof anyConfig>;
type EncoderConfig = Config["encoder"];
type PretrainedEncoderConfig = z.output<typeof pretrainedEncoder>;
export type RandomEncoderConfig = z.output<typeof randomEncoder>;
export type Schedule = Config["training"]["schedule"];
export type EarlyStopping = NonNullable<Config["training"]["earlyStopping"]>;

/** Keys that hold the path of a file or folder. */
export const pathKeys: readonly string[] = ["output", "data.train", "data.dev", "encoder.pretrained", "encoder.vocab"];

/** Tells the two kinds of encoder apart. */
export function isPretrained(encoder: EncoderConfig): encoder is PretrainedEncoderConfig {
  return "pretrained" in encoder;
}

/**
 * The schema that fits a raw config: the keys of `encoder` depend on whether `encoder.pretrained` is given, and
 * choosing beforehand lets an error speak of that one kind only.
 */
export function schemaFor(raw: unknown): z.ZodType<Config> {
  const given = z.object({ encoder: z.object({ pretrained: z.unknown() }) }).safeParse(raw);
  return given.success && given.data.encoder.pretrained !== undefined ? configWithPretrained : configWithRandomEncoder;
}

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The JSON schema of a config file: for editors, and for whatever needs a list of the keys. */
export function configJsonSchema(): JsonSchema {
  return z.toJSONSchema(anyConfig, { io: "input" });
}
