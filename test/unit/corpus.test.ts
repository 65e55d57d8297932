// What gp-data does, as a library: checks, statistics against a count of one's own, splits, conversions.
import {
  chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { checkFile, emptyCheckSummary, type CheckSummary, type Finding } from "../../lib/corpus/check.js";
import { convert, type Target } from "../../lib/corpus/convert.js";
import { split } from "../../lib/corpus/split.js";
import { formatStatistics } from "../../lib/corpus/statistics-table.js";
import { StatisticsCollector, type CorpusStatistics, type Quantiles } from "../../lib/corpus/statistics.js";
import { writeTogether } from "../../lib/corpus/write-together.js";
import type { FormatOptions } from "../../lib/data/formats/options.js";
import type { FormatName } from "../../lib/data/formats/registry.js";
import type { SampleFormat } from "../../lib/data/read-samples.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { GlobalPointerError } from "../../lib/errors.js";
import { writeWholeFile } from "../../lib/storage/whole-file.js";
import { BertTokenizer } from "../../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";
import { corpora, inOrder, records, write } from "../support/annotated-samples.js";

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), "gp-corpus-")); });
afterEach(() => { rmSync(folder, { recursive: true }); });

const at = (...names: string[]): string => join(folder, ...names);

function put(name: string, ...lines: unknown[]): string {
  writeFileSync(at(name), lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  return at(name);
}

/** Everything in the folder with its contents. */
function contents(): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(names.map((name) => (
    [name, statSync(at(name)).isDirectory() ? "" : readFileSync(at(name), "utf8")]
  )));
}

async function check(
  path: string, format: SampleFormat = "auto", options: FormatOptions = {}, summary = emptyCheckSummary(),
): Promise<{ findings: string[]; summary: CheckSummary }> {
  const findings: string[] = [];
  const told = ({ place, severity, message }: Finding): string => (
    `${place.replace(`${folder}/`, "")} ${severity} ${message}`
  );
  for await (const finding of checkFile(path, format, options, summary)) findings.push(told(finding));
  return { findings, summary };
}

describe("checking", () => {
  test("a file in order has nothing to be told", async () => {
    const labels = { PER: { 张伟: [[0, 1]] } };
    const path = put("good.jsonl", { text: "张伟", label: labels }, { text: "\t好\n", label: {} });
    expect(await check(path)).toEqual({
      findings: [], summary: { records: 2, texts: 2, entities: 1, unlabelled: 0, errors: 0, warnings: 0 },
    });
  });

  test("every fault and oddity is told at its line, in the order of the file", async () => {
    const path = put(
      "odd.jsonl", { text: "张伟", entities: [[0, 3, "PER"]] }, "", { text: "无" },
      { text: "a\u0001b\ud800", entities: [] },
      { text: "张伟 好", entities: [[0, 2, "PER"], [0, 2, "PER"], [0, 3, "PER"]] },
      { text: "张伟", entities: [[0, 2, " PER"]] }, "{", { text: "", entities: [] },
    );
    const { findings, summary } = await check(path);
    expect(findings).toEqual([
      "odd.jsonl:1 error the span [0, 3] of PER is outside the text of 2 characters (ends are exclusive, characters "
      + "are UTF-16 units); mend it",
      "odd.jsonl:3 warning has no annotation: fine to predict on, but training and evaluation refuse it",
      "odd.jsonl:4 warning the text holds half a surrogate pair at 3, which no encoder knows; mend or remove it",
      "odd.jsonl:4 warning the text holds the control character U+0001 at 1, which no model sees; remove it",
      "odd.jsonl:5 warning PER \"张伟\" [0, 2) stands twice; remove one",
      "odd.jsonl:5 warning PER \"张伟 \" [0, 3) begins or ends with a blank, where no token can; narrow it",
      "odd.jsonl:6 warning the type \" PER\" begins or ends with a blank; mend its name",
      "odd.jsonl:7 error is not JSON; write one complete JSON object on the line",
      "odd.jsonl:8 error \"text\" is empty; remove the line or give its text",
    ]);
    expect(summary).toEqual({ records: 7, texts: 4, entities: 4, unlabelled: 1, errors: 3, warnings: 6 });
  });

  test("what a format's reader notices is a warning", async () => {
    const path = put("doc.jsonl", { text: "张伟", label: [[0, 2, "PER"]], relations: [{}] });
    expect((await check(path)).findings)
      .toEqual(["doc.jsonl:1 warning has \"relations\" too, left aside: only entities are read"]);
  });

  test("files count on in one summary, also those that cannot be read", async () => {
    const good = put("good.jsonl", { text: "张伟", label: {} });
    const { summary } = await check(good);
    const findings: string[] = [];
    mkdirSync(at("bare"));
    writeFileSync(at("utf16"), "\ufeff{}\n", "utf16le");
    put("empty");
    for (const name of ["none", "bare", "utf16", "empty", "good.jsonl/x"]) {
      findings.push(...(await check(at(name), "auto", {}, summary)).findings);
    }
    expect(findings).toEqual([
      "none error there is no such file; check the path",
      "bare error is a folder without .txt and .ann files, which only brat's format would be; give a file",
      "utf16:1 error is not UTF-8 but UTF-16; save the file as UTF-8",
      "empty error holds no texts; give a file of annotated texts",
      "good.jsonl/x error part of the path is a file, not a folder; check the path",
    ]);
    await check(good, "auto", {}, summary);
    expect(summary).toEqual({ records: 2, texts: 2, entities: 0, unlabelled: 0, errors: 5, warnings: 0 });
    expect((await check(good, "cluener", { scheme: "bio" })).findings).toEqual([
      expect.stringMatching(/^good\.jsonl error the format cluener of \S+ has no option scheme; it has none$/),
    ]);
  });
});

