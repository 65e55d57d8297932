import type { ResolvedConfig } from "../config/load.js";
import type { StepOptions } from "../model/native.js";

type Adversarial = NonNullable<ResolvedConfig["training"]["adversarial"]>;

/** The fast gradient method is one ascent as long as the ball's radius. */
function perturbation(adversarial: Adversarial): Required<StepOptions>["adversarial"] {
  const { epsilon } = adversarial;
  return adversarial.type === "fgm"
    ? { epsilon, alpha: epsilon, steps: 1 }
    : { epsilon, alpha: adversarial.alpha, steps: adversarial.steps };
}

/** What a config asks of a step that is to learn by heart: nothing that holds it back from that. */
export function plainStepOptions({ training }: ResolvedConfig): StepOptions {
  const {
    layerDecay, frozenEmbeddings, frozenLayers, activationCheckpointing, autoMicroBatch, cudaGraphs, precision,
  } = training;
  return {
    layerDecay, frozenEmbeddings, frozenLayers, activationCheckpointing, autoMicroBatch, cudaGraphs, precision,
  };
}

/** What a config asks of each training step besides AdamW. */
export function stepOptions(config: ResolvedConfig): StepOptions {
  const { ema, adversarial, rDrop, labelSmoothing } = config.training;
  return {
    ...plainStepOptions(config),
    rDrop,
    labelSmoothing,
    ...(ema === undefined ? {} : { averageDecay: ema.decay }),
    ...(adversarial === undefined ? {} : { adversarial: perturbation(adversarial) }),
  };
}
