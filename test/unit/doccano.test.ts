import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { FormatOptions } from "../../lib/data/formats/options.js";
import type { FileRecord } from "../../lib/data/formats/record.js";
import { anyIds, corpora, inOrder, oddRecords, records, write } from "../support/annotated-samples.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gp-doccano-"));
  path = join(folder, "data.jsonl");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

async function read(record: unknown, options: FormatOptions = {}): Promise<FileRecord> {
  writeFileSync(path, JSON.stringify(record));
  const [found] = await records(path, "doccano", options);
  return found ?? { place: "none" };
}

const text = "😀王小明在北京";
const entities = [{ start: 2, end: 5, type: "PER" }, { start: 6, end: 8, type: "LOC" }];

describe("reading", () => {
  test.each<[string, object]>([
    ["label", { text, label: [[2, 5, "PER"], [6, 8, "LOC"]] }],
    ["labels", { text, labels: [[2, 5, "PER"], [6, 8, "LOC"]] }],
    ["the text as data", { data: text, label: [[2, 5, "PER"], [6, 8, "LOC"]] }],
    ["entities", {
      text, relations: [], entities: [
        { id: 4, label: "PER", start_offset: 2, end_offset: 5 },
        { id: 9, label: "LOC", start_offset: 6, end_offset: 8 },
      ],
    }],
    ["entities as lists", { text, cats: [], entities: [[2, 5, "PER"], [6, 8, "LOC"]] }],
    ["annotations", {
      text, annotations: [
        { label: "PER", start_offset: 2, end_offset: 5, user: 1 }, { label: "LOC", start_offset: 6, end_offset: 8 },
      ],
    }],
    ["an empty list beside the one that counts", { text, label: [], entities: [[2, 5, "PER"], [6, 8, "LOC"]] }],
  ])("%s, in UTF-16 units as doccano's editor counts", async (_, record) => {
    expect(await read({ id: 7, ...record })).toEqual({
      place: `${path}:1`, sample: { id: 7, text, entities, labelled: true },
    });
  });

  test("the options may say that a file counts otherwise", async () => {
    const record = { text, label: [[1, 3, "PER"], [5, 6, "LOC"]] };
    expect((await read(record, { offsets: "codePoint", endInclusive: true })).sample?.entities).toEqual(entities);
  });

  test("no list is no annotation, an empty list says that there is no entity", async () => {
    expect((await read({ text })).sample).toMatchObject({ labelled: false, entities: [] });
    expect((await read({ text, label: [] })).sample).toMatchObject({ labelled: true, entities: [] });
  });

  test("what is left aside is told", async () => {
    const record = { text, entities: [], relations: [{ from_id: 1, to_id: 2, type: "in" }], Comments: ["?"] };
    expect((await read(record)).notices).toEqual([
      "has \"relations\" and \"Comments\" too, left aside: only entities are read",
    ]);
    expect(await read({ text, entities: [], relations: [], Comments: [] })).not.toHaveProperty("notices");
  });
});

test.each<[string, unknown, RegExp]>([
  ["no text", { label: [] }, /^has no "text"; add it$/],
  ["data that is no text", { data: 3 }, /^"text" is 3; write/],
  ["a label that is no list", { text, label: "PER" }, /^"label" is "PER"; write a list/],
  ["classes", { text, label: ["PER"] }, /^the entity "PER" is neither list nor object; write \[start, end, type\] or/],
  ["a pair", { text, label: [[2, 5]] }, /^the entity \[2,5\] is no triple; /],
  ["no end", { text, entities: [{ label: "PER", start_offset: 1 }] }, /has no "end_offset"; add it$/],
  ["numbered labels", { text, annotations: [{ label: 3, start_offset: 0, end_offset: 2 }] }, /^the label 3 is the number of a label, .*; export/],
  ["two lists", { text, label: [[2, 5, "PER"]], entities: [[2, 5, "PER"]] }, /^both "label" and "entities" hold entities; keep one/],
  ["outside the text", { text, label: [[2, 9, "PER"]] }, /^the span \[2, 9\] of PER is outside the text of 8 characters/],
  ["an odd id", { id: [], text }, /^"id" is neither a string nor a number; /],
])("%s is a fault of the record", async (_, record, message) => {
  const { sample, problem } = await read(record);
  expect(sample).toBeUndefined();
  expect(problem).toMatch(message);
});

test("a faulty record does not keep from reading the next", async () => {
  writeFileSync(path, `{"text": 1}\n${JSON.stringify({ text, label: [] })}\n`);
  expect((await records(path, "doccano")).map(({ place, problem }) => [place, problem === undefined])).toEqual([
    [`${path}:1`, false], [`${path}:2`, true],
  ]);
});

test.each<[string, object]>([
  ["triples", { text, label: [[2, 5, "PER"]] }],
  ["objects", { text, entities: [{ label: "PER", start_offset: 0, end_offset: 2 }] }],
  ["triples of an intent project", { text, cats: [], entities: [[0, 2, "PER"]] }],
  ["the text as data", { data: "x" }],
  ["an empty list", { text: "x", label: [] }],
])("auto knows %s", async (_, record) => {
  writeFileSync(path, JSON.stringify(record));
  expect(await records(path, "auto")).toEqual(await records(path, "doccano"));
  await expect(records(path, "auto", { join: "" })).rejects.toThrow(/the format doccano of .* has no option join/);
});

describe("writing", () => {
  test("gives the lines that doccano imports", async () => {
    await write("doccano", [{ id: "a", text, entities }, { text: "b", entities: [] }], path);
    expect(readFileSync(path, "utf8")).toBe(
      `{"id":"a","text":"${text}","label":[[2,5,"PER"],[6,8,"LOC"]]}\n{"text":"b","label":[]}\n`,
    );
  });

  test("what is written is read back, under its name and by itself", async () => {
    await fc.assert(fc.asyncProperty(corpora(anyIds), async (samples) => {
      await write("doccano", samples, path);
      const named = await records(path, "doccano");
      expect(inOrder(named.map(({ sample }) => sample))).toEqual(inOrder(samples));
      if (samples.some(({ entities }) => entities.length > 0)) expect(await records(path, "auto")).toEqual(named);
    }), { numRuns: 100 });
  });
});

test("odd records are faults, never failures", async () => {
  const odd = oddRecords(
    ["id", "text", "data", "label", "labels", "entities", "annotations", "relations", "start_offset", "end_offset"],
    [[0, 1, "PER"], { start_offset: 0, end_offset: 1, label: "PER" }, [[0, 1, "PER"]]],
  );
  await fc.assert(fc.asyncProperty(fc.array(odd, { maxLength: 5 }), async (values) => {
    writeFileSync(path, values.map((value) => JSON.stringify(value)).join("\n"));
    const found = await records(path, "doccano");
    expect(found).toHaveLength(values.length);
    for (const { sample, problem } of found) expect((sample === undefined) !== (problem === undefined)).toBe(true);
  }), { numRuns: 200 });
});