// ---------------------------------------------------------------------------------------------------------------------

/** By definition: the least value that at least this share of all do not exceed. */
function quantile(values: readonly number[], share: number): number {
  const enough = [...values].sort((a, b) => a - b)
    .find((value) => values.filter((other) => other <= value).length >= share * values.length);
  return enough ?? 0;
}

function quantilesOf(values: readonly number[]): Quantiles {
  return {
    min: Math.min(...values, Infinity) === Infinity ? 0 : Math.min(...values), max: Math.max(0, ...values),
    median: quantile(values, 0.5), p90: quantile(values, 0.9), p99: quantile(values, 0.99),
    mean: values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length,
  };
}

function nestingOf(one: Entity, all: readonly Entity[]): keyof CorpusStatistics["nesting"] {
  const others = all.filter((other) => other !== one && other.start < one.end && one.start < other.end);
  if (others.some(({ start, end }) => start === one.start && end === one.end)) return "same span";
  if (others.some(({ start, end }) => start <= one.start && one.end <= end)) return "inner";
  if (others.some(({ start, end }) => one.start <= start && end <= one.end)) return "outer";
  return others.length > 0 ? "crossing" : "flat";
}

function collected(samples: readonly Sample[], options: ConstructorParameters<typeof StatisticsCollector>[0] = {}) {
  const collector = new StatisticsCollector(options);
  for (const sample of samples) collector.add(sample);
  return collector;
}

const PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##a", "##b", "b", "中", "好", "\"", "1"];
const tokenizer = new BertTokenizer(Vocabulary.fromLines(PIECES, "test"), { lowerCase: true });

