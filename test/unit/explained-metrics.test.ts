import fc from "fast-check";
import { nestingOf, type Nesting } from "../../lib/data/nesting.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { ExplainedMetrics } from "../../lib/evaluation/explain.js";
import {
  errorKinds, type ErrorExcerpt, type Explanation, type PartRow, type PartScores, type SpanError,
} from "../../lib/evaluation/explanation.js";
import { macroScores, StrictMetrics, type Metrics } from "../../lib/evaluation/metrics.js";
import { pairErrors } from "../../lib/evaluation/pairing.js";
import { Breakdown, LengthRanges, PartCounts } from "../../lib/evaluation/part-scores.js";
import { SeenMentions } from "../../lib/evaluation/seen-mentions.js";

const TYPES = ["a", "b", "c"];

function entity(start: number, end: number, type = "a"): Entity {
  return { start, end, type };
}

interface Judged {
  sample: Sample;
  predicted: Entity[];
}

function explain(texts: readonly Judged[], seen?: SeenMentions): { metrics: Metrics; explanation: Explanation } {
  const strict = new StrictMetrics(TYPES);
  const explained = new ExplainedMetrics(TYPES, seen);
  for (const { sample, predicted } of texts) {
    strict.add(sample.entities, predicted);
    explained.add(sample, predicted);
  }
  const metrics = strict.result();
  return { metrics, explanation: explained.result(metrics) };
}

// Twins: the definitions, pair by pair.

const key = ({ start, end, type }: Entity): string => `${start}-${end}-${type}`;
const same = (a: Entity, b: Entity): boolean => key(a) === key(b);
const sameRange = (a: Entity, b: Entity): boolean => a.start === b.start && a.end === b.end;
const holds = (outer: Entity, inner: Entity): boolean =>
  outer.start <= inner.start && inner.end <= outer.end && !sameRange(outer, inner);

function shared(a: Entity, b: Entity): number {
  let count = 0;
  for (let at = a.start; at < a.end; at++) if (b.start <= at && at < b.end) count++;
  return count;
}

function distinct(entities: readonly Entity[]): Entity[] {
  return entities.filter((one, index) => entities.findIndex((other) => same(one, other)) === index);
}

function nestingTwin(one: Entity, all: readonly Entity[]): Nesting {
  const others = all.filter((other) => !same(one, other));
  if (others.some((other) => sameRange(one, other))) return "same span";
  if (others.some((other) => holds(other, one))) return "inner";
  if (others.some((other) => holds(one, other))) return "outer";
  return others.some((other) => shared(one, other) > 0) ? "crossing" : "flat";
}

/** Pairs the best of all pairs that are left, until there is none. */
function pairTwin(missed: readonly Entity[], wrong: readonly Entity[]): SpanError[] {
  let [golds, predictions] = [[...missed], [...wrong]];
  const errors: SpanError[] = [];
  for (;;) {
    const rank = (gold: Entity, predicted: Entity): number =>
      sameRange(gold, predicted) ? 0 : gold.type === predicted.type ? 1 : 2;
    const pairs = golds.flatMap((gold) => predictions.map((predicted) => ({ gold, predicted })))
      .filter(({ gold, predicted }) => shared(gold, predicted) > 0);
    // A stable sort: of equal pairs, the one listed first.
    const [best] = pairs.sort((a, b) => rank(a.gold, a.predicted) - rank(b.gold, b.predicted)
      || shared(b.gold, b.predicted) - shared(a.gold, a.predicted));
    if (best === undefined) break;
    errors.push({ kind: best.gold.type === best.predicted.type ? "boundary" : "type", ...best });
    golds = golds.filter((one) => one !== best.gold);
    predictions = predictions.filter((one) => one !== best.predicted);
  }
  for (const gold of golds) errors.push({ kind: "missed", gold });
  for (const predicted of predictions) errors.push({ kind: "spurious", predicted });
  return errors;
}

function errorKey({ kind, gold, predicted }: SpanError): string {
  return [kind, gold === undefined ? "" : key(gold), predicted === undefined ? "" : key(predicted)].join(" ");
}

function beginOf({ gold, predicted }: SpanError): number {
  return Math.min(gold?.start ?? Infinity, predicted?.start ?? Infinity);
}

interface Hits {
  support: number;
  found: number;
  predicted: number;
  correct: number;
}

