import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { buildDataset } from "../../lib/data/dataset.js";
import { cluenerPieces, formatCluener } from "../../lib/data/formats/cluener.js";
import { emptyReadReport, readSamples, type ReadOptions } from "../../lib/data/read-samples.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { TextOffsets } from "../../lib/data/text-offsets.js";
import { GlobalPointerError } from "../../lib/errors.js";
import { BertTokenizer } from "../../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gp-cluener-"));
  path = join(folder, "data.jsonl");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

async function read(content: string | Uint8Array, options: ReadOptions = {}): Promise<Sample[]> {
  writeFileSync(path, content);
  const samples: Sample[] = [];
  for await (const sample of readSamples(path, { format: "cluener", ...options })) samples.push(sample);
  return samples;
}

const vocabulary = Vocabulary.fromLines(["[PAD]", "[UNK]", "[CLS]", "[SEP]"], "test");

/** The types that a training set made of the samples has. */
async function entityTypesOf(samples: AsyncIterable<Sample> | Iterable<Sample>): Promise<readonly string[]> {
  const tokenizer = new BertTokenizer(vocabulary, { lowerCase: true });
  return (await buildDataset(samples, { tokenizer, maxSeqLen: 32, stride: 20 })).entityTypes;
}

/** The message, with the path shortened to "data". */
async function refusal(content: string | Uint8Array, options: ReadOptions = {}): Promise<string> {
  const error: unknown = await read(content, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GlobalPointerError);
  expect(error).toMatchObject({ code: "DATA" });
  return error instanceof Error ? error.message.replaceAll(path, "data") : "";
}

const good = "{\"text\": \"王小明在北京\", \"label\": {\"name\": {\"王小明\": [[0, 2]]}, \"address\": {\"北京\": [[4, 5]]}}}";

describe("reading", () => {
  test("turns code points with an inclusive end into UTF-16 ranges", async () => {
    const samples = await read(
      "{\"id\": 7, \"text\": \"😀王𠀀明\", \"label\": {\"name\": {\"王𠀀明\": [[1, 3]], \"😀\": [[0, 0]]}}}",
    );
    expect(samples).toEqual([{
      id: 7, text: "😀王𠀀明", entities: [{ start: 2, end: 6, type: "name" }, { start: 0, end: 2, type: "name" }],
    }]);
    expect(samples[0]?.text.slice(2, 6)).toBe("王𠀀明");
  });

  test("keeps every place of a mention and both types of a range", async () => {
    const [sample] = await read(
      "{\"text\": \"AA A\", \"label\": {\"x\": {\"A\": [[0, 0], [1, 1], [3, 3]]}, \"y\": {\"A\": [[0, 0]]}}}",
    );
    expect(sample?.entities.map(({ start, type }) => `${start}${type}`)).toEqual(["0x", "1x", "3x", "0y"]);
  });

  test("takes a byte order mark, CRLF, blank lines, U+2028 in texts and a last line without an end", async () => {
    const odd = "{\"text\": \"a\u2028b\u0085c\", \"label\": {\"x\": {\"b\u0085c\": [[2, 4]]}}}";
    const samples = await read(`\ufeff${good}\r\n\r\n   \n${odd}\n${good}`);
    expect(samples.map((sample) => sample.entities.length)).toEqual([2, 1, 2]);
    expect(samples[1]?.text).toBe("a\u2028b\u0085c");
  });

  test("reads a line that spans many chunks", async () => {
    const text = "长".repeat(400_000);
    const samples = await read(`${good}\n{"text": "${text}", "label": {}}\n${good}\n`);
    expect(samples.map((sample) => sample.text.length)).toEqual([6, 400_000, 6]);
  });

  test("takes lines without annotation, and counts them", async () => {
    const report = emptyReadReport();
    const samples = await read(`{"id": "a", "text": "x"}\n${good}`, { report });
    expect(samples[0]).toEqual({ id: "a", text: "x", entities: [] });
    expect(report).toMatchObject({ samples: 2, entities: 2, unlabelled: 1, duplicates: 0, skipped: 0 });
  });

  test("drops duplicates and reports them", async () => {
    const report = emptyReadReport();
    const line = "{\"text\": \"ab\", \"label\": {\"x\": {\"a\": [[0, 0], [0, 0]]}, \"y\": {\"a\": [[0, 0]]}}}";
    const samples = await read(line, { report });
    expect(samples[0]?.entities).toEqual([{ start: 0, end: 1, type: "x" }, { start: 0, end: 1, type: "y" }]);
    expect(report).toMatchObject({ entities: 2, duplicates: 1, duplicateExamples: [`${path}:1: x "a"`] });
  });

  test("mentions and types may be named like parts of an object", async () => {
    const [sample] = await read("{\"text\": \"__proto__\", \"label\": {\"__proto__\": {\"__proto__\": [[0, 8]]}}}");
    expect(sample?.entities).toEqual([{ start: 0, end: 9, type: "__proto__" }]);
  });

  test("a type without a mention is no type: what is collected can be read with", async () => {
    writeFileSync(path, "{\"text\": \"x\", \"label\": {\"a\": {\"x\": [[0, 0]]}, \"b\": {}}}");
    const entityTypes = await entityTypesOf(readSamples(path, { format: "cluener" }));
    expect(entityTypes).toEqual(["a"]);
    for await (const { entities } of readSamples(path, { format: "cluener", entityTypes })) {
      expect(entities).toHaveLength(1);
    }
  });

  test("ids that a number holds exactly are kept", async () => {
    for (const id of [0, -1, Number.MAX_SAFE_INTEGER, "12345678901234567890", ""]) {
      expect((await read(JSON.stringify({ id, text: "x" })))[0]?.id).toBe(id);
    }
  });

  test("an empty file is fine for prediction only", async () => {
    expect(await read("\n \n")).toEqual([]);
    expect(await refusal("\n", { requireLabels: true })).toMatch(/^data: holds no samples; /);
  });
});

