import { requireBatchSize, requireTexts, requireThreshold } from "../../lib/model/arguments.js";

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

test("a threshold is a number, infinities included", () => {
  for (const threshold of [0, -1e9, Infinity, -Infinity]) {
    expect(() => { requireThreshold(threshold); }).not.toThrow();
  }
  expect(() => { requireThreshold(NaN); }).toThrow(new RangeError("threshold must be a number, but is NaN"));
  expect(() => { requireThreshold("1"); }).toThrow(RangeError);
});
