// What a training keeps besides the weights: exact resumes, averages, and steps that leave no trace.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon, type NativeEngine, type StepOptions } from "../../lib/model/native.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";
import {
  differingParameters, learningRates, optimizerOptions, tinyBatch, tinyGold, tinyShape, tinyStep,
} from "./tiny-model.js";
import { onEachDevice } from "./devices.js";
import { disposeAll, everything, fgm, pgd, ready, train, twoBatches } from "./tiny-training.js";

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "training-")); });
afterAll(() => { rmSync(folder, { recursive: true }); });
afterEach(disposeAll);

const inBfloat16 = loadAddon().deviceInfo().precisions.includes("bf16");
if (!inBfloat16) console.log("not checked, for this processor cannot compute in it: training in bf16");

describe("weights and optimizer, saved and loaded, go on bitwise as if nothing had happened", () => {
  onEachDevice((device) => {
    test.each<[string, StepOptions]>([
      ["layer decay", { layerDecay: 0.7 }],
      ["frozen embeddings", { frozenEmbeddings: true }],
      ["frozen layers", { frozenLayers: 1 }],
      ["a moving average", { averageDecay: 0.9 }],
      ["FGM", { adversarial: fgm }],
      ["PGD", { adversarial: pgd }],
      ["R-Drop and label smoothing", { rDrop: 1, labelSmoothing: 0.2 }],
      ["activation checkpointing", { activationCheckpointing: true }],
      ...(inBfloat16 || device === "cuda" ? [["bfloat16", { precision: "bf16" }] as [string, StepOptions]] : []),
      ["frozen layers under an average", { frozenLayers: 1, averageDecay: 0.9 }],
      ["all that go together", everything],
    ])("%s", async (name, options) => {
      const [weights, optimizer] = [join(folder, `${name}.weights`), join(folder, `${name}.optimizer`)];
      const whole = await ready(options, 9, device);
      await train(whole, 4);
      await whole.saveWeights(weights);
      await whole.saveOptimizer(optimizer);
      const rest = await train(whole, 3);

      const resumed = await ready(options, 1234, device);
      await train(resumed, 2);
      await resumed.loadWeights(weights, "model");
      await resumed.loadOptimizer(optimizer);
      expect(await train(resumed, 3)).toEqual(rest);
      expect(differingParameters(await whole.parameters(), await resumed.parameters())).toEqual([]);
      const [one, other] = [join(folder, `${name}.one`), join(folder, `${name}.other`)];
      await whole.saveOptimizer(one);
      await resumed.saveOptimizer(other);
      expect(readSafetensors(one)).toEqual(readSafetensors(other));
    });
  });

  test.each<[string, StepOptions, StepOptions, RegExp]>([
    ["an average that is off now", { averageDecay: 0.9 }, {}, /saved with a moving average .* is off now; resume with/],
    ["no average, which is on now", {}, { averageDecay: 0.9 }, /saved without a moving average .* is on now; resume/],
    ["what is frozen now", {}, { frozenLayers: 1 }, /has the tensor exp_avg.* of a parameter that does not learn now; /],
    ["nothing of what is frozen no more", { frozenEmbeddings: true }, {}, /the tensor exp_avg.*embeddings.* is missing/],
  ])("a state with %s is refused, and changes nothing", async (name, saved, now, message) => {
    const path = join(folder, `${name}.optimizer`);
    const saving = await ready(saved);
    await train(saving, 2);
    await saving.saveOptimizer(path);
    const [refusing, undisturbed] = [await ready(now), await ready(now)];
    await train(refusing, 1);
    await train(undisturbed, 1);
    await expect(refusing.loadOptimizer(path)).rejects.toMatchObject({
      code: "BAD_WEIGHTS", message: expect.stringMatching(message) as string,
    });
    expect(await train(refusing, 2)).toEqual(await train(undisturbed, 2));
  });
});

