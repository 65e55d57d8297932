// Predictions in bfloat16 and in 8-bit integers: near those in single precision, and of predictions alone.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import {
  loadAddon, type EngineOptions, type ModelShape, type NativeEngine, type TrainingPrecision,
} from "../../lib/model/native.js";
import {
  batchOf, goldOf, learningRates, optimizerOptions, readyEngine, shapeOfFixture, tinyShape, tinyStep,
} from "./tiny-model.js";

const folder = mkdtempSync(join(tmpdir(), "precision-"));
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const available = (["bf16", "int8"] as const).filter((name) => loadAddon().deviceInfo().precisions.includes(name));
const missing = (["bf16", "int8"] as const).filter((name) => !available.includes(name));
if (missing.length > 0) console.log(`not checked, for this processor cannot compute in it: ${missing.join(", ")}`);

/** Weights with scores of the size that training gives. */
const shape = shapeOfFixture({
  hiddenSize: 96, numAttentionHeads: 4, intermediateSize: 200, initializerRange: 0.2, entityTypeCount: 5, headSize: 16,
});
const batch = batchOf([9, 2, 17, 20, 1], shape.vocabSize);

async function saved(name: string, of: ModelShape): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  const engine = await readyEngine({ shape: of });
  await engine.saveWeights(path);
  await engine.dispose();
  return path;
}

async function loaded(path: string, options: Partial<EngineOptions>): Promise<NativeEngine> {
  const engine = createEngine({ shape, device: "cpu", threads: 2, seed: 2, ...options });
  await engine.initialise();
  await engine.loadWeights(path, "model");
  return engine;
}

/** Root of the mean square of the scores that there can be, and of their differences. */
function distances(found: readonly Float32Array[], expected: readonly Float32Array[]): { size: number; apart: number } {
  let [size, apart, count] = [0, 0, 0];
  expected.forEach((scores, sequence) => {
    scores.forEach((score, index) => {
      const other = found[sequence]?.[index] ?? NaN;
      if (score === -Infinity) {
        expect(other).toBe(-Infinity);
        return;
      }
      size += score ** 2;
      apart += (score - other) ** 2;
      count++;
    });
  });
  return { size: Math.sqrt(size / count), apart: Math.sqrt(apart / count) };
}

/**
 * Of the scores' size. An 8-bit integer is off by about a hundredth of a typical activation or weight; over the layers,
 * and in the product of a query and a key, that adds up to some hundredths.
 */
const allowed = { bf16: 0.02, int8: 0.1 };

describe.each(available)("%s", (precision) => {
  test.each([
    ["GlobalPointer", shape],
    ["Efficient GlobalPointer", { ...shape, headType: "efficient-global-pointer" as const }],
    ["TPLinker", { ...shape, headType: "tplinker" as const, rope: false, headSize: 1 }],
    ["rotary positions", { ...shape, positions: "rotary" as const, rotaryValue: true, hiddenAct: "gelu_new" as const }],
  ])("scores of %s are near those in fp32, and the same every time", async (name, of) => {
    const path = await saved(`${precision}-${name}`, of);
    const [full, narrow] = [await loaded(path, { shape: of }), await loaded(path, { shape: of, precision })];
    const [expected, found] = [await full.scores(batch), await narrow.scores(batch)];
    const { size, apart } = distances(found, expected);
    expect(apart).toBeLessThan(allowed[precision] * size);
    expect(apart).toBeGreaterThan(0);
    expect(await narrow.scores(batch)).toEqual(found);
    const single = await loaded(path, { shape: of, precision, threads: 1 });
    expect(await single.scores(batch)).toEqual(found);
    await Promise.all([full, narrow, single].map((engine) => engine.dispose()));
  });

  test("a sequence's scores do not depend on its batch", async () => {
    const engine = await loaded(await saved(`${precision}-alone`, shape), { precision });
    const together = await engine.scores(batch);
    const alone = await engine.scores({
      inputIds: batch.inputIds.slice(0, 9), sequenceStarts: Int32Array.from([0, 9]),
    });
    expect(distances(alone, together.slice(0, 1)).apart).toBeLessThan(1e-5);
    await engine.dispose();
  });

  test("cannot be trained in any order of calls, nor be given an encoder alone", async () => {
    const path = await saved(`${precision}-order`, tinyShape);
    const engine = createEngine({ shape: tinyShape, device: "cpu", threads: 1, seed: 1, precision });
    await engine.initialise();
    await expect(engine.configureOptimizer(optimizerOptions)).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await expect(engine.loadWeights(path, "encoder")).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await engine.loadWeights(path, "model");
    await expect(engine.trainStep(tinyStep, learningRates)).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await expect(engine.saveOptimizer(join(folder, "x"))).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await engine.dispose();
  });

  test("can neither be trained nor saved, and says so", async () => {
    const path = await saved(`${precision}-kept`, tinyShape);
    const engine = await loaded(path, { shape: tinyShape, precision });
    const refused = { code: "BAD_WEIGHTS", message: expect.stringContaining("load it in fp32") as unknown };
    await expect(engine.saveWeights(join(folder, "x"))).rejects.toMatchObject(refused);
    await expect(engine.saveStateDict(join(folder, "x"))).rejects.toMatchObject(refused);
    await expect(engine.configureOptimizer(optimizerOptions)).rejects.toMatchObject(refused);
    await expect(engine.loadWeights(path, "model")).rejects.toMatchObject(refused);
    await expect(engine.parameters()).rejects.toMatchObject(refused);
    await expect(engine.gradients(batchOf([3], 40), goldOf([]))).rejects.toMatchObject(refused);
    // Still there.
    expect((await engine.predict(batchOf([3], 40), new Float32Array(3).fill(-1e9))).start.length).toBeGreaterThan(0);
    await engine.dispose();
  });
});

