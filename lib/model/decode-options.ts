import { shownArgument } from "./arguments.js";
import type { ModelDescription } from "./description.js";

/** Which of the spans that a model scores become entities. */
export interface DecodeOptions {
  /** Score above which a span is an entity, for all types. Default: what the model directory says. */
  threshold?: number;
  /** The same by type; goes before `threshold`. */
  thresholds?: Readonly<Record<string, number>>;
  /** Leaves out spans of more tokens. */
  maxSpanTokens?: number;
  /** Keeps the best-scoring entities of each text only, this many. */
  topK?: number;
  /** Keeps entities that do not overlap: the set whose scores lie furthest above their thresholds in sum. */
  flat?: boolean;
}

function requireCount(value: unknown, name: string): void {
  if (value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 1)) return;
  throw new RangeError(`${name} must be a whole number of 1 or more, but is ${shownArgument(value)}`);
}

/** Infinities are thresholds like any other. */
function requireThreshold(value: unknown, name: string): asserts value is number {
  if (typeof value === "number" && !Number.isNaN(value)) return;
  throw new RangeError(`${name} must be a number, but is ${shownArgument(value)}`);
}

/** @throws RangeError naming the option that does not fit, or the type that the model does not have */
export function requireDecodeOptions(options: DecodeOptions, entityTypes: readonly string[]): void {
  const { threshold, thresholds = {}, maxSpanTokens, topK } = options;
  if (threshold !== undefined) requireThreshold(threshold, "threshold");
  for (const [type, value] of Object.entries(thresholds)) {
    requireThreshold(value, `the threshold of ${type}`);
    if (!entityTypes.includes(type)) {
      throw new RangeError(
        `there is a threshold for ${shownArgument(type)}, but the model has ${entityTypes.join(", ")} only`,
      );
    }
  }
  requireCount(maxSpanTokens, "maxSpanTokens");
  requireCount(topK, "topK");
}

/** [types] the threshold of each type, in the model's order. */
export function thresholdsFor(
  description: Pick<ModelDescription, "entityTypes" | "threshold" | "thresholds">, options: DecodeOptions,
): Float32Array {
  const { entityTypes, threshold, thresholds } = description;
  const byType = new Map(Object.entries(options.thresholds ?? {}));
  return Float32Array.from(entityTypes, (type, index) =>
    byType.get(type) ?? options.threshold ?? thresholds?.[index] ?? threshold);
}