const noHits = (): Hits => ({ support: 0, found: 0, predicted: 0, correct: 0 });

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function expectScores(scores: PartScores, hits: Hits): void {
  expect(scores).toMatchObject(hits);
  const [precision, recall] = [shareOf(hits.correct, hits.predicted), shareOf(hits.found, hits.support)];
  expect(scores.precision).toBeCloseTo(precision, 12);
  expect(scores.recall).toBeCloseTo(recall, 12);
  expect(scores.f1).toBeCloseTo(shareOf(2 * precision * recall, precision + recall), 12);
}

/** Each part, in the order in which they are to be listed, with those that occur. */
function breakdownTwin(
  texts: readonly Judged[], names: readonly string[],
  partOf: (one: Entity, all: readonly Entity[], sample: Sample) => string,
): [string, Hits][] {
  const parts = new Map(names.map((name) => [name, noHits()]));
  for (const { sample, predicted } of texts) {
    const [gold, guessed] = [distinct(sample.entities), distinct(predicted)];
    for (const one of gold) {
      const part = parts.get(partOf(one, gold, sample)) ?? noHits();
      part.support++;
      if (guessed.some((other) => same(one, other))) part.found++;
    }
    for (const one of guessed) {
      const part = parts.get(partOf(one, guessed, sample)) ?? noHits();
      part.predicted++;
      if (gold.some((other) => same(one, other))) part.correct++;
    }
  }
  return [...parts].filter(([, { support, predicted }]) => support + predicted > 0);
}

function expectRows(rows: readonly PartRow[] | undefined, expected: readonly [string, Hits][]): void {
  expect(rows?.map(({ name }) => name)).toEqual(expected.map(([name]) => name));
  expected.forEach(([, hits], index) => {
    const row = rows?.[index];
    if (row !== undefined) expectScores(row, hits);
  });
}

const MENTION_LENGTHS = ["1", "2", "3", "4", "5-6", "7-10", "11-20", "21-40", "over 40"];
const TEXT_LENGTHS = ["1-16", "17-32", "33-64", "65-128", "129-256", "257-512", "513-1024", "1025-4096", "over 4096"];

/** The range, by its name, that holds a length. */
function rangeFor(length: number, names: readonly string[]): string {
  return names.find((name) => {
    const [first = "", last = first] = name.split("-");
    if (name.startsWith("over ")) return length > Number(name.slice(5));
    return Number(first) <= length && length <= Number(last);
  }) ?? names[0] ?? "";
}

// Arbitrary texts with annotation and prediction.

const PIECES = ["a", "b", "中", "国", "😀", "𠮷", " ", "。"];

/** Entities between the characters of a text, some of them twice, some longer than an error is shown. */
function entitiesIn(text: string, most: number): fc.Arbitrary<Entity[]> {
  const positions = Array.from(text).reduce((list, character) => [...list, (list.at(-1) ?? 0) + character.length], [0]);
  if (positions.length < 2) return fc.constant([]);
  const one = fc.tuple(
    fc.nat(positions.length - 2), fc.oneof({ weight: 5, arbitrary: fc.nat(4) }, fc.nat(positions.length)),
    fc.constantFrom(...TYPES),
  ).map(([from, more, type]) => entity(
    positions[from] ?? 0, positions[Math.min(positions.length - 1, from + 1 + more)] ?? 0, type,
  ));
  return fc.array(one, { maxLength: most });
}

function judged(text: string, most: number): fc.Arbitrary<Judged> {
  return fc.tuple(entitiesIn(text, most), entitiesIn(text, most), fc.array(fc.boolean(), { maxLength: most })).map(
    ([entities, others, found]) => ({
      sample: { text, entities },
      // No duplicates, as GlobalPointer.predict gives them.
      predicted: distinct([...entities.filter((_, index) => found[index] === true), ...others]),
    }),
  );
}

const textOf = (most: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...PIECES), { maxLength: most }).map((pieces) => pieces.join(""));
const shortTexts = fc.array(textOf(24).chain((text) => judged(text, 8)), { maxLength: 5 });
/** Long enough to be shown in parts. */
const longText = fc.tuple(textOf(40), fc.integer({ min: 300, max: 1300 })).map(([piece, length]) =>
  `${piece}😀`.repeat(Math.ceil(length / (piece.length + 2))));
