import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/load.js";
import { endedEarly, endOfTraining, epochsWithoutGain } from "../../lib/training/end-of-training.js";
import { resume, train } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

/** How many epochs in a row had no gain after each of these dev F1. */
function counts(scores: number[], minDelta?: number): number[] {
  const state = { epoch: 0, bestEpoch: 0, bestF1: 0, epochsWithoutGain: 0 };
  return scores.map((f1, index) => {
    state.epochsWithoutGain = epochsWithoutGain(state, f1, minDelta === undefined ? undefined : { minDelta });
    if (state.bestEpoch === 0 || f1 > state.bestF1) Object.assign(state, { bestEpoch: index + 1, bestF1: f1 });
    return state.epochsWithoutGain;
  });
}

test("an epoch is a gain when its F1 is above the best before it", () => {
  expect(counts([0, 0, 0.1, 0.1, 0.05, 0.2, 0.1])).toEqual([0, 1, 0, 1, 2, 0, 1]);
});

test("by more than minDelta, where there is one", () => {
  expect(counts([0.5, 0.55, 0.625, 0.7], 0.0625)).toEqual([0, 1, 0, 0]);
  expect(counts([0.5, 0.5625, 0.625], 0.0625)).toEqual([0, 1, 2]);
  expect(counts([0.5, 0.51, 0.515, 0.6], 0.05)).toEqual([0, 1, 2, 0]);
});

describe("the end of a training", () => {
  const { training } = loadConfig("config.json", ["training.epochs=9", "training.earlyStopping={\"patience\":3}"]);
  const state = { epoch: 5, bestEpoch: 2, bestF1: 0.25, epochsWithoutGain: 3 };

  test("comes early after as many epochs without gain, with the last epoch in any case", () => {
    expect(endOfTraining(state, training)).toBe(
      "has ended early after epoch 5 of 9: no better dev F1 for 3 epochs; the best is 0.2500, of epoch 2",
    );
    expect(endOfTraining({ ...state, epochsWithoutGain: 2 }, training)).toBeUndefined();
    expect(endOfTraining({ ...state, epoch: 9 }, training)).toBe("has finished its 9 epochs");
    expect(endedEarly({ ...state, epoch: 9 }, training)).toBe(false);
  });

  test("does not come early without early stopping", () => {
    const plain = loadConfig("config.json", ["training.epochs=9"]);
    expect(endOfTraining(state, plain.training)).toBeUndefined();
  });
});

describe("a run of which nothing comes", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  const at = (...names: string[]): string => join(folder.path, ...names);
  const told: string[] = [];
  const observer = { message: (text: string) => { told.push(text); } };

  beforeEach(() => {
    folder = temporaryFolder();
    told.length = 0;
    // So small a rate changes nothing, and so high a threshold lets nothing through: every dev F1 is 0.
    const training = { epochs: 8, learningRate: 1e-12, earlyStopping: { patience: 3 } };
    writeTinyCorpus(folder.path, { training });
  });
  afterEach(() => { folder.remove(); });

  const config = () => loadConfig(at("config.json"), ["evaluation.threshold=1000"]);
  const records = (run: string): number => readFileSync(at(run, "metrics.jsonl"), "utf8").trim().split("\n").length;

  test("ends after the first epoch and its patience; resuming says so; more patience goes on", async () => {
    const result = await train({ config: config(), output: at("run"), observer });
    expect(result).toMatchObject({ stopped: false, endedEarly: true, best: { epoch: 1, f1: 0 } });
    expect(records("run")).toBe(4);
    expect(told.at(-1)).toBe(
      "the run has ended early after epoch 4 of 8: no better dev F1 for 3 epochs; the best is 0.0000, of epoch 1",
    );
    told.length = 0;
    expect(await resume({ directory: at("run"), observer })).toMatchObject({ stopped: false, endedEarly: true });
    expect(told).toEqual([expect.stringMatching(/run has ended early after epoch 4 of 8: .*: there is nothing left to do$/)]);
    expect(records("run")).toBe(4);
    const file = at("run", "config.json");
    writeFileSync(file, readFileSync(file, "utf8").replace("\"patience\": 3", "\"patience\": 5"));
    expect(await resume({ directory: at("run"), observer })).toMatchObject({ endedEarly: true });
    expect(records("run")).toBe(6);
  });

  test("stopped and resumed at every epoch, it ends at the same one", async () => {
    let stopped = true;
    let calls = 0;
    for (; stopped && calls < 20; calls++) {
      const controller = new AbortController();
      const context = { signal: controller.signal, observer: { epoch: () => { controller.abort(); } } };
      ({ stopped } = calls === 0 ? await train({ config: config(), output: at("run"), ...context })
        : await resume({ directory: at("run"), ...context }));
    }
    expect(records("run")).toBe(4);
  });
});