(available.includes("bf16") ? describe : describe.skip)("training in bf16", () => {
  const STEPS = 30;
  const labelled = [{ batch, gold: goldOf([[0, 1, 1, 3], [2, 4, 0, 7], [3, 0, 5, 5], [3, 2, 5, 12]]) }];

  /** Losses, and the scores in the end. */
  async function learnt(precision: TrainingPrecision): Promise<{ losses: number[]; scores: Float32Array[] }> {
    const engine = createEngine({
      shape: { ...shape, hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1 }, device: "cpu", threads: 2, seed: 3,
    });
    await engine.initialise();
    await engine.configureOptimizer(optimizerOptions, { precision });
    const losses = [];
    for (let step = 0; step < STEPS; step++) losses.push((await engine.trainStep(labelled, learningRates)).loss);
    const scores = await engine.scores(batch);
    await engine.dispose();
    return { losses, scores };
  }

  test("the loss falls as in fp32, the same every time", async () => {
    const [full, narrow] = [await learnt("fp32"), await learnt("bf16")];
    expect(narrow.losses).not.toEqual(full.losses);
    narrow.losses.forEach((loss, step) => {
      const expected = full.losses[step] ?? NaN;
      expect(Math.abs(loss - expected)).toBeLessThan(0.02 * (full.losses[0] ?? NaN));
    });
    expect(narrow.losses.at(-1)).toBeLessThan(0.5 * (narrow.losses[0] ?? 0));
    expect(await learnt("bf16")).toEqual(narrow);
  });

  test("what it learnt is predicted with in fp32", async () => {
    const engine = await readyEngine({ shape }, { precision: "bf16" });
    await engine.trainStep(labelled, learningRates);
    const path = join(folder, "learnt-in-bf16.safetensors");
    await engine.saveWeights(path);
    const fresh = await loaded(path, {});
    expect(await fresh.scores(batch)).toEqual(await engine.scores(batch));
    await Promise.all([engine.dispose(), fresh.dispose()]);
  });
});

test("what is prepared of the weights for predictions follows training", async () => {
  const engine = await readyEngine();
  const before = await engine.scores(batchOf([6], tinyShape.vocabSize));
  await engine.trainStep(tinyStep, learningRates);
  const after = await engine.scores(batchOf([6], tinyShape.vocabSize));
  expect(after).not.toEqual(before);
  // The same weights in an engine that never prepared others.
  const path = join(folder, "trained.safetensors");
  await engine.saveWeights(path);
  const fresh = await loaded(path, { shape: tinyShape });
  expect(await fresh.scores(batchOf([6], tinyShape.vocabSize))).toEqual(after);
  await Promise.all([engine.dispose(), fresh.dispose()]);
});

test("with a moving average, predictions follow weights that were loaded in part", async () => {
  const engine = await readyEngine({}, { averageDecay: 0.9 });
  for (let step = 0; step < 3; step++) await engine.trainStep(tinyStep, learningRates);
  const before = await engine.scores(batchOf([6], tinyShape.vocabSize));
  await engine.loadWeights(await saved("other", { ...tinyShape, initializerRange: 0.5 }), "encoder");
  const after = await engine.scores(batchOf([6], tinyShape.vocabSize));
  expect(after).not.toEqual(before);
  const path = join(folder, "averaged.safetensors");
  await engine.saveWeights(path);
  const fresh = await loaded(path, { shape: tinyShape });
  expect(await fresh.scores(batchOf([6], tinyShape.vocabSize))).toEqual(after);
  await Promise.all([engine.dispose(), fresh.dispose()]);
});

test.each(["fp16", 8, null])("refuses the precision %p", (precision) => {
  const options = { shape: tinyShape, device: "cpu", threads: 1, seed: 1, precision } as unknown as EngineOptions;
  expect(() => createEngine(options)).toThrow(/^precision must be /);
});

describe("tf32", () => {
  const refused = { code: "DEVICE", message: expect.stringContaining("CUDA devices alone") as unknown };
  test("is refused on the CPU, for predictions and for training", async () => {
    const engine = createEngine({ shape: tinyShape, device: "cpu", threads: 1, seed: 1, precision: "tf32" });
    await expect(engine.initialise()).rejects.toMatchObject(refused);
    await engine.dispose();
    const learning = await readyEngine({ shape: tinyShape });
    await expect(learning.configureOptimizer(optimizerOptions, { precision: "tf32" })).rejects.toMatchObject(refused);
    await learning.dispose();
  });
});
