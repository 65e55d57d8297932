import { requireBatchSize, requireTexts } from "../../lib/model/arguments.js";
import { requireDecodeOptions, thresholdsFor, type DecodeOptions } from "../../lib/model/decode-options.js";

test("texts are an array of strings", () => {
  expect(() => { requireTexts([]); }).not.toThrow();
  expect(() => { requireTexts(["a", ""]); }).not.toThrow();
  expect(() => { requireTexts("a"); }).toThrow(new TypeError(
    "texts must be an array of strings, but is string; write predict([text]) for one",
  ));
  expect(() => { requireTexts(undefined); }).toThrow(TypeError);
  expect(() => { requireTexts(["a", 1]); }).toThrow(new TypeError("texts[1] must be a string, but is number"));
});

test("a batch size is a whole number of 1 or more", () => {
  for (const size of [1, 32, 2 ** 20]) expect(() => { requireBatchSize(size); }).not.toThrow();
  for (const size of [0, -1, 1.5, NaN, Infinity, "3", null]) {
    expect(() => { requireBatchSize(size); }).toThrow(RangeError);
  }
});

describe("decode options", () => {
  const types = ["name", "book"];
  const refusal = (options: unknown) => () => { requireDecodeOptions(options as DecodeOptions, types); };

  test("a threshold is a number, infinities included", () => {
    for (const threshold of [0, -1e9, Infinity, -Infinity]) {
      expect(refusal({ threshold, thresholds: { book: threshold } })).not.toThrow();
    }
    expect(refusal({ threshold: NaN })).toThrow(new RangeError("threshold must be a number, but is NaN"));
    expect(refusal({ threshold: "1" })).toThrow(RangeError);
    expect(refusal({ thresholds: { name: NaN } }))
      .toThrow(new RangeError("the threshold of name must be a number, but is NaN"));
    expect(refusal({ thresholds: { film: 1 } })).toThrow(/"film", but the model has name, book only/);
  });

  test("counts are whole numbers of 1 or more", () => {
    for (const name of ["maxSpanTokens", "topK"]) {
      expect(refusal({ [name]: 1 })).not.toThrow();
      for (const value of [0, -1, 1.5, NaN, "3"]) {
        expect(refusal({ [name]: value })).toThrow(new RegExp(`^${name} must`));
      }
    }
  });

  test("the threshold of a type: given for it, given for all, stored for it, stored for all", () => {
    const model = { entityTypes: types, threshold: 1, thresholds: [2, 3] };
    expect([...thresholdsFor(model, {})]).toEqual([2, 3]);
    expect([...thresholdsFor({ entityTypes: types, threshold: 1 }, {})]).toEqual([1, 1]);
    expect([...thresholdsFor(model, { threshold: 5 })]).toEqual([5, 5]);
    expect([...thresholdsFor(model, { threshold: 5, thresholds: { book: 6 } })]).toEqual([5, 6]);
    expect([...thresholdsFor(model, { thresholds: { name: 6 } })]).toEqual([6, 3]);
  });
});
