// Long texts through a model: prediction in windows, evaluation, thresholds that are tuned.
import fc from "fast-check";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { windowsOf, type DocumentWindow, type WindowOptions } from "../../lib/data/windows.js";
import { evaluate } from "../../lib/evaluation/evaluate.js";
import { tuneThresholds } from "../../lib/evaluation/tune-thresholds.js";
import { rewriteDescription } from "../../lib/model/directory.js";
import { packEncodings } from "../../lib/model/document-prediction.js";
import { bertSwitches } from "../../lib/model/encoder-config.js";
import { GlobalPointer } from "../../lib/model/global-pointer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";
import { temporaryFolder } from "../support/commands.js";

const vocabulary = Vocabulary.fromLines([
  "[PAD]", "[UNK]", "[CLS]", "[SEP]", "甲", "乙", "丙", "丁", "。", "a", "##b", "##a", "ㅎ", "ㅏ", "ㄴ",
], "test");
// Tokens of several characters, blanks, ends of sentences, and a character without a token of its own.
const PIECES = ["甲", "乙", "丙", "丁", "。", " ", "ab", "aab", "x", "😀", "\n"];
const TYPES = ["b", "a"];
const SIZE = 16;
/** Of scores that the same tokens get in batches of different make-up. */
const TOLERANCE = 1e-3;
const everything = { threshold: -1e9 };

/** Multiplies all weights and biases of the head in a file. */
function amplifyHead(path: string, factor: number): void {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength)) as
    Record<string, { data_offsets: [number, number] } | undefined>;
  for (const name of ["dense.weight", "dense.bias"]) {
    const [begin, end] = header[name]?.data_offsets ?? [0, 0];
    for (let at = 8 + headerLength + begin; at < 8 + headerLength + end; at += 4) {
      bytes.writeFloatLE(bytes.readFloatLE(at) * factor, at);
    }
  }
  writeFileSync(path, bytes);
}

/** A model with random weights. Scores grow with the square of the factor. */
async function randomModel(directory: string, factor: number): Promise<GlobalPointer> {
  const device = { device: "cpu", threads: 1 };
  const created = await GlobalPointer.create({
    encoder: {
      vocabSize: vocabulary.size, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 8,
      maxPositionEmbeddings: SIZE, typeVocabSize: 2, padTokenId: 0, layerNormEps: 1e-12, hiddenAct: "gelu",
      hiddenDropoutProb: 0, attentionProbsDropoutProb: 0, initializerRange: 1, ...bertSwitches(8),
    },
    head: { type: "global-pointer", headSize: 16, rope: true, maskSpecialTokens: false },
    entityTypes: TYPES,
    tokenizer: { lowerCase: true },
    threshold: 0.5,
    window: { maxSeqLen: SIZE, stride: 10 },
  }, vocabulary, { ...device, seed: 3 });
  await created.save(directory);
  await created.dispose();
  amplifyHead(join(directory, "model.safetensors"), factor);
  return GlobalPointer.load(directory, device);
}

let folder: ReturnType<typeof temporaryFolder>;
let model: GlobalPointer; // scores of several units either way
let loud: GlobalPointer; // scores beyond all that thresholds are looked for among
beforeAll(async () => {
  folder = temporaryFolder();
  model = await randomModel(join(folder.path, "model"), 2.5);
  loud = await randomModel(join(folder.path, "loud"), 20);
});
afterAll(async () => {
  await model.dispose();
  await loud.dispose();
  folder.remove();
});

const textsOf = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...PIECES), { minLength, maxLength }).map((pieces) => pieces.join(""));
const windowing: fc.Arbitrary<WindowOptions> = fc.integer({ min: 3, max: SIZE }).chain((maxSeqLen) =>
  fc.integer({ min: 1, max: maxSeqLen - 2 }).map((stride) => ({ maxSeqLen, stride })));

const key = ({ start, end, type }: Entity): string => `${start} ${end} ${type}`;

function inOrder(a: Entity, b: Entity): number {
  return a.start - b.start || b.end - a.end || (a.type < b.type ? -1 : 1);
}

