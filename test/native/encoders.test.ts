import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GlobalPointerError } from "../../lib/errors.js";
import type { ModelDescription } from "../../lib/model/description.js";
import { usablePositions } from "../../lib/model/encoder-config.js";
import { GlobalPointer } from "../../lib/model/global-pointer.js";
import { readPretrainedDirectory } from "../../lib/model/pretrained.js";
import { temporaryFolder } from "../support/commands.js";
import { largestDifference, largestMagnitude } from "../support/numbers.js";
import { referenceOps } from "../support/reference-ops.js";
import { onEachDevice } from "./devices.js";
import { readSafetensors, renameTensors } from "../support/safetensors.js";

// Tiny Hugging Face checkpoints of every supported encoder and what transformers computes with them in float64
// (test/parity/write_encoders.py), read by the paths that training and prediction take.

const CASES = join(import.meta.dirname, "..", "fixtures", "encoders");
const LONGEST = 24;

interface Case {
  head: { entityTypes: number; headSize: number };
  batch: {
    inputIds: number[];
    sequenceStarts: number[];
    tokenTypeIds?: number[];
    gold: { sequence: number[]; entityType: number[]; start: number[]; end: number[] };
  };
  expected: { loss: number; gradientNorm: number };
}

function readCase(name: string) {
  const { head, batch, expected } = JSON.parse(readFileSync(join(CASES, name, "case.json"), "utf8")) as Case;
  const { gold } = batch;
  return {
    head,
    batch: {
      inputIds: Int32Array.from(batch.inputIds),
      sequenceStarts: Int32Array.from(batch.sequenceStarts),
      ...(batch.tokenTypeIds === undefined ? {} : { tokenTypeIds: Int32Array.from(batch.tokenTypeIds) }),
    },
    gold: {
      sequence: Int32Array.from(gold.sequence), entityType: Int32Array.from(gold.entityType),
      start: Int32Array.from(gold.start), end: Int32Array.from(gold.end),
    },
    expected: { ...expected, tensors: readSafetensors(join(CASES, name, "expected.safetensors")) },
  };
}

