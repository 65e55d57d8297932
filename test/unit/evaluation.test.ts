import fc from "fast-check";
import type { SpanTable } from "../../lib/data/packed-batch.js";
import type { Entity } from "../../lib/data/sample.js";
import { BatchMeanScores } from "../../lib/evaluation/compat-seed.js";
import { displayWidth } from "../../lib/terminal/display-width.js";
import { StrictMetrics } from "../../lib/evaluation/metrics.js";
import { formatScoreTable } from "../../lib/evaluation/score-table.js";
import { formatTable } from "../../lib/terminal/table.js";

function entity(start: number, end: number, type = "name"): Entity {
  return { start, end, type };
}

describe("StrictMetrics", () => {
  test("counts over the whole set, overall and by type", () => {
    const metrics = new StrictMetrics();
    metrics.add([entity(0, 2), entity(3, 5, "book")], [entity(0, 2), entity(3, 6, "book"), entity(3, 5)]);
    metrics.add([entity(0, 1)], [entity(0, 1)]);
    metrics.add([entity(4, 8)], []);
    expect(metrics.result()).toEqual({
      precision: 2 / 4, recall: 2 / 4, f1: 4 / 8, support: 4, predicted: 4, correct: 2,
      types: {
        name: { precision: 2 / 3, recall: 2 / 3, f1: 4 / 6, support: 3, predicted: 3, correct: 2 },
        book: { precision: 0, recall: 0, f1: 0, support: 1, predicted: 1, correct: 0 },
      },
    });
  });

  test("the same cell in another sample is no hit", () => {
    const metrics = new StrictMetrics();
    metrics.add([entity(0, 2)], []);
    metrics.add([], [entity(0, 2)]);
    expect(metrics.result()).toMatchObject({ precision: 0, recall: 0, f1: 0, support: 1, predicted: 1, correct: 0 });
  });

  test("duplicates in the annotation count once", () => {
    const metrics = new StrictMetrics();
    metrics.add([entity(0, 2), entity(0, 2)], [{ ...entity(0, 2), score: 3 }]);
    expect(metrics.result()).toMatchObject({ precision: 1, recall: 1, f1: 1, support: 1, predicted: 1, correct: 1 });
  });

  test("nothing at all scores 0, and types asked for are listed", () => {
    const empty = { precision: 0, recall: 0, f1: 0, support: 0, predicted: 0, correct: 0 };
    expect(new StrictMetrics().result()).toEqual({ ...empty, types: {} });
    const metrics = new StrictMetrics(["name"]);
    metrics.add([], []);
    expect(metrics.result()).toEqual({ ...empty, types: { name: empty } });
  });

  test("any type name is a type name", () => {
    const metrics = new StrictMetrics();
    metrics.add([entity(0, 1, "__proto__"), entity(0, 1, "constructor")], [entity(0, 1, "__proto__")]);
    expect(Object.keys(metrics.result().types)).toEqual(["__proto__", "constructor"]);
    expect(metrics.result().correct).toBe(1);
  });

  test("scores are shares, the gold itself scores 1, and types add up to the whole", () => {
    const entities = fc.array(fc.record({
      start: fc.nat(5), end: fc.integer({ min: 6, max: 9 }), type: fc.constantFrom("a", "b", "c"),
    }));
    const distinct = entities.map((list) => [
      ...new Map(list.map((item) => [`${item.start} ${item.end} ${item.type}`, item])).values(),
    ]);
    fc.assert(fc.property(fc.array(fc.tuple(entities, distinct)), (samples) => {
      const [metrics, perfect] = [new StrictMetrics(), new StrictMetrics()];
      for (const [gold, predicted] of samples) {
        metrics.add(gold, predicted);
        perfect.add([...predicted, ...predicted], [...predicted].reverse());
      }
      const result = metrics.result();
      const { precision, recall, f1 } = result;
      for (const score of [precision, recall, f1]) expect(score >= 0 && score <= 1).toBe(true);
      expect(f1).toBeCloseTo(precision + recall === 0 ? 0 : 2 * precision * recall / (precision + recall), 12);
      for (const key of ["support", "predicted", "correct"] as const) {
        expect(Object.values(result.types).reduce((sum, scores) => sum + scores[key], 0)).toBe(result[key]);
      }
      expect(perfect.result().f1).toBe(perfect.result().support > 0 ? 1 : 0);
    }));
  });
});