/** How much of the text a window shows on the nearer side of a span; at the edges of the text, all there is. */
function context(window: DocumentWindow, index: number, count: number, start: number, end: number): number {
  const before = index === 0 ? Infinity : start - window.start;
  const after = index === count - 1 ? Infinity : window.end - 1 - end;
  return Math.min(before, after);
}

/** Every entity of a text, by its definition: each span from the window that shows most around it. */
async function byHand(
  text: string, options: WindowOptions, { maxSpanTokens = Infinity, threshold = -Infinity } = {},
): Promise<Entity[]> {
  const windows = [...windowsOf(text, model.tokenizer, options)];
  const scores: Float32Array[] = [];
  for (const { encoding } of windows) scores.push(...await model.engine.scores(packEncodings([encoding])));
  const found = new Map<string, Entity>();
  const tokens = windows.at(-1)?.end ?? 0;
  for (let start = 0; start < tokens; start++) {
    for (let end = start; end < Math.min(tokens, start + maxSpanTokens); end++) {
      let owner = -1;
      let most = -1;
      windows.forEach((window, index) => {
        if (start < window.start || end >= window.end) return;
        const shown = context(window, index, windows.length, start, end);
        if (shown > most) [owner, most] = [index, shown];
      });
      const window = windows[owner];
      if (window === undefined) continue;
      const [first, last] = [start - window.start + 1, end - window.start + 1]; // behind [CLS]
      const { starts, ends, inputIds } = window.encoding;
      const range = { start: starts[first] ?? 0, end: ends[last] ?? 0 };
      TYPES.forEach((type, typeIndex) => {
        const score = scores[owner]?.[(typeIndex * inputIds.length + first) * inputIds.length + last] ?? NaN;
        const entity = { ...range, type, score };
        const known = found.get(key(entity));
        if (score > threshold && score > (known?.score ?? -Infinity)) found.set(key(entity), entity);
      });
    }
  }
  return [...found.values()].sort(inOrder);
}

async function predictOne(text: string, options: Parameters<GlobalPointer["predict"]>[1]): Promise<Entity[]> {
  const [prediction] = await model.predict([text], options);
  return prediction?.entities ?? [];
}

/** The same entities in the same order; scores as near as rounding lets them. */
function expectSame(found: readonly Entity[], expected: readonly Entity[]): void {
  expect(found.map(key)).toEqual(expected.map(key));
  found.forEach(({ score = NaN }, index) => {
    expect(Math.abs(score - (expected[index]?.score ?? NaN))).toBeLessThan(TOLERANCE);
  });
}

