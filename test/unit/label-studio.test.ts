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
  folder = mkdtempSync(join(tmpdir(), "gp-label-studio-"));
  path = join(folder, "data.json");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

async function read(task: unknown, options: FormatOptions = {}): Promise<FileRecord> {
  writeFileSync(path, JSON.stringify([task]));
  const [found] = await records(path, "label-studio", options);
  return found ?? { place: "none" };
}

const text = "😀王小明在北京";

function region(start: number, end: number, labels: unknown, mention?: string): object {
  const value = { start, end, labels, ...(mention === undefined ? {} : { text: mention }) };
  return { id: "x1", from_name: "label", to_name: "text", type: "labels", value };
}

function annotated(...result: unknown[]): object {
  return { id: 1, data: { text }, annotations: [{ id: 5, was_cancelled: false, result }] };
}

const place = region(5, 7, ["LOC"], "北京");
const person = region(1, 4, ["PER"], "王小明");

describe("reading an export", () => {
  test("in code points, as the editor counts", async () => {
    expect(await read(annotated(person, place))).toEqual({
      place: `${path}:1`, sample: {
        id: 1, text, labelled: true,
        entities: [{ start: 2, end: 5, type: "PER" }, { start: 6, end: 8, type: "LOC" }],
      },
    });
  });

  test("several labels of a region are several entities", async () => {
    const { sample } = await read(annotated(region(5, 7, ["LOC", "ORG"])));
    expect(sample?.entities.map(({ type }) => type)).toEqual(["LOC", "ORG"]);
  });

  test("older exports count UTF-16 units: the mention shows it, the option mends it", async () => {
    const task = annotated(region(6, 8, ["LOC"], "北京"));
    expect((await read(task)).problem).toMatch(/^the span \[6, 8\] of LOC "北京" is outside the text of 7 /);
    expect((await read(annotated(region(2, 5, ["PER"], "王小明")))).problem).toMatch(
      /covers "小明在"; it fits where ends are exclusive, characters are UTF-16 units: .* offsets=utf16 /,
    );
    expect((await read(task, { offsets: "utf16" })).sample?.entities).toEqual([{ start: 6, end: 8, type: "LOC" }]);
  });

  test("a mention may have its line breaks in any way of writing them", async () => {
    for (const mention of ["a\r\nb", "a\\n\\nb", "a\n\nb"]) {
      const task = { data: { text: "a\r\nb" }, annotations: [{ result: [region(0, 4, ["X"], mention)] }] };
      expect((await read(task)).sample?.entities).toEqual([{ start: 0, end: 4, type: "X" }]);
    }
    const other = { data: { text: "a\r\nb" }, annotations: [{ result: [region(0, 4, ["X"], "a\n b")] }] };
    expect((await read(other)).problem).toMatch(/covers "a\\r\\nb"/);
  });

  test.each<[string, object, unknown]>([
    ["the task's number", { id: 3, data: { text } }, 3],
    ["the user's own, a string", { id: 3, data: { id: "a", text } }, "a"],
    ["the user's own, a number", { id: 3, data: { id: 8, text } }, 8],
    ["the task's where the user's is none", { id: 3, data: { id: 1.5, text } }, 3],
    ["none", { data: { text } }, undefined],
  ])("the id is %s", async (_, task, id) => {
    expect((await read(task)).sample?.id).toBe(id);
  });

  test("the text may have another name when it is the only one", async () => {
    expect((await read({ data: { id: "a", sentence: "x", length: 1 } })).sample).toMatchObject({ id: "a", text: "x" });
    expect((await read({ data: { body: "x", title: "y" } })).problem)
      .toBe("\"data\" has no \"text\" but several strings: \"body\", \"title\"; name the labelled one \"text\"");
    expect((await read({ data: { n: 1 } })).problem)
      .toBe("\"data\" has no text, only \"n\"; give the text as \"text\"");
    expect((await read({ data: {} })).problem).toBe("\"data\" has no text; give the text as \"text\"");
    expect((await read({ data: { text: [], title: "x" } })).problem).toBe("\"text\" is []; write it as a string");
    expect((await read({ data: { text: "" } })).problem).toMatch(/^"text" is empty; /);
  });
});