const longTexts = fc.array(longText.chain((text) => judged(text, 10)), { minLength: 1, maxLength: 3 });

describe("nestingOf", () => {
  test.each<[string, Entity[], Nesting[]]>([
    ["beside each other", [entity(0, 2), entity(2, 4)], ["flat", "flat"]],
    ["one in another", [entity(1, 2), entity(0, 4)], ["inner", "outer"]],
    ["three deep: what is inside counts as inner", [entity(0, 9), entity(1, 6), entity(2, 3)],
      ["outer", "inner", "inner"]],
    ["the same start", [entity(0, 3), entity(0, 2)], ["outer", "inner"]],
    ["crossing", [entity(0, 3), entity(2, 5)], ["crossing", "crossing"]],
    ["crossing and inside", [entity(0, 3), entity(2, 5), entity(1, 9)], ["crossing", "inner", "outer"]],
    ["two types on one span", [entity(0, 2, "a"), entity(0, 2, "b")], ["same span", "same span"]],
    ["the same span goes before inner", [entity(0, 2, "a"), entity(0, 2, "b"), entity(0, 5)],
      ["same span", "same span", "outer"]],
    ["a repetition is not another", [entity(0, 2), entity(0, 2)], ["flat", "flat"]],
    ["nothing", [], []],
  ])("%s", (_, entities, expected) => { expect(nestingOf(entities)).toEqual(expected); });

  test("is what comparing all pairs says", () => {
    fc.assert(fc.property(entitiesIn("abcdefghijklm", 9), (entities) => {
      expect(nestingOf(entities)).toEqual(entities.map((one) => nestingTwin(one, entities)));
    }));
  });
});

describe("pairErrors", () => {
  test("the same characters first, then the same type, then what shares most", () => {
    const [gold, exact, near, far] = [entity(2, 6, "a"), entity(2, 6, "b"), entity(2, 5, "a"), entity(5, 9, "a")];
    expect(pairErrors([gold], [far, near, exact])).toEqual([
      { kind: "type", gold, predicted: exact }, { kind: "spurious", predicted: near },
      { kind: "spurious", predicted: far },
    ]);
    expect(pairErrors([gold], [far, near])).toEqual([
      { kind: "boundary", gold, predicted: near }, { kind: "spurious", predicted: far },
    ]);
    expect(pairErrors([gold], [entity(0, 2, "a"), entity(6, 8, "a")]).map(({ kind }) => kind)).toEqual([
      "spurious", "missed", "spurious",
    ]);
  });

  test("is what pairing the best of all pairs gives, by where the errors begin", () => {
    fc.assert(fc.property(shortTexts, (texts) => {
      for (const { sample, predicted } of texts) {
        const gold = distinct(sample.entities);
        const missed = gold.filter((one) => !predicted.some((other) => same(one, other)));
        const wrong = predicted.filter((one) => !gold.some((other) => same(one, other)));
        const errors = pairErrors(missed, wrong);
        expect(errors.map(errorKey).sort()).toEqual(pairTwin(missed, wrong).map(errorKey).sort());
        const begins = errors.map(beginOf);
        expect(begins).toEqual([...begins].sort((a, b) => a - b));
        const of = (kind: string): SpanError[] => errors.filter((error) => error.kind === kind);
        for (const { gold: left } of of("missed")) {
          for (const { predicted: other } of of("spurious")) {
            expect(left !== undefined && other !== undefined && shared(left, other) > 0).toBe(false);
          }
        }
      }
    }));
  });
});