describe("a moving average", () => {
  const rawWeights = async (engine: NativeEngine): Promise<Map<string, Float32Array | Float64Array>> => {
    const path = join(folder, "raw");
    await engine.saveOptimizer(path);
    return new Map([...readSafetensors(path)].flatMap(([name, { data }]) =>
      name.startsWith("weight.") ? [[name.slice("weight.".length), data] as const] : []));
  };

  test("is what everything but a training step sees", async () => {
    const [averaged, plain] = [await ready({ averageDecay: 0.9 }), await ready()];
    expect(await train(averaged, 6)).toEqual(await train(plain, 6));
    const seen = await averaged.parameters();
    const raw = await rawWeights(averaged);
    for (const [name, { data }] of Object.entries(await plain.parameters())) {
      expect({ name, same: largestDifference(raw.get(name) ?? [], data) }).toEqual({ name, same: 0 });
    }
    expect(differingParameters(seen, await plain.parameters())).toEqual(Object.keys(seen));

    const path = join(folder, "averaged.safetensors");
    await averaged.saveWeights(path);
    const loaded = await ready();
    await loaded.loadWeights(path, "model");
    const thresholds = new Float32Array(tinyShape.entityTypeCount).fill(-1);
    expect(differingParameters(await loaded.parameters(), seen)).toEqual([]);
    expect(await averaged.loss(tinyBatch, tinyGold)).toBe(await loaded.loss(tinyBatch, tinyGold));
    expect(await averaged.predict(tinyBatch, thresholds)).toEqual(await loaded.predict(tinyBatch, thresholds));
    expect(await averaged.scores(tinyBatch)).toEqual(await loaded.scores(tinyBatch));
    expect(await averaged.hiddenStates(tinyBatch)).toEqual(await loaded.hiddenStates(tinyBatch));
    expect(await averaged.gradients(tinyBatch, tinyGold)).toEqual(await loaded.gradients(tinyBatch, tinyGold));
    const stateDict = join(folder, "averaged.bin");
    await averaged.saveStateDict(stateDict);
    await loaded.loadWeights(stateDict, "model");
    expect(differingParameters(await loaded.parameters(), seen)).toEqual([]);
  });

  test("looking at it, or failing to save it, changes nothing of the training", async () => {
    const [watched, alone] = [await ready({ averageDecay: 0.9 }), await ready({ averageDecay: 0.9 })];
    const numbers: number[] = [];
    for (let step = 0; step < 3; step++) {
      numbers.push(...await train(watched, 1));
      await watched.loss(tinyBatch, tinyGold);
      await watched.gradients(tinyBatch, tinyGold);
      await expect(watched.saveWeights(join(folder, "nowhere", "weights"))).rejects.toThrow();
    }
    expect(numbers).toEqual(await train(alone, 3));
    expect(differingParameters(await watched.parameters(), await alone.parameters())).toEqual([]);
  });

  test("is kept by a training that begins after", async () => {
    const engine = await ready({ averageDecay: 0.9 });
    await train(engine, 3);
    const seen = await engine.parameters();
    await engine.configureOptimizer(optimizerOptions);
    expect(differingParameters(await engine.parameters(), seen)).toEqual([]);
  });

  test("what parameters() gave stays as it was while steps go on", async () => {
    const engine = await ready({ averageDecay: 0.9 });
    await train(engine, 1);
    const [given] = await Promise.all([engine.parameters(), engine.trainStep(tinyStep, learningRates)]);
    const copy = structuredClone(given);
    await train(engine, 1);
    expect(differingParameters(given, copy)).toEqual([]);
  });
});

describe("a step that is not finite", () => {
  /** An average and moments that are not trivial, then a weight that makes every loss infinite. */
  const spoilt = async (options: StepOptions, spoil: string): Promise<NativeEngine> => {
    const engine = await ready(options);
    await train(engine, 2);
    await engine.configureOptimizer({ ...optimizerOptions, weightDecay: 0, maxGradNorm: 0 }, options);
    await engine.trainStep(tinyStep, spoil === "head" ? { encoder: 0, head: 1e30 } : { encoder: 1e30, head: 0 });
    return engine;
  };
  const everythingOf = async (engine: NativeEngine, name: string): Promise<unknown> => {
    const [weights, optimizer] = [join(folder, `${name}.w`), join(folder, `${name}.o`)];
    await engine.saveWeights(weights);
    await engine.saveOptimizer(optimizer);
    return [readSafetensors(weights), readSafetensors(optimizer)];
  };

  test.each<[string, StepOptions, string]>([
    ["by itself", {}, "head"], ["with an average", { averageDecay: 0.9 }, "head"],
    ["with FGM", { adversarial: fgm }, "head"], ["with all", everything, "head"],
    ["in the encoder", everything, "encoder"],
  ])("%s leaves weights, average, moments and random state as they were", async (name, options, spoil) => {
    const engine = await spoilt(options, spoil);
    const before = await everythingOf(engine, `${name} before`);
    expect(await engine.trainStep(twoBatches, learningRates)).toMatchObject({ applied: false });
    expect(await everythingOf(engine, `${name} after`)).toEqual(before);
  });

  test("nor does one that fails between the passes leave a trace", async () => {
    const noFloat = { epsilon: 1e39, alpha: 1e39, steps: 1 };
    const engine = await ready({ averageDecay: 0.9, adversarial: noFloat });
    const before = await everythingOf(engine, "failed before");
    await expect(engine.trainStep(twoBatches, learningRates)).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await everythingOf(engine, "failed after")).toEqual(before);
    await engine.configureOptimizer(optimizerOptions);
    expect(await train(engine, 2)).toEqual(await train(await ready(), 2)); // no gradient is left over either
  });
});