describe("annotations of a task", () => {
  const made = (created_at: string, ...result: unknown[]): object => ({ created_at, result });

  test("the one made last counts, wherever it stands", async () => {
    const annotations = [
      made("2024-05-02T08:00:00Z", place), made("2024-05-01T08:00:00Z", person),
      { ...made("2024-05-03T08:00:00Z"), was_cancelled: true }, { ...made("2024-05-04T08:00:00Z"), skipped: true },
    ];
    const found = await read({ data: { text }, annotations });
    expect(found.sample?.entities).toEqual([{ start: 6, end: 8, type: "LOC" }]);
    expect(found.notices).toEqual(["has 2 annotations that differ; the one made last is taken"]);
  });

  test("without times the last of the list counts; ones that agree need no word", async () => {
    const annotations = [{ result: [person, place] }, { result: [place, person] }];
    const found = await read({ data: { text }, annotations });
    expect(found.sample?.entities.map(({ type }) => type)).toEqual(["LOC", "PER"]);
    expect(found).not.toHaveProperty("notices");
  });

  test("none, or only cancelled ones, is no annotation; an empty one is", async () => {
    for (const annotations of [undefined, [], [{ was_cancelled: true, result: [place] }]]) {
      expect((await read({ data: { text }, annotations, predictions: [{ result: [place] }] })).sample)
        .toMatchObject({ labelled: false, entities: [] });
    }
    expect((await read(annotated())).sample).toMatchObject({ labelled: true, entities: [] });
    expect((await read({ data: { text }, completions: [{ result: [place] }] })).sample?.entities).toHaveLength(1);
  });

  test("results that say no entity are left aside, and told", async () => {
    const relation = { from_id: "a", to_id: "b", type: "relation", direction: "right" };
    const choice = { type: "choices", value: { choices: ["good"] } };
    const { sample, notices } = await read(annotated(relation, choice, choice, region(0, 1, []), place));
    expect(sample?.entities).toHaveLength(1);
    expect(notices).toEqual([
      "1 result of the type \"relation\" left aside: only \"labels\" say entities",
      "2 results of the type \"choices\" left aside: only \"labels\" say entities",
      "1 region without a label left aside",
    ]);
  });
});

describe("JSON_MIN", () => {
  test("has its regions under the name that the set-up gave them", async () => {
    const record = {
      id: 4, text, label: [{ start: 5, end: 7, text: "北京", labels: ["LOC"] }], annotator: 1, annotation_id: 2,
      created_at: "2024-05-02T08:00:00Z", updated_at: "2024-05-02T08:00:00Z", lead_time: 1.5,
    };
    const expected = { id: 4, text, labelled: true, entities: [{ start: 6, end: 8, type: "LOC" }] };
    expect((await read(record)).sample).toEqual(expected);
    const { label, text: sentence, ...rest } = record;
    expect((await read({ ...rest, ner: label, sentence })).sample).toEqual(expected);
  });

  test("has no list where nothing was labelled", async () => {
    expect((await read({ text, annotation_id: 3 })).sample).toMatchObject({ labelled: true, entities: [] });
    expect((await read({ text, annotation_id: null })).sample).toMatchObject({ labelled: false });
  });
});

