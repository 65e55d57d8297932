// What a training step may do besides AdamW, and what it refuses.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadAddon, type NativeEngine, type StepOptions } from "../../lib/model/native.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";
import {
  differingParameters, goldOf, learningRates, optimizerOptions, readyEngine, tinyBatch, tinyGold, tinyShape, tinyStep,
} from "./tiny-model.js";
import { referenceOps } from "../support/reference-ops.js";
import { disposeAll, everything, fgm, otherBatch, pgd, ready, train, twoBatches } from "./tiny-training.js";

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "training-")); });
afterAll(() => { rmSync(folder, { recursive: true }); });
afterEach(disposeAll);

describe("accumulated batches", () => {
  test("are one batch of all their sequences", async () => {
    const exact = { ...tinyShape, hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 };
    const union = {
      batch: {
        inputIds: Int32Array.of(...tinyBatch.inputIds, ...otherBatch.batch.inputIds),
        sequenceStarts: Int32Array.of(
          ...tinyBatch.sequenceStarts,
          ...otherBatch.batch.sequenceStarts.slice(1).map((start) => start + tinyBatch.inputIds.length),
        ),
      },
      gold: goldOf([
        ...Array.from(tinyGold.sequence, (sequence, row) => [
          sequence, tinyGold.entityType[row] ?? 0, tinyGold.start[row] ?? 0, tinyGold.end[row] ?? 0,
        ] as const),
        [3, 1, 1, 3], [4, 2, 7, 9],
      ]),
    };
    const [apart, together] = [await readyEngine({ shape: exact }), await readyEngine({ shape: exact })];
    const [one, other] = [await train(apart, 3), await train(together, 3, [union])];
    expect(largestDifference(one, other)).toBeLessThan(1e-5);
    await Promise.all([apart.dispose(), together.dispose()]);
  });
});

const inBfloat16 = loadAddon().deviceInfo().precisions.includes("bf16");
if (!inBfloat16) console.log("not checked, for this processor cannot compute in it: training in bf16");

describe("activation checkpointing", () => {
  test.each<[string, StepOptions]>([
    ["by itself", {}],
    ["with frozen embeddings", { frozenEmbeddings: true }],
    ["with a frozen layer", { frozenLayers: 1 }],
    ["with nothing but the head to learn", { frozenLayers: 2 }],
    ["with PGD, average and layer decay", everything],
    ...(inBfloat16 ? [
      ["in bfloat16", { precision: "bf16" }],
      ["in bfloat16 over a frozen layer", { precision: "bf16", frozenLayers: 1 }],
    ] as [string, StepOptions][] : []),
  ])("%s gives the same bits, dropout on", async (_, options) => {
    const [plain, again] = [
      await ready({ ...options, activationCheckpointing: false }),
      await ready({ ...options, activationCheckpointing: true }),
    ];
    expect(await train(again, 5)).toEqual(await train(plain, 5));
    expect(differingParameters(await plain.parameters(), await again.parameters())).toEqual([]);
  });

  test("the plain operations are others, to the last bits", async () => {
    const fast = await train(await ready(), 3);
    referenceOps(true);
    try {
      const plain = await train(await ready(), 3);
      expect(plain).not.toEqual(fast);
      plain.forEach((value, index) => { expect(value).toBeCloseTo(fast[index] ?? NaN, 3); });
    } finally {
      referenceOps(false);
    }
  });

  test("the plain operations give the same bits, too", async () => {
    referenceOps(true);
    try {
      const [plain, again] = [await ready(), await ready({ activationCheckpointing: true })];
      expect(await train(again, 3)).toEqual(await train(plain, 3));
    } finally {
      referenceOps(false);
    }
  });
});

describe("frozen parameters", () => {
  const moments = async (engine: NativeEngine): Promise<string[]> => {
    const path = join(folder, "moments");
    await engine.saveOptimizer(path);
    return [...readSafetensors(path).keys()];
  };

  test.each<[string, StepOptions, RegExp]>([
    ["embeddings", { frozenEmbeddings: true }, /^encoder\.embeddings\./],
    ["one layer and the embeddings", { frozenLayers: 1 }, /^encoder\.(embeddings|encoder\.layer\.0)\./],
    ["the whole encoder", { frozenLayers: 2 }, /^encoder\./],
  ])("%s stay as they are and have no moments; all else learns", async (_, options, frozen) => {
    const engine = await ready(options);
    const before = await engine.parameters();
    await train(engine, 2);
    const learnt = Object.keys(before).filter((name) => !frozen.test(name));
    // Decay moves what has no gradient, so that nothing but what is frozen stays.
    expect(differingParameters(before, await engine.parameters()).sort()).toEqual(learnt.sort());
    expect((await moments(engine)).sort())
      .toEqual(learnt.flatMap((name) => [`exp_avg.${name}`, `exp_avg_sq.${name}`]).sort());
  });

  test("learn again when a training begins that does not freeze them", async () => {
    const engine = await ready({ frozenLayers: 2 });
    await engine.configureOptimizer(optimizerOptions);
    const before = await engine.parameters();
    await train(engine, 1);
    expect(differingParameters(before, await engine.parameters())).toEqual(Object.keys(before));
  });
});

