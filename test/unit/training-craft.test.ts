// Training with everything that a step may do besides AdamW: what the trainer makes of the config.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig, type ResolvedConfig } from "../../lib/config/load.js";
import { evaluate } from "../../lib/evaluation/evaluate.js";
import { GlobalPointer } from "../../lib/model/global-pointer.js";
import { readTrainingData } from "../../lib/training/data.js";
import { overfitBatch } from "../../lib/training/overfit.js";
import type { StepProgress } from "../../lib/training/progress.js";
import { plainStepOptions, stepOptions } from "../../lib/training/step-options.js";
import { resume, train } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { readSafetensors } from "../support/safetensors.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

const EPOCHS = 3;
const STEPS = 2; // 24 samples in batches of 4: four batches a step, then two
const craft = {
  epochs: EPOCHS, accumulationSteps: 4, layerDecay: 0.8, ema: { decay: 0.9 }, adversarial: { type: "fgm" },
  rDrop: 0.5, labelSmoothing: 0.1, activationCheckpointing: true,
};

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);
const configWith = (...overrides: string[]): ResolvedConfig => loadConfig(at("config.json"), overrides);
const bytes = (...names: string[]): string => readFileSync(at(...names)).toString("base64");

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: craft });
  await train({ config: configWith(), output: at("undisturbed") });
});
afterAll(() => { folder.remove(); });

test("a step takes as many batches as are accumulated, the last of an epoch fewer; each counts as one", async () => {
  const told: StepProgress[] = [];
  await train({
    config: configWith(`training.epochs=${EPOCHS - 1}`), output: at("counted"),
    observer: { step: (progress) => { told.push(progress); } },
  });
  expect(told.map(({ epoch, step, steps }) => [epoch, step, steps]))
    .toEqual([[1, 1, 2], [1, 2, 2], [2, 1, 2], [2, 2, 2]]);
  const state = JSON.parse(readFileSync(at("counted", "last", "trainer.json"), "utf8")) as { step: number };
  expect(state.step).toBe((EPOCHS - 1) * STEPS);
});

test.each([1, STEPS, STEPS + 1, EPOCHS * STEPS])(
  "stopped after step %i and resumed, the run is bit for bit the undisturbed one", async (stop) => {
    const controller = new AbortController();
    let steps = 0;
    const output = at(`stopped ${stop}`);
    const observer = { step: () => { if (++steps === stop) controller.abort(); } };
    expect(await train({ config: configWith(), output, observer, signal: controller.signal }))
      .toMatchObject({ stopped: true });
    expect(await resume({ directory: output })).toMatchObject({ stopped: false });
    for (const file of ["best/model.safetensors", "last/model.safetensors", "last/optimizer.safetensors"]) {
      const same = bytes(`stopped ${stop}`, file) === bytes("undisturbed", file);
      expect({ file, same }).toEqual({ file, same: true });
    }
  });

test("best/ and last/ are ordinary models of averaged weights, which the recorded scores are of", async () => {
  const config = configWith();
  const averaged = readSafetensors(at("undisturbed", "last", "model.safetensors"));
  const raw = readSafetensors(at("undisturbed", "last", "optimizer.safetensors"));
  const name = "dense.weight";
  expect([...(averaged.get(name)?.data ?? [])]).not.toEqual([...(raw.get(`weight.${name}`)?.data ?? [])]);
  const last = readFileSync(at("undisturbed", "metrics.jsonl"), "utf8").trim().split("\n").at(-1) ?? "";
  const model = await GlobalPointer.load(at("undisturbed", "last"), { device: "cpu", threads: 1 });
  try {
    const { dev } = await readTrainingData(config, model.tokenizer);
    const { metrics } = await evaluate(model, dev, { batchSize: config.evaluation.batchSize });
    expect(JSON.parse(JSON.stringify(metrics))).toEqual((JSON.parse(last) as { dev: unknown }).dev);
  } finally {
    await model.dispose();
  }
});

test("a batch is learnt by heart without what would hold it back", async () => {
  const { learnt } = await overfitBatch({ config: configWith("training.learningRate=0.01") });
  expect(learnt).toBe(true);
});

describe("what a config asks of a step", () => {
  const off = {
    layerDecay: 1, frozenEmbeddings: false, frozenLayers: 0, activationCheckpointing: false, autoMicroBatch: false,
    cudaGraphs: false, precision: "fp32", rDrop: 0, labelSmoothing: 0,
  };
  const optionsOf = (...overrides: string[]) => stepOptions(loadConfig("config.json", overrides));

  test("is nothing by default", () => {
    expect(optionsOf()).toEqual(off);
  });
  test.each<[string, object]>([
    ["training.ema={}", { averageDecay: 0.999 }],
    ["training.adversarial={\"type\":\"fgm\"}", { adversarial: { epsilon: 1, alpha: 1, steps: 1 } }],
    ["training.adversarial={\"type\":\"fgm\",\"epsilon\":2}", { adversarial: { epsilon: 2, alpha: 2, steps: 1 } }],
    ["training.adversarial={\"type\":\"pgd\"}", { adversarial: { epsilon: 1, alpha: 0.3, steps: 3 } }],
    ["training.frozenLayers=2", { frozenLayers: 2 }],
    ["training.precision=bf16", { precision: "bf16" }],
    ["training.autoMicroBatch=true", { autoMicroBatch: true }],
    ["training.cudaGraphs=true", { cudaGraphs: true }],
  ])("%s", (override, options) => {
    expect(optionsOf(override)).toEqual({ ...off, ...options });
  });
  test("or the half of it, to learn by heart", () => {
    expect(plainStepOptions(configWith())).toEqual({
      layerDecay: 0.8, frozenEmbeddings: false, frozenLayers: 0, activationCheckpointing: true, autoMicroBatch: false,
      cudaGraphs: false,
      precision: "fp32",
    });
  });
});

test("a warm-up that takes the whole training is warned of", async () => {
  const messages: string[] = [];
  const schedule = "training.schedule={\"type\":\"linear\",\"warmupSteps\":1000}";
  await train({
    config: configWith(schedule), output: at("cold"), observer: { message: (text) => { messages.push(text); } },
  });
  expect(messages.filter((text) => text.includes("warm-up"))).toEqual([
    `warning: the warm-up takes 1000 steps, but the training has ${EPOCHS * STEPS}: it never comes to its learning `
    + "rate; shorten training.schedule.warmupSteps",
  ]);
});
