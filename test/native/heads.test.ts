// Every head through the library: trained, saved and loaded with no other knowledge than its directory.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { convertToSeed } from "../../lib/model/convert.js";
import { loadConfig } from "../../lib/config/load.js";
import { GlobalPointer } from "../../lib/model/global-pointer.js";
import type { ModelShape } from "../../lib/model/native.js";
import { createEngine } from "../../lib/model/engine.js";
import { train } from "../../lib/training/train.js";
import { temporaryFolder } from "../support/commands.js";
import { tinySentences, writeTinyCorpus } from "../support/tiny-corpus.js";
import { onEachDevice } from "./devices.js";
import { tinyShape } from "./tiny-model.js";

const heads: [string, Record<string, unknown>][] = [
  ["global-pointer", { type: "global-pointer", headSize: 8 }],
  ["global-pointer without RoPE", { type: "global-pointer", headSize: 7, rope: false, maskSpecialTokens: true }],
  ["efficient-global-pointer", { type: "efficient-global-pointer", headSize: 8 }],
  ["efficient-global-pointer from hidden states",
    { type: "efficient-global-pointer", headSize: 8, rope: false, biasInput: "hidden" }],
  ["tplinker", { type: "tplinker" }],
  ["tplinker without special tokens", { type: "tplinker", maskSpecialTokens: true }],
];

let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
});
afterAll(() => { folder.remove(); });

onEachDevice((device) => {
  test.each(heads)("%s learns, and a saved model tags as it did in training", async (name, head) => {
    const sets = [
      `training.device=${device}`, `head=${JSON.stringify(head)}`, "training.epochs=25", "encoder.hiddenDropoutProb=0",
    ];
    const config = loadConfig(join(folder.path, "config.json"), sets);
    const output = join(folder.path, `${device}-${name.replaceAll(" ", "-")}`);
    const { best, directory } = await train({ config, output });
    expect(best?.f1).toBeGreaterThan(0.8);
    const stored = JSON.parse(readFileSync(join(directory, "best", "config.json"), "utf8")) as
      { globalPointer: { head: unknown } };
    expect(stored.globalPointer.head).toEqual(config.head);

    const sentences = tinySentences(6, 100);
    const model = await GlobalPointer.load(join(directory, "best"), { device, threads: 1 });
    const copy = join(directory, "copy");
    try {
      const found = await model.predict(sentences);
      expect(found.flatMap(({ entities }) => entities).length).toBeGreaterThan(0);
      await model.save(copy);
      if (config.head.type !== "global-pointer") {
        await expect(convertToSeed(copy, join(directory, "seed"))).rejects.toThrow(/whose head is global-pointer/);
      }
      const again = await GlobalPointer.load(copy, { device, threads: 1 });
      expect(await again.predict(sentences)).toEqual(found);
      await again.dispose();
    } finally {
      await model.dispose();
    }
  });
});

// Of 768 wide encoders with 10 types: what the implementations that the layouts come from have.
test.each<[Partial<ModelShape>, number]>([
  [{ headType: "global-pointer" }, 984_320],
  [{ headType: "efficient-global-pointer", biasInput: "projection" }, 101_012],
  [{ headType: "efficient-global-pointer", biasInput: "hidden" }, 113_812],
  [{ headType: "tplinker" }, 2 * 768 * 768 + 768 + 10 * 768 + 10],
])("%j has %d parameters in its head", async (head, count) => {
  const shape = { ...tinyShape, hiddenSize: 768, headSize: 64, entityTypeCount: 10, ...head };
  const engine = createEngine({ shape, device: "cpu", threads: 1, seed: 1 });
  expect((await engine.initialise()).headParameters).toBe(count);
  await engine.dispose();
});
