// GlobalPointer.predict and evaluate, as a program calls them.
import { evaluate, type EvaluationOptions } from "../../lib/evaluation/evaluate.js";
import { bertSwitches } from "../../lib/model/encoder-config.js";
import { GlobalPointer, type PredictOptions } from "../../lib/model/global-pointer.js";
import { windowsOf } from "../../lib/data/windows.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";

const vocabulary = Vocabulary.fromLines(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "甲", "乙", "丙", "丁"], "test");
const texts = ["甲乙丙丁", "", "丁甲", "乙"];
const everything = { threshold: -1e9 };

let model: GlobalPointer;
beforeAll(async () => {
  model = await GlobalPointer.create({
    encoder: {
      vocabSize: vocabulary.size, hiddenSize: 8, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 8,
      maxPositionEmbeddings: 16, typeVocabSize: 2, padTokenId: 0, layerNormEps: 1e-12, hiddenAct: "gelu",
      hiddenDropoutProb: 0, attentionProbsDropoutProb: 0, initializerRange: 0.02, ...bertSwitches(8),
    },
    head: { type: "global-pointer", headSize: 4, rope: true, maskSpecialTokens: false },
    entityTypes: ["a", "b"],
    tokenizer: { lowerCase: true },
    threshold: 0,
    window: { maxSeqLen: 16, stride: 10 },
  }, vocabulary, { device: "cpu", threads: 1 });
});
afterAll(async () => { await model.dispose(); });

test("finds every span below the lowest score, in the order of the texts, for any batch size", async () => {
  for (const batchSize of [1, 3, 32]) {
    const predictions = await model.predict(texts, { ...everything, batchSize });
    expect(predictions.map(({ text }) => text)).toEqual(texts);
    expect(predictions.map(({ entities }) => entities.length)).toEqual([2 * 10, 0, 2 * 3, 2]);
  }
  expect(await model.predict([])).toEqual([]);
});

test("predictEach gives the same one by one", async () => {
  const found = [];
  for await (const prediction of model.predictEach(texts, { ...everything, batchSize: 2 })) found.push(prediction);
  expect(found).toEqual(await model.predict(texts, { ...everything, batchSize: 2 }));
});

test("whoever stops asking leaves nothing behind", async () => {
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => { unhandled.push(reason); };
  process.on("unhandledRejection", listen);
  try {
    const some = await GlobalPointer.create(model.description, vocabulary, { device: "cpu", threads: 1 });
    let asked = 0;
    for await (const { text } of some.predictEach(texts, { batchSize: 1 })) {
      expect(text).toBe(texts[asked]);
      if (++asked === 2) break;
    }
    await some.dispose();
    // The batch that was on its way when the model went is told to who waits for it, once.
    const gone = some.predictEach(texts, { batchSize: 1 });
    await expect(gone.next()).rejects.toMatchObject({ code: "DISPOSED" });
    expect(await gone.next()).toEqual({ done: true, value: undefined });
    await new Promise((resolve) => { setImmediate(resolve); });
    expect(unhandled).toEqual([]);
  } finally {
    process.off("unhandledRejection", listen);
  }
});

test("reads on while a batch is computed, and no further than the batch after it", async () => {
  let read = 0;
  const documents = function* () {
    for (const text of texts) {
      read++;
      yield { text, windows: windowsOf(text, model.tokenizer, { maxSeqLen: 16, stride: 10 }) };
    }
  };
  const predictions = model.predictDocuments(documents(), { batchSize: 1 });
  expect((await predictions.next()).value).toMatchObject({ document: { text: texts[0] } });
  expect(read).toBe(2);
  await predictions.return(undefined);
});

test("what is no list of texts is a TypeError", async () => {
  const predict = (given: unknown) => model.predict(given as string[]);
  await expect(predict("甲")).rejects.toThrow(new TypeError(
    "texts must be an array of strings, but is string; write predict([text]) for one",
  ));
  await expect(predict(undefined)).rejects.toThrow(TypeError);
  await expect(predict(["甲", 3])).rejects.toThrow(new TypeError("texts[1] must be a string, but is number"));
});

test.each<[keyof EvaluationOptions & keyof PredictOptions, unknown]>([
  ["batchSize", 0], ["batchSize", -1], ["batchSize", 1.5], ["batchSize", NaN], ["batchSize", Infinity],
  ["batchSize", "3"], ["threshold", NaN],
])("refuses the %s %p", async (key, value) => {
  const options = { batchSize: 2, [key]: value } as EvaluationOptions;
  const message = new RegExp(`^${key} must be a .*number`);
  for (const run of [() => model.predict(texts, options), () => evaluate(model, [], options)]) {
    await expect(run()).rejects.toThrow(RangeError);
    await expect(run()).rejects.toThrow(message);
  }
});

test("evaluate computes the mean of per-batch scores only where it is asked for", async () => {
  const samples = [{ text: "甲乙", entities: [{ start: 0, end: 2, type: "a" }] }, { text: "丙", entities: [] }];
  const plain = await evaluate(model, samples, { batchSize: 1, ...everything });
  expect(plain).not.toHaveProperty("batchMean");
  expect(plain.metrics).toMatchObject({ support: 1, predicted: 2 * 3 + 2, correct: 1 });
  const { metrics, batchMean } = await evaluate(model, samples, { batchSize: 1, ...everything, compat: "seed" });
  expect(metrics).toEqual(plain.metrics);
  // [CLS] and [SEP] included: 10 cells of 4 tokens and 6 of 3, for two types; the second batch has no gold.
  expect(batchMean).toMatchObject({ precision: (1 / 20 + 0) / 2, recall: 1 / 2, support: 1, batches: 2 });
});