test.each<[string, unknown, RegExp]>([
  ["data that is no object", { data: "x" }, /^"data" is "x"; write \{"text": \.\.\.\}$/],
  ["annotations that are no list", { data: { text }, annotations: {} }, /^"annotations" is \{\}; write a list/],
  ["an annotation that is no object", { data: { text }, annotations: [1] }, /^the annotation 1 is not an object; /],
  ["a result that is no list", { data: { text }, annotations: [{ result: 1 }] }, /^"result" of an annotation is 1; /],
  ["a region that is no object", annotated("x"), /^the region "x" is not an object; write/],
  ["a region without type", annotated({ value: {} }), /^the type of the region \{"value":\{\}\} is not a string; /],
  ["a region without value", annotated({ type: "labels" }), /^the value null of a region is not an object; /],
  ["labels that are no list", annotated(region(0, 1, "LOC")), /^the "labels" "LOC" of a region are no list; /],
  ["a label that is no string", annotated(region(0, 1, [3])), /^the entity type 3 is not a string; name it$/],
  ["places in HTML", annotated({ type: "labels", value: { start: "/p[1]", end: "/p[1]", labels: ["X"] } }), /is not a pair of whole numbers/],
  ["an odd id", { id: {}, data: { text } }, /^"id" is neither/],
])("%s is a fault of the record", async (_, task, message) => {
  const { sample, problem } = await read(task);
  expect(sample).toBeUndefined();
  expect(problem).toMatch(message);
});

test.each<[string, object]>([
  ["tasks", annotated(place)],
  ["tasks without annotations", { data: { text } }],
  ["JSON_MIN", { text, ner: [{ start: 5, end: 7, labels: ["LOC"] }] }],
  ["JSON_MIN where nothing was labelled", { text, annotation_id: 3 }],
])("auto knows %s, as a list and as lines", async (_, task) => {
  for (const content of [JSON.stringify([task], undefined, 2), `${JSON.stringify(task)}\n`]) {
    writeFileSync(path, content);
    expect(await records(path, "auto")).toEqual(await records(path, "label-studio"));
    await expect(records(path, "auto", { join: "" })).rejects.toThrow(/the format label-studio of .* no option join/);
  }
});

describe("writing", () => {
  test("gives tasks that Label Studio imports", async () => {
    const entities = [{ start: 2, end: 5, type: "PER" }];
    await write("label-studio", [{ id: 3, text, entities }, { id: "b", text: "b", entities: [] }], path);
    const value = { start: 1, end: 4, text: "王小明", labels: ["PER"] };
    const result = [{ id: "e1", from_name: "label", to_name: "text", type: "labels", value }];
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual([
      { id: 3, data: { text }, annotations: [{ result }] },
      { data: { text: "b", id: "b" }, annotations: [{ result: [] }] },
    ]);
  });

  test("an entity that begins inside a surrogate pair has no place there", async () => {
    const samples = [{ text, entities: [{ start: 1, end: 5, type: "PER" }] }];
    await expect(write("label-studio", samples, path)).rejects.toThrow("surrogate pair");
  });

  test("what is written is read back, under its name and by itself", async () => {
    await fc.assert(fc.asyncProperty(corpora(anyIds), async (samples) => {
      await write("label-studio", samples, path);
      const named = await records(path, "label-studio");
      expect(inOrder(named.map(({ sample }) => sample))).toEqual(inOrder(samples));
      expect(await records(path, "auto")).toEqual(named);
    }), { numRuns: 100 });
  });
});

test("odd tasks are faults, never failures", async () => {
  const odd = oddRecords(
    ["id", "data", "text", "annotations", "completions", "result", "type", "value", "labels", "start", "end", "label"],
    [{ text: "ab" }, [{ result: [region(0, 1, ["X"])] }], region(0, 1, ["X"]), { start: 0, end: 1, labels: ["X"] }],
  );
  await fc.assert(fc.asyncProperty(fc.array(odd, { maxLength: 5 }), async (values) => {
    writeFileSync(path, values.map((value) => JSON.stringify(value)).join("\n"));
    const found = await records(path, "label-studio");
    expect(found).toHaveLength(values.length);
    for (const { sample, problem } of found) expect((sample === undefined) !== (problem === undefined)).toBe(true);
  }), { numRuns: 300 });
});
