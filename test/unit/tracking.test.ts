// Trackers and what becomes of the training when they fail.
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/load.js";
import { StepsFile } from "../../lib/tracking/steps-file.js";
import type { TrackedEnd, Tracker } from "../../lib/tracking/tracker.js";
import { Tracking } from "../../lib/tracking/tracking.js";
import { WandbTracker } from "../../lib/tracking/wandb.js";
import { resume, train, type TrainResult } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { shownSeries } from "../support/event-file.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";
import { epochRecord, stepRecord, trackedRun } from "../support/tracked.js";

const STEPS = 12; // 24 samples in batches of 4, two epochs
const finished: TrackedEnd = { status: "finished" };

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
});
afterAll(() => { folder.remove(); });

function jsonLines(path: string): Record<string, unknown>[] {
  return readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A tracker that writes down what it is told. */
function recorder(told: string[] = []): Tracker & { told: string[] } {
  return {
    name: "recorder", told,
    begin: ({ step, epoch }) => { told.push(`begin ${step} ${epoch}`); },
    step: ({ step }) => { told.push(`step ${step}`); },
    epoch: ({ epoch }) => { told.push(`epoch ${epoch}`); },
    end: ({ status }) => { told.push(status); },
    abandon: () => { told.push("abandon"); },
  };
}

/** Two steps, an epoch and the end. */
async function playedTo(trackers: Tracker[], { everySteps = 1, longestEnd = 50 } = {}): Promise<string[]> {
  const run = trackedRun(folder.path, { everySteps });
  const tracking = new Tracking(run, trackers, longestEnd);
  tracking.step(stepRecord(1));
  tracking.step(stepRecord(2));
  tracking.epoch(epochRecord(1, 2));
  await tracking.end(finished);
  return run.messages;
}

test("what a failure says cannot steer the terminal", async () => {
  const spiteful: Tracker = { name: "spiteful", begin: () => { throw new Error("no\u001b[2J\r\nway\u0007"); } };
  expect(await playedTo([spiteful])).toEqual(["warning: spiteful: no [2J way; left out from here on"]);
});

test.each(["offline", "disabled"])("WANDB_MODE=%s leaves Weights & Biases out", async (mode) => {
  process.env.WANDB_MODE = mode;
  try {
    const tracker = new WandbTracker({ project: "demo" }, { worker: new URL("file:///nowhere.js") });
    expect(await playedTo([tracker])).toEqual([
      `warning: Weights & Biases: WANDB_MODE is ${mode}, so nothing is sent; the SDK cannot keep it here; left out `
      + "from here on",
    ]);
  } finally {
    delete process.env.WANDB_MODE;
  }
});

describe("several trackers", () => {
  test("are told everything in order, and steps as often as is wanted", async () => {
    const every = recorder();
    const second = recorder();
    expect(await playedTo([every, { name: "deaf" }])).toEqual([]);
    expect(every.told).toEqual(["begin 0 0", "step 1", "step 2", "epoch 1", "finished"]);
    await playedTo([second], { everySteps: 2 });
    expect(second.told).toEqual(["begin 0 0", "step 2", "epoch 1", "finished"]);
  });

  test("of one that is slow, calls wait for each other, and the end for all of them", async () => {
    const told: string[] = [];
    const slowly = (what: string) => async (): Promise<void> => {
      told.push(`${what} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      told.push(`${what} ends`);
    };
    const slow: Tracker = { name: "slow", begin: slowly("begin"), step: slowly("step"), end: slowly("end") };
    expect(await playedTo([slow], { longestEnd: 60_000 })).toEqual([]);
    expect(told).toEqual(["begin", "step", "step", "end"].flatMap((what) => [`${what} begins`, `${what} ends`]));
  });

  const fails: [string, () => Promise<void>][] = [
    ["throws", () => { throw new Error("no network.\n  at all"); }],
    ["rejects", () => Promise.reject(new Error("no network.\n  at all"))],
  ];
  const methods = ["begin", "step", "epoch", "end"] as const;
  test.each(fails.flatMap(([how, fail]) => methods.map((method) => [method, how, fail] as const)))(
    "one whose %s %s is left out with one line, and the others go on", async (method, _, fail) => {
      const [failing, sound] = [recorder(), recorder()];
      failing[method] = fail;
      const messages = await playedTo([failing, sound]);
      expect(messages).toEqual(["warning: recorder: no network. at all; left out from here on"]);
      expect(sound.told).toEqual(["begin 0 0", "step 1", "step 2", "epoch 1", "finished"]);
      const before = sound.told.slice(0, sound.told.findIndex((line) => line.startsWith(method)));
      expect(failing.told).toEqual([...(method === "end" ? sound.told.slice(0, -1) : before), "abandon"]);
    });

  test.each(methods)("one whose %s never settles holds nobody up, and is left out at the end", async (method) => {
    const [hanging, sound] = [recorder(), recorder()];
    hanging[method] = () => new Promise(() => undefined);
    const messages = await playedTo([hanging, sound]);
    expect(messages).toEqual(["warning: recorder: has not ended within 0.05 s; left out from here on"]);
    expect(hanging.told.at(-1)).toBe("abandon");
    expect(sound.told).toEqual(["begin 0 0", "step 1", "step 2", "epoch 1", "finished"]);
  });

  test("one that takes records too slowly is left out before they fill the memory", async () => {
    const run = trackedRun(folder.path);
    const tracking = new Tracking(run, [{ ...recorder(), begin: () => new Promise(() => undefined) }], 50);
    for (let step = 1; step <= 10_001; step++) tracking.step(stepRecord(step));
    const told = [expect.stringMatching(/recorder: takes records too slowly: 10000 are waiting; left out/)];
    expect(run.messages).toEqual(told);
    await tracking.end(finished);
    expect(run.messages).toHaveLength(1);
  });

  test("one that fails while it is let go, or at great length, is told of once in a line", async () => {
    const twice: Tracker = {
      name: "twice",
      step: () => Promise.reject(new Error("x".repeat(1000))),
      abandon: () => { throw new Error("again"); },
    };
    expect(await playedTo([twice])).toEqual([`warning: twice: ${"x".repeat(300)}...; left out from here on`]);
  });
});

test("steps.jsonl loses the steps that are run again, and a line that was cut short", () => {
  const place = at("lines");
  mkdirSync(place);
  const tracker = new StepsFile(place);
  tracker.begin(trackedRun(place));
  expect(readFileSync(join(place, "steps.jsonl"), "utf8")).toBe("");
  for (const step of [2, 4, 6]) tracker.step(stepRecord(step));
  writeFileSync(join(place, "steps.jsonl"), "{\"step\": 1", { flag: "a" });
  tracker.begin(trackedRun(place, { step: 4, epoch: 1 }));
  tracker.step(stepRecord(5));
  expect(jsonLines(join(place, "steps.jsonl"))).toEqual([stepRecord(2), stepRecord(4), stepRecord(5)]);
});

describe("a training", () => {
  const config = (...set: string[]) =>
    loadConfig(at("config.json"), ["tracking.everySteps=1", "tracking.tensorboard=true", ...set]);

  /** The run of a training during which something happens to its files, and what was told. */
  async function disturbed(
    output: string, disturb: (directory: string) => void, trackers: Tracker[] = [],
  ): Promise<{ result: TrainResult; warnings: string[] }> {
    const warnings: string[] = [];
    let steps = 0;
    const result = await train({
      config: config(), output: at(output), trackers,
      observer: {
        message: (text) => { if (text.startsWith("warning: ")) warnings.push(text); },
        step: () => { if (++steps === 8) disturb(at(output)); },
      },
    });
    expect(steps).toBe(STEPS);
    return { result, warnings };
  }

  /** What a training is about, whatever its trackers do. */
  const model = (run: string): string => readFileSync(at(run, "last", "model.safetensors")).toString("base64");

  beforeAll(async () => {
    const { result, warnings } = await disturbed("whole", () => undefined);
    expect({ stopped: result.stopped, warnings }).toEqual({ stopped: false, warnings: [] });
  });

  test("keeps record of its steps and epochs, and the files agree", () => {
    const steps = jsonLines(at("whole", "steps.jsonl"));
    const number = expect.any(Number) as number;
    expect(steps).toEqual(Array.from({ length: STEPS }, (_, index) => ({
      step: index + 1, epoch: index < STEPS / 2 ? 1 : 2, loss: number, gradientNorm: number, learningRate: number,
      headLearningRate: number, tokensPerSecond: number, memory: { resident: number, peak: number },
    })));
    const epochs = jsonLines(at("whole", "metrics.jsonl")) as { step: number; loss: number; dev: { f1: number } }[];
    expect(epochs.map(({ step }) => step)).toEqual([6, 12]);
    const firstSum = steps.slice(0, 6).reduce((sum, { loss }) => sum + Number(loss), 0);
    expect(epochs[0]?.loss).toBeCloseTo(firstSum / 6, 12);
    const shown = shownSeries(at("whole", "tensorboard"));
    expect(shown["train/loss"]).toEqual(steps.map(({ step, loss }) => [step, Math.fround(Number(loss))]));
    expect(shown["dev/f1"]).toEqual(epochs.map(({ step, dev }) => [step, Math.fround(dev.f1)]));
    for (const { memory } of steps as unknown as { memory: { resident: number; peak: number } }[]) {
      expect(memory.resident).toBeGreaterThan(2 ** 24);
      expect(memory.peak).toBeGreaterThanOrEqual(2 ** 24);
    }
  });

  test("tells trackers of the caller the same, and how it ended", async () => {
    const tracker = recorder();
    const output = at("told");
    await train({ config: config("tracking.everySteps=5", "tracking.tensorboard=false"), output, trackers: [tracker] });
    expect(tracker.told).toEqual(["begin 0 0", "step 5", "epoch 1", "step 10", "epoch 2", "finished"]);
    expect(readdirSync(output)).not.toContain("tensorboard");
    const failing = recorder();
    const hot = config("training.learningRate=1e300");
    await expect(train({ config: hot, output: at("hot"), trackers: [failing] })).rejects.toThrow(/not a finite number/);
    expect(failing.told.at(-1)).toBe("failed");
    expect(readdirSync(folder.path)).not.toContain("hot");
  });

  test("goes on whatever its trackers do", async () => {
    const broken = (method: "begin" | "step" | "epoch" | "end"): Tracker =>
      ({ name: `broken ${method}`, [method]: () => { throw new Error("oh"); } });
    const rejecting: Tracker = { name: "rejecting", epoch: () => Promise.reject(new Error("no")) };
    const trackers = [broken("begin"), broken("step"), broken("epoch"), broken("end"), rejecting];
    const { warnings } = await disturbed("among broken ones", () => undefined, trackers);
    expect(warnings.map((line) => line.split(": ")[1]).sort())
      .toEqual(["broken begin", "broken end", "broken epoch", "broken step", "rejecting"]);
    expect(model("among broken ones")).toBe(model("whole"));
  });

  test("goes on when the disk is full for what trackers write", async () => {
    const { warnings } = await disturbed("full", (directory) => {
      const [events = ""] = readdirSync(join(directory, "tensorboard"));
      for (const name of ["steps.jsonl", join("tensorboard", events)]) {
        rmSync(join(directory, name));
        symlinkSync("/dev/full", join(directory, name));
      }
    });
    const full = (name: string, path: RegExp): unknown => expect.stringMatching(new RegExp(
      `^warning: ${name}: Cannot write .*${path.source}: the disk is full; .*; left out from here on$`,
    ));
    expect(warnings).toEqual([full("steps.jsonl", /steps\.jsonl/), full("TensorBoard", /tfevents.*/)]);
    expect(model("full")).toBe(model("whole"));
  });

  test("stopped and resumed leaves each step once", async () => {
    const run = at("resumed");
    const controller = new AbortController();
    let steps = 0;
    await train({
      config: config(), output: run, signal: controller.signal,
      observer: { step: () => { if (++steps === 8) controller.abort(); } },
    });
    // As a crash would leave it: told of steps that no checkpoint knows.
    for (const step of [9, 10]) writeFileSync(join(run, "steps.jsonl"), `{"step":${step}}\n`, { flag: "a" });
    const tracker = recorder();
    await resume({ directory: run, trackers: [tracker] });
    expect(tracker.told).toEqual(["begin 8 1", "step 9", "step 10", "step 11", "step 12", "epoch 2", "finished"]);
    const losses = (of: string): unknown => jsonLines(at(of, "steps.jsonl")).map(({ step, loss }) => [step, loss]);
    expect(losses("resumed")).toEqual(losses("whole"));
    const shown = (of: string): unknown => shownSeries(at(of, "tensorboard"))["train/loss"];
    expect(readdirSync(join(run, "tensorboard"))).toHaveLength(2);
    expect(shown("resumed")).toEqual(shown("whole"));
  });
});