describe("parts", () => {
  test("recall is over what was annotated, precision over what was predicted", () => {
    const part = new PartCounts();
    part.addGold(true);
    part.addGold(true);
    part.addGold(false);
    part.addPredicted(true);
    part.addPredicted(false);
    expectScores(part.scores(), { support: 3, found: 2, predicted: 2, correct: 1 });
    expect(part.scores().f1).toBeCloseTo(4 / 7, 12);
    expect(new PartCounts().scores()).toMatchObject({ precision: 0, recall: 0, f1: 0 });
  });

  test("a breakdown lists the parts that occur, in the order in which they were named", () => {
    const breakdown = new Breakdown(["x", "y", "z", "w"]);
    breakdown.of("z").addGold(false);
    breakdown.of("x").addPredicted(true);
    breakdown.of("w"); // asked for, but never counted
    expect(breakdown.rows().map(({ name }) => name)).toEqual(["x", "z"]);
  });

  test("each length falls into the range that names it", () => {
    const ranges = new LengthRanges([1, 2, 5, 10]);
    expect(ranges.names).toEqual(["1", "2", "3-5", "6-10", "over 10"]);
    expect([1, 2, 3, 5, 6, 10, 11, 1e6].map((length) => ranges.nameOf(length))).toEqual([
      "1", "2", "3-5", "3-5", "6-10", "6-10", "over 10", "over 10",
    ]);
  });

  test("a mention is seen with the type that it had", async () => {
    const texts = [{ text: "北京大学", entities: [entity(0, 2, "place"), entity(0, 4, "school")] }];
    const seen = await SeenMentions.of(texts);
    expect(seen.has("place", "北京")).toBe(true);
    expect(seen.has("school", "北京")).toBe(false);
    expect(seen.has("place", "北京大学")).toBe(false);
    expect(seen.has("__proto__", "constructor")).toBe(false);
  });
});

