import fc from "fast-check";
import { alignEntity, DocumentAlignment, type AlignedWindow, type LostReason } from "../../lib/data/align.js";
import { AlignmentReport, formatAlignmentReport } from "../../lib/data/alignment-report.js";
import { buildDataset, Dataset } from "../../lib/data/dataset.js";
import { Int32Column } from "../../lib/data/int32-column.js";
import type { SpanTable } from "../../lib/data/packed-batch.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import type { WindowOptions } from "../../lib/data/windows.js";
import { decodeEntities, decodeSpan, SpanDecoder } from "../../lib/model/decode.js";
import { BertTokenizer, type Encoding } from "../../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";

// Words that are not in the vocabulary are one token each, [UNK].
const vocabulary = Vocabulary.fromLines(
  ["[PAD]", "[UNK]", "[CLS]", "[SEP]", ...Array.from("小明在无红一二三四五前后"), "abc", "ab", "cd"], "test",
);
const tokenizer = new BertTokenizer(vocabulary, { lowerCase: true });
const [CLS, SEP] = [vocabulary.clsId, vocabulary.sepId];
const types = new Map([["name", 0], ["place", 1]]);
const wide: WindowOptions = { maxSeqLen: 512, stride: 400 };

const encode = (text: string): Encoding => tokenizer.encode(text);

/** An encoding with a token for each [start, end], and special tokens around. */
function encodingOf(...ranges: [number, number][]): Encoding {
  const column = (first: number, values: number[], last: number) => Int32Array.from([first, ...values, last]);
  return {
    inputIds: column(CLS, ranges.map((_, index) => 1000 + index), SEP),
    starts: column(0, ranges.map(([start]) => start), 0),
    ends: column(0, ranges.map(([, end]) => end), 0),
  };
}

function align(text: string, entities: Entity[], options = wide) {
  const alignment = new DocumentAlignment({ text, entities }, tokenizer, types, options);
  const windows: AlignedWindow[] = [...alignment.windows()];
  return { windows, spans: windows.flatMap(({ spans }) => spans), lost: alignment.lost, alignment };
}

function entity(start: number, end: number, type = "name"): Entity {
  return { start, end, type };
}

function tableOf(...rows: [number, number, number, number][]): SpanTable {
  const column = (at: 0 | 1 | 2 | 3) => Int32Array.from(rows, (row) => row[at]);
  return { sequence: column(0), entityType: column(1), start: column(2), end: column(3) };
}

describe("alignment", () => {
  test("finds token spans by their boundaries, [CLS] counted", () => {
    const { spans, lost, windows } = align("小明abc来", [entity(0, 2), entity(2, 5, "place"), entity(0, 5)]);
    expect(spans).toHaveLength(3);
    for (const span of [
      { entityType: 0, start: 1, end: 2 }, { entityType: 1, start: 3, end: 3 }, { entityType: 0, start: 1, end: 3 },
    ]) expect(spans).toContainEqual(span);
    expect(lost).toEqual([]);
    expect(windows).toHaveLength(1);
  });

  test("the second of two equal mentions keeps its own place", () => {
    expect(align("小明和小明", [entity(3, 5)]).spans).toEqual([{ entityType: 0, start: 4, end: 5 }]);
  });

  test("covers all tokens of a character that was decomposed", () => {
    const encoding = encodingOf([0, 1], [0, 1], [0, 1], [1, 2]);
    expect(alignEntity(entity(0, 1), encoding)).toEqual({ start: 1, end: 3 });
  });

  test.each<[string, Entity, LostReason]>([
    ["starts inside a token", entity(1, 4), "boundary-inside-token"],
    ["ends inside a token", entity(3, 6), "boundary-inside-token"],
    ["both ends inside one token", entity(1, 2), "boundary-inside-token"],
    ["starts with a blank", entity(4, 6), "boundary-inside-token"],
    ["starts with a blank, ends well", entity(4, 8), "boundary-on-blank"],
    ["ends with a blank", entity(0, 5), "boundary-on-blank"],
    ["is a blank", entity(4, 5), "no-token"],
    ["lies at the very end without a token", entity(8, 9), "no-token"],
    ["is of an unknown type", entity(0, 3, "book"), "unknown-type"],
  ])("an entity that %s is lost with its reason", (_, wanted, reason) => {
    const { spans, lost } = align("abc明 xyz ", [wanted]);
    expect({ spans, lost }).toEqual({ spans: [], lost: [{ entity: wanted, reason }] });
  });

  test("a long text keeps what a window holds, and tells what none does", () => {
    const text = "一二三四五一二三四五";
    const { windows, lost } = align(
      text, [entity(0, 2), entity(1, 4), entity(3, 6), entity(0, 6), entity(8, 10, "book")],
      { maxSeqLen: 6, stride: 2 },
    );
    expect(windows.map(({ start, end }) => [start, end])).toEqual([[0, 4], [2, 6], [4, 8], [6, 10]]);
    expect(windows.map(({ spans }) => spans.map(({ start, end }) => [start, end]))).toEqual([
      [[1, 2], [2, 4]], [[2, 4]], [], [],
    ]);
    expect(lost.map(({ reason }) => reason)).toEqual(["longer-than-window", "unknown-type"]);
  });
});

