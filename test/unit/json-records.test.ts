import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readJsonRecords } from "../../lib/data/formats/json-records.js";
import type { FileRecord } from "../../lib/data/formats/record.js";
import { shown } from "../../lib/data/json-value.js";
import { MAX_LINE_BYTES } from "../../lib/data/lines.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gp-json-"));
  path = join(folder, "data.json");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

/** What the reader is given of each record, as `line: JSON`, or `line! problem`. */
async function read(content: string | Uint8Array): Promise<string[]> {
  writeFileSync(path, content);
  const found: string[] = [];
  const records = readJsonRecords(path, "{\"text\": ...}", (record) => (
    { text: JSON.stringify(record), entities: [], labelled: false }
  ));
  for await (const { place, sample, problem } of records) {
    expect(place.startsWith(`${path}:`)).toBe(true);
    const line = place.slice(path.length + 1);
    found.push(sample === undefined ? `${line}! ${problem ?? ""}` : `${line}: ${sample.text}`);
  }
  return found;
}

const chunk = 1 << 18;

describe("a list", () => {
  test.each<[string, string, string[]]>([
    ["on one line", "[{\"a\":1},{\"b\":[2]}]", ["1: {\"a\":1}", "1: {\"b\":[2]}"]],
    ["an element a line", "[\n{\"a\":1},\n{\"b\":2}\n]\n", ["2: {\"a\":1}", "3: {\"b\":2}"]],
    ["pretty", "[\n  {\n    \"a\": 1\n  },\n\n  {\n    \"b\": 2\n  }\n]", ["2: {\"a\":1}", "6: {\"b\":2}"]],
    ["with CRLF", "[\r\n{\"a\":\r\n1},\r\n{\"b\":2}\r\n]\r\n", ["2: {\"a\":1}", "4: {\"b\":2}"]],
    ["behind a byte order mark and blank lines", "\ufeff\n \t\n[{\"a\":1}]", ["3: {\"a\":1}"]],
    ["empty", " [ \n ] \n", []],
    ["signs in strings", String.raw`[{"a":"]},{[\"\\"},{"b":"\\"}]`, [
      String.raw`1: {"a":"]},{[\"\\"}`, String.raw`1: {"b":"\\"}`,
    ]],
    ["a comma behind the last", "[{\"a\":1},]", ["1: {\"a\":1}"]],
  ])("%s", async (_, content, expected) => {
    expect(await read(content)).toEqual(expected);
  });

  const cut = "the list does not end: the file is cut short; bring back the whole file";

  test.each<[string, string, string[]]>([
    ["elements that are no objects", "[1, \"a,]\", null, [2], {\"a\":1}]", [
      "1! is 1, not an object; write {\"text\": ...}", "1! is \"a,]\", not an object; write {\"text\": ...}",
      "1! is null, not an object; write {\"text\": ...}", "1! is [2], not an object; write {\"text\": ...}",
      "1: {\"a\":1}",
    ]],
    ["a missing comma", "[\n{\"a\":1}\n{\"b\":2},\n{\"c\":3}]", [
      "2: {\"a\":1}", "3! no comma stands before it; write one between two records", "4: {\"c\":3}",
    ]],
    ["a comma too many", "[{\"a\":1},\n,{\"b\":2}]", [
      "1: {\"a\":1}", "2! is not JSON; write one complete JSON object between two commas", "2: {\"b\":2}",
    ]],
    ["an element that is no JSON", "[{a:1},{\"b\":2}]", [
      "1! is not JSON; write one complete JSON object between two commas", "1: {\"b\":2}",
    ]],
    ["a bracket too many", "[{\"a\":1}},{\"b\":2}]", [
      "1! is not JSON; write one complete JSON object between two commas", "1: {\"b\":2}",
    ]],
    ["text behind its end, told once", "[{\"a\":1}]\n[{\"b\":2}]\nx", [
      "1: {\"a\":1}", "2! follows the end of the list; remove it",
    ]],
    ["cut short in an element", "[{\"a\":1},\n{\"b\":", [
      "1: {\"a\":1}", `2! ${cut}`,
    ]],
    ["cut short in a string", "[{\"a\":\"]", [`1! ${cut}`]],
    ["cut short behind a comma", "[{\"a\":1},\n", [
      "1: {\"a\":1}", `2! ${cut}`,
    ]],
    ["nothing but its beginning", "[", [`1! ${cut}`]],
    ["a NUL character", "[{\"a\":\"\0\"}]", [
      "1! is not JSON but holds a NUL character; the file is damaged, or no text",
    ]],
  ])("with %s", async (_, content, expected) => {
    expect(await read(content)).toEqual(expected);
  });

  test("bytes that are not UTF-8 are a fault of their element", async () => {
    const [head, tail] = [Buffer.from("[\n{\"a\":\""), Buffer.from("\"},\n{\"b\":2}]")];
    expect(await read(Buffer.concat([head, Buffer.from([0xc4, 0xe3, 0xba, 0xc3]), tail]))).toEqual([
      "2! is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)", "3: {\"b\":2}",
    ]);
    expect(await read(Buffer.concat([head, Buffer.from([0xff]), tail]))).toEqual([
      "2! is not UTF-8; save the file as UTF-8", "3: {\"b\":2}",
    ]);
  });

  test("an element that is too long is passed over", async () => {
    const long = Buffer.alloc(MAX_LINE_BYTES, "a");
    const content = Buffer.concat([Buffer.from("[{\"a\":\""), long, Buffer.from("\"},\n{\"b\":2}]")]);
    expect(await read(content)).toEqual(["1! is longer than 64 MiB; split the text", "2: {\"b\":2}"]);
  });

  test("blanks may fill more than a chunk before it", async () => {
    expect(await read(`${"\n".repeat(chunk + 1)}[{"a":1}]`)).toEqual([`${chunk + 2}: {"a":1}`]);
  });
});

