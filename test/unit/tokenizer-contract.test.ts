import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";

import { GlobalPointerError } from "../../lib/errors.js";
import { BertTokenizer, type Encoding } from "../../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";
import { fixtureVocabulary } from "../fixtures/tokenizer-vocabulary.js";

const tokens = fixtureVocabulary();
const vocabulary = Vocabulary.fromLines(tokens, "test");
const cased = new BertTokenizer(vocabulary, { lowerCase: false });
const lowerCased = new BertTokenizer(vocabulary, { lowerCase: true });

/** Each token with the text that it stands for. */
function pieces(text: string, { inputIds, starts, ends }: Encoding): [string | undefined, string][] {
  return Array.from(inputIds, (id, i) => [vocabulary.tokenOf(id), text.slice(starts[i], ends[i])]);
}

function failure(action: () => unknown): GlobalPointerError {
  try {
    action();
  } catch (error) {
    if (error instanceof GlobalPointerError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("Vocabulary", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "vocabulary-"));
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  function file(content: string | Uint8Array): string {
    const path = join(directory, "vocab.txt");
    writeFileSync(path, content);
    return path;
  }

  test("numbers the lines from 0 and knows the special ids", () => {
    const read = Vocabulary.fromFile(file("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n我\n##a\n"));
    expect(read.size).toBe(7);
    expect([read.padId, read.unkId, read.clsId, read.sepId, read.maskId]).toEqual([0, 1, 2, 3, 4]);
    expect(read.idOf("我")).toBe(5);
    expect(read.tokenOf(6)).toBe("##a");
    expect(read.idOf("missing")).toBeUndefined();
    expect(read.tokenOf(7)).toBeUndefined();
    expect(read.tokenOf(-1)).toBeUndefined();
  });

  test("takes every line ending, a byte order mark and blank lines at the end", () => {
    const read = Vocabulary.fromFile(file("\ufeff[UNK]\r\n[CLS]\r[SEP]\n\nlast\n\n\n"));
    expect(read.size).toBe(5);
    expect(read.unkId).toBe(0);
    expect(read.idOf("last")).toBe(4);
    expect(read.padId).toBeUndefined();
    expect(read.maskId).toBeUndefined();
  });

  test("does not take U+2028 or U+0085 for the end of a line", () => {
    expect(Vocabulary.fromFile(file("[UNK]\n[CLS]\n[SEP]\n\u2028\n\u0085\nx")).idOf("x")).toBe(5);
  });

  test("gives a token that stands twice the id of its last line", () => {
    const read = Vocabulary.fromLines(["[UNK]", "[CLS]", "[SEP]", "a", "a"], "test");
    expect(read.size).toBe(5);
    expect(read.idOf("a")).toBe(4);
    expect(read.tokenOf(3)).toBe("a");
    expect(Array.from(new BertTokenizer(read, { lowerCase: false }).encode("a").inputIds)).toEqual([1, 4, 2]);
  });

  test.each([
    ["", "is empty"],
    ["\n\n", "is empty"],
    ["[CLS]\n[SEP]\na", 'has no line "[UNK]"'],
    ["[UNK]\n[SEP]\na", 'has no line "[CLS]"'],
    ["[UNK]\n[CLS]\na", 'has no line "[SEP]"'],
    [Uint8Array.of(0x5b, 0xff, 0xfe, 0x0a), "is not UTF-8"],
  ])("refuses %j", (content, reason) => {
    const path = file(content);
    const error = failure(() => Vocabulary.fromFile(path));
    expect(error.code).toBe("TOKENIZER");
    expect(error.message).toContain(path);
    expect(error.message).toContain(reason);
  });

  test("names a file that is missing or unreadable", () => {
    const missing = join(directory, "none.txt");
    expect(failure(() => Vocabulary.fromFile(missing)).message).toContain(`${missing} does not exist`);
    expect(failure(() => Vocabulary.fromFile(directory)).message).toContain(`${directory} cannot be read (EISDIR)`);
    expect(failure(() => Vocabulary.fromFile(missing)).code).toBe("TOKENIZER");
  });
});