describe("statistics", () => {
  const unit = fc.constantFrom("a", "b", "ab", "中", "好", "人", " ", "😀", "1", "Ab");
  const words = fc.array(unit, { minLength: 1, maxLength: 30 }).map((parts) => parts.join(""));
  const plain = words.chain((text): fc.Arbitrary<Sample> => {
    const position = fc.nat(text.length - 1);
    const entity = fc.tuple(position, position, fc.constantFrom("X", "Y")).map(([a, b, type]): Entity => (
      { start: Math.min(a, b), end: Math.max(a, b) + 1, type }
    ));
    const selector = ({ start, end, type }: Entity): string => `${start} ${end} ${type}`;
    return fc.uniqueArray(entity, { maxLength: 6, selector }).map((entities) => ({ text, entities }));
  });
  const sets = fc.oneof(corpora(fc.constant(undefined)), fc.array(plain, { maxLength: 12 }));

  test("are those that a count by definition gives", () => {
    fc.assert(fc.property(sets, (samples) => {
      const { texts, entities, types, nesting, ...rest } = collected(samples).result();
      const all = samples.flatMap((sample) => sample.entities);
      expect({ texts, entities }).toEqual({ texts: samples.length, entities: all.length });
      const counts = new Map<string, number>();
      for (const { type } of all) counts.set(type, (counts.get(type) ?? 0) + 1);
      expect(new Map(types.map(({ type, count }) => [type, count]))).toEqual(counts);
      for (const { count, share } of types) expect(share).toBeCloseTo(count / all.length, 12);
      expect(types.map(({ count }) => count)).toEqual([...counts.values()].sort((a, b) => b - a));
      const nestings = samples.flatMap((sample) => sample.entities.map((entity) => nestingOf(entity, sample.entities)));
      for (const [kind, count] of Object.entries(nesting)) {
        expect({ kind, count }).toEqual({ kind, count: nestings.filter((found) => found === kind).length });
      }
      expect(rest).toEqual({
        characters: quantilesOf(samples.map(({ text }) => text.length)),
        mentions: quantilesOf(all.map(({ start, end }) => end - start)),
        empty: samples.filter((sample) => sample.entities.length === 0).length,
        duplicates: samples.length - new Set(samples.map(({ text }) => text)).size,
      });
    }), { numRuns: 300 });
  });

  test("of tokens too, whatever the windows", () => {
    const lengths = fc.constantFrom(undefined, 5, 9, 20);
    fc.assert(fc.property(sets, lengths, (samples, maxSeqLen) => {
      const window = maxSeqLen === undefined ? {} : { window: { maxSeqLen, stride: Math.max(1, maxSeqLen - 4) } };
      const { tokens } = collected(samples, { tokenizer, ...window }).result();
      const encodings = samples.map(({ text }) => tokenizer.encode(text));
      const ids = encodings.map(({ inputIds }) => [...inputIds]);
      expect(tokens).toMatchObject({
        lengths: quantilesOf(ids.map(({ length }) => length)),
        tokens: ids.flat().length - 2 * ids.length,
        unknown: ids.flat().filter((id) => id === tokenizer.vocabulary.unkId).length,
      });
      expect(tokens?.alignment.divided).toBe(ids.filter(({ length }) => length > (maxSeqLen ?? Infinity)).length);
      const lost = samples.flatMap(({ entities }, sample) => entities.filter(({ start, end }) => {
        const { starts = [], ends = [] } = encodings[sample] ?? {};
        return !starts.some((from, token) => from === start && (ends[token] ?? 0) > from)
          || !ends.some((to, token) => to === end && (starts[token] ?? 0) < to);
      }));
      const tooLong = tokens?.alignment.lost.get("longer-than-window")?.count ?? 0;
      expect((tokens?.alignment.lostCount ?? 0) - tooLong).toBeLessThanOrEqual(lost.length);
      if (maxSeqLen === undefined) expect(tokens?.alignment.lostCount).toBe(lost.length);
    }), { numRuns: 200 });
  });

  test("compare sets by their texts", () => {
    const sample = (text: string): Sample => ({ text, entities: [] });
    const [one, other] = [["a", "b", "b"], ["b", "c", "b"]].map((texts) => collected(texts.map(sample)).digests);
    expect([...other ?? []].filter((digest) => one?.has(digest))).toHaveLength(1);
  });

  test("are laid out for a person", () => {
    const samples: Sample[] = [
      { text: "a中b", entities: [{ start: 0, end: 3, type: "X" }, { start: 1, end: 2, type: "Y" }] },
      { text: "ab人", entities: [{ start: 1, end: 2, type: "X" }] }, { text: "ab人", entities: [] },
    ];
    expect(formatStatistics(collected(samples, { tokenizer }).result(), "FILE").join("\n")).toBe([
      "FILE: 3 texts, 3 entities of 2 types",
      "  1 text (33.3%) without an entity; 1 text (33.3%) repeating an earlier one",
      "",
      "length                min  median  mean  90%  99%  max",
      "texts, characters       3       3   3.0    3    3    3",
      "texts, tokens           5       5   5.0    5    5    5",
      "mentions, characters    1       1   1.7    3    3    3",
      "",
      "type  entities  share",
      "X            2  66.7%",
      "Y            1  33.3%",
      "",
      "nesting    entities  share",
      "flat              1  33.3%",
      "outer             1  33.3%",
      "inner             1  33.3%",
      "same span         0   0.0%",
      "crossing          0   0.0%",
      "",
      "2 of 9 tokens (22.2%) are [UNK]: not in the vocabulary",
      "every entity has a token span",
    ].join("\n"));
    expect(formatStatistics(collected([]).result(), "FILE")[0]).toBe("FILE: 0 texts, 0 entities of 0 types");
  });
});

