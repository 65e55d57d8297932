import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { formatOptionsSchema } from "../data/formats/options.js";
import { sampleFormats } from "../data/read-samples.js";
import { pretrainedEncoder, randomEncoder } from "./encoder-section.js";
import { file, flag, number, oneOf, text, wholeNumber } from "./fields.js";
import { headSection } from "./head-section.js";
import { trainingSection } from "./training-section.js";

/*
 * Every key of a config file, with its default and what it may hold. Nothing outside this folder knows key names as
 * text; what each key means to the user is told in docs/configuration.md. The larger sections have files of their own.
 */

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

const tokenizer = z.strictObject({ lowerCase: flag().optional() }, "an object");

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
    head: headSection.prefault({}),
    training: trainingSection,
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
