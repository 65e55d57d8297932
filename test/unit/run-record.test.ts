// What a run directory tells of how it was made, and what may be changed in one that was begun.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../../lib/config/load.js";
import { environmentChanges, environmentOf } from "../../lib/training/environment.js";
import { hashOf } from "../../lib/training/file-hash.js";
import { canonicalJson, type RunRecord } from "../../lib/training/run-record.js";
import { resume, train, type TrainResult } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function readJson(...names: string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(at(...names), "utf8")) as Record<string, unknown>;
}

function recordOf(run: string): RunRecord {
  return readJson(run, "run.json") as RunRecord;
}

/** Stops after the first epoch of three. */
async function stoppedRun(run: string, overrides: string[] = []): Promise<void> {
  const controller = new AbortController();
  const config = loadConfig(at("config.json"), overrides);
  const observer = { epoch: () => { controller.abort(); } };
  await train({ config, output: at(run), observer, signal: controller.signal, command: "gp-train --some flags" });
}

async function resumed(run: string): Promise<{ result: TrainResult; messages: string[] }> {
  const messages: string[] = [];
  const observer = { message: (text: string) => { messages.push(text); } };
  return { result: await resume({ directory: at(run), observer }), messages };
}

/** Puts values at dotted keys of a copied run's config.json. */
function editConfig(run: string, edits: Record<string, unknown>): void {
  const config = readJson(run, "config.json");
  for (const [key, value] of Object.entries(edits)) {
    const names = key.split(".");
    const last = names.pop() ?? "";
    const section = names.reduce<Record<string, unknown>>(
      (inner, name) => inner[name] as Record<string, unknown>, config,
    );
    section[last] = value;
  }
  writeFileSync(at(run, "config.json"), JSON.stringify(config));
}

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: 3 } });
  await stoppedRun("stopped");
  await stoppedRun("constant", ["training.schedule={\"type\":\"constant\"}"]);
});
afterAll(() => { folder.remove(); });

test("a run names its config, its files and what it ran on; a resumption is added", async () => {
  cpSync(at("stopped"), at("told"), { recursive: true });
  const record = recordOf("told");
  const config = readJson("told", "config.json");
  expect(record.config).toEqual(config);
  expect(record.configSha256).toBe(sha256(canonicalJson(config)));
  for (const [name, file] of Object.entries({ "data.train": "train.jsonl", "data.dev": "dev.jsonl",
    "vocabulary": "vocab.txt" })) {
    expect(record.files[name]).toEqual({ path: at(file), sha256: sha256(readFileSync(at(file))) });
  }
  expect(Object.keys(record.files)).toHaveLength(3);
  const environment = {
    globalpointer: (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version,
    node: process.versions.node, libtorch: expect.stringMatching(/^\d+\.\d+/) as string,
    platform: `${process.platform} ${process.arch}`, cpu: cpus()[0]?.model.trim(), threads: 1, device: "cpu",
  };
  expect(record.starts).toEqual([
    { time: expect.stringMatching(/^\d{4}-.*Z$/) as string, command: "gp-train --some flags", epoch: 0, step: 0, environment },
  ]);
  const { messages } = await resumed("told");
  expect(messages.filter((line) => line.startsWith("warning: the run goes on"))).toEqual([]);
  const { starts, ...rest } = recordOf("told");
  expect(starts).toEqual([record.starts[0], { time: expect.any(String) as string, epoch: 1, step: 6, environment }]);
  expect({ ...rest, starts: record.starts }).toEqual(record);
  await resumed("told"); // finished: nothing begins
  expect(recordOf("told").starts).toHaveLength(2);
});

test("pretrained weights are among the files", async () => {
  const config = loadConfig(at("config.json"), [
    `encoder={"pretrained":${JSON.stringify(at("stopped", "best"))}}`, "training.epochs=1",
  ]);
  await train({ config, output: at("fine-tuned") });
  const { files } = recordOf("fine-tuned");
  const weights = at("stopped", "best", "model.safetensors");
  expect(files["weights"]).toEqual({ path: weights, sha256: sha256(readFileSync(weights)) });
  expect(files["vocabulary"]?.path).toBe(at("stopped", "best", "vocab.txt"));
});

test("a folder's hash is of the names and hashes of its files", async () => {
  mkdirSync(at("texts", "inner"), { recursive: true });
  const contents: [string, string][] = [["B.txt", "two"], ["a.ann", ""], ["a.txt", "one"]];
  for (const [name, text] of contents) writeFileSync(at("texts", name), text);
  writeFileSync(at("texts", ".hidden"), "nothing");
  const expected = sha256(contents.map(([name, text]) => `${sha256(text)}  ${name}\n`).join(""));
  expect(await hashOf(at("texts"))).toBe(expected);
  renameSync(at("texts", "B.txt"), at("texts", "c.txt"));
  expect(await hashOf(at("texts"))).not.toBe(expected);
});

test("canonical JSON knows no order of keys, but one of lists", () => {
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: "x" })).toBe("{\"a\":\"x\",\"b\":[{\"c\":2,\"d\":1}]}");
  expect(canonicalJson([1, 2])).not.toBe(canonicalJson([2, 1]));
});

