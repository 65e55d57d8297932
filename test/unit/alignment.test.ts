import fc from "fast-check";
import { alignEntities, type LostReason } from "../../lib/data/align.js";
import { AlignmentReport, formatAlignmentReport } from "../../lib/data/alignment-report.js";
import { buildDataset, Dataset } from "../../lib/data/dataset.js";
import { Int32Column } from "../../lib/data/int32-column.js";
import type { SpanTable } from "../../lib/data/packed-batch.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { truncateEncoding } from "../../lib/data/truncation.js";
import { decodeEntities, decodeSpan, SpanDecoder } from "../../lib/model/decode.js";
import type { Encoding } from "../../lib/tokenizer/bert-tokenizer.js";

const CLS = 101;
const SEP = 102;
const types = new Map([["name", 0], ["place", 1]]);

/** An encoding with a token for each [start, end], and special tokens around. */
function encodingOf(...ranges: [number, number][]): Encoding {
  const column = (first: number, values: number[], last: number) => Int32Array.from([first, ...values, last]);
  return {
    inputIds: column(CLS, ranges.map((_, index) => 1000 + index), SEP),
    starts: column(0, ranges.map(([start]) => start), 0),
    ends: column(0, ranges.map(([, end]) => end), 0),
  };
}

/** A token for each run of Latin letters and for each other character but blanks. */
function encode(text: string): Encoding {
  return encodingOf(...[...text.matchAll(/[a-z]+|\S/gu)].map((word): [number, number] => [word.index, word.index + word[0].length]));
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
    const { spans, lost, cut } = alignEntities(
      [entity(0, 2), entity(2, 5, "place"), entity(0, 5)], encode("小明abc来"), types, 128,
    );
    expect(spans).toEqual([
      { entityType: 0, start: 1, end: 2 }, { entityType: 1, start: 3, end: 3 }, { entityType: 0, start: 1, end: 3 },
    ]);
    expect(lost).toEqual([]);
    expect(cut).toBeUndefined();
  });

  test("the second of two equal mentions keeps its own place", () => {
    const { spans } = alignEntities([entity(3, 5)], encode("小明和小明"), types, 128);
    expect(spans).toEqual([{ entityType: 0, start: 4, end: 5 }]);
  });

  test("covers all tokens of a character that was decomposed", () => {
    const encoding = encodingOf([0, 1], [0, 1], [0, 1], [1, 2]);
    expect(alignEntities([entity(0, 1)], encoding, types, 128).spans).toEqual([{ entityType: 0, start: 1, end: 3 }]);
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
  ])("an entity that %s is lost with its reason", (_, lost, reason) => {
    const alignment = alignEntities([lost], encode("abc明 xyz "), types, 128);
    expect(alignment).toMatchObject({ spans: [], lost: [{ entity: lost, reason }] });
  });

  test("an empty text has no token", () => {
    const { lost } = alignEntities([entity(0, 1)], encode(""), types, 128);
    expect(lost).toEqual([{ entity: entity(0, 1), reason: "no-token" }]);
  });

  test("a long text is cut, told, and its tail is lost for that reason", () => {
    const { encoding, spans, lost, cut } = alignEntities(
      [entity(0, 2), entity(1, 4), entity(4, 5), entity(5, 6)], encode("一二三四五ab"), types, 6,
    );
    expect([...encoding.inputIds]).toEqual([CLS, 1000, 1001, 1002, 1003, SEP]);
    expect([...encoding.ends]).toEqual([0, 1, 2, 3, 4, 0]);
    expect(cut).toEqual({ tokens: 2, characters: 3 });
    expect(spans).toEqual([{ entityType: 0, start: 1, end: 2 }, { entityType: 0, start: 2, end: 4 }]);
    expect(lost.map(({ reason }) => reason)).toEqual(["beyond-max-length", "boundary-inside-token"]);
  });

  test("a text that just fits is not cut", () => {
    const encoding = encode("一二三");
    expect(truncateEncoding(encoding, 5)).toEqual({ encoding });
    expect(truncateEncoding(encoding, 4).cut).toEqual({ tokens: 1, characters: 1 });
    expect(() => truncateEncoding(encoding, 2)).toThrow(RangeError);
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
      const { spans, lost } = alignEntities(entities, encoding, types, 512);
      expect(lost).toEqual([]);
      const names = [...types.keys()];
      expect(spans.map((span) => ({ ...decodeSpan(encoding, span.start, span.end), type: names[span.entityType] })))
        .toEqual(entities);
    }));
  });

  test("keep or account for every entity whatever its range and wherever the cut", () => {
    const ranges = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 6 })), { maxLength: 6 });
    fc.assert(fc.property(annotated, ranges, fc.integer({ min: 3, max: 12 }), ({ text }, list, maxTokens) => {
      const entities = list.map(([start, length]) => entity(start, start + length));
      const { encoding, spans, lost, cut } = alignEntities(entities, encode(text), types, maxTokens);
      expect(spans.length + lost.length).toBe(entities.length);
      expect(encoding.inputIds.length + (cut?.tokens ?? 0)).toBe(encode(text).inputIds.length);
      expect(encoding.inputIds.at(-1)).toBe(SEP);
      for (const { start, end } of spans) {
        expect(start >= 1 && end >= start && end <= encoding.inputIds.length - 2).toBe(true);
        expect(entities).toContainEqual({ ...decodeSpan(encoding, start, end), type: "name" });
      }
    }));
  });
});