describe("ExplainedMetrics", () => {
  test("one text by hand", () => {
    const text = "张伟在北京大学和清华工作";
    const entities = [entity(0, 2, "a"), entity(3, 5, "b"), entity(3, 7, "c"), entity(8, 10, "c")];
    const sample = { id: 7, text, entities };
    const predicted = [
      entity(0, 2, "a"), // right
      entity(3, 6, "c"), // begins as 北京大学 does
      entity(8, 10, "b"), // 清华 with another type
      entity(10, 12, "a"), // nothing there
    ];
    const seen = new SeenMentions();
    seen.add({ text: "清华和张伟", entities: [entity(0, 2, "c"), entity(3, 5, "a")] });
    const { metrics, explanation } = explain([{ sample, predicted }], seen);
    expect(metrics).toMatchObject({ support: 4, predicted: 4, correct: 1 });
    expect(explanation.errorCounts).toEqual({ boundary: 1, type: 1, missed: 1, spurious: 1 });
    expect(explanation.relaxed).toMatchObject({
      overlap: { support: 4, found: 2, predicted: 4, correct: 2 },
      boundary: { support: 4, found: 2, predicted: 4, correct: 2 },
      type: { support: 4, found: 3, predicted: 4, correct: 3 },
    });
    expect(explanation.nesting).toMatchObject([
      { name: "flat", support: 2, found: 1, predicted: 4, correct: 1, precision: 1 / 4, recall: 1 / 2 },
      { name: "outer", support: 1, found: 0, predicted: 0, correct: 0 },
      { name: "inner", support: 1, found: 0, predicted: 0, correct: 0 },
    ]);
    expect(explanation.mentionLength).toMatchObject([
      { name: "2", support: 3, predicted: 3 }, { name: "3", support: 0, predicted: 1 }, { name: "4", support: 1 },
    ]);
    expect(explanation.documentLength).toMatchObject([{ name: "1-16", support: 4, predicted: 4 }]);
    expect(explanation.seen).toMatchObject([
      { name: "seen in training", support: 2, found: 1, predicted: 1, correct: 1 },
      { name: "not seen", support: 2, found: 0, predicted: 3, correct: 0 },
    ]);
    expect(explanation.confusion).toEqual({
      types: ["a", "b", "c"], counts: [[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 1, 0], [1, 0, 0, 0]],
    });
    expect(explanation.macro).toEqual({
      precision: (1 / 2 + 0 + 0) / 3, recall: (1 + 0 + 0) / 3, f1: (2 / 3 + 0 + 0) / 3,
    });
    const [excerpt, ...others] = explanation.excerpts;
    expect(others).toEqual([]);
    expect(excerpt).toEqual({
      id: 7, sample: 0, offset: 0, excerpt: text, cutBefore: false, cutAfter: false, gold: sample.entities, predicted,
      errors: [
        { kind: "boundary", gold: entity(3, 7, "c"), predicted: entity(3, 6, "c") },
        { kind: "missed", gold: entity(3, 5, "b") },
        { kind: "type", gold: entity(8, 10, "c"), predicted: entity(8, 10, "b") },
        { kind: "spurious", predicted: entity(10, 12, "a") },
      ],
    });
  });

  test("the macro scores are means over the types that occur", () => {
    const metrics = new StrictMetrics(["a", "b", "c"]);
    metrics.add([entity(0, 1, "a"), entity(1, 2, "a")], [entity(0, 1, "a"), entity(0, 1, "b")]);
    expect(macroScores(metrics.result())).toEqual({
      precision: (1 + 0) / 2, recall: (1 / 2 + 0) / 2, f1: (2 / 3 + 0) / 2,
    });
    expect(macroScores(new StrictMetrics(["a"]).result())).toEqual({ precision: 0, recall: 0, f1: 0 });
  });

  test("no texts, and types of names of all kinds", () => {
    expect(explain([]).explanation).toMatchObject({
      nesting: [], mentionLength: [], documentLength: [], excerpts: [],
      errorCounts: { boundary: 0, type: 0, missed: 0, spurious: 0 },
    });
    expect(explain([]).explanation).not.toHaveProperty("seen");
    const sample = { text: "甲乙", entities: [entity(0, 1, "__proto__"), entity(1, 2, "a b")] };
    const { metrics, explanation } = explain([{ sample, predicted: [entity(0, 1, "__proto__"), entity(1, 2, "1")] }]);
    expect(metrics.correct).toBe(1);
    expect(explanation.confusion.types).toEqual([...TYPES, "__proto__", "a b", "1"]);
    expect(explanation.errorCounts).toMatchObject({ type: 1, missed: 0 });
  });

  test("relaxed scores and breakdowns are what comparing all pairs says", () => {
    fc.assert(fc.property(fc.oneof(shortTexts, longTexts), shortTexts, (texts, training) => {
      const seen = new SeenMentions();
      for (const { sample } of training) seen.add(sample);
      const { metrics, explanation } = explain(texts, seen);
      const { relaxed } = explanation;
      const [overlap, boundary, type] = [noHits(), noHits(), noHits()];
      for (const { sample, predicted } of texts) {
        const gold = distinct(sample.entities);
        const overlaps = (one: Entity, others: readonly Entity[]): boolean =>
          others.some((other) => other.type === one.type && shared(one, other) > 0);
        overlap.support += gold.length;
        overlap.found += gold.filter((one) => overlaps(one, predicted)).length;
        overlap.predicted += predicted.length;
        overlap.correct += predicted.filter((one) => overlaps(one, gold)).length;
        const ranges = (entities: readonly Entity[]): Entity[] =>
          distinct(entities.map(({ start, end }) => entity(start, end, "")));
        const [goldRanges, predictedRanges] = [ranges(gold), ranges(predicted)];
        const hits = goldRanges.filter((one) => predictedRanges.some((other) => sameRange(one, other))).length;
        boundary.support += goldRanges.length;
        boundary.predicted += predictedRanges.length;
        boundary.found += hits;
        boundary.correct += hits;
        type.support += gold.length;
        type.predicted += predicted.length;
        for (const name of TYPES) {
          const count = (entities: readonly Entity[]): number => entities.filter((one) => one.type === name).length;
          type.found += Math.min(count(gold), count(predicted));
          type.correct += Math.min(count(gold), count(predicted));
        }
      }
      expectScores(relaxed.overlap, overlap);
      expectScores(relaxed.boundary, boundary);
      expectScores(relaxed.type, type);

      const seenMentions = training.flatMap(({ sample: { text, entities } }) =>
        entities.map((one) => ({ type: one.type, mention: text.slice(one.start, one.end) })));
      expectRows(explanation.nesting, breakdownTwin(
        texts, ["flat", "outer", "inner", "same span", "crossing"], (one, all) => nestingTwin(one, all),
      ));
      expectRows(explanation.mentionLength, breakdownTwin(
        texts, MENTION_LENGTHS, (one) => rangeFor(one.end - one.start, MENTION_LENGTHS),
      ));
      expectRows(explanation.documentLength, breakdownTwin(
        texts, TEXT_LENGTHS, (_, __, { text }) => rangeFor(text.length, TEXT_LENGTHS),
      ));
      expectRows(explanation.seen, breakdownTwin(texts, ["seen in training", "not seen"], (one, _, { text }) =>
        seenMentions.some(({ type: name, mention }) => name === one.type && mention === text.slice(one.start, one.end))
          ? "seen in training" : "not seen"));

      for (const rows of [
        explanation.nesting, explanation.mentionLength, explanation.documentLength, explanation.seen ?? [],
      ]) {
        const total = (name: keyof Hits): number => rows.reduce((sum, row) => sum + row[name], 0);
        expect([total("support"), total("predicted")]).toEqual([metrics.support, metrics.predicted]);
        expect([total("found"), total("correct")]).toEqual([metrics.correct, metrics.correct]);
      }
      // What is found strictly is found leniently too.
      for (const name of ["overlap", "type"] as const) {
        expect(relaxed[name].found).toBeGreaterThanOrEqual(metrics.correct);
      }
    }), { numRuns: 80 });
  });

  test("errors and confusion add up to the strict counts", () => {
    fc.assert(fc.property(shortTexts, (texts) => {
      const { metrics, explanation: { errorCounts, confusion, macro } } = explain(texts);
      const { missed, boundary, type, spurious } = errorCounts;
      expect(missed + boundary + type).toBe(metrics.support - metrics.correct);
      expect(spurious + boundary + type).toBe(metrics.predicted - metrics.correct);
      expect(macro).toEqual(macroScores(metrics));
      const { types, counts } = confusion;
      expect(types).toEqual(TYPES);
      const column = (index: number): number => counts.reduce((sum, row) => sum + (row[index] ?? 0), 0);
      const row = (index: number): number => counts[index]?.reduce((sum, count) => sum + count, 0) ?? NaN;
      types.forEach((name, index) => {
        expect(row(index)).toBe(metrics.types[name]?.support);
        expect(column(index)).toBe(metrics.types[name]?.predicted);
      });
      expect(row(types.length)).toBe(spurious);
      expect(column(types.length)).toBe(missed);
      expect(counts.at(-1)?.at(-1)).toBe(0);
      const diagonal = types.reduce((sum, _, index) => sum + (counts[index]?.[index] ?? 0), 0);
      expect(diagonal).toBe(metrics.correct + boundary);
    }));
  });
});

