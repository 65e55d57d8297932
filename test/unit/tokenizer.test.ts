import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { BertTokenizer, type TokenizerOptions } from "../../lib/tokenizer/bert-tokenizer.js";
import { CharacterKind, CharacterTable, codePointOf, kindOf } from "../../lib/tokenizer/character-table.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";
import { Oracle, normalizeEach, oracleWordCount } from "../fixtures/tokenizer-oracle.js";
import { markedText, mixedText, random, type Random } from "../fixtures/tokenizer-texts.js";
import { fixtureVocabulary } from "../fixtures/tokenizer-vocabulary.js";

/**
 * Equality with Hugging Face's native tokenizer. There are no excepted characters: lib/tokenizer/unicode-tables.ts
 * holds, range by range, what its older Unicode tables see differently. Only a Node whose Unicode is older than 17
 * cannot lower-case what it does not know yet; see the sweep over all code points.
 */
const CASED: TokenizerOptions = { lowerCase: false };
const LOWER_CASED: TokenizerOptions = { lowerCase: true };

const dataDirectory = process.env.GP_DATA_DIR ?? join(process.cwd(), "..", "shared", "data");

/** All code points of planes 0-3 and 14; of the planes without characters of their own, one in 61. */
function* codePoints(): Generator<number> {
  for (let codePoint = 0; codePoint < 0x110000; codePoint++) {
    const plane = codePoint >> 16;
    if (plane > 3 && plane !== 14 && codePoint % 61 !== 0) continue;
    if (codePoint < 0xd800 || codePoint > 0xdfff) yield codePoint;
  }
}

/** Made-up texts, less what this Node's Unicode does not know; the sweep over all code points has that too. */
function texts(count: number, seed: number, make: (generator: Random) => string = mixedText): string[] {
  const generator = random(seed);
  return Array.from({ length: count }, () => make(generator)).map((text) => text.replace(/\p{Cn}/gu, ""));
}

/** The first few texts that the two tokenizers see differently; the whole truth in a failure's message. */
async function differences(
  tokens: readonly string[],
  options: TokenizerOptions,
  samples: readonly string[],
  addSpecialTokens = true,
): Promise<unknown[]> {
  const tokenizer = new BertTokenizer(Vocabulary.fromLines(tokens, "test"), options);
  const expected = await new Oracle(tokens, options).encode(samples, addSpecialTokens);
  expect(expected).toHaveLength(samples.length);
  const found: unknown[] = [];
  samples.forEach((text, i) => {
    const { inputIds, starts, ends } = tokenizer.encode(text, addSpecialTokens);
    const actual = { ids: Array.from(inputIds), starts: Array.from(starts), ends: Array.from(ends) };
    if (JSON.stringify(actual) !== JSON.stringify(expected[i])) {
      found.push({ text: escape(text), actual, expected: expected[i] });
    }
  });
  return found.slice(0, 3);
}

