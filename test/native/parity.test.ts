import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import type { ModelShape, NativeEngine, OptimizerOptions } from "../../lib/model/native.js";
import { largestDifference, largestMagnitude } from "../support/numbers.js";
import { referenceOps } from "../support/reference-ops.js";
import { readSafetensors, type StoredTensor } from "../support/safetensors.js";
import { packed, type StoredBatch } from "../support/stored-batch.js";
import { onEachDevice } from "./devices.js";
import { shapeOfFixture } from "./tiny-model.js";

// The fixtures are the float64 results of an implementation on PyTorch and transformers (test/parity/).

const CASES = join(import.meta.dirname, "..", "fixtures", "parity");

interface Case {
  name: string;
  about: string;
  shape: Pick<ModelShape, "entityTypeCount" | "maskSpecialTokens"> & Partial<ModelShape>;
  batch: StoredBatch;
  expected: { loss: number; gradientNorm: number };
  training?: {
    optimizer: OptimizerOptions;
    batches: StoredBatch[];
    learningRates: number[];
    losses: number[];
    gradientNorms: number[];
  };
}

async function engineOf(folder: string, { shape }: Case, device: string): Promise<NativeEngine> {
  const engine = createEngine({ shape: shapeOfFixture(shape), device, threads: 2, seed: 1 });
  await engine.initialise();
  const report = await engine.loadWeights(join(folder, "model.safetensors"), "model");
  expect(report.missing).toEqual([]);
  expect(report.unexpected).toEqual([]);
  return engine;
}

function tensor(tensors: Map<string, StoredTensor>, name: string): StoredTensor {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`the fixture has no ${name}`);
  return found;
}

/** A positive threshold that no score comes so near to that rounding would decide. */
function clearThreshold(expected: Map<string, StoredTensor>): number {
  const scores = [...expected]
    .filter(([name]) => name.startsWith("scores.")).flatMap(([, { data }]) => Array.from(data));
  for (let threshold = 0.125; ; threshold += 1 / 64) {
    if (scores.every((score) => Math.abs(score - threshold) > 1e-4)) return threshold;
  }
}

const names = readdirSync(CASES).sort();

test("there are at least three encoder shapes, with and without RoPE", () => {
  const shapes = names.map((name) => (JSON.parse(readFileSync(join(CASES, name, "case.json"), "utf8")) as Case).shape);
  expect(new Set(shapes.map(({ hiddenSize, numHiddenLayers }) => `${numHiddenLayers}x${hiddenSize}`)).size)
    .toBeGreaterThanOrEqual(3);
  expect(new Set(shapes.map(({ rope }) => rope)).size).toBe(2);
});

onEachDevice((device) => {
  describe.each([["fast operations", false], ["reference operations", true]])("%s", (_, reference) => {
    beforeAll(() => { referenceOps(reference); });
    afterAll(() => { referenceOps(false); });

    describe.each(names)("%s", (name) => {
      const folder = join(CASES, name);
      const stored = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as Case;
      const expected = readSafetensors(join(folder, "expected.safetensors"));
      const { batch, gold } = packed(stored.batch);
      let engine: NativeEngine;
      beforeAll(async () => { engine = await engineOf(folder, stored, device); });
      afterAll(async () => { await engine.dispose(); });

      test("logits within 1e-4", async () => {
        const scores = await engine.scores(batch);
        scores.forEach((ofSequence, index) => {
          const truth = tensor(expected, `scores.${index}`).data;
          // Cells that do not count are 0 in the fixture and -Infinity here.
          const length = (batch.sequenceStarts[index + 1] ?? 0) - (batch.sequenceStarts[index] ?? 0);
          const masked = stored.shape.maskSpecialTokens;
          ofSequence.forEach((score, cell) => {
            const row = Math.floor(cell / length) % length;
            const column = cell % length;
            const counts = row <= column && (!masked || (row > 0 && column < length - 1));
            if (counts !== Number.isFinite(score)) {
              throw new Error(`cell ${row}, ${column} of sequence ${index} is ${score}`);
            }
          });
          const finite = ofSequence.map((score) => (Number.isFinite(score) ? score : 0));
          expect(largestDifference(finite, truth)).toBeLessThan(1e-4);
        });
        expect(largestDifference(await engine.hiddenStates(batch), tensor(expected, "hidden").data)).toBeLessThan(1e-4);
      });

      test("loss within 1e-5 and every gradient within 1e-4, relative", async () => {
        const { loss, gradients } = await engine.gradients(batch, gold);
        expect(Math.abs(loss - stored.expected.loss) / stored.expected.loss).toBeLessThan(1e-5);
        const gradientNames = [...expected.keys()].filter((key) => key.startsWith("gradient."));
        expect(Object.keys(gradients).sort()).toEqual(gradientNames.map((key) => key.slice("gradient.".length)).sort());
        for (const key of gradientNames) {
          const truth = tensor(expected, key).data;
          const found = gradients[key.slice("gradient.".length)];
          // The key bias of attention has no gradient but rounding, hence the share of the whole gradient's norm.
          const size = largestMagnitude(truth);
          const allowance = 1e-4 * (size + 1e-3 * stored.expected.gradientNorm);
          const close = largestDifference(found?.data ?? [], truth) <= allowance;
          expect({ key, close }).toEqual({ key, close: true });
        }
      });

      test("the loss outside training is the same", async () => {
        const loss = await engine.loss(batch, gold);
        expect(Math.abs(loss - stored.expected.loss) / stored.expected.loss).toBeLessThan(1e-5);
      });

      test("prediction finds exactly the cells above the threshold", async () => {
        const threshold = clearThreshold(expected);
        const thresholds = new Float32Array(stored.shape.entityTypeCount).fill(threshold);
        const spans = await engine.predict(batch, thresholds);
        const found = Array.from(spans.sequence, (sequence, i) =>
          `${sequence} ${spans.entityType[i]} ${spans.start[i]} ${spans.end[i]}`);
        const truth: string[] = [];
        for (let b = 0; b + 1 < batch.sequenceStarts.length; b++) {
          const length = (batch.sequenceStarts[b + 1] ?? 0) - (batch.sequenceStarts[b] ?? 0);
          tensor(expected, `scores.${b}`).data.forEach((score, cell) => {
            if (score > threshold) {
              const row = Math.floor(cell / length);
              truth.push(`${b} ${Math.floor(row / length)} ${row % length} ${cell % length}`);
            }
          });
        }
        expect(found).toEqual(truth);
      });

      if (stored.training !== undefined) {
        const { training } = stored;
        test("50 optimizer steps within 1e-3 of the loss curve", async () => {
          await engine.configureOptimizer(training.optimizer);
          expect(training.losses).toHaveLength(50);
          for (const [step, expectedLoss] of training.losses.entries()) {
            const current = training.batches[step % training.batches.length];
            if (current === undefined) throw new Error("the fixture has no batches");
            const rate = training.learningRates[step] ?? NaN;
            const result = await engine.trainStep([packed(current)], { encoder: rate, head: rate });
            expect(result.applied).toBe(true);
            expect(Math.abs(result.loss - expectedLoss)).toBeLessThan(1e-3);
            expect(Math.abs(result.gradientNorm - (training.gradientNorms[step] ?? NaN))).toBeLessThan(1e-2);
          }
        });
      }
    });
  });
});