describe("adversarial training", () => {
  test.each([["FGM", fgm], ["PGD", pgd]])("%s reports the loss without perturbation", async (_, adversarial) => {
    const [plain, perturbed] = [await ready(), await ready({ adversarial })];
    const [clean, hard] = [
      await plain.trainStep(twoBatches, learningRates), await perturbed.trainStep(twoBatches, learningRates),
    ];
    expect(hard.loss).toBe(clean.loss);
    expect(Math.abs(hard.gradientNorm - clean.gradientNorm)).toBeGreaterThan(0.01 * clean.gradientNorm);
  });

  test("leaves the embeddings as they were, bit for bit", async () => {
    const engine = await ready({ adversarial: pgd });
    const before = await engine.parameters();
    expect(await engine.trainStep(twoBatches, { encoder: 0, head: 0 })).toMatchObject({ applied: true });
    expect(differingParameters(before, await engine.parameters())).toEqual([]);
  });
});

describe("arguments that do not fit are refused at once", () => {
  const raw = (): NativeEngine => new (loadAddon().Engine)({ shape: tinyShape, device: "cpu", threads: 1, seed: 1 });

  test.each<[string, object, typeof Error]>([
    ["a layer decay of 0", { layerDecay: 0 }, RangeError],
    ["a layer decay above 1", { layerDecay: 1.1 }, RangeError],
    ["a layer decay of NaN", { layerDecay: NaN }, RangeError],
    ["a layer decay as text", { layerDecay: "1" }, TypeError],
    ["frozen embeddings as a number", { frozenEmbeddings: 1 }, TypeError],
    ["fewer than no frozen layers", { frozenLayers: -1 }, RangeError],
    ["half a frozen layer", { frozenLayers: 0.5 }, TypeError],
    ["more frozen layers than there are", { frozenLayers: 3 }, RangeError],
    ["an average that never moves", { averageDecay: 1 }, RangeError],
    ["an average of negative decay", { averageDecay: -0.1 }, RangeError],
    ["adversarial training as text", { adversarial: "fgm" }, TypeError],
    ["adversarial training without a radius", { adversarial: { alpha: 1, steps: 1 } }, TypeError],
    ["a radius of 0", { adversarial: { ...pgd, epsilon: 0 } }, RangeError],
    ["ascents of length 0", { adversarial: { ...pgd, alpha: 0 } }, RangeError],
    ["no ascents", { adversarial: { ...pgd, steps: 0 } }, RangeError],
    ["perturbed embeddings that are frozen", { adversarial: fgm, frozenEmbeddings: true }, RangeError],
    ["perturbed embeddings below frozen layers", { adversarial: fgm, frozenLayers: 1 }, RangeError],
    ["checkpointing as text", { activationCheckpointing: "yes" }, TypeError],
    ["a precision to predict in", { precision: "int8" }, RangeError],
    ["a precision as a number", { precision: 16 }, TypeError],
  ])("%s", (_, options, kind) => {
    expect(() => raw().configureOptimizer(optimizerOptions, options as StepOptions)).toThrow(kind);
  });

  test.each<[string, unknown, typeof Error]>([
    ["none given", undefined, TypeError],
    ["a batch that is in no array", tinyStep[0], TypeError],
    ["no batch at all", [], RangeError],
    ["a hole", [undefined], TypeError],
    ["a batch without gold", [{ batch: tinyBatch }], TypeError],
    ["gold without a batch", [{ gold: tinyGold }], TypeError],
    ["gold of another batch", [{ batch: otherBatch.batch, gold: tinyGold }], RangeError],
    ["a bad one behind a good one",
      [...tinyStep, { batch: { ...tinyBatch, inputIds: new Int32Array(1) }, gold: tinyGold }], RangeError],
  ])("batches: %s", (_, batches, kind) => {
    expect(() => raw().trainStep(batches as typeof tinyStep, learningRates)).toThrow(kind);
  });
});
