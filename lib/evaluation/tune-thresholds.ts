import { DocumentAlignment } from "../data/align.js";
import { entityKey, withoutDuplicates } from "../data/distinct.js";
import type { Sample } from "../data/sample.js";
import type { WindowOptions } from "../data/windows.js";
import { thresholdsFor, type DecodeOptions } from "../model/decode-options.js";
import type { GlobalPointer } from "../model/global-pointer.js";
import { ratio, scoresFrom, StrictMetrics, type Metrics } from "./metrics.js";

/** Scores looked at: a span below is taken for one that no useful threshold would let through. */
const LOWEST = -8;
/** Scores above this fall into one bin. */
const HIGHEST = 24;
/** Bins a unit of score: thresholds are multiples of 1/32, which float32 holds exactly. */
const RESOLUTION = 32;
const BINS = (HIGHEST - LOWEST) * RESOLUTION + 1; // the last for what is above HIGHEST

export interface TunedThresholds {
  /** [types] in the model's order. */
  thresholds: number[];
  /** Strict scores with the thresholds that the model had, and with these; on the very set they were tuned on. */
  before: Metrics;
  after: Metrics;
}

/** Of one type: how many predictions, and how many right ones, fall into each bin of scores. */
interface Histogram {
  predicted: Uint32Array; // [BINS]
  correct: Uint32Array; // [BINS]
  support: number;
  /** The highest score of all. */
  highest: number;
  /** The threshold that the type has. */
  old: number;
}

/** The bin above whose threshold a score lies, and no higher bin's. */
function binOf(score: number): number {
  return Math.min(BINS - 1, Math.max(0, Math.ceil((score - LOWEST) * RESOLUTION) - 1));
}

/** The threshold that lets through this bin and those above it. */
function thresholdOf(bin: number): number {
  return LOWEST + bin / RESOLUTION;
}

interface Choice {
  threshold: number;
  predicted: number;
  correct: number;
}

type Choices = (Choice | undefined)[];

/**
 * The threshold that makes 2 correct - f (predicted) largest for one type. Of a row of thresholds that do equally well,
 * the one that the type has stays, where it is among them: nothing speaks for another. Else the one in the middle is
 * taken, which has most room on both sides; but the highest where the row goes down to the lowest score looked at, and
 * the lowest where it is best to let nothing through: what is surer than all that was wrong here has its chance.
 */
function bestFor({ predicted, correct, highest, old }: Histogram, f: number): Choice {
  let best = { bin: BINS, predicted: 0, correct: 0, value: 0, last: BINS };
  let [guesses, hits] = [0, 0];
  for (let bin = BINS - 1; bin >= 0; bin--) {
    guesses += predicted[bin] ?? 0;
    hits += correct[bin] ?? 0;
    const value = 2 * hits - f * guesses;
    if (value > best.value + 1e-9) best = { bin, predicted: guesses, correct: hits, value, last: bin };
    else if (guesses === best.predicted && hits === best.correct) best.last = bin;
  }
  const counts = { predicted: best.predicted, correct: best.correct };
  const nothing = best.predicted === 0;
  const lowest = best.last === BINS ? Math.max(HIGHEST, Math.ceil(highest)) : thresholdOf(best.last); // no upper end
  if (lowest <= old && (nothing || old <= thresholdOf(best.bin))) return { threshold: old, ...counts };
  if (nothing) return { threshold: lowest, ...counts };
  const bin = best.last === 0 ? best.bin : Math.round((best.bin + best.last) / 2);
  return { threshold: thresholdOf(bin), ...counts };
}

/**
 * Per-type thresholds that give the best strict micro F1 on a set. Micro F1 is 2 C / (G + P), a ratio of sums over the
 * types; its maximum f solves max (2 C - f P) = f G, and for a given f each type can be settled by itself (Dinkelbach,
 * "On nonlinear fractional programming", 1967). Iterated until f stands still, a few rounds. What is predicted of the
 * types that are not to be settled belongs to the sums as it is.
 *
 * @returns [types]; undefined for a type of which there is no entity
 */