describe("bad lines are named with file, line, fault and remedy", () => {
  const span = (written: string, mention = "小明") => `{"text": "王小明", "label": {"name": {"${mention}": ${written}}}}`;
  test.each<[string, string, RegExp, ReadOptions?]>([
    ["not JSON", "{\"text\": ", /is not JSON; write/],
    ["list", "[1]", /is 1, not an object; /],
    ["null", "null", /is null, not an object; /],
    ["no text", "{\"label\": {}}", /has no "text"; add it/],
    ["empty text", "{\"text\": \"\", \"label\": {}}", /"text" is empty; /],
    ["text as number", "{\"text\": 3}", /"text" is 3; write it as a string/],
    ["odd id", "{\"id\": [], \"text\": \"a\"}", /"id" is neither a string nor a number; /],
    ["id that was rounded", "{\"id\": 12345678901234567890, \"text\": \"a\"}", /"id" is beyond what a number holds exactly; write it as a string/],
    ["id that is infinite", "{\"id\": -1e400, \"text\": \"a\"}", /"id" is beyond what a number holds exactly/],
    ["label as list", "{\"text\": \"a\", \"label\": []}", /"label" is \[\]; write an object/],
    ["label null", "{\"text\": \"a\", \"label\": null}", /"label" is null; /],
    ["mentions as list", "{\"text\": \"a\", \"label\": {\"x\": [[0, 0]]}}", /the label "x" is \[\[0,0\]\]; write \{mention/],
    ["type without a name", "{\"text\": \"a\", \"label\": {\"\": {\"a\": [[0, 0]]}}}", /entity type is empty; name it/],
    ["spans not a list", span("3"), /the spans of name "小明" are 3; write \[\[start, end\]\]/],
    ["no span", span("[]"), /name "小明" has no span; write \[\[start, end\]\] or remove it/],
    ["bare pair", span("[1, 2]"), /the span 1 of name "小明" is not a pair of whole numbers/],
    ["triple", span("[[1, 2, 3]]"), /the span \[1,2,3\] of name "小明" is not a pair/],
    ["fraction", span("[[1, 1.5]]"), /the span \[1, 1\.5\] .* is not a pair/],
    ["text in a span", span("[[\"1\", 2]]"), /the span \["1", 2\] .* is not a pair/],
    ["inverted", span("[[2, 1]]"), /the span \[2, 1\] of name "小明" ends before it starts/],
    ["negative", span("[[-1, 1]]"), /the span \[-1, 1\] .* is outside the text of 3 characters \(ends are inclusive/],
    ["beyond the end", span("[[1, 3]]"), /the span \[1, 3\] .* is outside the text of 3 characters/],
    ["mention mismatch", span("[[0, 1]]"), /the span \[0, 1\] of name "小明" covers "王小"; mend it/],
    ["empty mention", span("[[0, 0]]", ""), /the span \[0, 0\] of name "" covers "王"/],
    ["unknown type", good, /unknown entity type "address"; known are name, book \(data\.entityTypes /, { entityTypes: ["name", "book"] }],
    ["no label where one is needed", "{\"text\": \"a\"}", /has no annotation; add it/, { requireLabels: true }],
  ])("%s", async (_, line, message, options = {}) => {
    const told = await refusal(`\n${line}\n`, options);
    expect(told).toMatch(/^data:2: /);
    expect(told).toMatch(message);
    expect(told).not.toContain("\n");
  });

  test("bytes that are not UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from(`${good}\n{"text": "`), Buffer.from([0xc4, 0xe3]), Buffer.from("\"}\n")]);
    expect(await refusal(bytes))
      .toBe("data:2: is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)");
  });

  test("the first is named, up to five are listed, all are counted", async () => {
    expect(await refusal(`${good}\nx\n${good}\ny`)).toMatch(/^data:2: is not JSON.*\n1 more place is bad:\n {2}data:4: is not JSON[^\n]*$/);
    const told = (await refusal(`${good}\n${"x\n".repeat(9)}`)).split("\n");
    expect(told[1]).toBe("8 more places are bad:");
    const listed = told.slice(2, 6).map((line) => line.split(": ")[0]);
    expect(listed).toEqual(["  data:3", "  data:4", "  data:5", "  data:6"]);
    expect(told.slice(6)).toEqual(["  and 4 more (gp-data check lists all)"]);
  });

  test("samples before the first bad line come, none after it", async () => {
    writeFileSync(path, `${good}\nx\n${good}\n`);
    const seen: Sample[] = [];
    await expect((async () => {
      for await (const sample of readSamples(path, { format: "cluener" })) seen.push(sample);
    })()).rejects.toThrow(/:2: /);
    expect(seen).toHaveLength(1);
  });

  test("a file that is missing, or a folder", async () => {
    const drain = (from: string) => readSamples(from, { format: "cluener" }).next();
    await expect(drain(join(folder, "none"))).rejects.toThrow(/none: there is no such file; check the path/);
    await expect(drain(folder)).rejects.toThrow(/is a folder, not a file; check the path/);
    await expect(drain(folder)).rejects.toBeInstanceOf(GlobalPointerError);
  });
});

describe("writing the submission format", () => {
  test("counts code points and includes the end", () => {
    const sample: Sample = {
      id: 3, text: "😀王𠀀明王", entities: [
        { start: 2, end: 6, type: "name", score: 1.5 },
        { start: 2, end: 3, type: "x" },
        { start: 6, end: 7, type: "x" },
      ],
    };
    expect(formatCluener(sample)).toBe("{\"id\":3,\"label\":{\"name\":{\"王𠀀明\":[[1,3]]},\"x\":{\"王\":[[1,1],[4,4]]}}}");
    expect(formatCluener({ text: "a", entities: [] }, { withText: true })).toBe("{\"text\":\"a\",\"label\":{}}");
  });

  test("in pieces, none of which holds much", () => {
    const text = "甲乙丙".repeat(20);
    const entities = Array.from({ length: 200 }, (_, at): Entity => (
      { start: at % 50, end: at % 50 + 3, type: `t${at % 7}` }
    ));
    const pieces = [...cluenerPieces({ id: "a", text, entities })];
    expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThan(200);
    expect(pieces.join("")).toBe(formatCluener({ id: "a", text, entities }));
  });

  test("what is written is read back", async () => {
    const samples = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 })
      .filter((text) => text.trim() !== "")
      .chain((text) => {
        const offsets = new TextOffsets(text);
        const point = fc.nat(offsets.length - 1);
        const type = fc.constantFrom("a", "b", "__proto__", "1");
        const entity = fc.tuple(point, point, type).map(([a, b, type]): Entity => ({
          start: offsets.toUtf16(Math.min(a, b)), end: offsets.toUtf16(Math.max(a, b) + 1), type,
        }));
        const distinct = { maxLength: 5, selector: ({ start, end, type }: Entity) => `${start} ${end} ${type}` };
        return fc.uniqueArray(entity, distinct).map((entities): Sample => ({ text, entities }));
      });
    const order = (a: Entity, b: Entity) => a.start - b.start || a.end - b.end || (a.type < b.type ? -1 : 1);
    await fc.assert(fc.asyncProperty(fc.array(samples, { minLength: 1, maxLength: 4 }), async (written) => {
      const back = await read(written.map((sample) => formatCluener(sample, { withText: true })).join("\n"));
      expect(back.map(({ text, entities }) => ({ text, entities: entities.sort(order) })))
        .toEqual(written.map(({ text, entities }) => ({ text, entities: [...entities].sort(order) })));
    }), { numRuns: 150 });
  });
});

test("entity types are collected in sorted order", async () => {
  const sample = (...types: string[]): Sample => ({
    text: "x", entities: types.map((type) => ({ start: 0, end: 1, type })),
  });
  expect(await entityTypesOf([sample("b", "a"), sample(), sample("c", "a", "B")])).toEqual(["B", "a", "b", "c"]);
  writeFileSync(path, good);
  expect(await entityTypesOf(readSamples(path, { format: "cluener" }))).toEqual(["address", "name"]);
});

describe("TextOffsets", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(fc.constantFrom("a", "😀", "\ud83d", "\ude00", "é", "中")).map((parts) => parts.join("")),
  );

  test("counts as iterating a string does, and goes there and back", () => {
    fc.assert(fc.property(texts, (text) => {
      const offsets = new TextOffsets(text);
      const points = Array.from(text);
      expect(offsets.length).toBe(points.length);
      for (let at = 0; at <= points.length; at++) {
        const utf16 = offsets.toUtf16(at);
        expect(text.slice(0, utf16)).toBe(points.slice(0, at).join(""));
        expect(offsets.toCodePoint(utf16)).toBe(at);
      }
    }));
  });

  test("a position inside a pair belongs to the pair", () => {
    expect(new TextOffsets("a😀b").toCodePoint(2)).toBe(1);
  });

  test.each(["ab", "😀"])("positions outside %j are refused", (text) => {
    const offsets = new TextOffsets(text);
    for (const position of [-1, 3, 0.5, NaN]) {
      expect(() => offsets.toUtf16(position)).toThrow(RangeError);
      expect(() => offsets.toCodePoint(position)).toThrow(RangeError);
    }
  });
});
