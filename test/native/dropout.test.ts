import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import type { ModelShape, OptimizerOptions } from "../../lib/model/native.js";
import { largestDifference } from "../support/numbers.js";
import { referenceOps } from "../support/reference-ops.js";
import { readSafetensors } from "../support/safetensors.js";
import { packed, type StoredBatch } from "../support/stored-batch.js";
import { shapeOfFixture } from "./tiny-model.js";

// Training with dropout, R-Drop and smoothed labels against plain PyTorch that draws the same masks
// (test/parity/write_dropout.py).

const FIXTURE = join(import.meta.dirname, "..", "fixtures", "dropout");
const NAMES = ["all", "label-smoothing", "plain", "r-drop"];

interface Case {
  shape: Partial<ModelShape>;
  seed: number;
  rDrop: number;
  labelSmoothing: number;
  learningRate: number;
  optimizer: OptimizerOptions;
  batches: StoredBatch[];
  losses: number[];
  gradientNorms: number[];
}

function stored(name: string): Case {
  return JSON.parse(readFileSync(join(FIXTURE, name, "case.json"), "utf8")) as Case;
}

/** The losses, gradient norms and final weights of the case's steps. */
async function train(
  { shape, seed, rDrop, labelSmoothing, learningRate, optimizer, batches, losses: { length } }: Case,
  activationCheckpointing = false,
) {
  const engine = createEngine({ shape: shapeOfFixture(shape), device: "cpu", threads: 2, seed });
  try {
    await engine.initialise();
    const report = await engine.loadWeights(join(FIXTURE, "model.safetensors"), "model");
    expect([report.missing, report.unexpected]).toEqual([[], []]);
    await engine.configureOptimizer(optimizer, { rDrop, labelSmoothing, activationCheckpointing });
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < length; step++) {
      const current = batches[step % batches.length];
      if (current === undefined) throw new Error("the fixture has no batches");
      const result = await engine.trainStep([packed(current)], { encoder: learningRate, head: learningRate });
      losses.push(result.loss);
      norms.push(result.gradientNorm);
    }
    return { losses, norms, weights: await engine.parameters() };
  } finally {
    await engine.dispose();
  }
}

const largestShare = (found: number[], expected: number[]): number =>
  Math.max(...expected.map((value, index) => Math.abs((found[index] ?? NaN) - value) / value));

test("there is a fixture for each", () => {
  expect(readdirSync(FIXTURE).sort()).toEqual([...NAMES, "model.safetensors"].sort());
});

describe.each([["fast operations", false], ["reference operations", true]])("%s", (_, reference) => {
  beforeAll(() => { referenceOps(reference); });
  afterAll(() => { referenceOps(false); });

  test.each(NAMES)("%s: steps are those of plain PyTorch", async (name) => {
    const expected = stored(name);
    expect(expected.losses).toHaveLength(12);
    const { losses, norms, weights } = await train(expected);
    expect(largestShare(losses, expected.losses)).toBeLessThan(1e-5);
    expect(largestShare(norms, expected.gradientNorms)).toBeLessThan(1e-4);
    const final = readSafetensors(join(FIXTURE, name, "expected.safetensors"));
    expect(Object.keys(weights).sort()).toEqual([...final.keys()].sort());
    for (const [key, { data }] of final) {
      const close = largestDifference(weights[key]?.data ?? [], data) < 1e-4;
      expect({ key, close }).toEqual({ key, close: true });
    }
  });

  test("another seed draws other masks", async () => {
    const plain = stored("plain");
    const { losses } = await train({ ...plain, seed: plain.seed + 1 });
    expect(Math.abs((losses[0] ?? NaN) - (plain.losses[0] ?? NaN))).toBeGreaterThan(1e-2);
  });
});

test("layers that are computed again draw the same masks again", async () => {
  const all = stored("all");
  expect(await train(all, true)).toEqual(await train(all));
});
