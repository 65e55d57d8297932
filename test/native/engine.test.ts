import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { PackedBatch, SpanTable } from "../../lib/data/packed-batch.js";
import { createEngine } from "../../lib/model/engine.js";
import { loadAddon, type NativeEngine } from "../../lib/model/native.js";
import {
  differingParameters, goldOf, largeBatch, largeGold, largeShape, largeStep, learningRates, readyEngine,
  tinyBatch, tinyGold, tinyShape, tinyStep,
} from "./tiny-model.js";

const anyThresholds = new Float32Array(tinyShape.entityTypeCount).fill(-Infinity);

let engine: NativeEngine;
beforeAll(async () => { engine = await readyEngine(); });
afterAll(async () => { await engine.dispose(); });

describe("the event loop", () => {
  test("turns many times while a step runs", async () => {
    const busy = await readyEngine({ shape: largeShape });
    let turns = 0;
    let running = true;
    const turn = (): void => {
      turns++;
      if (running) setImmediate(turn);
    };
    setImmediate(turn);
    const result = await busy.trainStep(largeStep, learningRates);
    running = false;
    expect(result.applied).toBe(true);
    expect(turns).toBeGreaterThan(10);
    await busy.dispose();
  });
});

describe("jobs", () => {
  test("run in the order of the calls", async () => {
    const order: string[] = [];
    const noted = async (name: string, promise: Promise<unknown>): Promise<void> => {
      await promise;
      order.push(name);
    };
    const before = await engine.loss(tinyBatch, tinyGold);
    const first = engine.loss(tinyBatch, tinyGold);
    const jobs = [noted("first loss", first)];
    for (let step = 0; step < 5; step++) {
      jobs.push(noted(`step ${step}`, engine.trainStep(tinyStep, learningRates)));
    }
    const last = engine.loss(tinyBatch, tinyGold);
    jobs.push(noted("last loss", last), noted("prediction", engine.predict(tinyBatch, anyThresholds)));
    await Promise.all(jobs);
    expect(order).toEqual([
      "first loss", "step 0", "step 1", "step 2", "step 3", "step 4", "last loss", "prediction",
    ]);
    expect(await first).toBe(before);
    expect(await last).toBeLessThan(before);
  });

  test("work on copies of their arguments", async () => {
    const truth = await engine.loss(tinyBatch, tinyGold);
    const spans = await engine.predict(tinyBatch, anyThresholds);
    const batch = { inputIds: tinyBatch.inputIds.slice(), sequenceStarts: tinyBatch.sequenceStarts.slice() };
    const gold = { ...tinyGold, start: tinyGold.start.slice(), end: tinyGold.end.slice() };
    const thresholds = anyThresholds.slice();
    const loss = engine.loss(batch, gold);
    const prediction = engine.predict(batch, thresholds);
    batch.inputIds.fill(5);
    batch.sequenceStarts.fill(0);
    gold.start.fill(1);
    gold.end.fill(1);
    thresholds.fill(Infinity);
    expect(await loss).toBe(truth);
    expect(await prediction).toEqual(spans);
  });

  test("segments that are all zero are the same as none", async () => {
    const tokenTypeIds = new Int32Array(tinyBatch.inputIds.length);
    const truth = await engine.loss(tinyBatch, tinyGold);
    expect(await engine.loss({ ...tinyBatch, tokenTypeIds }, tinyGold)).toBeCloseTo(truth, 6);
    expect(await engine.loss({ ...tinyBatch, tokenTypeIds: tokenTypeIds.fill(1) }, tinyGold)).not.toBeCloseTo(truth, 6);
  });

  test("that fail reject and leave the engine usable", async () => {
    await expect(engine.loadOptimizer("nowhere.safetensors")).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    expect(Number.isFinite(await engine.loss(tinyBatch, tinyGold))).toBe(true);
  });

  test("training without an optimizer is refused", async () => {
    const bare = createEngine({ shape: tinyShape, device: "cpu", threads: 1, seed: 1 });
    await bare.initialise();
    await expect(bare.trainStep(tinyStep, learningRates)).rejects.toMatchObject({ code: "INTERNAL" });
    await bare.dispose();
  });

  test("a model that was never built is refused", async () => {
    const bare = createEngine({ shape: tinyShape, device: "cpu", threads: 1, seed: 1 });
    await expect(bare.loss(tinyBatch, tinyGold)).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(bare.parameters()).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(bare.configureOptimizer({
      weightDecay: 0, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradNorm: 0, decayAll: false,
    })).rejects.toMatchObject({ code: "INTERNAL" });
    await bare.dispose();
  });
});

