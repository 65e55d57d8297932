// Training in this process, where a stop can be placed at an exact step.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/load.js";
import type { TrainingObserver } from "../../lib/training/progress.js";
import { resume, train, type TrainResult } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

const STEPS = 6; // 24 samples in batches of 4
const EPOCHS = 3;
const schedule = { type: "cosine", warmupSteps: 3 };

let folder: ReturnType<typeof temporaryFolder>;
let undisturbed: string;

function begin(
  output: string, context: { observer?: TrainingObserver; signal?: AbortSignal } = {},
): Promise<TrainResult> {
  const config = loadConfig(join(folder.path, "config.json"));
  return train({ config, output: join(folder.path, output), ...context });
}

/** Everything that decides how a run goes on or what came of it; how long it took is no part of that. */
function contents(run: string): Record<string, unknown> {
  const path = join(folder.path, run);
  const withoutTime = (text: string): unknown =>
    JSON.parse(text, (key, value: unknown) => ["seconds", "tokensPerSecond"].includes(key) ? 0 : value);
  return {
    best: readFileSync(join(path, "best", "model.safetensors")).toString("base64"),
    last: readFileSync(join(path, "last", "model.safetensors")).toString("base64"),
    optimizer: readFileSync(join(path, "last", "optimizer.safetensors")).toString("base64"),
    state: withoutTime(readFileSync(join(path, "last", "trainer.json"), "utf8")),
    metrics: readFileSync(join(path, "metrics.jsonl"), "utf8").trim().split("\n").map(withoutTime),
  };
}

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: EPOCHS, schedule } });
  undisturbed = "undisturbed";
  await begin(undisturbed);
});
afterAll(() => { folder.remove(); });

test("the same seed gives the same run, another seed another", async () => {
  await begin("again");
  expect(contents("again")).toEqual(contents(undisturbed));
  const config = loadConfig(join(folder.path, "config.json"), ["training.seed=7"]);
  await train({ config, output: join(folder.path, "other") });
  expect(contents("other")["last"]).not.toBe(contents(undisturbed)["last"]);
});

test.each([
  ["in the middle of the first epoch", [2]],
  ["in the middle of a later epoch", [STEPS + 3]],
  ["in the last step of an epoch", [2 * STEPS]],
  ["in the last step of all", [EPOCHS * STEPS]],
  ["at every second step", Array.from({ length: EPOCHS * STEPS / 2 }, (_, index) => 2 * index + 1)],
])("stopped %s and resumed, the run is bit for bit the undisturbed one", async (place, stops) => {
  const run = `stopped ${place}`;
  let result: TrainResult | undefined;
  for (const stop of [...stops, Infinity]) {
    const controller = new AbortController();
    const observer: TrainingObserver = {
      step({ epoch, step }) {
        if ((epoch - 1) * STEPS + step >= stop) controller.abort();
      },
    };
    const context = { observer, signal: controller.signal };
    result = result === undefined ? await begin(run, context)
      : await resume({ directory: join(folder.path, run), ...context });
    expect(result.stopped).toBe(stop !== Infinity);
  }
  expect(contents(run)).toEqual(contents(undisturbed));
});

test("a stop before the first step, and one during the evaluation, leave a run to resume", async () => {
  const controller = new AbortController();
  controller.abort();
  expect(await begin("early", { signal: controller.signal })).toMatchObject({ stopped: true });
  // Aborted from outside the steps: after the first epoch's last step, the next look at the signal is the evaluation's.
  const during = new AbortController();
  let steps = 0;
  const result = await resume({
    directory: join(folder.path, "early"),
    signal: during.signal,
    observer: { step: () => { if (++steps === STEPS) setImmediate(() => { during.abort(); }); } },
  });
  expect(result.stopped).toBe(true);
  await resume({ directory: join(folder.path, "early") });
  expect(contents("early")).toEqual(contents(undisturbed));
});

test("tells an epoch when its checkpoint is on disk, after the epoch's steps", async () => {
  const told: string[] = [];
  await begin("told", {
    observer: {
      step: ({ epoch, step, steps }) => { if (step === steps) told.push(`steps of ${epoch}`); },
      epoch: ({ epoch }) => {
        const state = readFileSync(join(folder.path, "told", "last", "trainer.json"), "utf8");
        told.push(`epoch ${epoch}`, state.includes(`"epoch": ${epoch}`) ? "saved" : "not saved");
      },
    },
  });
  expect(told).toEqual([1, 2, 3].flatMap((epoch) => [`steps of ${epoch}`, `epoch ${epoch}`, "saved"]));
});

test.each(["old", "missing"])("a run killed between last/ and best/, left %s, gets its best model", async (best) => {
  const cut = join(folder.path, `cut ${best}`);
  cpSync(join(folder.path, undisturbed), cut, { recursive: true });
  const stateFile = join(cut, "last", "trainer.json");
  const state = JSON.parse(readFileSync(stateFile, "utf8")) as { epoch: number };
  writeFileSync(stateFile, JSON.stringify({ ...state, bestEpoch: state.epoch }));
  const weights = join(cut, "best", "model.safetensors");
  if (best === "old") writeFileSync(weights, "the epoch before");
  else rmSync(join(cut, "best"), { recursive: true });
  await resume({ directory: cut });
  expect(readFileSync(weights).equals(readFileSync(join(cut, "last", "model.safetensors")))).toBe(true);
  expect(readdirSync(join(cut, "best")).sort())
    .toEqual(["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]);
});

test("a run is not trained twice at once in one process, and can be once that is over", async () => {
  const controller = new AbortController();
  const first = begin("twice", { signal: controller.signal });
  await expect(begin("twice")).rejects.toThrow(`is being trained by process ${process.pid}: wait for it`);
  controller.abort();
  await first;
  await resume({ directory: join(folder.path, "twice") });
  expect(contents("twice")).toEqual(contents(undisturbed));
  expect(existsSync(join(folder.path, "twice", "lock"))).toBe(false);
});

test("a finished run is left alone", async () => {
  const before = contents(undisturbed);
  const messages: string[] = [];
  const observer = { message: (text: string) => { messages.push(text); } };
  const result = await resume({ directory: join(folder.path, undisturbed), observer });
  expect(result).toMatchObject({ stopped: false, best: { directory: join(folder.path, undisturbed, "best") } });
  expect(messages).toEqual([expect.stringMatching(/has finished its 3 epochs/)]);
  expect(contents(undisturbed)).toEqual(before);
});
