// Training steps held against plain PyTorch doing the same (test/parity/write_steps.py, in float64).
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import type { LearningRates, ModelShape, NativeEngine, OptimizerOptions, StepOptions } from "../../lib/model/native.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";
import { packed, type StoredBatch } from "../support/stored-batch.js";
import { onEachDevice } from "./devices.js";
import { shapeOfFixture } from "./tiny-model.js";

const CASES = join(import.meta.dirname, "..", "fixtures", "steps");
const WEIGHTS = join(CASES, "model.safetensors");

interface Case {
  name: string;
  shape: Partial<ModelShape>;
  optimizer: OptimizerOptions;
  step: StepOptions;
  batches: StoredBatch[];
  /** The batches of each step, by their places in `batches`. */
  steps: number[][];
  learningRates: LearningRates[];
  losses: number[];
  gradientNorms: number[];
  /** Of the first batch after the last step. */
  loss: number;
}

const names = readdirSync(CASES, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  .map(({ name }) => name).sort();

test("every feature has its case", () => {
  expect(names).toEqual([
    "accumulation", "combined", "ema", "fgm", "frozen-embeddings", "frozen-layers", "layer-decay", "pgd",
  ]);
});

onEachDevice((device) => {
  describe.each(names)("%s", (name) => {
    const stored = JSON.parse(readFileSync(join(CASES, name, "case.json"), "utf8")) as Case;
    const expected = readSafetensors(join(CASES, name, "expected.safetensors"));
    const initial = readSafetensors(WEIGHTS);
    const labelled = stored.batches.map(packed);
    const batchesOf = (places: readonly number[]) => places.map((place) => {
      const found = labelled[place];
      if (found === undefined) throw new Error(`the fixture has no batch ${place}`);
      return found;
    });

    async function engineWith(options: StepOptions): Promise<NativeEngine> {
      const engine = createEngine({ shape: shapeOfFixture(stored.shape), device, threads: 1, seed: 1 });
      await engine.initialise();
      await engine.loadWeights(WEIGHTS, "model");
      await engine.configureOptimizer(stored.optimizer, { ...stored.step, ...options });
      return engine;
    }

    test.each([["plainly", false], ["with layers computed again", true]])("%s", async (_, activationCheckpointing) => {
      const engine = await engineWith({ activationCheckpointing });
      try {
        expect(stored.losses.length).toBeGreaterThanOrEqual(12);
        for (const [step, places] of stored.steps.entries()) {
          const rates = stored.learningRates[step];
          if (rates === undefined) throw new Error(`the fixture has no learning rates of step ${step}`);
          const { loss, gradientNorm, applied } = await engine.trainStep(batchesOf(places), rates);
          expect(applied).toBe(true);
          const strays = {
            step, loss: Math.abs(loss - (stored.losses[step] ?? NaN)) > 1e-5,
            norm: Math.abs(gradientNorm - (stored.gradientNorms[step] ?? NaN)) > 2e-4,
          };
          expect(strays).toEqual({ step, loss: false, norm: false });
        }
        const [first] = batchesOf([0]);
        if (first === undefined) throw new Error("the fixture has no batches");
        expect(Math.abs(await engine.loss(first.batch, first.gold) - stored.loss)).toBeLessThan(1e-5);

        const parameters = await engine.parameters();
        expect(Object.keys(parameters).sort()).toEqual([...expected.keys()].sort());
        const { frozenLayers = 0, frozenEmbeddings = false } = stored.step;
        let unchanged = 0;
        for (const [key, { data }] of Object.entries(parameters)) {
          const away = largestDifference(data, expected.get(key)?.data ?? []);
          expect({ key, close: away < 1e-4 }).toEqual({ key, close: true });
          if (largestDifference(data, initial.get(key)?.data ?? []) === 0) unchanged++;
        }
        // Word, position and segment embeddings and their LayerNorm are five tensors, a layer has sixteen.
        expect(unchanged).toBe(frozenLayers > 0 ? 5 + 16 * frozenLayers : frozenEmbeddings ? 5 : 0);
      } finally {
        await engine.dispose();
      }
    });
  });
});