describe("arguments that do not fit are refused at once", () => {
  // The engine itself, without the wrapper whose methods are all async.
  const raw = (): NativeEngine => new (loadAddon().Engine)({ shape: tinyShape, device: "cpu", threads: 1, seed: 1 });
  const column = (...values: number[]): Int32Array => Int32Array.from(values);
  const ids = (...values: number[]): PackedBatch => ({
    inputIds: column(...values), sequenceStarts: column(0, values.length),
  });

  const batches: [string, unknown, typeof Error][] = [
    ["no batch", undefined, TypeError],
    ["null", null, TypeError],
    ["a number", 3, TypeError],
    ["no ids", { sequenceStarts: column(0, 1) }, TypeError],
    ["ids in an array", { inputIds: [1, 2], sequenceStarts: column(0, 2) }, TypeError],
    ["ids as Uint32Array", { inputIds: new Uint32Array(2), sequenceStarts: column(0, 2) }, TypeError],
    ["ids as BigInt64Array", { inputIds: new BigInt64Array(2), sequenceStarts: column(0, 2) }, TypeError],
    ["ids as a bare buffer", { inputIds: new ArrayBuffer(8), sequenceStarts: column(0, 2) }, TypeError],
    ["no starts", { inputIds: column(1) }, TypeError],
    ["starts in an array", { inputIds: column(1), sequenceStarts: [0, 1] }, TypeError],
    ["segments in an array", { ...ids(1), tokenTypeIds: [0] }, TypeError],
    ["segments that are null", { ...ids(1), tokenTypeIds: null }, TypeError],
    ["an empty batch", ids(), RangeError],
    ["one start only", { inputIds: column(), sequenceStarts: column(0) }, RangeError],
    ["no starts at all", { inputIds: column(), sequenceStarts: column() }, RangeError],
    ["a first start that is not 0", { inputIds: column(1, 2), sequenceStarts: column(1, 2) }, RangeError],
    ["a last start before the end", { inputIds: column(1, 2), sequenceStarts: column(0, 1) }, RangeError],
    ["a last start past the end", { inputIds: column(1, 2), sequenceStarts: column(0, 3) }, RangeError],
    ["starts that go back", { inputIds: column(1, 2, 3), sequenceStarts: column(0, 2, 1, 3) }, RangeError],
    ["starts past the end in between", { inputIds: column(1, 2), sequenceStarts: column(0, 9, 2) }, RangeError],
    ["a negative start", { inputIds: column(1, 2), sequenceStarts: column(0, -1, 2) }, RangeError],
    ["a start that wraps", { inputIds: column(1, 2), sequenceStarts: column(0, -2147483648, 2) }, RangeError],
    ["an empty sequence", { inputIds: column(1, 2), sequenceStarts: column(0, 1, 1, 2) }, RangeError],
    ["a sequence longer than the model's positions", ids(...new Array<number>(21).fill(1)), RangeError],
    ["a negative id", ids(1, -1), RangeError],
    ["an id as large as the vocabulary", ids(1, tinyShape.vocabSize), RangeError],
    ["an id of 2^31 - 1", ids(2147483647), RangeError],
    ["too few segments", { ...ids(1, 2), tokenTypeIds: column(0) }, RangeError],
    ["too many segments", { ...ids(1), tokenTypeIds: column(0, 0) }, RangeError],
    ["an unknown segment", { ...ids(1), tokenTypeIds: column(2) }, RangeError],
    ["a negative segment", { ...ids(1), tokenTypeIds: column(-1) }, RangeError],
  ];
  test.each(batches)("batch: %s", (_, batch, kind) => {
    const bad = batch as PackedBatch;
    const none = goldOf([]);
    const it = raw();
    expect(() => it.trainStep([{ batch: bad, gold: none }], learningRates)).toThrow(kind);
    expect(() => it.loss(bad, none)).toThrow(kind);
    expect(() => it.gradients(bad, none)).toThrow(kind);
    expect(() => it.predict(bad, anyThresholds)).toThrow(kind);
    expect(() => it.scores(bad)).toThrow(kind);
    expect(() => it.hiddenStates(bad)).toThrow(kind);
  });

  // The sequences of the batch have 7, 3 and 12 tokens; [CLS] and [SEP] are masked.
  const golds: [string, unknown, typeof Error][] = [
    ["none given", undefined, TypeError],
    ["null", null, TypeError],
    ["a column that is missing", { ...tinyGold, end: undefined }, TypeError],
    ["a column of another kind", { ...tinyGold, start: new Float32Array(5) }, TypeError],
    ["a column as an array", { ...tinyGold, sequence: [0, 0, 1, 2, 2] }, TypeError],
    ["a column that is shorter", { ...tinyGold, entityType: column(0) }, RangeError],
    ["a column that is longer", { ...tinyGold, end: column(1, 1, 1, 1, 1, 1) }, RangeError],
    ["a sequence past the last", goldOf([[3, 0, 1, 1]]), RangeError],
    ["a negative sequence", goldOf([[-1, 0, 1, 1]]), RangeError],
    ["an unknown type", goldOf([[0, 3, 1, 1]]), RangeError],
    ["a negative type", goldOf([[0, -1, 1, 1]]), RangeError],
    ["a span that is inverted", goldOf([[0, 0, 3, 2]]), RangeError],
    ["a span past its sequence", goldOf([[1, 0, 1, 3]]), RangeError],
    ["a span far past its sequence", goldOf([[0, 0, 1, 2147483647]]), RangeError],
    ["a negative start", goldOf([[0, 0, -1, 2]]), RangeError],
    ["a span over [CLS]", goldOf([[0, 0, 0, 2]]), RangeError],
    ["a span over [SEP]", goldOf([[0, 0, 2, 6]]), RangeError],
    ["a bad span behind a good one", goldOf([[0, 0, 1, 2], [2, 0, 5, 4]]), RangeError],
  ];
  test.each(golds)("gold: %s", (_, gold, kind) => {
    const bad = gold as SpanTable;
    const it = raw();
    expect(() => it.trainStep([...tinyStep, { batch: tinyBatch, gold: bad }], learningRates)).toThrow(kind);
    expect(() => it.loss(tinyBatch, bad)).toThrow(kind);
    expect(() => it.gradients(tinyBatch, bad)).toThrow(kind);
  });

  const thresholds: [string, unknown, typeof Error][] = [
    ["none given", undefined, TypeError],
    ["an array", [0, 0, 0], TypeError],
    ["another kind of array", new Float64Array(3), TypeError],
    ["too few", new Float32Array(2), RangeError],
    ["too many", new Float32Array(4), RangeError],
    ["one that is not a number", Float32Array.of(0, NaN, 0), RangeError],
  ];
  test.each(thresholds)("thresholds: %s", (_, bad, kind) => {
    expect(() => raw().predict(tinyBatch, bad as Float32Array)).toThrow(kind);
  });

  test.each([
    ["none given", undefined], ["without the head's", { encoder: 1 }], ["as text", { encoder: "1", head: 1 }],
  ])("learning rates: %s", (_, rates) => {
    expect(() => raw().trainStep(tinyStep, rates as typeof learningRates)).toThrow(TypeError);
  });

  test("paths and scopes", () => {
    const it = raw();
    const notText = 7 as unknown as string;
    expect(() => it.loadWeights(notText, "model")).toThrow(TypeError);
    expect(() => it.loadWeights("path", undefined as unknown as "model")).toThrow(TypeError);
    expect(() => it.loadWeights("path", "head" as "model")).toThrow(RangeError);
    expect(() => it.saveWeights(notText)).toThrow(TypeError);
    expect(() => it.saveStateDict(notText)).toThrow(TypeError);
    expect(() => it.saveOptimizer(notText)).toThrow(TypeError);
    expect(() => it.loadOptimizer(notText)).toThrow(TypeError);
    expect(() => it.configureOptimizer({ weightDecay: 0 } as never)).toThrow(TypeError);
  });

  const shapes: [string, object, typeof Error][] = [
    ["a size of 0", { hiddenSize: 0 }, RangeError],
    ["a negative size", { vocabSize: -1 }, RangeError],
    ["a size that is not whole", { headSize: 8.5 }, TypeError],
    ["a size that is not a number", { vocabSize: "40" }, TypeError],
    ["a size of NaN", { vocabSize: NaN }, TypeError],
    ["an endless size", { vocabSize: Infinity }, RangeError],
    ["a size that is missing", { entityTypeCount: undefined }, TypeError],
    ["a width that the heads do not divide", { numAttentionHeads: 3 }, RangeError],
    ["an odd head size with rope", { headSize: 7 }, RangeError],
    ["an unknown head", { headType: "crf" }, RangeError],
    ["unknown biases", { biasInput: "embeddings" }, RangeError],
    ["an unknown activation", { hiddenAct: "swish" }, RangeError],
    ["dropout of 1", { hiddenDropoutProb: 1 }, RangeError],
    ["negative dropout", { attentionProbsDropoutProb: -0.1 }, RangeError],
    ["a layerNormEps of 0", { layerNormEps: 0 }, RangeError],
    ["a padding token outside the vocabulary", { padTokenId: 40 }, RangeError],
    ["a switch that is no boolean", { rope: 1 }, TypeError],
    ["unknown positions", { positions: "relative" }, RangeError],
    ["rotary positions in heads of an odd size", { positions: "rotary", hiddenSize: 18 }, RangeError],
    ["rotated values without rotary positions", { rotaryValue: true }, RangeError],
    ["positions that begin anywhere", { positionOffset: 3 }, RangeError],
    ["positions that are rotary and begin later", { positions: "rotary", positionOffset: 1 }, RangeError],
    ["positions that begin at the last", { padTokenId: 18, positionOffset: 19 }, RangeError],
  ];
  test.each(shapes)("shape: %s", (_, change, kind) => {
    const shape = { ...tinyShape, ...change };
    expect(() => createEngine({ shape, device: "cpu", threads: 1, seed: 1 })).toThrow(kind);
  });

  test.each([
    ["no shape", { shape: undefined }, TypeError],
    ["a negative seed", { seed: -1 }, RangeError],
    ["a seed beyond 2^53", { seed: 2 ** 53 }, RangeError],
    ["a negative number of threads", { threads: -1 }, RangeError],
    ["half a thread", { threads: 0.5 }, TypeError],
    ["a device that is no text", { device: 0 }, TypeError],
  ])("options: %s", (_, change, kind) => {
    const options = { shape: tinyShape, device: "cpu", threads: 1, seed: 1, ...change };
    expect(() => createEngine(options as Parameters<typeof createEngine>[0])).toThrow(kind);
  });
});