/** The model of a pretrained directory, with a random head. */
async function modelOf(
  directory: string, { entityTypes, headSize }: Case["head"], device = "cpu",
): Promise<GlobalPointer> {
  const { shape, vocabulary, tokenizer, weightsPath } = readPretrainedDirectory(directory);
  const description: ModelDescription = {
    encoder: shape,
    head: { type: "global-pointer", headSize, rope: true, maskSpecialTokens: false },
    entityTypes: Array.from({ length: entityTypes }, (_, index) => `type${index}`),
    tokenizer: { ...tokenizer, stripAccents: true }, // spelt out, as a saved model has it
    threshold: 0,
    window: { maxSeqLen: usablePositions(shape), stride: 10 },
  };
  const model = await GlobalPointer.create(description, vocabulary, { device, threads: 1, seed: 5 });
  try {
    const { missing } = await model.loadWeights(weightsPath, "encoder");
    expect([...missing].sort()).toEqual(["dense.bias", "dense.weight"]);
    return model;
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** Keys of a saved config.json that say what the encoder is; sizes that are the same in all cases left out. */
const learned = { position_embedding_type: "absolute" };
const CONFIGS: Record<string, Record<string, unknown>> = {
  "bert": { model_type: "bert", max_position_embeddings: LONGEST, pad_token_id: 0, ...learned },
  "roberta": {
    model_type: "roberta", max_position_embeddings: LONGEST + 2, pad_token_id: 1, type_vocab_size: 1,
    layer_norm_eps: 1e-5, ...learned,
  },
  "roberta-segments": {
    model_type: "roberta", max_position_embeddings: LONGEST + 1, pad_token_id: 0, type_vocab_size: 2,
    hidden_act: "gelu_new", ...learned,
  },
  "electra": { model_type: "electra", embedding_size: 12, ...learned },
  "electra-without-projection": { model_type: "electra", embedding_size: 16, ...learned },
  "ernie": { model_type: "ernie", use_task_id: false, type_vocab_size: 4, hidden_act: "relu", ...learned },
  "ernie-tasks": { model_type: "ernie", use_task_id: true, task_type_vocab_size: 3, ...learned },
  "roformer": { model_type: "roformer", embedding_size: 16, rotary_value: false, max_position_embeddings: LONGEST },
  "roformer-rotary-value": { model_type: "roformer", embedding_size: 16, rotary_value: true },
  "roformer-projection": { model_type: "roformer", embedding_size: 12, rotary_value: false },
};

const names = readdirSync(CASES).sort();
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(() => { folder = temporaryFolder(); });
afterAll(() => { folder.remove(); });

test("every fixture is told what its saved config holds", () => {
  expect(Object.keys(CONFIGS).sort()).toEqual(names);
});

onEachDevice((device) => {
  describe.each(names)("%s", (name) => {
    const { head, batch, gold, expected } = readCase(name);
    let model: GlobalPointer;
    beforeAll(async () => { model = await modelOf(join(CASES, name), head, device); });
    afterAll(async () => { await model.dispose(); });

    test.each([["fast operations", false], ["reference operations", true]])(
      "hidden states within 1e-4, %s", async (_, reference) => {
        referenceOps(reference);
        try {
          const truth = expected.tensors.get("hidden")?.data ?? [];
          expect(largestMagnitude(truth)).toBeGreaterThan(1);
          expect(largestDifference(await model.engine.hiddenStates(batch), truth)).toBeLessThan(1e-4);
        } finally {
          referenceOps(false);
        }
      },
    );

    test("loss within 1e-5 and every gradient within 1e-4, relative", async () => {
      const other = await modelOf(join(CASES, name), head, device);
      try {
        const { missing, unexpected } = await other.loadWeights(join(CASES, name, "scored.safetensors"), "model");
        expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
        const { loss, gradients } = await other.engine.gradients(batch, gold);
        expect(Math.abs(loss - expected.loss) / expected.loss).toBeLessThan(1e-5);
        const truths = [...expected.tensors].filter(([key]) => key.startsWith("gradient."));
        expect(truths.map(([key]) => key.slice("gradient.".length)).sort()).toEqual(Object.keys(gradients).sort());
        for (const [key, { data }] of truths) {
          // The key bias of attention has no gradient but rounding, hence the share of the whole gradient's norm.
          const allowance = 1e-4 * (largestMagnitude(data) + 1e-3 * expected.gradientNorm);
          const found = gradients[key.slice("gradient.".length)]?.data ?? [];
          expect({ key, close: largestDifference(found, data) <= allowance }).toEqual({ key, close: true });
        }
      } finally {
        await other.dispose();
      }
    });

    test("saved and loaded, the model scores the same, and its config.json has the keys of its type", async () => {
      const directory = join(folder.path, `${device}-${name}`);
      await model.save(directory);
      const config = JSON.parse(readFileSync(join(directory, "config.json"), "utf8")) as Record<string, unknown>;
      expect(config).toMatchObject(CONFIGS[name] ?? {});
      const loaded = await GlobalPointer.load(directory, { device, threads: 1 });
      try {
        expect(loaded.description).toEqual(model.description);
        expect(await loaded.engine.scores(batch)).toEqual(await model.engine.scores(batch));
      } finally {
        await loaded.dispose();
      }
      // As an encoder for another training, too.
      expect(readPretrainedDirectory(directory).shape).toEqual(model.description.encoder);
    });

    test("takes sequences as long as there are positions for tokens, and none longer", async () => {
      expect(model.maxTokens).toBe(LONGEST);
      const of = (length: number) => ({
        inputIds: new Int32Array(length).fill(7), sequenceStarts: Int32Array.of(0, length),
      });
      expect(await model.engine.hiddenStates(of(LONGEST))).toHaveLength(LONGEST * 16);
      await expect(model.engine.hiddenStates(of(LONGEST + 1))).rejects.toThrow(/has 25 tokens; the model takes 1 to 24/);
      expect(() => model.windowOptions({ maxSeqLen: LONGEST + 1 })).toThrow(/at most 24/);
    });
  });
});

describe("names of weights", () => {
  const owned = ["bert", "roberta", "electra", "ernie-tasks", "roformer"] as const;
  const rewrite = (name: string, rename: (tensor: string) => string): string => {
    const directory = join(folder.path, `renamed-${name}`);
    rmSync(directory, { recursive: true, force: true });
    cpSync(join(CASES, name), directory, { recursive: true });
    renameTensors(join(directory, "model.safetensors"), rename);
    return directory;
  };

  test.each(owned.flatMap((name) => ([
    [name, "behind module.", (tensor: string) => `module.${tensor}`],
    [name, "behind model.", (tensor: string) => `model.${tensor}`],
    [name, "with LayerNorm.gamma and .beta", (tensor: string) =>
      tensor.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")],
  ] as const)))("%s %s", async (name, _, rename) => {
    const { head, batch, expected } = readCase(name);
    const model = await modelOf(rewrite(name, rename), head);
    const hidden = await model.engine.hiddenStates(batch);
    await model.dispose();
    expect(largestDifference(hidden, expected.tensors.get("hidden")?.data ?? [])).toBeLessThan(1e-4);
  });

  test("heads, poolers and tables of sines are passed over", async () => {
    const unused = async (name: string): Promise<string[]> => {
      const model = await modelOf(join(CASES, name), readCase(name).head);
      const { unexpected } = await model.loadWeights(join(CASES, name, "model.safetensors"), "encoder");
      await model.dispose();
      return unexpected;
    };
    expect(await unused("roformer")).toContain("roformer.encoder.embed_positions.weight");
    expect(await unused("electra")).toContain("discriminator_predictions.dense.weight");
    expect(await unused("roberta")).toContain("lm_head.dense.weight");
    expect(await unused("roberta-segments")).toContain("pooler.dense.weight");
  });

  test("a projection that the weights lack is named", async () => {
    const directory = rewrite("electra", (tensor) => tensor.replace("embeddings_project", "elsewhere"));
    const error: unknown = await modelOf(directory, readCase("electra").head).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GlobalPointerError);
    expect(String(error)).toMatch(/lack 2 tensors of the model \(encoder\.embeddings_project\.weight, /);
  });
});

test("a directory saved before there were other encoders loads as a BERT", async () => {
  const directory = join(folder.path, "earlier");
  const { head } = readCase("bert");
  const model = await modelOf(join(CASES, "bert"), head);
  mkdirSync(directory);
  await model.writeInto(directory);
  const path = join(directory, "config.json");
  const config = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  // What a model of the first version has, and nothing else.
  expect(Object.keys(config)).toEqual([
    "architectures", "model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "intermediate_size", "max_position_embeddings", "type_vocab_size", "pad_token_id", "layer_norm_eps", "hidden_act",
    "hidden_dropout_prob", "attention_probs_dropout_prob", "initializer_range", "position_embedding_type",
    "globalPointer",
  ]);
  delete config.model_type;
  writeFileSync(path, JSON.stringify(config));
  const loaded = await GlobalPointer.load(directory, { device: "cpu", threads: 1 });
  expect(loaded.description).toEqual(model.description);
  await Promise.all([model.dispose(), loaded.dispose()]);
});