/** Texts with blanks and words, and entities whose boundaries are token boundaries. */
const annotated = fc.array(fc.constantFrom("明", "😀", "abc", "x ", " ", "中", "\n"), { minLength: 1, maxLength: 20 })
  .map((parts) => parts.join(""))
  .filter((text) => text.trim() !== "")
  .chain((text) => {
    const { starts, ends } = encode(text);
    const token = fc.integer({ min: 1, max: starts.length - 2 });
    const pairs = fc.array(fc.tuple(token, token, fc.constantFrom("name", "place")), { maxLength: 8 });
    return pairs.map((list): Sample => ({
      text, entities: list.map(([a, b, type]) => entity(starts[Math.min(a, b)] ?? 0, ends[Math.max(a, b)] ?? 0, type)),
    }));
  });

describe("alignment and decoding", () => {
  test("give back every entity whose boundaries are token boundaries", () => {
    fc.assert(fc.property(annotated, ({ text, entities }) => {
      const encoding = encode(text);
      const { spans, lost } = align(text, entities);
      expect(lost).toEqual([]);
      const names = [...types.keys()];
      const found = spans.map(({ start, end, entityType }) => ({
        ...decodeSpan(encoding, start, end), type: names[entityType],
      }));
      expect(found).toHaveLength(entities.length);
      for (const one of entities) expect(found).toContainEqual(one);
    }));
  });

  test("keep or account for every entity, whatever its range, the windows and the stride", () => {
    const ranges = fc.array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 12 })), { maxLength: 6 });
    const options = fc.integer({ min: 3, max: 12 }).chain((maxSeqLen) =>
      fc.record({ maxSeqLen: fc.constant(maxSeqLen), stride: fc.integer({ min: 1, max: maxSeqLen - 2 }) }));
    fc.assert(fc.property(annotated, ranges, options, ({ text, entities }, list, given) => {
      const further = list.map(([start, length]) => entity(start, start + length));
      const placed = [...entities, ...further.filter(({ end }) => end <= text.length)];
      const { windows, lost } = align(text, placed, given);
      const whole = encode(text);
      for (const one of placed) {
        const found = windows.flatMap(({ encoding, spans }) => spans
          .filter(({ entityType }) => entityType === types.get(one.type))
          .map(({ start, end }) => decodeSpan(encoding, start, end))
          .filter((range) => range?.start === one.start && range.end === one.end));
        const reasons = lost.filter(({ entity: item }) => item === one).map(({ reason }) => reason);
        expect(found.length > 0).toBe(reasons.length === 0);
        expect(reasons.length).toBeLessThanOrEqual(1);
        const span = alignEntity(one, whole);
        if (typeof span === "string") expect(reasons[0] === span || reasons[0] === "longer-than-window").toBe(true);
        else {
          const held = windows.some(({ start, end }) => start <= span.start - 1 && span.end - 1 < end);
          expect(reasons).toEqual(held ? [] : ["longer-than-window"]);
          if (span.end - span.start < given.maxSeqLen - 2 - given.stride) expect(held).toBe(true);
        }
      }
    }), { numRuns: 1000 });
  });
});

test("tells every reason as a look at all characters does", () => {
  const ranges = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 4 })), { maxLength: 6 })
    .map((list) => list.map(([start, length]) => [start, start + length] as [number, number]));
  const place = fc.tuple(fc.nat(16), fc.integer({ min: 1, max: 6 }))
    .map(([start, length]) => entity(start, start + length));
  fc.assert(fc.property(ranges, place, (tokens, wanted) => {
    const reason = alignEntity(wanted, encodingOf(...tokens));
    if (typeof reason !== "string") return;
    const strictlyInside = (at: number): boolean => tokens.some(([start, end]) => start < at && at < end);
    const touched = tokens.some(([start, end]) => start < wanted.end && wanted.start < end);
    const expected = strictlyInside(wanted.start) || strictlyInside(wanted.end) ? "boundary-inside-token"
      : touched ? "boundary-on-blank" : "no-token";
    expect(reason).toBe(expected);
  }));
});