test("tells every reason as a walk over all tokens does", () => {
  const ranges = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 4 })), { maxLength: 6 })
    .map((list) => list.map(([start, length]) => [start, start + length] as [number, number]));
  const place = fc.tuple(fc.nat(16), fc.integer({ min: 1, max: 6 }))
    .map(([start, length]) => entity(start, start + length));
  fc.assert(fc.property(ranges, place, (tokens, wanted) => {
    const { lost } = alignEntities([wanted], encodingOf(...tokens), types, 99);
    const reason = lost[0]?.reason;
    if (reason === undefined) return;
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
  test("counts losses by reason with five examples, and what was cut", () => {
    const report = new AlignmentReport();
    const text = `${"前".repeat(20)}abc\n后`;
    for (let i = 0; i < 7; i++) {
      report.add({ text }, alignEntities([entity(20, 22), entity(0, 1), entity(24, 25)], encode(text), types, 12));
    }
    expect(report).toMatchObject({ samples: 7, entities: 21, aligned: 7, lostCount: 14 });
    expect(report.cut).toEqual({ samples: 7, tokens: 84, characters: 105 });
    const lines = formatAlignmentReport(report, "train");
    expect(lines[0]).toBe("train: 14 of 21 entities have no token span; they count as missed in evaluation");
    expect(lines.filter((line) => line.includes("name: ...前前前前前前前前前前前前[ab]c 后"))).toHaveLength(5);
    expect(lines).toContain("  7 start or end inside a token, such as");
    expect(lines).toContain("  7 lie beyond the maximum length, such as");
    expect(lines.at(-1)).toMatch(/^train: 7 of 7 texts are longer .*; 84 tokens \(105 characters\) were cut off$/);
  });

  test("says nothing when nothing was lost", () => {
    const report = new AlignmentReport();
    report.add({ text: "小明" }, alignEntities([entity(0, 2)], encode("小明"), types, 12));
    expect(formatAlignmentReport(report, "dev")).toEqual([]);
  });
});

describe("dataset", () => {
  const samples: Sample[] = [
    { text: "小明在ab", entities: [entity(0, 2), entity(3, 5, "place")] },
    { text: "无", entities: [] },
    { text: "cd小红", entities: [entity(1, 3), entity(2, 4)] },
  ];

  test("packs samples in the order asked for, with their spans", async () => {
    const { dataset, report } = await buildDataset(samples, { entityTypes: ["name", "place"], maxTokens: 32, encode });
    expect([dataset.sampleCount, dataset.tokenCount, dataset.spanCount]).toEqual([3, 14, 3]);
    expect([report.samples, report.entities, report.aligned]).toEqual([3, 4, 3]);
    const { batch, gold } = dataset.batch([2, 0]);
    expect(batch).toEqual({
      inputIds: Int32Array.of(CLS, 1000, 1001, 1002, SEP, CLS, 1000, 1001, 1002, 1003, SEP),
      sequenceStarts: Int32Array.of(0, 5, 11),
    });
    expect(gold).toEqual(tableOf([0, 0, 2, 3], [1, 0, 1, 2], [1, 1, 4, 4]));
  });

  test("a batch of nothing, and samples that are not there", async () => {
    const { dataset } = await buildDataset(samples, { entityTypes: ["name", "place"], maxTokens: 32, encode });
    expect(dataset.batch([]).batch.sequenceStarts).toEqual(Int32Array.of(0));
    expect(() => dataset.batch([3])).toThrow(RangeError);
    expect(() => dataset.batch([-1])).toThrow(RangeError);
    expect(new Dataset().sampleCount).toBe(0);
  });

  test("holds what was put in, for any number of samples", async () => {
    await fc.assert(fc.asyncProperty(fc.array(annotated, { minLength: 1, maxLength: 30 }), async (list) => {
      const { dataset } = await buildDataset(list, { entityTypes: ["name", "place"], maxTokens: 64, encode });
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
});

test("an Int32Column grows and refuses what it does not hold", () => {
  const column = new Int32Column(1);
  for (let i = 0; i < 100; i++) column.push(i);
  column.append(Int32Array.of(7, 8));
  expect([column.length, column.at(99), column.at(101)]).toEqual([102, 99, 8]);
  expect([...column.view(99, 200)]).toEqual([99, 7, 8]);
  expect(() => column.at(102)).toThrow(RangeError);
  expect(() => column.at(-1)).toThrow(RangeError);
});