// ---------------------------------------------------------------------------------------------------------------------

describe("splitting", () => {
  /** Texts of which some come several times; ids tell the records apart. */
  const corpus = (texts: readonly string[]): Sample[] => texts.map((text, id) => (
    { id, text, entities: id % 2 === 0 ? [{ start: 0, end: 1, type: "X" }] : [] }
  ));

  let splits = 0;
  async function splitInto(samples: readonly Sample[], shares: readonly number[], seed: number): Promise<Sample[][]> {
    splits++;
    const source = at(`source-${splits}`);
    await write("spans", samples, source);
    const path = (part: number): string => at(`part-${splits}-${part}`);
    const counts = await split({ path: source, format: "spans" }, shares.map((share, part) => (
      { target: { path: path(part), format: "spans" }, share }
    )), seed);
    const parts: Sample[][] = [];
    for (const part of shares.keys()) {
      const read = (await records(path(part), "spans")).flatMap(({ sample }) => sample ?? []);
      parts.push(read.map(({ id, text, entities }) => ({ ...(id === undefined ? {} : { id }), text, entities })));
    }
    expect(counts).toEqual(parts.map(({ length }) => length));
    return parts;
  }

  const shares = fc.constantFrom([0.9, 0.1], [0.5, 0.5], [0.8, 0.1, 0.1], [0.34, 0.33, 0.33]);

  test("every text is in one part, in the order of the file, equal ones together, shares as asked", async () => {
    const text = fc.integer({ min: 0, max: 60 }).map((number) => `文${number}`);
    const texts = fc.array(text, { minLength: 60, maxLength: 90 });
    await fc.assert(fc.asyncProperty(texts, shares, fc.nat(), async (list, asked, seed) => {
      const samples = corpus(list);
      const parts = await splitInto(samples, asked, seed);
      const byId = (a: Sample, b: Sample): number => Number(a.id) - Number(b.id);
      expect(inOrder(parts.flat().sort(byId))).toEqual(inOrder(samples));
      for (const part of parts) expect(part).toEqual([...part].sort(byId));
      const partOf = new Map<string, number>();
      for (const [index, part] of parts.entries()) {
        for (const { text } of part) {
          expect(partOf.get(text) ?? index).toBe(index);
          partOf.set(text, index);
        }
      }
      const largest = Math.max(...[...partOf.keys()].map((text) => list.filter((other) => other === text).length));
      for (const [index, part] of parts.entries()) {
        // No part is over its share by a whole group; of two, the other lacks as much, of three one may lack both's.
        expect(part.length - (asked[index] ?? 0) * list.length).toBeLessThan(largest);
        expect((asked[index] ?? 0) * list.length - part.length).toBeLessThan((asked.length - 1) * largest);
      }
    }), { numRuns: 20 });
  });

  test("texts that differ are divided as exactly as whole texts can be", async () => {
    const samples = corpus(Array.from({ length: 203 }, (_, number) => `文${number}`));
    const parts = await splitInto(samples, [0.8, 0.1, 0.1], 1);
    for (const [index, share] of [0.8, 0.1, 0.1].entries()) {
      expect(Math.abs((parts[index]?.length ?? 0) - share * 203)).toBeLessThan(1);
    }
  });

  test("is settled by the seed alone", async () => {
    const samples = corpus(Array.from({ length: 100 }, (_, number) => `文${number % 80}`));
    const [one, again, other] = [
      await splitInto(samples, [0.8, 0.2], 7), await splitInto(samples, [0.8, 0.2], 7),
      await splitInto(samples, [0.8, 0.2], 8),
    ];
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
  });

  test("a part that no text is left for, places that coincide, and options without effect are refused", async () => {
    const path = put("in.jsonl", ...["a", "b", "b"].map((text) => ({ text, entities: [] })));
    const before = contents();
    const into = (train: string, dev: string, share: number, options?: FormatOptions): Promise<number[]> => split(
      { path, format: "auto" }, [[train, 1 - share], [dev, share]].map(([name, size]) => ({
        target: { path: at(String(name)), format: "spans", ...(options === undefined ? {} : { options }) },
        share: Number(size),
      })), 1);
    await expect(into("train", "dev", 0.1)).rejects.toThrow(
      `${path}: has 3 texts, 2 of them different, which leaves none for ${at("dev")} with its share of 0.1; give it a `
      + "larger share, or split a larger file",
    );
    await expect(into("train", "./train", 0.5)).rejects.toThrow("train: it is another output too; choose another");
    await expect(into("in.jsonl", "dev", 0.5)).rejects.toThrow("in.jsonl: it is the input too; choose another place");
    await expect(into("train", "dev", 0.5, { offsets: "utf16" }))
      .rejects.toThrow("the format spans has no option offsets for writing; it has none");
    await expect(into("train", "none/dev", 0.5)).rejects.toThrow(/^Cannot write \S+\/none\/dev: there is no folder that/);
    expect(contents()).toEqual(before);
    expect((await into("train", "dev", 0.5)).sort()).toEqual([1, 2]);
  });

  test("what a target cannot hold is told by the part that it falls to", async () => {
    const path = put("in.jsonl", ...Array.from({ length: 10 }, (_, id) => ({ text: `a\n${id}`, entities: [] })));
    const target = (name: string): Target => ({ path: at(name), format: "conll" });
    const parts = ["train", "dev"].map((name) => ({ target: target(name), share: 0.5 }));
    await expect(split({ path, format: "auto" }, parts, 1)).rejects.toThrow(
      /^\S+in\.jsonl: the format conll cannot hold 5 texts; mend them or choose another format:\n {2}5: the text holds a/,
    );
    expect(readdirSync(folder)).toEqual(["in.jsonl"]);
  });
});

