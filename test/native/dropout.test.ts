import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import type { ModelShape, OptimizerOptions } from "../../lib/model/native.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";
import { shapeOfFixture } from "./tiny-model.js";

// Training with dropout against plain PyTorch that draws the same masks (test/parity/write_dropout.py).

const FIXTURE = join(import.meta.dirname, "..", "fixtures", "dropout");

interface Case {
  shape: Partial<ModelShape>;
  seed: number;
  learningRate: number;
  optimizer: OptimizerOptions;
  batches: {
    inputIds: number[];
    sequenceStarts: number[];
    gold: { sequence: number[]; entityType: number[]; start: number[]; end: number[] };
  }[];
  losses: number[];
  gradientNorms: number[];
}

const stored = JSON.parse(readFileSync(join(FIXTURE, "plain", "case.json"), "utf8")) as Case;

/** The losses, gradient norms and final weights of the case's steps, with masks of the given seed. */
async function train(seed: number) {
  const engine = createEngine({ shape: shapeOfFixture(stored.shape), device: "cpu", threads: 2, seed });
  try {
    await engine.initialise();
    const report = await engine.loadWeights(join(FIXTURE, "model.safetensors"), "model");
    expect([report.missing, report.unexpected]).toEqual([[], []]);
    await engine.configureOptimizer(stored.optimizer);
    const losses: number[] = [];
    const norms: number[] = [];
    const rates = { encoder: stored.learningRate, head: stored.learningRate };
    for (let step = 0; step < stored.losses.length; step++) {
      const current = stored.batches[step % stored.batches.length];
      if (current === undefined) throw new Error("the fixture has no batches");
      const batch = {
        inputIds: Int32Array.from(current.inputIds), sequenceStarts: Int32Array.from(current.sequenceStarts),
      };
      const gold = {
        sequence: Int32Array.from(current.gold.sequence), entityType: Int32Array.from(current.gold.entityType),
        start: Int32Array.from(current.gold.start), end: Int32Array.from(current.gold.end),
      };
      const result = await engine.trainStep(batch, gold, rates);
      losses.push(result.loss);
      norms.push(result.gradientNorm);
    }
    return { losses, norms, weights: await engine.parameters() };
  } finally {
    await engine.dispose();
  }
}

describe.each([["fast operations", "0"], ["reference operations", "1"]])("dropout, %s", (_, reference) => {
  beforeAll(() => { process.env.GP_REFERENCE_OPS = reference; });
  afterAll(() => { delete process.env.GP_REFERENCE_OPS; });

  test("steps give the losses, gradient norms and weights of plain PyTorch within 1e-4", async () => {
    expect(stored.losses).toHaveLength(12);
    const { losses, norms, weights } = await train(stored.seed);
    expect(largestDifference(losses, stored.losses)).toBeLessThan(1e-4);
    expect(largestDifference(norms, stored.gradientNorms)).toBeLessThan(1e-4);
    const expected = readSafetensors(join(FIXTURE, "plain", "expected.safetensors"));
    expect(Object.keys(weights).sort()).toEqual([...expected.keys()].sort());
    for (const [name, { data }] of expected) {
      const close = largestDifference(weights[name]?.data ?? [], data) < 1e-4;
      expect({ name, close }).toEqual({ name, close: true });
    }
  });

  test("another seed draws other masks", async () => {
    const { losses } = await train(stored.seed + 1);
    expect(Math.abs((losses[0] ?? NaN) - (stored.losses[0] ?? NaN))).toBeGreaterThan(1e-2);
  });
});