describe("dispose", () => {
  test("waits for the jobs in flight, refuses later ones and may be called twice", async () => {
    const busy = await readyEngine({ shape: largeShape });
    const order: string[] = [];
    const step = busy.trainStep(largeStep, learningRates)
      .then(({ applied }) => order.push(`step ${applied}`));
    const disposed = busy.dispose().then(() => order.push("disposed"));
    const late = busy.loss(largeBatch, largeGold);
    await expect(late).rejects.toMatchObject({ name: "GlobalPointerError", code: "DISPOSED" });
    await Promise.all([step, disposed]);
    expect(order).toEqual(["step true", "disposed"]);
    await busy.dispose();
    await expect(busy.predict(largeBatch, anyThresholds)).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(busy.saveWeights("nowhere")).rejects.toMatchObject({ code: "DISPOSED" });
  });

  test("of one engine leaves another alone", async () => {
    const [one, other] = await Promise.all([readyEngine({ seed: 5 }), readyEngine({ seed: 5 })]);
    const [first, second] = await Promise.all([one.loss(tinyBatch, tinyGold), other.loss(tinyBatch, tinyGold)]);
    expect(first).toBe(second);
    await one.dispose();
    expect(await other.loss(tinyBatch, tinyGold)).toBe(second);
    await other.dispose();
  });
});