describe("decoding", () => {
  test("sorts by start, the longer first, then by type, and keeps scores", () => {
    const table = {
      ...tableOf([1, 0, 2, 2], [0, 1, 2, 2], [0, 0, 1, 1], [0, 1, 1, 2], [0, 0, 1, 2]),
      score: Float32Array.of(0.5, 1, 2, 3, 4),
    };
    expect(decodeEntities(table, [encode("一二"), encode("a b")], ["z", "b"])).toEqual([
      [
        { start: 0, end: 2, type: "b", score: 3 }, { start: 0, end: 2, type: "z", score: 4 },
        { start: 0, end: 1, type: "z", score: 2 }, { start: 1, end: 2, type: "b", score: 1 },
      ],
      [{ start: 2, end: 3, type: "z", score: 0.5 }],
    ]);
  });

  test("drops spans that touch [CLS] or [SEP]", () => {
    const table = tableOf([0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 2, 3], [0, 0, 3, 3], [0, 0, 0, 3]);
    expect(decodeEntities(table, [encode("一二")], ["name"])).toEqual([[]]);
  });

  test("merges spans over the same characters, the best score staying", () => {
    const table = { ...tableOf([0, 0, 1, 2], [0, 0, 2, 2], [0, 0, 1, 1]), score: Float32Array.of(1, 3, 2) };
    const [entities] = decodeEntities(table, [encodingOf([0, 1], [0, 1])], ["name"]);
    expect(entities).toEqual([{ start: 0, end: 1, type: "name", score: 3 }]);
  });

  test("gives the entities of one sequence when asked, again and again, and lazily", () => {
    const decoder = new SpanDecoder(
      tableOf([1, 0, 1, 1], [0, 0, 2, 2], [0, 0, 1, 1]), [encode("一二"), encode("a b"), encode("")], ["name"],
    );
    const [b, a] = [decoder.entitiesOf(1), decoder.entitiesOf(0)];
    expect(a.next().value).toEqual({ start: 0, end: 1, type: "name" });
    expect([...b]).toEqual([{ start: 0, end: 1, type: "name" }]);
    expect([...a]).toEqual([{ start: 1, end: 2, type: "name" }]);
    expect([...decoder.entitiesOf(0)]).toHaveLength(2);
    expect([...decoder.entitiesOf(2)]).toEqual([]);
    expect(() => decoder.entitiesOf(3).next()).toThrow(RangeError);
  });

  test.each<[number, number, number, number]>([
    [1, 0, 1, 1], [0, 1, 1, 1], [0, 0, 2, 1], [0, 0, 1, 4], [-1, 0, 1, 1], [0, 0, -1, 1],
  ])("refuses the row %j %j %j %j", (...row) => {
    expect(() => decodeEntities(tableOf(row), [encode("一二")], ["name"])).toThrow(RangeError);
  });
});

describe("the report", () => {
  test("counts losses by reason with five examples, and what was divided", () => {
    const report = new AlignmentReport();
    const text = `${"前".repeat(20)}abc\n后`;
    const entities = [entity(20, 22), entity(0, 1), entity(2, 15)];
    for (let i = 0; i < 7; i++) {
      report.add({ text, entities }, align(text, entities, { maxSeqLen: 12, stride: 8 }).alignment);
    }
    expect(report).toMatchObject({ samples: 7, windows: 21, divided: 7, entities: 21, aligned: 7, lostCount: 14 });
    const lines = formatAlignmentReport(report, "train");
    expect(lines[0]).toBe("train: 14 of 21 entities have no token span; they count as missed in evaluation");
    expect(lines.filter((line) => line.includes("name: ...前前前前前前前前前前前前[ab]c 后"))).toHaveLength(5);
    expect(lines).toContain("  7 start or end inside a token, such as");
    expect(lines.filter((line) => line.startsWith("  7 are longer than a window"))).toHaveLength(1);
    expect(lines.at(-1)).toBe(
      "train: 7 of 7 texts are longer than a window and were divided; 21 windows in all",
    );
  });

  test("says nothing when nothing was lost", () => {
    const report = new AlignmentReport();
    const sample = { text: "小明", entities: [entity(0, 2)] };
    report.add(sample, align(sample.text, sample.entities).alignment);
    expect(formatAlignmentReport(report, "dev")).toEqual([]);
  });
});

