// Several seeds in this process, where a stop can be placed at an exact step.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/load.js";
import type { Metrics, Scores } from "../../lib/evaluation/metrics.js";
import { resumeSeeds, trainSeeds, type SeedsObserver, type SeedsResult } from "../../lib/training/seeds.js";
import { metricsSpread, spreadOf } from "../../lib/training/seeds-summary.js";
import { train } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

const SEEDS = [3, 1];

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function begin(output: string, context: { observer?: SeedsObserver; signal?: AbortSignal } = {}): Promise<SeedsResult> {
  return trainSeeds({ config: loadConfig(at("config.json")), seeds: SEEDS, output: at(output), ...context });
}

function weights(...names: string[]): string {
  return readFileSync(at(...names, "last", "model.safetensors")).toString("base64");
}

function withoutPlace({ directory, ...rest }: SeedsResult): object {
  expect(directory).not.toBe("");
  return rest;
}

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: 2, seed: 7 } });
});
afterAll(() => { folder.remove(); });

describe("mean and deviation", () => {
  test("of known numbers", () => {
    // statistics.mean and statistics.stdev of Python
    const { mean, deviation } = spreadOf([2, 4, 4, 4, 5, 5, 7, 9]);
    expect(mean).toBe(5);
    expect(deviation).toBeCloseTo(2.138089935299395, 12);
    expect(spreadOf([0.25, 0.75])).toEqual({ mean: 0.5, deviation: Math.SQRT1_2 / 2 });
    expect(spreadOf([3, 3, 3])).toEqual({ mean: 3, deviation: 0 });
  });

  test("one number has no deviation", () => {
    expect(spreadOf([0.5])).toEqual({ mean: 0.5 });
  });

  test("of scores, overall and by type", () => {
    const counts = { support: 8, predicted: 8, correct: 4 };
    const scores = (f1: number): Scores => ({ precision: f1 + 0.125, recall: f1 - 0.125, f1, ...counts });
    const metrics = (f1: number): Metrics => ({ ...scores(f1), types: { a: scores(f1 / 2), b: scores(0.5) } });
    const spread = metricsSpread([metrics(0.25), metrics(0.75)]);
    const deviation = Math.SQRT1_2 / 2;
    expect(spread).toMatchObject({
      precision: { mean: 0.625, deviation }, recall: { mean: 0.375, deviation }, f1: { mean: 0.5, deviation },
      types: { a: { f1: { mean: 0.25, deviation: deviation / 2 } }, b: { f1: { mean: 0.5, deviation: 0 } } },
    });
  });
});