describe("prediction in windows", () => {
  test("each span has the score of the window that shows most around it, for any windows and batches", async () => {
    await fc.assert(fc.asyncProperty(
      fc.array(textsOf(0, 40), { minLength: 1, maxLength: 3 }), windowing, fc.integer({ min: 1, max: 7 }),
      async (texts, options, batchSize) => {
        const predictions = await model.predict(texts, { ...options, ...everything, batchSize });
        expect(predictions.map(({ text }) => text)).toEqual(texts);
        for (const { text, entities } of predictions) {
          expect(new Set(entities.map(key)).size).toBe(entities.length);
          expectSame(entities, await byHand(text, options));
        }
      },
    ), { numRuns: 25 });
  });

  test("a threshold lets through what lies above it, type by type", async () => {
    await fc.assert(fc.asyncProperty(textsOf(15, 40), windowing, fc.double({ min: -3, max: 3, noNaN: true }), async (
      text, options, threshold,
    ) => {
      const expected = await byHand(text, options);
      const found = await predictOne(text, { ...options, threshold });
      const sure = expected.filter(({ score = 0 }) => score > threshold + TOLERANCE);
      const possible = new Set(expected.filter(({ score = 0 }) => score > threshold - TOLERANCE).map(key));
      expect(sure.map(key).filter((one) => !found.some((entity) => key(entity) === one))).toEqual([]);
      expect(found.map(key).filter((one) => !possible.has(one))).toEqual([]);
      expect(found).toEqual([...found].sort(inOrder));
      const one = await predictOne(text, { ...options, threshold: 1e9, thresholds: { a: threshold } });
      expect(one.map(key)).toEqual(found.filter(({ type }) => type === "a").map(key));
    }), { numRuns: 12 });
  });

  test("a text that fits gives what it gives by itself, and what longer windows give", async () => {
    await fc.assert(fc.asyncProperty(textsOf(0, 12), async (text) => {
      const { length } = model.tokenizer.encode(text).inputIds;
      fc.pre(length <= SIZE);
      const whole = await predictOne(text, everything);
      const fitting = Math.max(3, length);
      for (const stride of new Set([1, fitting - 2])) {
        expect(await predictOne(text, { ...everything, maxSeqLen: fitting, stride })).toEqual(whole);
      }
    }), { numRuns: 15 });
  });

  test("texts of all lengths in one batch come in their order", async () => {
    const texts = ["甲乙", "甲乙丙丁".repeat(30), "", "丁。".repeat(20), "乙"];
    const alone: Entity[][] = [];
    for (const text of texts) alone.push(await predictOne(text, everything));
    for (const batchSize of [1, 2, 5, 100]) {
      const together = await model.predict(texts, { ...everything, batchSize });
      together.forEach(({ entities }, index) => { expectSame(entities, alone[index] ?? []); });
    }
  });

  test("maxSpanTokens counts tokens, across windows too", async () => {
    await fc.assert(fc.asyncProperty(textsOf(5, 30), windowing, fc.integer({ min: 1, max: 6 }), async (
      text, options, maxSpanTokens,
    ) => {
      const found = await predictOne(text, { ...options, ...everything, maxSpanTokens });
      expectSame(found, await byHand(text, options, { maxSpanTokens }));
    }), { numRuns: 10 });
  });

  test("topK keeps the best of a text, flat the best set without overlap, both the best of that set", async () => {
    /** The largest sum of margins from each position on, of entities that do not overlap. */
    const largest = (entities: readonly Entity[], threshold: number, length: number): number => {
      const best = new Array<number>(length + 2).fill(0);
      for (let at = length; at >= 0; at--) {
        best[at] = Math.max(best[at + 1] ?? 0, ...entities.filter(({ start }) => start === at)
          .map(({ end, score = 0 }) => score - threshold + (best[end] ?? 0)));
      }
      return best[0] ?? 0;
    };
    await fc.assert(fc.asyncProperty(
      textsOf(5, 40), windowing, fc.constantFrom(-1, 0, 1.5), fc.integer({ min: 1, max: 9 }),
      async (text, options, threshold, topK) => {
        const all = await predictOne(text, { ...options, threshold });
        const best = await predictOne(text, { ...options, threshold, topK });
        expect(best).toHaveLength(Math.min(topK, all.length));
        const least = Math.min(...best.map(({ score = 0 }) => score));
        const kept = new Set(best.map(key));
        expect(best).toEqual(all.filter((entity) => kept.has(key(entity))));
        for (const entity of all) {
          if (!kept.has(key(entity))) expect(entity.score).toBeLessThanOrEqual(least);
        }

        const flat = await predictOne(text, { ...options, threshold, flat: true });
        flat.slice(1).forEach(({ start }, before) => { expect(start).toBeGreaterThanOrEqual(flat[before]?.end ?? 0); });
        const names = new Set(all.map(key));
        for (const entity of flat) {
          expect(names.has(key(entity))).toBe(true);
          expect(Object.keys(entity).sort()).toEqual(["end", "score", "start", "type"]);
        }
        const sum = flat.reduce((total, { score = 0 }) => total + score - threshold, 0);
        expect(sum).toBeCloseTo(largest(all, threshold, text.length), 4);

        const both = await predictOne(text, { ...options, threshold, flat: true, topK });
        expect(both).toHaveLength(Math.min(topK, flat.length));
        for (const entity of both) expect(flat.map(key)).toContain(key(entity));
      },
    ), { numRuns: 12 });
  });

  test("flat weighs by how far each score lies above the threshold of its own type", async () => {
    const text = "甲乙";
    const all = new Map((await predictOne(text, everything)).map((entity) => [key(entity), entity.score ?? 0]));
    const [one = 0, other = 0] = [all.get("0 2 a"), all.get("0 2 b")];
    // Of the two on both characters, the one whose threshold is further away, whichever scores higher.
    const thresholds = { a: one - 9, b: other - 10 };
    expect(await predictOne(text, { thresholds, flat: true })).not.toContainEqual(
      expect.objectContaining({ start: 0, end: 2, type: "a" }),
    );
  });

  test("without any threshold the best set covers the text", async () => {
    const flat = await predictOne("甲乙丙丁甲乙", { threshold: -Infinity, flat: true });
    expect(flat.map(({ start, end }) => end - start)).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test.each<[string, object, RegExp]>([
    ["maxSeqLen", { maxSeqLen: SIZE + 1 }, /^maxSeqLen must be at most 16/],
    ["maxSeqLen", { maxSeqLen: 2 }, /^maxSeqLen must be a whole number of 3 or more/],
    ["stride", { stride: SIZE - 1 }, /^stride must be a whole number from 1 to 14/],
    ["topK", { topK: 0 }, /^topK must be a whole number of 1 or more/],
    ["maxSpanTokens", { maxSpanTokens: 1.5 }, /^maxSpanTokens must be/],
    ["thresholds", { thresholds: { a: NaN } }, /^the threshold of a must be a number/],
    ["thresholds", { thresholds: { c: 1 } }, /^there is a threshold for "c", but the model has b, a only$/],
  ])("refuses the %s %j", async (_, options, message) => {
    await expect(model.predict(["甲"], options)).rejects.toThrow(message);
    await expect(model.predict(["甲"], options)).rejects.toThrow(RangeError);
  });
});

/** Annotation drawn from what there can be at all, and anywhere. */
function samplesOf(minLength: number, maxLength: number): fc.Arbitrary<Sample[]> {
  const sample = textsOf(minLength, maxLength).filter((text) => text.length > 0).chain((text) => {
    const point = fc.nat(text.length - 1);
    const entities = fc.array(fc.tuple(point, fc.nat(5), fc.constantFrom(...TYPES)), { maxLength: 8 });
    return entities.map((list): Sample => ({
      text,
      entities: list.map(([start, more, type]) => ({ start, end: Math.min(text.length, start + 1 + more), type })),
    }));
  });
  return fc.array(sample, { minLength: 1, maxLength: 4 });
}

describe("evaluation of long texts", () => {
  test("scores what predict finds, whatever the batches; explained, the strict scores are the same", async () => {
    await fc.assert(fc.asyncProperty(samplesOf(1, 40), windowing, fc.integer({ min: 1, max: 6 }), async (
      samples, window, batchSize,
    ) => {
      const options = { ...window, threshold: 1, batchSize };
      const predictions = await model.predict(samples.map(({ text }) => text), options);
      const counts = { support: 0, predicted: 0, correct: 0 };
      samples.forEach(({ entities }, index) => {
        const gold = new Set(entities.map(key));
        const found = predictions[index]?.entities ?? [];
        counts.support += gold.size;
        counts.predicted += found.length;
        counts.correct += found.filter((entity) => gold.has(key(entity))).length;
      });
      const plain = await evaluate(model, samples, options);
      expect(plain.metrics).toMatchObject(counts);
      expect(plain).not.toHaveProperty("explanation");
      const explained = await evaluate(model, samples, { ...options, explain: true });
      expect(explained.metrics).toEqual(plain.metrics);
      expect(explained.alignment).toEqual(plain.alignment);
      expect(explained.counts?.texts).toBe(samples.length);
      const total = { support: 0, predicted: 0, correct: 0 };
      for (const row of explained.explanation?.nesting ?? []) {
        total.support += row.support;
        total.predicted += row.predicted;
        total.correct += row.correct;
      }
      expect(total).toEqual(counts);
    }), { numRuns: 12 });
  });

  test("an entity longer than a window counts as missed, and its reason is told", async () => {
    const text = "甲乙丙丁".repeat(10);
    const entities = [
      { start: 0, end: 30, type: "a" }, // longer than a window
      { start: 2, end: 5, type: "a" },
      { start: 20, end: 40, type: "b" },
      { start: 38, end: 40, type: "b" },
    ];
    const sample = { text, entities };
    const { metrics, alignment } = await evaluate(model, [sample], { ...everything, batchSize: 4 });
    expect(metrics).toMatchObject({ support: 4, correct: 2 });
    expect(metrics.types).toMatchObject({ a: { support: 2, correct: 1 }, b: { support: 2, correct: 1 } });
    expect([...alignment.lost.keys()]).toEqual(["longer-than-window"]);
    expect(alignment.lost.get("longer-than-window")).toMatchObject({ count: 2 });
    expect(alignment).toMatchObject({ samples: 1, divided: 1, entities: 4, aligned: 2 });
    expect(alignment.windows).toBeGreaterThan(3);
  });

  test("an entity up to the overlap is never lost, wherever it lies", async () => {
    const text = "甲乙丙丁".repeat(12);
    const window = { maxSeqLen: 12, stride: 6 }; // 10 tokens a window, 4 of them shared
    const entities = Array.from({ length: text.length - 3 }, (_, start) => ({ start, end: start + 4, type: "a" }));
    const { metrics, alignment } = await evaluate(model, [{ text, entities }], {
      ...everything, ...window, batchSize: 3,
    });
    expect(alignment.lostCount).toBe(0);
    expect(metrics.correct).toBe(entities.length);
  });
});

describe("tuneThresholds", () => {
  /** The best micro F1 of all pairs of thresholds on the grid. */
  async function bestOnGrid(
    tuned: GlobalPointer, samples: readonly Sample[], kept: Partial<Record<string, number>>,
  ): Promise<number> {
    const predictions = await tuned.predict(samples.map(({ text }) => text), everything);
    const scored = predictions.flatMap(({ entities }, index) => {
      const gold = new Set(samples[index]?.entities.map(key));
      return entities.map((entity) => ({ ...entity, hit: gold.has(key(entity)) }));
    });
    const support = samples.reduce((sum, { entities }) => sum + new Set(entities.map(key)).size, 0);
    const choices = TYPES.map((type) => {
      const own = scored.filter((entity) => entity.type === type);
      const fixed = kept[type];
      const grid = fixed === undefined ? Array.from({ length: 32 * 32 + 1 }, (_, step) => -8 + step / 32) : [fixed];
      const counts = grid.map((threshold) => {
        const passing = own.filter(({ score = 0 }) => score > threshold);
        return `${passing.length} ${passing.filter(({ hit }) => hit).length}`;
      });
      return [...new Set(counts)].map((pair) => pair.split(" ").map(Number));
    });
    let best = 0;
    for (const [predicted = 0, correct = 0] of choices[0] ?? []) {
      for (const [morePredicted = 0, moreCorrect = 0] of choices[1] ?? []) {
        const guesses = support + predicted + morePredicted;
        best = Math.max(best, guesses === 0 ? 0 : 2 * (correct + moreCorrect) / guesses);
      }
    }
    return best;
  }

  const asOptions = (thresholds: readonly number[]) => ({
    thresholds: Object.fromEntries(TYPES.map((type, index) => [type, thresholds[index] ?? 0])),
  });

  test("finds what no thresholds on the grid beat; what it promises is what evaluation gives", async () => {
    await fc.assert(fc.asyncProperty(samplesOf(1, 24), async (samples) => {
      const options = { batchSize: 4 };
      const { thresholds, before, after } = await tuneThresholds(model, samples, options);
      expect((await evaluate(model, samples, options)).metrics).toEqual(before);
      expect((await evaluate(model, samples, { ...options, ...asOptions(thresholds) })).metrics).toEqual(after);
      const counts = new Map(TYPES.map((type) => [
        type, samples.reduce((sum, { entities }) => sum + entities.filter((one) => one.type === type).length, 0),
      ]));
      const kept = Object.fromEntries(TYPES.flatMap((type, index) => {
        if ((counts.get(type) ?? 0) > 0) return [];
        expect(thresholds[index]).toBe(0.5); // the model's
        return [[type, 0.5]];
      }));
      expect(after.f1).toBeGreaterThanOrEqual(await bestOnGrid(model, samples, kept) - 1e-9);
      expect(Math.fround(thresholds[0] ?? 0)).toBe(thresholds[0]); // as the engine holds them
    }), { numRuns: 12 });
  });

  test("a type without annotation keeps its threshold, and the others allow for what it finds", async () => {
    const annotated = samplesOf(1, 16).map((samples) => samples.map(({ text, entities }): Sample => (
      { text, entities: entities.map((entity) => ({ ...entity, type: "a" })) }
    ))).filter((samples) => samples.some(({ entities }) => entities.length > 0));
    await fc.assert(fc.asyncProperty(annotated, fc.constantFrom(-20, -1, 0, 2), fc.boolean(), async (
      samples, threshold, scoresAreHigh,
    ) => {
      const tuned = scoresAreHigh ? loud : model;
      const options = { batchSize: 4, thresholds: { b: threshold } };
      const { thresholds, before, after } = await tuneThresholds(tuned, samples, options);
      expect(thresholds[0]).toBe(threshold);
      expect((await evaluate(tuned, samples, options)).metrics).toEqual(before);
      expect((await evaluate(tuned, samples, { batchSize: 4, ...asOptions(thresholds) })).metrics).toEqual(after);
      expect(after.f1).toBeGreaterThanOrEqual(await bestOnGrid(tuned, samples, { b: threshold }) - 1e-9);
    }), { numRuns: 30 });
  });

  test("a type that the model does not have counts as missed", async () => {
    const samples = [{ text: "甲乙丙", entities: [{ start: 0, end: 1, type: "a" }, { start: 0, end: 2, type: "zz" }] }];
    const { thresholds, before, after } = await tuneThresholds(model, samples, { batchSize: 2 });
    expect(before.support).toBe(2);
    const evaluation = await evaluate(model, samples, { batchSize: 2, ...asOptions(thresholds) });
    expect(after).toEqual(evaluation.metrics);
  });

  test("refuses options that do not fit", async () => {
    const tune = (options: object) => tuneThresholds(model, [], { batchSize: 1, ...options });
    await expect(tune({ thresholds: { c: 1 } })).rejects.toThrow(/^there is a threshold for "c"/);
    await expect(tune({ batchSize: 0 })).rejects.toThrow(/^batchSize must be/);
    await expect(tune({ maxSeqLen: SIZE + 1 })).rejects.toThrow(RangeError);
  });

  test("texts without a single entity leave all thresholds as they are", async () => {
    const samples = [{ text: "甲乙丙", entities: [] }];
    const { thresholds, before, after } = await tuneThresholds(model, samples, { batchSize: 1 });
    expect(thresholds).toEqual([0.5, 0.5]);
    expect(after).toEqual(before);
  });

  test("where nothing is right, the threshold lets nothing through, however high the scores", async () => {
    const text = "甲乙丙丁甲丙xx";
    const [prediction] = await loud.predict([text], everything);
    expect(Math.max(...prediction?.entities.map(({ score = 0 }) => score) ?? [])).toBeGreaterThan(24);
    // In the middle of an unknown word: no token span stands for it.
    const samples = [{ text, entities: TYPES.map((type) => ({ start: 7, end: 8, type })) }];
    const { thresholds, after } = await tuneThresholds(loud, samples, { batchSize: 1 });
    expect(after).toMatchObject({ predicted: 0, support: 2 });
    expect((await evaluate(loud, samples, { batchSize: 1, ...asOptions(thresholds) })).metrics).toEqual(after);
  });

  test("what is stored comes back with the model, and is what it then uses", async () => {
    const directory = join(folder.path, "tuned");
    await model.save(directory);
    const samples = ["甲乙丙丁甲丙", "丁丙乙甲".repeat(8)].map((text) => ({
      text, entities: TYPES.map((type, index) => ({ start: index, end: index + 2, type })),
    }));
    const { thresholds, after } = await tuneThresholds(model, samples, { batchSize: 4 });
    const weights = readFileSync(join(directory, "model.safetensors"));
    rewriteDescription(directory, { ...model.description, thresholds }, model.tokenizer.vocabulary);
    expect(readFileSync(join(directory, "model.safetensors")).equals(weights)).toBe(true);
    const loaded = await GlobalPointer.load(directory, { device: "cpu", threads: 1 });
    try {
      expect(loaded.description.thresholds).toEqual(thresholds);
      expect([...loaded.thresholds()]).toEqual(thresholds);
      expect([...loaded.thresholds({ threshold: 3 })]).toEqual([3, 3]);
      expect([...loaded.thresholds({ thresholds: { a: 3 } })]).toEqual([thresholds[0], 3]);
      expect((await evaluate(loaded, samples, { batchSize: 4 })).metrics).toEqual(after);
    } finally {
      await loaded.dispose();
    }
  });
});
