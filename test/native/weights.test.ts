import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { GlobalPointerError } from "../../lib/errors.js";
import { createEngine } from "../../lib/model/engine.js";
import type { DenseTensor, ModelShape, NativeEngine } from "../../lib/model/native.js";
import { readPretrainedDirectory } from "../../lib/model/pretrained.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";
import { differingParameters, learningRates, readyEngine, shapeOfFixture, tinyShape, tinyStep } from "./tiny-model.js";

// One tiny encoder in every kind of weight file, and files to be refused: test/parity/write_weights.py.

const FIXTURES = join(import.meta.dirname, "..", "fixtures", "weights");
const HEAD = ["dense.bias", "dense.weight"];
const WRITTEN_BY_HOSTILE_PICKLES = join(process.cwd(), "pickle-was-executed");
const REFUSED_WITHIN = 1_000; // milliseconds: a test takes that long at most

interface GoodFile {
  outcome: "ok";
  format: string;
  values: string;
  missing: string[];
  unexpected: string[];
  /** True where the file has the head, too. */
  head?: boolean;
}

interface RefusedFile {
  outcome: "refused";
  why: string;
}

interface Expected {
  shape: Partial<ModelShape>;
  batch: { inputIds: number[]; sequenceStarts: number[]; tokenTypeIds: number[] };
  values: Record<string, Record<string, { shape: number[]; sum: number; first: number[] }>>;
  files: Record<string, GoodFile | RefusedFile>;
}

const expected = JSON.parse(readFileSync(join(FIXTURES, "expected.json"), "utf8")) as Expected;
const results = readSafetensors(join(FIXTURES, "expected.safetensors"));
const batch = {
  inputIds: Int32Array.from(expected.batch.inputIds),
  sequenceStarts: Int32Array.from(expected.batch.sequenceStarts),
  tokenTypeIds: Int32Array.from(expected.batch.tokenTypeIds),
};

const files = Object.entries(expected.files);
const readable = files.flatMap(([name, file]) => (file.outcome === "ok" ? [{ name, ...file }] : []));
const good = readable.filter(({ missing }) => missing.length === 0);
const incomplete = readable.filter(({ missing }) => missing.length > 0);
const refused = files.flatMap(([name, file]) => (file.outcome === "refused" ? [{ name, ...file }] : []));
const isDirectory = ({ name }: { name: string }): boolean => name.startsWith("directories/");

const pathOf = (file: { name: string }): string =>
  isDirectory(file) ? readPretrainedDirectory(join(FIXTURES, file.name)).weightsPath : join(FIXTURES, file.name);

async function fixtureEngine(): Promise<NativeEngine> {
  const engine = createEngine({ shape: shapeOfFixture(expected.shape), device: "cpu", threads: 1, seed: 3 });
  await engine.initialise();
  return engine;
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

async function rejection(promise: Promise<unknown>): Promise<GlobalPointerError> {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason);
  if (error instanceof GlobalPointerError) return error;
  throw new Error(`expected a GlobalPointerError, but got ${String(error)}`);
}