function settle(histograms: readonly Histogram[], before: Metrics, entityTypes: readonly string[]): Choices {
  const kept = entityTypes.filter((_, index) => histograms[index]?.support === 0)
    .reduce((sum, type) => sum + (before.types[type]?.predicted ?? 0), 0);
  let f = 0;
  for (;;) {
    const choices = histograms.map((histogram) => histogram.support === 0 ? undefined : bestFor(histogram, f));
    const correct = choices.reduce((sum, choice) => sum + (choice?.correct ?? 0), 0);
    const predicted = choices.reduce((sum, choice) => sum + (choice?.predicted ?? 0), kept);
    const next = ratio(2 * correct, before.support + predicted);
    if (next <= f + 1e-12) return choices;
    f = next;
  }
}

/**
 * Finds per-type thresholds on a set of annotated texts. A type of which the set has no entity keeps its threshold, as
 * nothing is known of it.
 *
 * Scores are gathered in bins of 1/32: memory does not grow with the set, however many spans a low threshold lets
 * through.
 *
 * @param options `threshold` and `thresholds` are those to compare with; `flat` and `topK` do not take part
 * @throws RangeError when an option does not fit the model
 */
export async function tuneThresholds(
  model: GlobalPointer, samples: AsyncIterable<Sample> | Iterable<Sample>,
  options: Omit<DecodeOptions, "flat" | "topK"> & Partial<WindowOptions> & { batchSize: number },
): Promise<TunedThresholds> {
  model.checkOptions(options);
  const { entityTypes, tokenizer } = model;
  const typeIndex = new Map(entityTypes.map((type, index) => [type, index]));
  const window = model.windowOptions(options);
  const old = thresholdsFor(model.description, options);
  const histograms = entityTypes.map((_, index): Histogram => ({
    predicted: new Uint32Array(BINS), correct: new Uint32Array(BINS), support: 0, highest: -Infinity,
    old: old[index] ?? 0,
  }));
  const before = new StrictMetrics(entityTypes);
  const documents = async function* () {
    for await (const sample of samples) {
      yield { sample, windows: new DocumentAlignment(sample, tokenizer, typeIndex, window).windows() };
    }
  };
  const { batchSize, maxSpanTokens } = options;
  const lowest = entityTypes.map((type, index) => [type, Math.min(LOWEST, old[index] ?? 0)] as const);
  const low = {
    batchSize, thresholds: Object.fromEntries(lowest), ...(maxSpanTokens === undefined ? {} : { maxSpanTokens }),
  };
  for await (const { document: { sample }, entities } of model.predictDocuments(documents(), low)) {
    const gold = new Set(sample.entities.map(entityKey));
    for (const { type } of withoutDuplicates(sample.entities).kept) {
      const histogram = histograms[typeIndex.get(type) ?? -1];
      if (histogram !== undefined) histogram.support++;
    }
    const passing = [];
    for (const entity of entities()) {
      const index = typeIndex.get(entity.type) ?? 0;
      const score = entity.score ?? 0;
      const histogram = histograms[index];
      if (score > (old[index] ?? 0)) passing.push(entity);
      if (histogram === undefined || score <= LOWEST) continue;
      histogram.highest = Math.max(histogram.highest, score);
      const bin = binOf(score);
      histogram.predicted[bin] = (histogram.predicted[bin] ?? 0) + 1;
      if (gold.has(entityKey(entity))) histogram.correct[bin] = (histogram.correct[bin] ?? 0) + 1;
    }
    before.add(sample.entities, passing);
  }
  const result = before.result();
  return finish(settle(histograms, result, entityTypes), histograms, old, result, entityTypes);
}

function finish(
  choices: Choices, histograms: readonly Histogram[], old: Float32Array, before: Metrics,
  entityTypes: readonly string[],
): TunedThresholds {
  const thresholds = choices.map((choice, index) => choice?.threshold ?? old[index] ?? 0);
  const settled = new Map(entityTypes.map((type, index) => [type, index]));
  const types = Object.fromEntries(Object.entries(before.types).map(([type, kept]) => {
    const index = settled.get(type) ?? -1; // a type that the model does not have is missed now as before
    const [histogram, choice] = [histograms[index], choices[index]];
    if (histogram === undefined || choice === undefined) return [type, kept];
    const { predicted, correct } = choice;
    return [type, scoresFrom({ support: histogram.support, predicted, correct })];
  }));
  const sum = (name: "support" | "predicted" | "correct"): number =>
    Object.values(types).reduce((total, scores) => total + scores[name], 0);
  const total = scoresFrom({ support: sum("support"), predicted: sum("predicted"), correct: sum("correct") });
  return { thresholds, before, after: { ...total, types } };
}