describe("config.json, edited after the run began", () => {
  const edited = (run: string, edits: Record<string, unknown>): void => {
    rmSync(at("edited"), { recursive: true, force: true });
    cpSync(at(run), at("edited"), { recursive: true });
    editConfig("edited", edits);
  };

  test.each<[string, unknown, RegExp]>([
    ["training.maxSeqLen", 16, /training\.maxSeqLen was 24 and is 16 now; bring back what run\.json has/],
    ["training.learningRate", 0.5, /training\.learningRate was 0\.01 and is 0\.5 now;/],
    ["training.epochs", 5, /training\.epochs was 3 and is 5 now, and its schedule spans all epochs;/],
    ["training.stride", 7, /training\.stride was not there and is 7 now;/],
    ["evaluation.threshold", 1, /evaluation\.threshold was 0 and is 1 now;/],
    ["encoder.hiddenSize", 32, /encoder\.hiddenSize was 16 and is 32 now;/],
    ["training.schedule", { type: "linear" }, /training\.schedule\.warmupRatio was 0\.1 and is not there now;/],
  ])("%s: refused", async (key, value, message) => {
    edited("stopped", { [key]: value });
    const before = readFileSync(at("edited", "run.json"), "utf8");
    await expect(resume({ directory: at("edited") })).rejects.toMatchObject({
      code: "CHECKPOINT", message: expect.stringMatching(message) as string,
    });
    expect(readFileSync(at("edited", "run.json"), "utf8")).toBe(before);
    expect(existsSync(at("edited", "lock"))).toBe(false);
  });

  test("several keys are counted", async () => {
    edited("stopped", { "training.seed": 1, "training.batchSize": 8, "name": "other" });
    await expect(resume({ directory: at("edited") })).rejects.toThrow(
      /training\.batchSize was 4 and is 8 now \(and 1 more\); /,
    );
  });

  test("what cannot change the result may be, and the epochs where the schedule does not span them", async () => {
    cpSync(at("train.jsonl"), at("moved.jsonl"));
    edited("constant", {
      "name": "other", "data.train": at("moved.jsonl"), "training.threads": 2, "training.epochs": 2,
      "training.earlyStopping": { patience: 9 }, "evaluation.batchSize": 3,
    });
    const { result, messages } = await resumed("edited");
    expect(result).toMatchObject({ stopped: false });
    expect(readFileSync(at("edited", "metrics.jsonl"), "utf8").trim().split("\n")).toHaveLength(2);
    expect(messages).toContainEqual(expect.stringMatching(/^warning: the run goes on .* \(threads 1, now 2\)/));
  });

  test("order and layout of the file are no matter", async () => {
    edited("stopped", {});
    const config = Object.entries(readJson("edited", "config.json")).reverse();
    writeFileSync(at("edited", "config.json"), JSON.stringify(Object.fromEntries(config), undefined, 1));
    expect((await resumed("edited")).result.stopped).toBe(false);
  });
});

test("another version, library or machine is told when a run goes on", () => {
  const now = environmentOf("cpu", 2);
  expect(environmentChanges(now, now)).toEqual([]);
  expect(environmentChanges({ ...now, libtorch: "1.0", cpu: "old", threads: 8 }, now)).toEqual([
    `libtorch 1.0, now ${now.libtorch}`, `cpu old, now ${now.cpu}`, "threads 8, now 2",
  ]);
  expect(environmentOf("cpu", 0).threads).toBeGreaterThan(0);
});

describe("a run of another version", () => {
  test.each<[number, RegExp]>([
    [2, /trainer\.json is of format 2, where this version has 3, .* by an earlier version of globalpointer: resume the run/],
    [4, /is of format 4, where this version has 3, .* by a later version of globalpointer: resume the run with that/],
  ])("format %i", async (formatVersion, message) => {
    rmSync(at("other"), { recursive: true, force: true });
    cpSync(at("stopped"), at("other"), { recursive: true });
    const state = readJson("other", "last", "trainer.json");
    writeFileSync(at("other", "last", "trainer.json"), JSON.stringify({ formatVersion, epoch: state["epoch"] }));
    rmSync(at("other", "run.json")); // earlier versions had none
    await expect(resume({ directory: at("other") })).rejects.toMatchObject({
      code: "CHECKPOINT", message: expect.stringMatching(message) as string,
    });
  });

  test("one without its record is not gone on with", async () => {
    cpSync(at("stopped"), at("unrecorded"), { recursive: true });
    rmSync(at("unrecorded", "run.json"));
    await expect(resume({ directory: at("unrecorded") })).rejects.toThrow(
      /unrecorded\/run\.json does not exist: bring it back, or train anew/,
    );
  });
});