// ---------------------------------------------------------------------------------------------------------------------

describe("converting", () => {
  const into = (format: FormatName, options?: FormatOptions): Target => (
    { path: at("out"), format, ...(options === undefined ? {} : { options }) }
  );

  test("tells how many texts there are", async () => {
    const labels = { PER: { 张伟: [[0, 1], [0, 1]] } };
    const path = put("in.jsonl", { text: "张伟", label: labels }, { text: "好", label: {} });
    expect(await convert({ path, format: "auto" }, into("spans"))).toBe(2);
    expect(readFileSync(at("out"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
      { text: "张伟", entities: [{ start: 0, end: 2, type: "PER", text: "张伟" }] }, { text: "好", entities: [] },
    ]);
  });

  test("writes the scheme that is asked for, and takes no option that it would ignore", async () => {
    const path = put("in.jsonl", { text: "张伟", entities: [[0, 2, "PER"]] });
    await convert({ path, format: "auto" }, into("conll", { scheme: "bmes" }));
    expect(readFileSync(at("out"), "utf8")).toBe(
      "# columns = token tag; scheme = bmes\n# text = 张伟\n张\tB-PER\n伟\tE-PER\n\n",
    );
    const refused = (format: FormatName, options: FormatOptions): Promise<unknown> => (
      convert({ path, format: "auto" }, into(format, options)).catch((error: unknown) => error)
    );
    expect(await refused("conll", { join: " " }))
      .toMatchObject({ code: "CONFIG", message: "the format conll has no option join for writing; it has scheme" });
    expect(await refused("cmeee", { endInclusive: false }))
      .toMatchObject({ message: "the format cmeee has no option endInclusive for writing; it has none" });
  });

  test("refuses with a count by reason what the target cannot hold, and leaves what was there", async () => {
    const path = put(
      "in.jsonl", { text: "a\nb", entities: [] }, { text: "a b", entities: [[0, 2, "X"]] }, { text: "c", entities: [] },
      { text: "a\nb", entities: [] }, { text: "a\nc", entities: [] }, { text: "\n", entities: [] },
      { text: "a\rb", entities: [] },
    );
    writeFileSync(at("out"), "old\n");
    const before = contents();
    await expect(convert({ path, format: "auto" }, into("conll"))).rejects.toMatchObject({
      code: "DATA", message: [
        `${path}: the format conll cannot hold 6 texts; mend them or choose another format:`,
        `  4: the text holds a line break (${path}:1, ${path}:4, ${path}:5 and 1 more)`,
        `  1: an entity begins or ends with a blank (${path}:2)`,
        `  1: the text is empty or blank (${path}:6)`,
      ].join("\n"),
    });
    expect(contents()).toEqual(before);
  });

  test.each<[FormatName, object, RegExp]>([
    ["cluener", { text: "😀", entities: [[0, 1, "X"]] }, /1: an entity begins or ends inside a surrogate pair \(/],
    ["cmeee", { text: "😀", entities: [[1, 2, "X"]] }, /inside a surrogate pair/],
    ["label-studio", { text: "😀", entities: [[1, 2, "X"]] }, /inside a surrogate pair/],
    ["brat", { text: "a", entities: [[0, 1, "X Y"]] }, /cannot hold 1 text; .*\n {2}1: the entity type "X Y" has white space/],
    ["brat", { id: "a/b", text: "a", entities: [] }, /the id "a\/b" cannot be the name of a file/],
    ["conll", { text: "a", entities: [[0, 1, "X Y"]] }, /an entity type is empty, or holds a blank/],
    ["conll", { text: "a\ud800", entities: [] }, /half a surrogate pair/],
  ])("%s cannot hold %j", async (format, record, message) => {
    const path = put("in.jsonl", record);
    await expect(convert({ path, format: "spans" }, into(format))).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(["in.jsonl"]);
  });

  test("a faulty or unlabelled record is told first, and the input is never the output", async () => {
    const path = put("in.jsonl", { text: "a", entities: [] }, { text: "b" }, { text: "c", entities: [[0, 2, "X"]] });
    const before = contents();
    await expect(convert({ path, format: "auto" }, into("cluener"))).rejects.toThrow(
      /in\.jsonl:2: has no annotation; add it .*\n1 more place is bad:\n {2}\S+in\.jsonl:3: the span \[0, 2\] of X/,
    );
    symlinkSync("in.jsonl", at("link"));
    for (const name of ["in.jsonl", "link"]) {
      await expect(convert({ path, format: "auto" }, { path: at(name), format: "spans" }))
        .rejects.toThrow(/: it is the input too; choose another place/);
    }
    rmSync(at("link"));
    expect(contents()).toEqual(before);
  });
});

describe("outputs that belong together", () => {
  const file = (name: string, text: string) => ({
    path: at(name), write: async (path: string) => { await Promise.resolve(); writeWholeFile(path, text); },
  });
  const directory = (name: string) => ({
    path: at(name), write: async (path: string) => {
      await Promise.resolve();
      mkdirSync(path);
      writeFileSync(join(path, "a"), "a\n");
    },
  });
  const failing = {
    path: "", write: async () => { await Promise.resolve(); throw new GlobalPointerError("OUTPUT", "no room"); },
  };

  test("appear together, over files and empty folders; links and permissions stay", async () => {
    writeFileSync(at("real"), "old\n");
    chmodSync(at("real"), 0o600);
    symlinkSync("real", at("link"));
    mkdirSync(at("bare"));
    await writeTogether([file("link", "new\n"), directory("bare"), file("fresh", "fresh\n")]);
    expect(contents()).toEqual({ "bare": "", "bare/a": "a\n", "fresh": "fresh\n", "link": "new\n", "real": "new\n" });
    expect(statSync(at("real")).mode & 0o777).toBe(0o600);
  });

  test("or none does", async () => {
    for (const name of ["old", "kept"]) writeFileSync(at(name), `${name}\n`);
    mkdirSync(at("full"));
    put("full/a", "a");
    const before = contents();
    const cases: [ReturnType<typeof file>, RegExp][] = [
      [{ ...failing, path: at("x") }, /^no room$/], [file("full", "x"), /full: it is a folder that is not empty; choose/],
      [directory("full"), /it is a folder that is not empty/], [directory("kept"), /kept: there is a file of that name/],
      [file("none/x", "x"), /^Cannot write \S+none\/x: there is no folder that it could be put in/],
      [file("old/x", "x"), /^Cannot write \S+old\/x: part of the path is a file/],
    ];
    for (const [bad, message] of cases) {
      await expect(writeTogether([file("old", "new\n"), file("fresh", "fresh\n"), bad])).rejects.toThrow(message);
      expect(contents()).toEqual(before);
    }
  });
});