describe("excerpts", () => {
  const WELL_FORMED = /^\P{Cs}*$/u; // without half of a surrogate pair
  const moved = (one: Entity, by: number): Entity => ({ ...one, start: one.start + by, end: one.end + by });
  const placed = ({ errors, offset }: ErrorExcerpt): SpanError[] => errors.map(({ kind, gold, predicted }) => ({
    kind, ...(gold === undefined ? {} : { gold: moved(gold, offset) }),
    ...(predicted === undefined ? {} : { predicted: moved(predicted, offset) }),
  }));

  test("hold their text, all that lies in it, and each error once", () => {
    fc.assert(fc.property(fc.oneof(shortTexts, longTexts), (texts) => {
      const { explanation: { excerpts, errorCounts } } = explain(texts);
      for (const one of excerpts) {
        const { sample: index, offset, excerpt, gold, predicted, errors, cutBefore, cutAfter } = one;
        const judgedText = texts[index];
        if (judgedText === undefined) throw new Error("there is no such text");
        const { sample: { text, entities }, predicted: all } = judgedText;
        const end = offset + excerpt.length;
        expect(excerpt).toBe(text.slice(offset, end));
        expect(excerpt).toMatch(WELL_FORMED);
        expect([cutBefore, cutAfter]).toEqual([offset > 0, end < text.length]);
        if (text.length <= 400) expect(excerpt).toBe(text);
        const inside = (list: readonly Entity[]): Entity[] =>
          list.filter((other) => offset <= other.start && other.end <= end);
        expect(gold.map((other) => moved(other, offset))).toEqual(inside(entities));
        expect(predicted.map((other) => moved(other, offset))).toEqual(inside(all));
        expect(errors.length).toBeGreaterThan(0);
        for (const error of errors) {
          for (const other of [error.gold, error.predicted]) {
            if (other === undefined) continue;
            expect(other.start).toBeGreaterThanOrEqual(0);
            // One that is too long to be shown is shown by its beginning.
            const length = Math.max(error.gold?.end ?? 0, error.predicted?.end ?? 0) - beginOf(error);
            if (length <= 400) expect(other.end).toBeLessThanOrEqual(excerpt.length);
            else expect(excerpt.length - beginOf(error)).toBeGreaterThanOrEqual(400);
          }
        }
      }
      // As long as there are few, all are shown.
      if (Math.max(...Object.values(errorCounts)) > 100) return;
      texts.forEach(({ sample: { entities }, predicted }, index) => {
        const gold = distinct(entities);
        const expected = pairTwin(
          gold.filter((one) => !predicted.some((other) => same(one, other))),
          predicted.filter((one) => !gold.some((other) => same(one, other))),
        );
        const shown = excerpts.filter(({ sample }) => sample === index);
        expect(shown.flatMap(placed).map(errorKey).sort()).toEqual(expected.map(errorKey).sort());
        // In order, and with some text between them.
        shown.slice(1).forEach(({ offset }, before) => {
          const previous = shown[before];
          expect(offset).toBeGreaterThan((previous?.offset ?? 0) + (previous?.excerpt.length ?? 0));
        });
      });
    }), { numRuns: 100 });
  });

  test("of a long text, what lies around its errors, with 80 characters on either side", () => {
    const text = "甲".repeat(2000);
    const entities = [entity(100, 102), entity(300, 302), entity(1990, 2000)];
    const { excerpts } = explain([{ sample: { text, entities }, predicted: [entity(100, 102)] }]).explanation;
    expect(excerpts.map(({ offset, excerpt, cutBefore, cutAfter, gold, predicted }) => ({
      offset, length: excerpt.length, cutBefore, cutAfter, gold, predicted,
    }))).toEqual([
      { offset: 220, length: 162, cutBefore: true, cutAfter: true, gold: [entity(80, 82)], predicted: [] },
      { offset: 1910, length: 90, cutBefore: true, cutAfter: false, gold: [entity(80, 90)], predicted: [] },
    ]);
  });

  test("a cut never falls into a surrogate pair", () => {
    for (const shift of ["", "甲"]) {
      const text = shift + "😀".repeat(500);
      const at = shift.length + 400;
      const { excerpts } = explain([{ sample: { text, entities: [entity(at, at + 2)] }, predicted: [] }]).explanation;
      expect(excerpts).toHaveLength(1);
      expect(excerpts[0]?.excerpt).toMatch(WELL_FORMED);
      const { start = 0, end = 0 } = excerpts[0]?.gold[0] ?? {};
      expect(excerpts[0]?.excerpt.slice(start, end)).toBe("😀");
    }
    // An annotation may split one; the cut 80 units before it must not.
    const text = "😀".repeat(500);
    const { excerpts } = explain([{ sample: { text, entities: [entity(401, 403)] }, predicted: [] }]).explanation;
    expect(excerpts[0]?.excerpt).toMatch(WELL_FORMED);
  });

  test("an error longer than is shown is shown by its beginning, with what comes later apart", () => {
    const text = "甲".repeat(3000);
    const entities = [entity(100, 2500), entity(2000, 2001)];
    const { excerpts } = explain([{ sample: { text, entities }, predicted: [] }]).explanation;
    expect(excerpts.map(({ offset, excerpt }) => [offset, excerpt.length])).toEqual([[20, 560], [1920, 161]]);
    expect(excerpts.map(({ errors, gold }) => [errors.length, gold.length])).toEqual([[1, 0], [1, 1]]);
    expect(excerpts[0]?.errors).toEqual([{ kind: "missed", gold: entity(80, 2480) }]);
  });

  test("the first hundred of each kind are kept, and rare kinds that come late are shown", () => {
    const missed: Judged = { sample: { text: "甲乙", entities: [entity(0, 1)] }, predicted: [] };
    const spurious: Judged = { sample: { text: "甲乙", entities: [] }, predicted: [entity(0, 1)] };
    const both: Judged = { sample: { text: "甲乙", entities: [entity(0, 1)] }, predicted: [entity(1, 2)] };
    const texts = [...new Array<Judged>(150).fill(missed), spurious, both];
    const { explanation: { excerpts, errorCounts } } = explain(texts);
    expect(errorCounts).toEqual({ boundary: 0, type: 0, missed: 151, spurious: 2 });
    expect(excerpts.map(({ sample }) => sample)).toEqual([...Array(100).keys(), 150, 151]);
    expect(excerpts.at(-1)?.errors).toHaveLength(2);
    expect(errorKinds).toEqual(["boundary", "type", "missed", "spurious"]);
  });

  test("what is all right leaves none", () => {
    const sample = { text: "甲乙", entities: [entity(0, 1), entity(0, 1)] };
    expect(explain([{ sample, predicted: [entity(0, 1)] }]).explanation.excerpts).toEqual([]);
  });
});