describe("lines", () => {
  test("one object each, blank ones passed over, in LF or CRLF", async () => {
    expect(await read("\ufeff{\"a\":1}\r\n\r\n  \n{\"b\":\"[\"}")).toEqual(["1: {\"a\":1}", "4: {\"b\":\"[\"}"]);
    expect(await read("")).toEqual([]);
    expect(await read("\n \n")).toEqual([]);
  });

  test("faults are told with their line", async () => {
    expect(await read("{\"a\":1}\n[1]\n{\"b\"")).toEqual([
      "1: {\"a\":1}", "2! is [1], not an object; write {\"text\": ...}",
      "3! is not JSON; write one complete JSON object on the line",
    ]);
  });
});

test("a value nested deeper than the stack is a fault of its record", async () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  writeFileSync(path, `{"a":${deep}}\n{"a":1}\n`);
  const found: FileRecord[] = [];
  const records = readJsonRecords(path, "{}", ({ a }) => ({ text: shown(a), entities: [], labelled: false }));
  for await (const record of records) found.push(record);
  expect(found).toEqual([
    { place: `${path}:1`, problem: "is nested too deeply; the file is damaged, or no annotated texts" },
    { place: `${path}:2`, sample: { text: "1", entities: [], labelled: false } },
  ]);
});

test("what the reader notices goes with its record alone", async () => {
  writeFileSync(path, "{\"a\":1}\n{\"a\":2}\n");
  const notices: unknown[] = [];
  const records = readJsonRecords(path, "{}", ({ a }, notice) => {
    if (a === 1) notice("odd");
    return { text: "x", entities: [], labelled: false };
  });
  for await (const record of records) notices.push(record.notices);
  expect(notices).toEqual([["odd"], undefined]);
});

test("other errors of the reader are not taken for faults of the record", async () => {
  writeFileSync(path, "{}");
  for (const error of [new TypeError("ours"), new RangeError("ours")]) {
    const records = readJsonRecords(path, "{}", () => { throw error; });
    await expect(records.next()).rejects.toBe(error);
  }
});

test("any objects come back, as a list, a pretty list or lines, wherever chunks divide them", async () => {
  const key = fc.string({ unit: "grapheme", maxLength: 4 });
  const object = fc.dictionary(key, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 });
  const written = fc.tuple(
    fc.array(object, { maxLength: 5 }), fc.constantFrom("list", "pretty", "lines"),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  await fc.assert(fc.asyncProperty(written, async ([objects, way, at]) => {
    const content = way === "lines" ? objects.map((value) => `${JSON.stringify(value)}\n`).join("")
      : JSON.stringify(objects, undefined, way === "pretty" ? 2 : undefined);
    const bytes = Buffer.from(content);
    const filler = Buffer.alloc(chunk - Math.floor(at * bytes.length), " ");
    const found = await read(Buffer.concat([filler, bytes]));
    expect(found.map((record) => record.replace(/^\d+: /, ""))).toEqual(objects.map((value) => JSON.stringify(value)));
  }), { numRuns: 200 });
});
