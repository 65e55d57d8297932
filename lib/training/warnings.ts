import type { Metrics } from "../evaluation/metrics.js";

/** What a warning needs to know of a training besides its scores. */
export interface WarningContext {
  /** Entities of each type in the training set. */
  trainingCounts: ReadonlyMap<string, number>;
  threshold: number;
  learningRate: number;
  /** Whether no epoch comes after this one. */
  last: boolean;
  /** Whether the likely causes were told after an epoch before. */
  told: boolean;
}

/** Entities of a type in training below which it is no wonder that the type is not learnt. */
const FEW = 20;
const LISTED = 10;

/**
 * Lines that say that something is likely to be wrong after an epoch, with what it may be; none when scores look as
 * they should. Types that are never predicted are told after the last epoch only: before, they may still come.
 */
export function epochWarnings(dev: Metrics, epoch: number, context: WarningContext): string[] {
  if (dev.support === 0) return ["warning: the dev set has no entity, so that every score is 0; give another data.dev"];
  if (dev.predicted === 0) return nothingPredicted(epoch, context);
  return context.last ? neverPredicted(dev, context) : [];
}

function nothingPredicted(epoch: number, { threshold, learningRate, last, told }: WarningContext): string[] {
  if (told && !last) return [`warning: nothing was predicted on the dev set after epoch ${epoch} either`];
  const lines = [`warning: nothing was predicted on the dev set after epoch ${epoch}; likely causes:`];
  if (!last) lines.push("  - it is early: small sets and small learning rates need some epochs; the loss should fall");
  lines.push(
    `  - training.learningRate (${learningRate}) is too low to learn anything, or so high that the loss does not fall`,
    "  - labels and texts do not belong together: gp-data check names spans that miss their mentions",
    "  - most entities have no token span: see what is told about lost entities above, and tokenizer.lowerCase",
    `  - evaluation.threshold (${threshold}) is too high`,
    "  gp-train --overfit-batch tells whether data and labels can be learnt at all",
  );
  return lines;
}

function neverPredicted(dev: Metrics, { trainingCounts }: WarningContext): string[] {
  const silent = Object.entries(dev.types).filter(([, { support, predicted }]) => support > 0 && predicted === 0);
  if (silent.length === 0) return [];
  const lines = [`warning: ${silent.length} of ${Object.keys(dev.types).length} types were never predicted:`];
  for (const [type, { support }] of silent.slice(0, LISTED)) {
    const count = trainingCounts.get(type) ?? 0;
    const few = count === 0 ? "none to learn from" : "too few to learn from";
    const cause = count < FEW ? few : "longer training may help";
    lines.push(`  ${type}: ${support} in dev, ${count} in training: ${cause}`);
  }
  if (silent.length > LISTED) lines.push(`  and ${silent.length - LISTED} more`);
  lines.push("  a lower threshold may show them: gp-eval --tune-thresholds");
  return lines;
}