function escape(text: string): string {
  return text.replace(/[^!-~]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

describe("fuzzed texts, made-up vocabulary", () => {
  const tokens = fixtureVocabulary();

  test.each([
    ["cased", CASED, 12_000, 1],
    ["lower-cased", LOWER_CASED, 12_000, 2],
    ["lower-cased, accents kept", { lowerCase: true, stripAccents: false }, 4_000, 3],
    ["cased, accents stripped", { lowerCase: false, stripAccents: true }, 4_000, 4],
    ["ideographs not set apart", { lowerCase: true, tokenizeChineseChars: false }, 4_000, 5],
    ["words of five characters", { lowerCase: true, maxWordCharacters: 5 }, 4_000, 6],
  ])("%s", async (_, options, count, seed) => {
    expect(await differences(tokens, options, texts(count, seed))).toEqual([]);
  });

  test.each([["cased", CASED], ["lower-cased", LOWER_CASED]])("marks that change places, %s", async (_, options) => {
    expect(await differences(tokens, options, texts(6_000, 7, markedText))).toEqual([]);
  });

  test("without [CLS] and [SEP]", async () => {
    expect(await differences(tokens, LOWER_CASED, ["", " ", ...texts(1_000, 8)], false)).toEqual([]);
  });

  test("a vocabulary without [PAD] and [MASK] has no such special tokens", async () => {
    const without = tokens.filter((token) => token !== "[PAD]" && token !== "[MASK]");
    expect(await differences(without, LOWER_CASED, ["a [MASK] b [PAD][SEP] c", ...texts(1_000, 9)])).toEqual([]);
  });

  test("texts of many thousand tokens", async () => {
    const long = [texts(2_000, 10).join(" "), "国".repeat(70_000), "a".repeat(70_000), "[SEP]\u302e".repeat(5_000)];
    for (const options of [CASED, LOWER_CASED]) expect(await differences(tokens, options, long)).toEqual([]);
  });
});

/** Those that this Node's Unicode assigns, as hexadecimal numbers: of others it cannot know the lower case. */
function knownHere(codePoints: readonly number[]): string[] {
  return codePoints
    .filter((codePoint) => !/\p{Cn}/u.test(String.fromCodePoint(codePoint)))
    .map((codePoint) => codePoint.toString(16));
}

/** What the table makes of a code point, less blanks. */
function textOfEntry(characters: CharacterTable, codePoint: number): string {
  const entry = characters.entryOf(codePoint);
  switch (kindOf(entry)) {
    case CharacterKind.LETTER:
    case CharacterKind.ISOLATED:
      return String.fromCodePoint(codePointOf(entry));
    case CharacterKind.EXPANDED: {
      const parts = Array.from(characters.expansionOf(codePoint));
      const visible = parts.filter((part) => kindOf(part) !== CharacterKind.BLANK);
      return String.fromCodePoint(...visible.map(codePointOf));
    }
    case CharacterKind.ORDERED:
      return String.fromCodePoint(...characters.normalize(codePoint));
    default:
      return "";
  }
}

describe("every code point", () => {
  test.each([
    ["cased", false, false],
    ["lower-cased", true, true],
    ["lower-cased, accents kept", true, false],
  ])("is normalized alike, %s", (_, lowercase, stripAccents) => {
    const characters = new CharacterTable(lowercase, stripAccents, true);
    const expected = normalizeEach(Array.from(codePoints()), { lowercase, stripAccents });
    const different = Array.from(codePoints()).filter((codePoint, i) => {
      const normalized = expected[i] ?? "missing";
      return (
        String.fromCodePoint(...characters.normalize(codePoint)) !== normalized ||
        textOfEntry(characters, codePoint) !== normalized.replaceAll(" ", "")
      );
    });
    expect(knownHere(different)).toEqual([]);
  });

  test("parts words alike", () => {
    const characters = new CharacterTable(false, false, false);
    const wordCount = oracleWordCount();
    const { LETTER, BLANK, ISOLATED } = CharacterKind;
    const different = Array.from(codePoints()).filter((codePoint) => {
      const expected = [LETTER, BLANK, ISOLATED][wordCount(String.fromCodePoint(codePoint)) - 1];
      return kindOf(characters.wordEntry(codePoint)) !== expected;
    });
    expect(knownHere(different)).toEqual([]);
  });
});

describe("published vocabularies", () => {
  const published = [
    ["bert-base-chinese", LOWER_CASED],
    ["bert-base-chinese", CASED],
    ["bert-base-uncased", LOWER_CASED],
    ["bert-base-cased", CASED],
  ] as const;

  const present = published.filter(([name]) => existsSync(vocabularyPath(name)));
  if (present.length < published.length) {
    const missing = new Set(published.filter((entry) => !present.includes(entry)).map(([name]) => name));
    process.stdout.write(`Not tested, no vocab/ in GP_DATA_DIR or ../shared/data: ${[...missing].join(", ")}\n`);
  }

  const testWherePresent = present.length > 0 ? test : test.skip;
  testWherePresent("are read as Hugging Face reads them", async () => {
    for (const [i, [name, options]] of present.entries()) {
      const tokens = readFileSync(vocabularyPath(name), "utf8").replace(/\n$/, "").split("\n");
      expect(Vocabulary.fromFile(vocabularyPath(name)).size).toBe(tokens.length);
      expect(await differences(tokens, options, [...texts(5_000, 20 + i), ...corpus()])).toEqual([]);
    }
  });
});

function vocabularyPath(name: string): string {
  return join(dataDirectory, "vocab", `${name}-vocab.txt`);
}

/** Sentences of a real corpus, where there is one. */
function corpus(): string[] {
  const path = join(dataDirectory, "cluener", "dev.json");
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter((line) => line !== "");
  return lines.map((line) => (JSON.parse(line) as { text: string }).text);
}
