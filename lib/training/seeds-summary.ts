import type { Metrics, Scores } from "../evaluation/metrics.js";

/** Mean over several trainings, and how far they lie apart. */
export interface Spread {
  mean: number;
  /** Sample standard deviation, over n - 1; absent for one training, which says nothing about it. */
  deviation?: number;
}

const SHARES = ["precision", "recall", "f1"] as const;

export type SharesSpread = Record<typeof SHARES[number], Spread>;

/** Over all entities, and by type. */
export interface MetricsSpread extends SharesSpread {
  types: Record<string, SharesSpread>;
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (count - 1)) };
}

function sharesSpread(scores: readonly Scores[]): SharesSpread {
  const [precision, recall, f1] = SHARES.map((share) => spreadOf(scores.map((one) => one[share])));
  const none = { mean: NaN };
  return { precision: precision ?? none, recall: recall ?? none, f1: f1 ?? none };
}

/** @param metrics of the same set, one a training; at least one */
export function metricsSpread(metrics: readonly Metrics[]): MetricsSpread {
  const names = [...new Set(metrics.flatMap(({ types }) => Object.keys(types)))];
  const ofType = (name: string): Scores[] => metrics.flatMap(({ types }) => types[name] ?? []);
  return {
    ...sharesSpread(metrics),
    types: Object.fromEntries(names.map((name) => [name, sharesSpread(ofType(name))])),
  };
}