function expectOneLine(message: string): void {
  expect(message).not.toMatch(/\n|frame #|Exception raised|\.(?:cc|cpp|h):\d/);
}

let engine: NativeEngine;
beforeAll(async () => {
  expect(existsSync(WRITTEN_BY_HOSTILE_PICKLES)).toBe(false);
  engine = await fixtureEngine();
});
afterAll(async () => {
  await engine.dispose();
});

test("the fixtures hold every format and every rounding", () => {
  expect(new Set(good.map(({ format }) => format))).toEqual(new Set(["safetensors", "torch-zip", "torch-legacy"]));
  expect(new Set(good.map(({ values }) => values))).toEqual(new Set(Object.keys(expected.values)));
  expect(refused.length).toBeGreaterThan(good.length);
});

describe("good files", () => {
  let fresh: NativeEngine;
  beforeEach(async () => { fresh = await fixtureEngine(); });
  afterEach(async () => { await fresh.dispose(); });

  test.each(good)("$name", async (file) => {
    const hasHead = file.head === true;
    const report = await fresh.loadWeights(pathOf(file), hasHead ? "model" : "encoder");
    const parameters = await fresh.parameters();
    expect(report.format).toBe(file.format);
    expect([...report.missing].sort()).toEqual(hasHead ? [] : HEAD);
    expect([...report.unexpected].sort()).toEqual([...file.unexpected].sort());
    expect([...report.loaded, ...report.missing].sort()).toEqual(Object.keys(parameters).sort());

    for (const name of report.loaded) {
      const { shape, data } = parameters[name] ?? { shape: [], data: new Float32Array() };
      const truth = expected.values[file.values]?.[name];
      expect({ name, shape, first: Array.from(data.subarray(0, 4)) })
        .toEqual({ name, shape: truth?.shape, first: truth?.first });
      // Both add the same float32 values in double precision, perhaps in another order.
      expect(Math.abs(sum(data) - (truth?.sum ?? NaN))).toBeLessThan(1e-10);
    }
    const hidden = results.get(`${file.values}.hidden`)?.data ?? [];
    expect(largestDifference(await fresh.hiddenStates(batch), hidden)).toBeLessThan(1e-5);
    if (hasHead) {
      for (const [index, scores] of (await fresh.scores(batch)).entries()) {
        const finite = scores.map((score) => (Number.isFinite(score) ? score : 0));
        expect(largestDifference(finite, results.get(`${file.values}.scores.${index}`)?.data ?? [])).toBeLessThan(1e-4);
      }
    }
  });

  test("a head is not taken over where only the encoder was asked for", async () => {
    const withHead = good.find(({ head }) => head);
    if (withHead === undefined) throw new Error("no fixture has a head");
    const before = await fresh.parameters();
    const report = await fresh.loadWeights(pathOf(withHead), "encoder");
    expect([...report.missing].sort()).toEqual(HEAD);
    expect(report.unexpected).toEqual(expect.arrayContaining(HEAD));
    const differing = differingParameters(before, await fresh.parameters());
    expect(differing).toHaveLength(report.loaded.length);
    expect(differing).not.toEqual(expect.arrayContaining(HEAD));
  });

  test("the whole model is not to be had from an encoder", async () => {
    const error = await rejection(fresh.loadWeights(join(FIXTURES, "plain.safetensors"), "model"));
    expect(error.code).toBe("BAD_WEIGHTS");
    for (const name of HEAD) expect(error.message).toContain(name);
  });
});

describe("files that lack tensors", () => {
  test.each(incomplete)("$name", async (file) => {
    const error = await rejection(engine.loadWeights(pathOf(file), "encoder"));
    expect(error.code).toBe("BAD_WEIGHTS");
    expect(error.message).toContain(basename(file.name));
    expect(error.message).toContain(`lack ${file.missing.length} tensors`);
    for (const name of file.missing.slice(0, 3)) expect(error.message).toContain(name);
    expectOneLine(error.message);
  });
});

/** Sound files whose tensors do not fit the model. */
const OF_ANOTHER_SHAPE = new Set(["wrong-vocabulary-size.safetensors", "transposed-weight.safetensors"]);

describe("refused files", () => {
  let before: Record<string, DenseTensor>;
  beforeAll(async () => { before = await engine.parameters(); });

  test.each(refused.filter((file) => !isDirectory(file)))("$name: $why", async (file) => {
    const error = await rejection(engine.loadWeights(pathOf(file), "encoder"));
    expect(error.code).toBe(OF_ANOTHER_SHAPE.has(basename(file.name)) ? "BAD_SHAPE" : "BAD_WEIGHTS");
    expect(error.message).toContain(basename(file.name));
    expectOneLine(error.message);
  }, REFUSED_WITHIN);

  test.each(refused.filter(isDirectory))("$name: $why", (file) => {
    let error: unknown;
    try {
      pathOf(file);
    } catch (reason) {
      error = reason;
    }
    expect(error).toMatchObject({ name: "GlobalPointerError", code: "MODEL_DIRECTORY" });
    expect(String(error)).toContain(basename(file.name));
  });

  test("a file that is not there", async () => {
    const error = await rejection(engine.loadWeights(join(FIXTURES, "absent.safetensors"), "encoder"));
    expect(error.code).toBe("BAD_WEIGHTS");
    expect(error.message).toContain("absent.safetensors");
    expectOneLine(error.message);
  });

  test("leave every parameter as it was, and nothing in them ran", async () => {
    expect(differingParameters(before, await engine.parameters())).toEqual([]);
    expect(existsSync(WRITTEN_BY_HOSTILE_PICKLES)).toBe(false);
  });
});

describe("written files", () => {
  let folder: string;
  let trained: NativeEngine;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "weights-"));
    trained = await readyEngine();
    await trained.trainStep(tinyStep, learningRates);
  });
  afterAll(async () => {
    await trained.dispose();
    rmSync(folder, { recursive: true });
  });

  test.each([
    { method: "saveWeights", format: "safetensors", unexpected: [] },
    {
      method: "saveStateDict",
      format: "torch-zip",
      unexpected: ["encoder.pooler.dense.bias", "encoder.pooler.dense.weight"],
    },
  ] as const)("$method, then loadWeights: bitwise the same", async ({ method, format, unexpected }) => {
    const path = join(folder, method);
    await trained[method](path);
    const other = await readyEngine({ seed: 2 });
    const truth = await trained.parameters();
    expect(differingParameters(truth, await other.parameters())).not.toEqual([]);
    const report = await other.loadWeights(path, "model");
    expect(report.format).toBe(format);
    expect(report.missing).toEqual([]);
    expect([...report.unexpected].sort()).toEqual(unexpected);
    expect(differingParameters(truth, await other.parameters())).toEqual([]);
    await other.dispose();
  });

  test("saveWeights writes what an independent reader understands", async () => {
    const path = join(folder, "read-back");
    await trained.saveWeights(path);
    const stored = Object.fromEntries([...readSafetensors(path)].map(([name, { shape, data }]) =>
      [name, { shape, data: Float32Array.from(data) }]));
    expect(differingParameters(await trained.parameters(), stored)).toEqual([]);
  });

  test.each(["saveWeights", "saveStateDict", "saveOptimizer"] as const)(
    "%s into a folder that is not there", async (method) => {
      const error = await rejection(trained[method](join(folder, "nowhere", "model.bin")));
      expect(error.code).toBe("OUTPUT");
      expect(error.message).toContain(join("nowhere", "model.bin"));
      expectOneLine(error.message);
    },
  );

  test("weights of another shape are refused and named", async () => {
    const path = join(folder, "other-shape");
    await trained.saveWeights(path);
    const wider = await readyEngine({ shape: { ...tinyShape, intermediateSize: 32 } });
    const error = await rejection(wider.loadWeights(path, "model"));
    expect(error.code).toBe("BAD_SHAPE");
    expect(error.message).toContain("intermediate.dense.weight");
    await wider.dispose();
  });
});