describe("trainSeeds", () => {
  let undisturbed: SeedsResult;
  beforeAll(async () => { undisturbed = await begin("undisturbed"); });

  test("trains each seed as its own training would be, in the order given", async () => {
    for (const seed of SEEDS) {
      await train({ config: loadConfig(at("config.json"), [`training.seed=${seed}`]), output: at(`alone-${seed}`) });
      expect(weights("undisturbed", `seed-${seed}`)).toBe(weights(`alone-${seed}`));
    }
    expect(weights("undisturbed", "seed-1")).not.toBe(weights("undisturbed", "seed-3"));
    expect(readdirSync(at("undisturbed")).sort()).toEqual(["config.json", "seed-1", "seed-3", "seeds.json"]);
    expect(undisturbed).toMatchObject({ stopped: false, seeds: SEEDS, runs: [{ seed: 3 }, { seed: 1 }] });
  });

  test("sums up the best and the last epochs, and leaves the same in seeds.json", () => {
    const { runs, summary } = undisturbed;
    for (const which of ["best", "last"] as const) {
      for (const share of ["precision", "recall", "f1"] as const) {
        expect(summary?.[which][share]).toEqual(spreadOf(runs.map((run) => run[which].dev[share])));
      }
    }
    for (const { seed, best, last } of runs) {
      const lines = readFileSync(at("undisturbed", `seed-${seed}`, "metrics.jsonl"), "utf8").trim().split("\n");
      const records = lines.map((line) => JSON.parse(line) as { epoch: number; dev: Metrics });
      expect(last).toEqual({ epoch: 2, dev: records[1]?.dev });
      expect(best.dev.f1).toBe(Math.max(...records.map(({ dev }) => dev.f1)));
    }
    expect(JSON.parse(readFileSync(at("undisturbed", "seeds.json"), "utf8"))).toEqual({
      formatVersion: 1, configSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string, seeds: SEEDS, runs, summary,
    });
  });

  test.each([
    ["in the first seed", 3], ["in the last step of the first seed", 12], ["in the second seed", 15],
  ])("stopped %s, it goes on with what is missing and comes to the same end", async (place, step) => {
    const output = `stopped ${place}`;
    const controller = new AbortController();
    let steps = 0;
    const observer: SeedsObserver = { step() { if (++steps === step) controller.abort(); } };
    const stopped = await begin(output, { observer, signal: controller.signal });
    expect(stopped.stopped).toBe(true);
    expect(stopped.runs.length).toBeLessThan(2);
    const begun: number[] = [];
    const resumed = await resumeSeeds({
      directory: at(output), observer: { seed: (seed) => { begun.push(seed); } },
    });
    expect(begun).toEqual(step < 13 ? [3, 1] : [1]);
    expect(withoutPlace(resumed)).toEqual(withoutPlace(undisturbed));
    for (const seed of SEEDS) expect(weights(output, `seed-${seed}`)).toBe(weights("undisturbed", `seed-${seed}`));
  });

  test("a finished folder is left alone, and tells its results", async () => {
    const begun: number[] = [];
    const observer = { seed: (seed: number) => { begun.push(seed); } };
    expect(await resumeSeeds({ directory: at("undisturbed"), observer }))
      .toEqual({ ...undisturbed, directory: at("undisturbed") });
    expect(begun).toEqual([]);
  });

  test("a folder is trained once at a time, and its runs with it", async () => {
    const controller = new AbortController();
    const first = begin("twice", { signal: controller.signal });
    await expect(begin("twice")).rejects.toThrow(`is being trained by process ${process.pid}: wait for it`);
    await expect(resumeSeeds({ directory: at("twice") })).rejects.toThrow(/is being trained by process/);
    controller.abort();
    await first;
    await expect(begin("twice")).rejects.toThrow(/twice holds seeds already: .* --resume/);
    await expect(train({ config: loadConfig(at("config.json")), output: at("twice") }))
      .rejects.toThrow(/twice exists already and is not empty/);
  });

  test("an edited config, a damaged list and a lost one are refused", async () => {
    const controller = new AbortController();
    controller.abort();
    await begin("edited", { signal: controller.signal });
    const config = readFileSync(at("edited", "config.json"), "utf8");
    writeFileSync(at("edited", "config.json"), config.replace("\"batchSize\": 4", "\"batchSize\": 8"));
    const resumed = (): Promise<SeedsResult> => resumeSeeds({ directory: at("edited") });
    await expect(resumed()).rejects.toThrow(/edited\/config\.json was edited since the seeds began/);
    writeFileSync(at("edited", "config.json"), config);
    writeFileSync(at("edited", "seeds.json"), "{\"formatVersion\": 1");
    await expect(resumed()).rejects.toMatchObject({ code: "CHECKPOINT" });
    rmSync(at("edited", "seeds.json"));
    await expect(resumed()).rejects.toThrow(/seeds\.json does not exist/);
  });

  test("nothing is left of seeds that cannot be trained", async () => {
    const config = loadConfig(at("config.json"), [`data.train=${at("none.jsonl")}`]);
    await expect(trainSeeds({ config, seeds: [1], output: at("failed") })).rejects.toMatchObject({ code: "DATA" });
    expect(readdirSync(folder.path)).not.toContain("failed");
  });

  test.each<[number[], RegExp]>([
    [[], /^The seeds are none: give different whole numbers from 0 to 4294967295/],
    [[1, 2, 1], /^The seeds hold 1 twice/], [[1.5], /^The seeds hold 1\.5: give/], [[-1], /hold -1:/],
    [[2 ** 32], /hold 4294967296:/], [[NaN], /hold NaN:/],
  ])("%j are no seeds", async (seeds, message) => {
    const config = loadConfig(at("config.json"));
    await expect(trainSeeds({ config, seeds, output: at("refused") })).rejects.toThrow(message);
    expect(readdirSync(folder.path)).not.toContain("refused");
  });
});