function table(...rows: [number, number, number, number][]): SpanTable {
  const column = (at: 0 | 1 | 2 | 3) => Int32Array.from(rows, (row) => row[at]);
  return { sequence: column(0), entityType: column(1), start: column(2), end: column(3) };
}

describe("BatchMeanScores", () => {
  test("averages the scores of the batches, large and small alike", () => {
    const scores = new BatchMeanScores();
    scores.addBatch(table([0, 0, 1, 2], [0, 1, 1, 2], [1, 0, 1, 2]), table([0, 0, 1, 2], [1, 1, 1, 2])); // P 1/2 R 1/3
    scores.addBatch(table([0, 0, 3, 3]), table([0, 0, 3, 3])); // P 1 R 1
    const result = scores.result();
    expect(result.precision).toBeCloseTo((1 / 2 + 1) / 2, 12);
    expect(result.recall).toBeCloseTo((1 / 3 + 1) / 2, 12);
    expect(result.f1).toBeCloseTo((2 / 5 + 1) / 2, 12);
    expect(result).toMatchObject({ support: 4, batches: 2 });
  });

  test("cells of other sequences and types, and of far tokens, are told apart; gold counts once", () => {
    const scores = new BatchMeanScores();
    const far = 2 ** 24 - 1;
    scores.addBatch(
      table([0, 1, 2, 3], [0, 1, 2, 3], [1, 0, far - 1, far], [2, 0, 1, 1]),
      table([0, 1, 2, 3], [1, 1, 2, 3], [0, 0, 2, 3], [0, 1, 3, 3], [1, 0, far - 1, far], [1, 0, far, far]),
    );
    expect(scores.result()).toMatchObject({ precision: 2 / 6, recall: 2 / 3, support: 3 });
  });

  test("a ratio of 0 to 0 is 0 and the batch counts", () => {
    const scores = new BatchMeanScores();
    scores.addBatch(table([0, 0, 1, 1]), table());
    scores.addBatch(table(), table([0, 0, 1, 1]));
    scores.addBatch(table(), table());
    scores.addBatch(table([0, 0, 1, 1]), table([0, 0, 1, 1]));
    expect(scores.result()).toEqual({ precision: 1 / 4, recall: 1 / 4, f1: 1 / 4, support: 2, batches: 4 });
  });

  test("no batch scores 0", () => {
    expect(new BatchMeanScores().result()).toEqual({ precision: 0, recall: 0, f1: 0, support: 0, batches: 0 });
  });
});

describe("tables", () => {
  test.each([
    ["abc", 3], ["中文", 4], ["ｆｕ", 4], ["한국", 4], ["e\u0301", 1], ["😀", 2], ["𠀀", 2], ["", 0], ["é", 1],
    ["«»", 2], ["、", 2], ["a\u200bb", 2], ["ア", 2], ["ｱ", 1],
  ])("%j takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("columns line up by display width", () => {
    expect(formatTable([["名", "x"], ["name", "100"]])).toBe("名      x\nname  100");
  });

  test("control characters do not reach the terminal, nor tear a row", () => {
    expect(formatTable([["a\u001b[31m\nb", "1"]])).toBe("a\ufffd[31m\ufffdb  1");
  });

  test("the score table has a line per type and one for all", () => {
    const metrics = new StrictMetrics(["人名", "book"]);
    metrics.add([entity(0, 2, "人名")], [entity(0, 2, "人名"), entity(1, 2, "人名")]);
    expect(formatScoreTable(metrics.result()).split("\n")).toEqual([
      "type   precision  recall      f1  support  predicted  correct",
      "人名      0.5000  1.0000  0.6667        1          2        1",
      "book      0.0000  0.0000  0.0000        0          0        0",
      "all       0.5000  1.0000  0.6667        1          2        1",
      "macro     0.5000  1.0000  0.6667",
    ]);
  });
});