describe("BertTokenizer", () => {
  test("fills in the defaults", () => {
    expect(lowerCased.options).toEqual({
      lowerCase: true, stripAccents: true, tokenizeChineseChars: true, maxWordCharacters: 100,
    });
    expect(cased.options.stripAccents).toBe(false);
    expect(lowerCased.vocabulary).toBe(vocabulary);
  });

  test.each([0, -1, 2.5, NaN])("refuses words of at most %p characters", (maxWordCharacters) => {
    expect(failure(() => new BertTokenizer(vocabulary, { lowerCase: true, maxWordCharacters })).code).toBe("TOKENIZER");
  });

  test("gives offsets that cut the mention out of the text", () => {
    const text = "一个 Hello，\u{20000}丁";
    expect(pieces(text, lowerCased.encode(text, false))).toEqual([
      ["一", "一"], ["个", "个"], ["hel", "Hel"], ["##lo", "lo"], ["，", "，"], ["\u{20000}", "\u{20000}"], ["丁", "丁"],
    ]);
  });

  test("puts [CLS] and [SEP] around the text, at (0, 0)", () => {
    const { inputIds, starts, ends } = cased.encode("一");
    expect(Array.from(inputIds)).toEqual([vocabulary.clsId, vocabulary.idOf("一"), vocabulary.sepId]);
    expect(Array.from(starts)).toEqual([0, 0, 0]);
    expect(Array.from(ends)).toEqual([0, 1, 0]);
    expect(Array.from(cased.encode("").inputIds)).toEqual([vocabulary.clsId, vocabulary.sepId]);
    expect(cased.encode("", false).inputIds).toHaveLength(0);
  });

  test("covers an accent and a control character within the token", () => {
    const text = "hE\u0301\u0000l";
    expect(pieces(text, lowerCased.encode(text, false))).toEqual([["hel", text]]);
  });

  test("turns special tokens in the text into their ids", () => {
    const text = "a[SEP]b [mask]";
    expect(pieces(text, lowerCased.encode(text, false)).slice(0, 4)).toEqual([
      ["a", "a"], ["[SEP]", "[SEP]"], ["b", "b"], ["[", "["],
    ]);
  });

  test("makes a word of more than 100 characters, or without a match, one [UNK]", () => {
    const longest = "a".repeat(100);
    expect(cased.encode(longest, false).inputIds.length).toBeGreaterThan(1);
    for (const word of [`${longest}a`, "a\u0e5b\u0d05b", "\u{10380}\u{10381}"]) {
      const text = ` ${word} `;
      const unknown = pieces(text, cased.encode(text, false)).filter(([token]) => token === "[UNK]");
      expect(unknown.length).toBeGreaterThan(0);
    }
    const astral = "\u{1f600}".repeat(101);
    expect(pieces(astral, cased.encode(astral, false))).toEqual([["[UNK]", astral]]);
    expect(cased.encode("\u{1f600}".repeat(100), false).inputIds).toHaveLength(100);
  });

  test("drops lone surrogates", () => {
    const text = "\udc00a\ud800b\udc00 \ud83d";
    const known = pieces(text, cased.encode(text, false));
    expect(known.map(([, mention]) => mention).join("")).toBe("a\ud800b");
    expect(cased.encode("\ud800", false).inputIds).toHaveLength(0);
  });

  test("gives results that later calls leave alone", () => {
    const first = cased.encode("一二");
    const copy = Array.from(first.inputIds);
    cased.encode("丁丁丁丁");
    expect(Array.from(first.inputIds)).toEqual(copy);
  });

  const NASTY = ["[SEP]", "[MASK]", "é", "e\u0301", "\u302e", "각", "国", "a", " ", "\u{1d15e}", "\u0334"];
  const anyText = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: "grapheme" }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.array(fc.constantFrom(...NASTY)).map((parts) => parts.join("")),
  );

  test.each([["cased", cased], ["lower-cased", lowerCased]])("offsets are sound, %s", (_, tokenizer) => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { inputIds, starts, ends } = tokenizer.encode(text, false);
        expect(starts).toHaveLength(inputIds.length);
        expect(ends).toHaveLength(inputIds.length);
        const splitsPair = (position: number): boolean =>
          /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(Math.max(0, position - 1), position + 1));
        inputIds.forEach((id, i) => {
          const start = starts[i] ?? NaN;
          const end = ends[i] ?? NaN;
          expect(vocabulary.tokenOf(id)).toBeDefined();
          expect(start).toBeGreaterThanOrEqual(i === 0 ? 0 : (starts[i - 1] ?? NaN));
          expect(end).toBeGreaterThanOrEqual(i === 0 ? 1 : (ends[i - 1] ?? NaN));
          expect(start).toBeLessThan(end);
          expect(end).toBeLessThanOrEqual(text.length);
          expect(splitsPair(start) || splitsPair(end)).toBe(false);
        });
      }),
      { numRuns: 1_000 },
    );
  });
});
