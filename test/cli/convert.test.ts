// gp-convert in both directions, on a state dict as GlobalPointer_pytorch saves it.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import { modelShape } from "../../lib/model/description.js";
import { readModelDirectory } from "../../lib/model/directory.js";
import {
  expectRefusal, filesBelow, projectRoot, runCommand, temporaryFolder, type Outcome,
} from "../support/commands.js";
import { readSafetensors } from "../support/safetensors.js";

const weights = join(projectRoot, "test", "fixtures", "weights");
const seed = join(weights, "seed");

interface Checksum {
  shape: number[];
  sum: number;
  first: number[];
}

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function fromSeed(output: string, changes: Record<string, string> = {}): Promise<Outcome> {
  const flags = {
    "state-dict": join(seed, "model_state_dict_3.pt"), "encoder": join(seed, "encoder"),
    "ent2id": join(seed, "ent2id.json"), "head-size": "4", "output": at(output), ...changes,
  };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  return runCommand("gp-convert", ["from-seed", ...args]);
}

beforeAll(async () => {
  folder = temporaryFolder();
  expect(await fromSeed("model")).toEqual({
    status: 0, stdout: `wrote the model directory ${at("model")}\n`, stderr: "",
  });
});
afterAll(() => { folder.remove(); });

test("from-seed gives a model directory with the parameters of the state dict, its types and tokenizer", async () => {
  expect(filesBelow(at("model"))).toEqual(["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]);
  const expected = JSON.parse(readFileSync(join(weights, "expected.json"), "utf8")) as
    { values: { float32: Record<string, Checksum> } };
  const stored = readSafetensors(at("model", "model.safetensors"));
  expect([...stored.keys()].sort()).toEqual(Object.keys(expected.values.float32).sort());
  for (const [name, { shape, sum, first }] of Object.entries(expected.values.float32)) {
    const tensor = stored.get(name);
    expect({ name, shape: tensor?.shape }).toEqual({ name, shape });
    expect(Array.from(tensor?.data.slice(0, first.length) ?? [])).toEqual(first);
    expect(Array.from(tensor?.data ?? []).reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 9);
  }
  const { description } = readModelDirectory(at("model"));
  expect(description).toMatchObject({
    entityTypes: ["organization", "place"], head: { headSize: 4, rope: true, maskSpecialTokens: false },
    tokenizer: { lowerCase: false }, threshold: 0,
  });
  expect(readFileSync(at("model", "vocab.txt"), "utf8").trim())
    .toBe(readFileSync(join(seed, "encoder", "vocab.txt"), "utf8").trim());
  const predicted = await runCommand("gp-predict", ["--model", at("model")], { input: "张在北京大学\n" });
  expect(predicted).toMatchObject({ status: 0, stderr: "" });
});

test("to-seed gives its key names, pooler included, and its ent2id.json; back again nothing has changed", async () => {
  const outcome = await runCommand("gp-convert", ["to-seed", "--model", at("model"), "--output", at("back")]);
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  expect(filesBelow(at("back"))).toEqual(["ent2id.json", "model_state_dict.pt"]);
  expect(JSON.parse(readFileSync(at("back", "ent2id.json"), "utf8"))).toEqual({ organization: 0, place: 1 });
  const engine = createEngine({
    shape: modelShape(readModelDirectory(at("model")).description), device: "cpu", threads: 1, seed: 0,
  });
  try {
    await engine.initialise();
    const report = await engine.loadWeights(at("back", "model_state_dict.pt"), "model");
    expect(report).toMatchObject({ format: "torch-zip", missing: [] });
    expect(report.unexpected.sort()).toEqual(["encoder.pooler.dense.bias", "encoder.pooler.dense.weight"]);
    expect(report.loaded.sort()).toEqual([...readSafetensors(at("model", "model.safetensors")).keys()].sort());
  } finally {
    await engine.dispose();
  }
  const changes = { "state-dict": at("back", "model_state_dict.pt"), "ent2id": at("back", "ent2id.json") };
  expect(await fromSeed("again", changes)).toMatchObject({ status: 0, stderr: "" });
  for (const name of filesBelow(at("model"))) {
    expect({ name, same: readFileSync(at("again", name)).equals(readFileSync(at("model", name))) })
      .toEqual({ name, same: true });
  }
});

test("a type may have any name, there and back", async () => {
  const ent2id = "{\"__proto__\":1,\"constructor\":0}";
  writeFileSync(at("odd.json"), ent2id);
  expect(await fromSeed("odd", { ent2id: at("odd.json") })).toMatchObject({ status: 0, stderr: "" });
  expect(readModelDirectory(at("odd")).description.entityTypes).toEqual(["constructor", "__proto__"]);
  const outcome = await runCommand("gp-convert", ["to-seed", "--model", at("odd"), "--output", at("odd-back")]);
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  const back = JSON.parse(readFileSync(at("odd-back", "ent2id.json"), "utf8")) as object;
  expect(Object.entries(back)).toEqual([["constructor", 0], ["__proto__", 1]]);
});

describe("refuses, and leaves nothing behind,", () => {
  beforeAll(() => {
    writeFileSync(at("gaps.json"), "{\"organization\":0,\"place\":2}");
    writeFileSync(at("names.json"), "{\"organization\":\"first\"}");
    writeFileSync(at("three.json"), "{\"organization\":0,\"place\":1,\"person\":2}");
    writeFileSync(at("list.json"), "[\"organization\",\"place\"]");
    writeFileSync(at("empty.json"), "{}");
    writeFileSync(at("torn.pt"), readFileSync(join(seed, "model_state_dict_3.pt")).subarray(0, 4000));
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["a state dict that is not there", { "state-dict": "none.pt" }, /none\.pt: the file cannot be opened/],
    ["a torn state dict", { "state-dict": "torn.pt" }, /torn\.pt: .*; the file is damaged or incomplete/],
    ["an ent2id.json that is not there", { ent2id: "none.json" }, /none\.json does not exist: give the ent2id\.json/],
    ["gaps in the numbering", { ent2id: "gaps.json" }, /gaps\.json does not number its 2 types from 0 without gaps/],
    ["types that are not numbered", { ent2id: "names.json" }, /names\.json cannot be used \("organization": is not a whole number from 0\)/],
    ["types as a list", { ent2id: "list.json" }, /list\.json cannot be used \(is not an object \{type: index\}\)/],
    ["no types", { ent2id: "empty.json" }, /empty\.json does not number its 0 types/],
    ["another number of types", { ent2id: "three.json" }, /seed\/encoder, 3 types and head size 4: give the encoder, .* The tensor dense\.\w+ /],
    ["another head size", { "head-size": "64" }, /seed\/encoder, 2 types and head size 64: give the encoder, .* The tensor dense\.\w+ /],
    ["an odd head size with RoPE", { "head-size": "5" }, /The head size 5 is odd, but RoPE rotates pairs/],
    ["an encoder directory that is not there", { encoder: "none" }, /none does not exist: use a complete directory/],
    ["an output that exists", { output: "model" }, /model exists already and is not empty/],
  ])("%s", async (_, changes, message) => {
    const paths = Object.fromEntries(Object.entries(changes).map(([flag, value]) =>
      [flag, flag === "head-size" ? value : at(value)]));
    expectRefusal(await fromSeed("refused", paths), message);
    expect(existsSync(at("refused"))).toBe(false);
  });
});