describe("devices", () => {
  const initialise = async (device: string): Promise<unknown> => {
    const it = createEngine({ shape: tinyShape, device, threads: 1, seed: 1 });
    try {
      return await it.initialise();
    } finally {
      await it.dispose();
    }
  };

  test.each(["cpu", "auto"])("%s", async (device) => {
    const { cudaDevices } = loadAddon().deviceInfo();
    const found = await initialise(device);
    expect(found).toMatchObject({ device: device === "auto" && cudaDevices > 0 ? "cuda:0" : "cpu" });
  });

  const unknown = ["gpu", "", "CUDA", "cuda:", "cuda:-1", "cuda:x", "cpu:0", "cuda:99999999999"];
  test.each(unknown)("\"%s\" is unknown", async (device) => {
    await expect(initialise(device)).rejects.toMatchObject({
      code: "DEVICE", message: `The device "${device}" is unknown: use auto, cpu, cuda or cuda:N.`,
    });
  });

  const { cudaDevices } = loadAddon().deviceInfo();
  if (cudaDevices > 0) console.log(`This machine has ${cudaDevices} CUDA devices: its absence is not tested.`);
  (cudaDevices > 0 ? test.skip : test)("CUDA that is not there is missed, with what to do", async () => {
    for (const device of ["cuda", "cuda:0", "cuda:3"]) {
      await expect(initialise(device)).rejects.toMatchObject({
        name: "GlobalPointerError", code: "DEVICE",
        message: expect.stringMatching(/--device cpu.*gp-setup --cuda/) as string,
      });
    }
  });

  test("a device number past the last is refused", async () => {
    await expect(initialise("cuda:200")).rejects.toMatchObject({ code: "DEVICE" });
  });
});

