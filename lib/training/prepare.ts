import type { ResolvedConfig } from "../config/load.js";
import { formatAlignmentReport } from "../data/alignment-report.js";
import { formatReadReport } from "../data/read-samples.js";
import type { ModelDescription } from "../model/description.js";
import { GlobalPointer } from "../model/global-pointer.js";
import type { StepOptions } from "../model/native.js";
import type { ModelPlan } from "./build-model.js";
import type { TrainingData } from "./data.js";
import type { TrainingObserver } from "./progress.js";
import { stepOptions } from "./step-options.js";

/**
 * Makes the model of a plan, with pretrained weights where the plan has them, and tells what was loaded.
 *
 * @throws GlobalPointerError `DEVICE`, `BAD_WEIGHTS`, `BAD_SHAPE` or `SETUP`
 */
export async function createModel(
  plan: ModelPlan, description: ModelDescription, config: ResolvedConfig, observer: TrainingObserver | undefined,
): Promise<GlobalPointer> {
  const { device, threads, seed } = config.training;
  const { encoder: { vocabSize } } = description;
  if (plan.vocabulary.size < vocabSize) {
    observer?.message?.(
      `the vocabulary holds ${plan.vocabulary.size} tokens, fewer than the ${vocabSize} embeddings: make sure that `
      + "vocab.txt is whole",
    );
  }
  const model = await GlobalPointer.create(description, plan.vocabulary, { device, threads, seed });
  try {
    if (plan.weightsPath !== undefined) {
      const { loaded, missing, unexpected } = await model.loadWeights(plan.weightsPath, "encoder");
      const named = (what: string, names: string[]): string =>
        names.length > 0 ? `; ${what}: ${names.join(", ")}` : "";
      observer?.message?.(
        `loaded ${loaded.length} tensors from ${plan.weightsPath}`
        + named("new", missing) + named("not used", unexpected),
      );
    }
    return model;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/**
 * Tells what became of the data, and makes the optimizer.
 *
 * @param options of a step; default: what the config asks for
 */
export async function prepare(
  model: GlobalPointer, config: ResolvedConfig, data: TrainingData, observer: TrainingObserver | undefined,
  options: StepOptions = stepOptions(config),
): Promise<void> {
  const { training } = config;
  const report = [
    ...formatAlignmentReport(data.alignment, config.data.train),
    ...formatReadReport(data.reading, config.data.train),
    ...formatReadReport(data.devReading, config.data.dev),
    `training on ${data.reading.samples} texts, ${data.dataset.tokenCount} tokens, ${data.alignment.aligned} `
    + `entities of ${model.entityTypes.length} types; ${model.parameterCount} parameters, `
    + `${model.headParameterCount} of them in the head, on ${model.device}`,
  ];
  for (const line of report) observer?.message?.(line);
  await model.engine.configureOptimizer({
    weightDecay: training.weightDecay,
    beta1: training.adamBeta1,
    beta2: training.adamBeta2,
    eps: training.adamEps,
    maxGradNorm: training.maxGradNorm,
    decayAll: training.decayAll,
  }, options);
}