describe("dataset", () => {
  const samples: Sample[] = [
    { text: "小明在ab", entities: [entity(0, 2), entity(3, 5, "place")] },
    { text: "无", entities: [] },
    { text: "cd小红", entities: [entity(1, 3), entity(2, 4)] },
  ];
  const options = { ...wide, entityTypes: ["name", "place"], tokenizer };
  const ids = (...tokens: string[]): number[] => tokens.map((token) => vocabulary.idOf(token) ?? -1);

  test("packs sequences in the order asked for, with their spans", async () => {
    const { dataset, report } = await buildDataset(samples, options);
    expect([dataset.sequenceCount, dataset.tokenCount, dataset.spanCount]).toEqual([3, 14, 3]);
    expect([report.samples, report.entities, report.aligned]).toEqual([3, 4, 3]);
    const { batch, gold } = dataset.batch([2, 0]);
    expect(batch).toEqual({
      inputIds: Int32Array.from(ids("[CLS]", "cd", "小", "红", "[SEP]", "[CLS]", "小", "明", "在", "ab", "[SEP]")),
      sequenceStarts: Int32Array.of(0, 5, 11),
    });
    expect(gold).toEqual(tableOf([0, 0, 2, 3], [1, 0, 1, 2], [1, 1, 4, 4]));
  });

  test("finds the types by itself, in the order of their names, as if they had been given", async () => {
    const open = { ...wide, tokenizer };
    const reversed = [...samples].reverse();
    const found = await buildDataset(reversed, open);
    const given = await buildDataset(reversed, { ...open, entityTypes: ["name", "place"] });
    expect(found.entityTypes).toEqual(["name", "place"]);
    expect(found.dataset.batch([0, 1, 2])).toEqual(given.dataset.batch([0, 1, 2]));
    const later = await buildDataset([
      { text: "小明", entities: [entity(0, 1, "z")] }, { text: "小明", entities: [entity(0, 1, "a")] },
    ], open);
    expect(later.entityTypes).toEqual(["a", "z"]);
    expect(later.dataset.batch([0, 1]).gold.entityType).toEqual(Int32Array.of(1, 0));
  });

  test("a batch of nothing, and sequences that are not there", async () => {
    const { dataset } = await buildDataset(samples, options);
    expect(dataset.batch([]).batch.sequenceStarts).toEqual(Int32Array.of(0));
    expect(() => dataset.batch([3])).toThrow(RangeError);
    expect(() => dataset.batch([-1])).toThrow(RangeError);
    expect(new Dataset().sequenceCount).toBe(0);
  });

  test("holds what was put in, for any number of samples", async () => {
    await fc.assert(fc.asyncProperty(fc.array(annotated, { minLength: 1, maxLength: 30 }), async (list) => {
      const { dataset } = await buildDataset(list, options);
      const order = list.map((_, index) => list.length - 1 - index);
      const { batch, gold } = dataset.batch(Uint32Array.from(order));
      const encodings = order.map((index) => encode(list[index]?.text ?? ""));
      expect([...batch.inputIds]).toEqual(encodings.flatMap((encoding) => [...encoding.inputIds]));
      const back = decodeEntities(gold, encodings, ["name", "place"]);
      order.forEach((index, sequence) => {
        const distinct = new Set(list[index]?.entities.map((item) => `${item.start} ${item.end} ${item.type}`));
        expect(new Set(back[sequence]?.map((item) => `${item.start} ${item.end} ${item.type}`))).toEqual(distinct);
      });
    }), { numRuns: 60 });
  });

  test("a million sentences would take less than 400 bytes each", async () => {
    const sentence: Sample = { text: "小".repeat(38), entities: [entity(0, 2), entity(5, 9, "place")] };
    const count = 20_000;
    const before = process.memoryUsage().arrayBuffers;
    const sentences = (function* () { for (let i = 0; i < count; i++) yield sentence; })();
    const { dataset } = await buildDataset(sentences, options);
    const bytes = process.memoryUsage().arrayBuffers - before;
    expect(dataset.tokenCount).toBe(40 * count);
    expect(bytes / count).toBeLessThan(400);
  });
});

test("an Int32Column grows over its chunks and refuses what it does not hold", () => {
  const column = new Int32Column();
  const numbers = Int32Array.from({ length: 50_000 }, (_, index) => index);
  for (const number of numbers.subarray(0, 20_000)) column.push(number);
  column.append(numbers.subarray(20_000));
  expect([column.length, column.at(0), column.at(16_384), column.at(49_999)]).toEqual([50_000, 0, 16_384, 49_999]);
  const part = new Int32Array(40_000);
  column.copyTo(part, 1, 5_000, 44_000);
  expect(part.subarray(1, 39_001)).toEqual(numbers.subarray(5_000, 44_000));
  expect([part[0], part[39_001]]).toEqual([0, 0]);
  column.set(30_000, -1);
  expect(column.at(30_000)).toBe(-1);
  for (const index of [50_000, -1]) {
    expect(() => column.at(index)).toThrow(RangeError);
    expect(() => { column.set(index, 0); }).toThrow(RangeError);
  }
});