describe("random state", () => {
  let folder: string;
  beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "engine-")); });
  afterAll(() => { rmSync(folder, { recursive: true }); });

  const train = async (it: NativeEngine, steps: number): Promise<number[]> => {
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) losses.push((await it.trainStep(tinyStep, learningRates)).loss);
    return losses;
  };

  test("one seed, one model; another seed, another", async () => {
    const [one, same, other] = await Promise.all([9, 9, 10].map((seed) => readyEngine({ seed }))) as
      [NativeEngine, NativeEngine, NativeEngine];
    const [first, second, third] = await Promise.all([one.parameters(), same.parameters(), other.parameters()]);
    expect(differingParameters(first, second)).toEqual([]);
    const weights = Object.keys(first).filter((name) => name.endsWith("weight") && !name.includes("LayerNorm"));
    expect(differingParameters(first, third)).toEqual(expect.arrayContaining(weights));
    await Promise.all([one.dispose(), same.dispose(), other.dispose()]);
  });

  test("one seed, one training: bitwise, with dropout", async () => {
    const [one, same] = await Promise.all([readyEngine({ seed: 9 }), readyEngine({ seed: 9 })]);
    expect(await train(one, 10)).toEqual(await train(same, 10));
    expect(differingParameters(await one.parameters(), await same.parameters())).toEqual([]);
    await Promise.all([one.dispose(), same.dispose()]);
  });

  test("dropout differs from step to step, and is off outside training", async () => {
    const it = await readyEngine();
    const still = { encoder: 0, head: 0 };
    const losses = [await it.trainStep(tinyStep, still), await it.trainStep(tinyStep, still)];
    expect(losses[0]?.loss).not.toBe(losses[1]?.loss);
    expect(await it.loss(tinyBatch, tinyGold)).toBe(await it.loss(tinyBatch, tinyGold));
    await it.dispose();
  });

  test("weights and optimizer, saved and loaded, go on bitwise as if nothing had happened", async () => {
    const [weights, optimizer] = [join(folder, "weights.safetensors"), join(folder, "optimizer.safetensors")];
    const whole = await readyEngine({ seed: 9 });
    await train(whole, 4);
    await whole.saveWeights(weights);
    await whole.saveOptimizer(optimizer);
    const rest = await train(whole, 4);

    const resumed = await readyEngine({ seed: 1234 });
    await train(resumed, 2);
    await resumed.loadWeights(weights, "model");
    await resumed.loadOptimizer(optimizer);
    expect(await train(resumed, 4)).toEqual(rest);
    expect(differingParameters(await whole.parameters(), await resumed.parameters())).toEqual([]);

    const without = await readyEngine({ seed: 1234 });
    await without.loadWeights(weights, "model");
    expect(await train(without, 4)).not.toEqual(rest);
    await Promise.all([whole.dispose(), resumed.dispose(), without.dispose()]);
  });

  test("an optimizer of another model is refused", async () => {
    const path = join(folder, "other.safetensors");
    await engine.saveOptimizer(path);
    const other = await readyEngine({ shape: { ...tinyShape, entityTypeCount: 2 } });
    await expect(other.loadOptimizer(path)).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await engine.saveWeights(path);
    await expect(engine.loadOptimizer(path)).rejects.toMatchObject({ code: "BAD_WEIGHTS" });
    await other.dispose();
  });
});

const TASKS = "/proc/self/task";
const threadsCanBeCounted = existsSync(TASKS) && availableParallelism() > 1;
if (!threadsCanBeCounted) console.log(`tests of thread counts are skipped: they need ${TASKS} and more than one core`);

(threadsCanBeCounted ? describe : describe.skip)("threads", () => {
  const count = (): number => readdirSync(TASKS).length;
  const threadsOf = async (threads: number): Promise<number> => {
    const before = count();
    const counted = await readyEngine({ shape: largeShape, threads });
    await counted.loss(largeBatch, largeGold);
    const added = count() - before;
    await counted.dispose();
    await settled(before);
    return added;
  };

  /** The engine's own thread is joined; OpenMP's are detached and take a moment to end on a busy machine. */
  async function settled(expected: number): Promise<void> {
    for (let tries = 0; count() > expected && tries < 100; tries++) {
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }

  test("0 means one a core, whatever an earlier engine was given; disposing ends them", async () => {
    await threadsOf(1); // whatever is made once a process is made now
    const before = count();
    const alone = await threadsOf(1);
    const all = await threadsOf(0);
    expect(alone).toBe(1);
    expect(all).toBeGreaterThan(alone);
    expect(count()).toBeLessThanOrEqual(before);
  });
});
