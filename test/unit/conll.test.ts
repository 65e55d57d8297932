import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { conll } from "../../lib/data/formats/conll.js";
import { detectFormat } from "../../lib/data/formats/detect.js";
import { linesOf, readLineBlocks } from "../../lib/data/formats/line-blocks.js";
import type { FormatOptions } from "../../lib/data/formats/options.js";
import type { FileRecord } from "../../lib/data/formats/record.js";
import { readLines, type Line } from "../../lib/data/lines.js";
import { readRecords } from "../../lib/data/read-samples.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { GlobalPointerError } from "../../lib/errors.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gp-conll-"));
  path = join(folder, "data.txt");
});
afterEach(() => { rmSync(folder, { recursive: true }); });

async function records(content: string | Uint8Array, options: FormatOptions = {}): Promise<FileRecord[]> {
  writeFileSync(path, content);
  const found: FileRecord[] = [];
  for await (const record of readRecords(path, "conll", options)) found.push(record);
  return found;
}

/** Each text with its entities as TYPE:mention, or the place and problem, the path left out. */
async function told(content: string | Uint8Array, options: FormatOptions = {}): Promise<string[]> {
  return (await records(content, options)).map(({ place, sample, problem }) => sample === undefined
    ? `${place.slice(path.length + 1)}: ${problem ?? ""}`
    : [sample.text, ...sample.entities.map(({ start, end, type }) => `${type}:${sample.text.slice(start, end)}`)]
      .join(" | "));
}

/** Lines of "token/tag" words, a sentence a string. */
function columns(...sentences: string[]): string {
  return sentences.map((sentence) => `${sentence.split(" ").join("\n").replaceAll("/", "\t")}\n`).join("\n");
}

async function refusal(content: string | Uint8Array, options: FormatOptions = {}): Promise<string> {
  const error: unknown = await records(content, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GlobalPointerError);
  expect(error).toMatchObject({ code: "DATA" });
  return error instanceof Error ? error.message.replaceAll(path, "data") : "";
}

describe("columns and sentences", () => {
  const good = columns("王/B-PER 明/I-PER 在/O 北/B-LOC 京/I-LOC", "你/O 好/O");

  test("sentences apart by blank lines, with offsets and places", async () => {
    expect(await records(good)).toEqual([
      {
        place: `${path}:1`,
        sample: {
          text: "王明在北京", labelled: true,
          entities: [{ start: 0, end: 2, type: "PER" }, { start: 3, end: 5, type: "LOC" }],
        },
      },
      { place: `${path}:7`, sample: { text: "你好", labelled: true, entities: [] } },
    ]);
  });

  test.each([
    ["a byte order mark and CRLF", `\ufeff${good.replaceAll("\n", "\r\n")}`],
    ["no line end at the end", good.trimEnd()],
    ["many blank lines, some of blanks", `\n \n${good.replace("\n\n", "\n \t \n\u3000\n\n")}\n\n`],
    ["blanks for tabs", good.replaceAll("\t", "   ")],
    ["blanks around", good.replaceAll("\t", " ").replace(/^(.+)$/gm, "  $1 ")],
    ["a column between", good.replaceAll("\t", "\tNN\t")],
    ["columns behind", good.replace(/(.+)\n/g, "$1\t-\t_\n")],
    ["a space behind the tag", good.replaceAll("-PER\n", "-PER \n")],
  ])("%s", async (_, content) => {
    expect(await told(content)).toEqual(["王明在北京 | PER:王明 | LOC:北京", "你好"]);
  });

  test("an empty file, and one of blank lines and comments, hold nothing", async () => {
    for (const content of ["", "\n\n", "# a comment\n\n# another\n"]) expect(await records(content)).toEqual([]);
  });

  test("UTF-16 units", async () => {
    const [record] = await records(columns("😀/O 𠀀/B-X"));
    expect(record?.sample?.entities).toEqual([{ start: 3, end: 5, type: "X" }]);
    expect((await records(columns("😀/O 𠀀/B-X"), { join: "" }))[0]?.sample?.entities)
      .toEqual([{ start: 2, end: 4, type: "X" }]);
  });

  test("types with - and ., and _ for the first -", async () => {
    expect(await told(columns("a/B-PER.NOM b/I-PER.NOM c/B-x-y"))).toEqual(["a b c | PER.NOM:a b | x-y:c"]);
    expect(await told(columns("a/B_PER_1 b/I_PER_1 c/O"))).toEqual(["a b c | PER_1:a b"]);
  });

  test("-DOCSTART- lines are skipped, with their sentence or ahead of one", async () => {
    const start = "-DOCSTART- -X- O O";
    expect(await told(`${start}\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n${start}\nb c B-NP O\n`))
      .toEqual(["EU rejects | ORG:EU", "b"]);
    expect(await told("-DOCSTART-\n\na O\n")).toEqual(["a"]);
  });

  test("of several columns of tags the last is taken, and that is said once", async () => {
    const found = await records("EU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\na b B-NP O\n");
    expect(found.map(({ notices }) => notices)).toEqual([
      ["the tags are those of column 3 (from 0), but column 2 seems to hold tags too; set the format option tagColumns "
      + "if these are layers of nested entities"],
      undefined,
    ]);
    expect((await records("a O B-X\n", { tagColumns: [2] }))[0]?.notices).toBeUndefined();
  });

  test("a column that is all O is taken only where no other holds tags", async () => {
    expect(await told("a B-X O\nb O O\n")).toEqual(["a b | X:a"]);
    expect(await told("a - O\nb - O\n")).toEqual(["a b"]);
  });

  test("layers of nested entities are united", async () => {
    const content = "北 B-ORG B-LOC\n京 I-ORG I-LOC\n大 I-ORG O\n学 I-ORG B-LOC\n";
    expect(await told(content, { tagColumns: [1, 2] })).toEqual(["北京大学 | ORG:北京大学 | LOC:北京 | LOC:学"]);
    expect(await told(content)).toEqual(["北京大学 | LOC:北京 | LOC:学"]);
  });

  test("token and tag columns as told", async () => {
    expect(await told("O x a\nB-X y b\n", { tokenColumn: 2, tagColumns: [0] })).toEqual(["a b | X:b"]);
    expect(await refusal("a O\n", { tokenColumn: 1, tagColumns: [1] }))
      .toBe("data: column 1 cannot hold both the tokens and tags; set the format options tokenColumn and tagColumns");
  });

  test("no column of tags", async () => {
    const expected = /^data: its beginning shows no column of tags such as O and B-PER; set the format option tagColumns/;
    expect(await refusal("a\nb\n")).toMatch(expected);
    expect(await refusal("{\"text\": \"a\"}\n")).toMatch(expected);
    expect(await refusal(Buffer.from([0xc4, 0xe3, 0x09, 0x4f, 0x0a])))
      .toMatch(/^data:1: is not UTF-8 but seems to be GBK; save the file as UTF-8/);
  });
});

describe("numbered tokens and comments", () => {
  const numbered = [
    "# newdoc id = d", "# sent_id = d-1", "# text = 他来自 北京。",
    "1\t他\tO\t-\t-", "2-3\t来自\t_\t-\t-", "2\t来\tO\t-\t-", "3\t自\tO\t-\t-", "3.1\tx\t_\t-\t-",
    "4\t北京\tB-LOC\t-\tann", "5\t。\tO\t-\t-", "", "# sent_id = 12", "1\t#\tB-X\t-\t-", "",
  ].join("\n");

  test("the layout of Universal NER is known, and lines that are no tokens are skipped", async () => {
    expect(await records(numbered)).toEqual([
      {
        place: `${path}:4`,
        sample: { id: "d-1", text: "他来自 北京。", labelled: true, entities: [{ start: 4, end: 6, type: "LOC" }] },
      },
      {
        place: `${path}:13`,
        sample: { id: 12, text: "#", labelled: true, entities: [{ start: 0, end: 1, type: "X" }] },
      },
    ]);
  });

  test("numbers that are tokens are tokens", async () => {
    expect(await told(columns("1/O 2/O 4/B-X", "1-2/O 3.4/O"))).toEqual(["1 2 4 | X:4", "1-2 3.4"]);
  });

  test("a text that is not what the tokens give is not taken", async () => {
    const [record] = await records("# text = a b c\na O\nb O\n");
    expect(record?.sample?.text).toBe("a b");
    expect(record?.notices)
      .toEqual(["the tokens are not those of the comment \"# text\"; the text was put together of them"]);
    expect((await records("# text = ab\t c \na O\nb O\nc O\n"))[0]).toMatchObject({ sample: { text: "ab\t c " } });
  });

  test("the token # is no comment", async () => {
    const hash = "a\tO\n\n#\tB-X\n1\tI-X\n\n# id = 7\n#\tO\n#\tO\n";
    expect(await told(hash)).toEqual(["a", "# 1 | X:# 1", "# #"]);
    expect(await told(hash.replaceAll("\t", " "))).toEqual(["a", "# 1 | X:# 1", "# #"]);
    expect((await records(hash)).map(({ sample }) => sample?.id)).toEqual([undefined, undefined, 7]);
    expect(await told("# written by hand\na O\n\n# O and more\nb O\n#tag O\n")).toEqual(["a", "b #tag"]);
  });

  test("ids: numbers, strings in quotation marks, and others as they stand", async () => {
    const ids = ["7", "\"7\"", "-3", "07", "9007199254740993", "1e3", "\"a\\nb\"", "\"a", "a b", "\"a\" b"];
    const found = await records(ids.map((id) => `# sent_id = ${id}\na O\n`).join("\n"));
    expect(found.map(({ sample }) => sample?.id))
      .toEqual([7, "7", -3, "07", "9007199254740993", "1e3", "a\nb", "\"a", "a b", "\"a\" b"]);
  });

  test("an id holds for its sentence alone", async () => {
    const found = await records("# id = 1\n\na O\n\n# id = 2\nb\n\nc O\n");
    expect(found.map(({ sample }) => sample?.id)).toEqual([undefined, undefined, undefined]);
  });
});

describe("tokens and text", () => {
  const positioned = columns(Array.from("科0技1全0方1位2资0讯1智0能1快0捷1的0汽0车1生0活1需0要1爱2你0".matchAll(/../g))
    .map(([token]) => `${token}/O`).join(" "), "京0/B-LOC 1/O", "京0/B-LOC 20/I-LOC");

  test("digits of places are taken away where nearly all tokens have one", async () => {
    expect(await told(positioned)).toEqual([
      "科技全方位资讯智能快捷的汽车生活需要爱你",
      "23: the token \"1\" is no character with the digit of its place behind it; mend it, or set the format option "
      + "positionDigits=false",
      "京2 | LOC:京2",
    ]);
    expect((await told(positioned, { positionDigits: false }))[1]).toBe("京01 | LOC:京0");
    expect(await told(columns("a1/O b2/O c3/B-X"))).toEqual(["a1 b2 c3 | X:c3"]);
    expect(await told(columns("a1/O b2/O c3/B-X"), { positionDigits: true })).toEqual(["a b c | X:c"]);
  });

  test("tokens are joined as their characters ask for, or as told", async () => {
    expect(await told(columns("我/O 爱/O NLP/B-X"))).toEqual(["我爱NLP | X:NLP"]);
    expect(await told(columns("カ/O ナ/B-X"))).toEqual(["カナ | X:ナ"]);
    expect(await told(columns("서울/B-X 은/O"))).toEqual(["서울 은 | X:서울"]);
    expect(await told(columns("I/O like/O 茶/B-X"))).toEqual(["I like 茶 | X:茶"]);
    expect(await told(columns("我/O 爱/B-X"), { join: " " })).toEqual(["我 爱 | X:爱"]);
    expect(await told(columns("a/O b/B-X"), { join: "" })).toEqual(["ab | X:b"]);
  });

  test("a token of a blank in a line with tabs stays", async () => {
    expect(await told("王\tB-X\n \tI-X\n明\tI-X\n")).toEqual(["王 明 | X:王 明"]);
  });
});

describe("schemes", () => {
  test.each<[string, string, string, FormatOptions?]>([
    ["bio", "a/B-X b/I-X c/B-X d/O e/B-Y", "X:a b | X:c | Y:e"],
    ["iob1", "a/I-X b/I-X c/B-X d/I-Y e/O f/I-X", "X:a b | X:c | Y:d | X:f"],
    ["iob1 without B-", "a/O b/I-X c/O", "X:b"],
    ["bioes", "a/S-X b/B-X c/E-X d/B-Y e/I-Y f/E-Y", "X:a | X:b c | Y:d e f"],
    ["BILOU", "a/U-X b/B-X c/L-X d/B-Y e/I-Y f/L-Y", "X:a | X:b c | Y:d e f"],
    ["bmes", "a/S-X b/B-X c/E-X d/B-Y e/M-Y f/E-Y", "X:a | X:b c | Y:d e f"],
    ["iob1 as told", "a/B-X b/I-X c/I-Y", "X:a b | Y:c", { scheme: "iob1" }],
    ["bmes as told", "a/O b/S-X", "X:b", { scheme: "bmes" }],
  ])("%s", async (_, sentence, entities, options = {}) => {
    const text = sentence.replace(/\/\S+/g, "");
    expect(await told(columns(sentence), options)).toEqual([`${text} | ${entities}`]);
  });

  const others = ["x/B-X y/I-X", "x/O y/B-Y"]; // which make a file BIO
  const ended = ["x/B-X y/I-X z/E-X", "x/S-X y/O"];
  test.each<[string, string, string[], string]>([
    ["I- after O", "a/O b/I-X c/O", others,
      "2: the tag \"I-X\" continues no entity; begin one with \"B-X\", or set the format option scheme=iob1 if the "
      + "whole file begins entities with I-"],
    ["I- first", "a/I_X", others, "1: the tag \"I_X\" continues no entity; begin one with \"B_X\", or set"],
    ["another type", "a/B-X b/I-Y", others,
      "2: the tag \"I-Y\" follows \"B-X\": the type changes inside an entity; write \"I-X\", or begin another entity"],
    ["E- in BIO", "a/B-X b/E-X", [...others, ...others],
      "2: the tag \"E-X\" is none of the scheme bio (B- I- O); mend it, or set the format option scheme"],
    ["E- without B-", "a/O b/E-X", ended,
      "2: the tag \"E-X\" continues no entity; begin one with \"B-X\", or write \"S-X\" for one of a single token"],
    ["I- without B-", "a/I-X b/E-X", ended, "1: the tag \"I-X\" continues no entity"],
    ["B- without E-", "a/B-X b/O", ended,
      "1: the entity that \"B-X\" belongs to does not end; write \"S-X\" if this is its last token, or set the format "
      + "option scheme if the file is not bioes"],
    ["I- without E-", "a/B-X b/I-X c/B-X d/E-X", ended,
      "2: the entity that \"I-X\" belongs to does not end; write \"E-X\""],
    ["B- at the end", "a/O b/B-X", ended, "2: the entity that \"B-X\" belongs to does not end"],
    ["another type ends", "a/B-X b/E-Y", ended,
      "2: the tag \"E-Y\" follows \"B-X\": the type changes inside an entity; write \"E-X\", or begin another entity"],
    ["no type", "a/O b/B", others, "2: the tag \"B\" names no type; write \"B-PER\", or what the type is"],
    ["an empty type", "a/O b/B-", others, "2: the tag \"B-\" names no type"],
    ["junk", "a/O b/NN", others,
      "2: \"NN\" is no tag; write O, or a tag such as B-PER, or set the format option tagColumns if other columns "
      + "hold the tags"],
    ["an empty tag", "a/ b/O", others, "1: the tag is empty; write O, or a tag such as B-PER"],
    ["the first of several", "a/O b/I-X c/NN d", others, "2: the tag \"I-X\" continues no entity"],
    ["before another fault", "a/B-X b/O c", ended, "1: the entity that \"B-X\" belongs to does not end"],
  ])("fault: %s", async (_, sentence, after, problem) => {
    const found = await told(columns(sentence, ...after));
    expect(found[0]?.slice(0, problem.length)).toBe(problem);
    expect(found[0]).not.toContain("\n");
    expect(found.slice(1).filter((line) => /^\d+:/.test(line))).toEqual([]);
    expect(found).toHaveLength(1 + after.length);
  });
});

describe("faulty lines", () => {
  const rest = "\n\n好\tB-X\n";
  test.each([
    ["too few columns", "你\tO\n好\n吗\tO",
      "2: has 1 column, but 2 are needed: the token in column 0, tags in column 1 (from 0); complete the line, or set "
      + "the format options tokenColumn and tagColumns"],
    ["an empty token", "你\tO\n\tO", "2: the token is empty; write it before the tab, or remove the line"],
    ["a comment inside", "你\tO\n# text\n好\tO", "2: \"text\" is no tag"],
    ["NUL", "你\tO\n\0\tO\n好\tI-X", "2: holds a NUL character; the file is damaged, or no text"],
    ["NUL in a comment", "# text = \0\n你\tO", "1: holds a NUL character"],
    ["a text without tokens", "\n# text = 你", "2: is a text without tokens; write them below, or remove it"],
  ])("%s", async (_, content, problem) => {
    const found = await told(content + rest);
    expect(found[0]?.slice(0, problem.length)).toBe(problem);
    expect(found.slice(1)).toEqual(["好 | X:好"]);
  });

  test("bytes that are not UTF-8, one problem a sentence", async () => {
    const bad = Buffer.from([0xc4, 0xe3, 0x09, 0x4f, 0x0a]);
    const good = Buffer.from("\ufeff好\tB-X\n\n");
    expect(await told(Buffer.concat([good.subarray(3), bad, bad, Buffer.from("\n"), good]))).toEqual([
      "好 | X:好",
      "3: is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)",
      "\ufeff好 | X:\ufeff好",
    ]);
  });
});

test("lines many at a time are those one by one", async () => {
  const collected = async (): Promise<[Line[], Line[]]> => {
    const single: Line[] = [];
    for await (const line of readLines(path)) single.push(line);
    const many: Line[] = [];
    for await (const block of readLineBlocks(path)) many.push(...linesOf(block));
    return [single, many];
  };
  const piece = fc.constantFrom("a", "中", "\n", "\r\n", "\r", "\ufeff", "\n\n").map((text) => Buffer.from(text));
  const bad = fc.constantFrom([0xff], [0xe4, 0xbd], [0xff, 0xfe]).map((bytes) => Buffer.from(bytes));
  const long = fc.nat(5).map((bytes) => Buffer.alloc((1 << 18) - bytes, "中b"));
  const any = fc.oneof({ arbitrary: piece, weight: 12 }, { arbitrary: bad, weight: 1 }, { arbitrary: long, weight: 1 });
  await fc.assert(fc.asyncProperty(fc.array(any), async (pieces) => {
    const content = Buffer.concat(pieces);
    fc.pre(content.toString() !== "\ufeff"); // which is one empty line or none, as one likes
    writeFileSync(path, content);
    const [single, many] = await collected();
    expect(many).toEqual(single);
  }), { numRuns: 100 });
});

test("an over-long line is told, and those behind it are read", async () => {
  writeFileSync(path, Buffer.concat([
    Buffer.from("a\tO\n\n"), Buffer.alloc(65 << 20, "x"), Buffer.from("\tO\nb\tO\n\nc\tB-X\n"),
  ]));
  const found: FileRecord[] = [];
  for await (const record of conll.read(path, { tagColumns: [1] })) found.push(record);
  expect(found.map(({ place, sample }) => [place.slice(path.length), sample?.text]))
    .toEqual([[":1", "a"], [":3", undefined], [":6", "c"]]);
  expect(found[1]?.problem).toMatch(/^is 65 MiB long, more than the 64 MiB that a line may have/);
});

describe("recognised as conll", () => {
  test.each([
    ["tab", "中\tO\n"], ["blank", "EU B-ORG\n"], ["JSON's first character", "[\tO\n1\tO\n"],
    ["number", "1\tO\n"], ["comments", "# sent_id = 1\n1\t他\tO\t-\n"], ["a line cut short", "a O\nb\nc O\n"],
  ])("%s", async (_, content) => {
    writeFileSync(path, content);
    expect(await detectFormat(path)).toBe("conll");
  });

  test("text is not, nor are objects", async () => {
    writeFileSync(path, "a text\nof lines\n");
    await expect(detectFormat(path)).rejects.toThrow(/does not tell how it is written; name the format, one of .*conll/);
    writeFileSync(path, "{\"text\": \"O\"}\n");
    expect(await detectFormat(path)).toBe("spans");
  });
});

describe("writing", () => {
  async function write(samples: readonly Sample[], options: FormatOptions = {}): Promise<void> {
    const writer = conll.writer(options);
    for (const sample of samples) expect(writer.survey(sample)).toBeUndefined();
    const source = async function* (): AsyncGenerator<Sample> {
      for (const sample of samples) yield await Promise.resolve(sample);
    };
    await writer.write(source(), path);
  }

  async function readBack(): Promise<FileRecord[]> {
    const found: FileRecord[] = [];
    for await (const record of readRecords(path, "auto")) found.push(record);
    return found;
  }

  test("texts and ids as comments, and as many columns as the deepest sample needs", async () => {
    await write([
      { id: 7, text: "他在 AB大学", entities: [
        { start: 3, end: 7, type: "ORG" }, { start: 3, end: 4, type: "LOC" }, { start: 4, end: 5, type: "LOC" },
      ] },
      { id: "7", text: "# B", entities: [] },
    ]);
    expect(readFileSync(path, "utf8")).toBe([
      "# columns = token tag tag; scheme = bio",
      "# sent_id = 7", "# text = 他在 AB大学",
      "他\tO\tO", "在\tO\tO", "A\tB-ORG\tB-LOC", "B\tI-ORG\tB-LOC", "大\tI-ORG\tO", "学\tI-ORG\tO", "",
      "# sent_id = \"7\"", "# text = # B", "#\tO\tO", "B\tO\tO", "", "",
    ].join("\n"));
  });

  test.each<[FormatOptions["scheme"], string]>([
    ["auto", "B-X I-X B-X O B-Y"], ["bio", "B-X I-X B-X O B-Y"], ["iob1", "I-X I-X B-X O I-Y"],
    ["bioes", "B-X E-X S-X O S-Y"], ["bmes", "B-X E-X S-X O S-Y"],
  ])("scheme %s", async (scheme, tags) => {
    const entities = [
      { start: 0, end: 3, type: "X" }, { start: 4, end: 5, type: "X" }, { start: 8, end: 9, type: "Y" },
    ];
    await write([{ text: "a b c d e", entities }], scheme === undefined ? {} : { scheme });
    const lines = readFileSync(path, "utf8").split("\n").slice(2, 7);
    expect(lines.map((line) => line.split("\t")[1]).join(" ")).toBe(tags);
  });

  test("a header of ours binds: other lines, options over it", async () => {
    const header = "# columns = token tag; scheme = bioes\n";
    expect(await told(`${header}a\tS-X\n\nb\tO\tO\n`)).toEqual([
      "a | X:a", "4: has 3 columns, but the file's first line names 2; mend either",
    ]);
    expect(await told(`${header}a\tI-X\n`, { scheme: "iob1" })).toEqual(["a | X:a"]);
    expect(await told("# columns = a b\na\tO\tI-X\n")).toEqual(["a | X:a"]);
    expect(await records(header)).toEqual([]);
    expect(await detectFormat(path)).toBe("conll");
  });

  const text = "😀a b";
  test.each<[string, Partial<Sample>, RegExp]>([
    ["no text", { text: "" }, /empty or blank/],
    ["blanks", { text: " \t" }, /empty or blank/],
    ["line feed", { text: "a\nb" }, /line break/],
    ["carriage return", { text: "a\r" }, /line break/],
    ["NUL", { text: "a\0" }, /NUL/],
    ["half a pair", { text: "a\ud83d" }, /half a surrogate pair/],
    ["blank at the end", { entities: [{ start: 2, end: 4, type: "X" }] }, /begins or ends with a blank/],
    ["blank at the start", { entities: [{ start: 3, end: 5, type: "X" }] }, /begins or ends with a blank/],
    ["inside a pair", { entities: [{ start: 1, end: 3, type: "X" }] }, /inside a surrogate pair/],
    ["nothing covered", { entities: [{ start: 1, end: 1, type: "X" }] }, /empty or outside/],
    ["outside", { entities: [{ start: 2, end: 6, type: "X" }] }, /empty or outside/],
    ["blank in a type", { entities: [{ start: 2, end: 3, type: "X Y" }] }, /entity type/],
    ["no type", { entities: [{ start: 2, end: 3, type: "" }] }, /entity type/],
    ["a rounded id", { id: 0.5 }, /id/],
  ])("cannot hold: %s", (_, part, problem) => {
    expect(conll.writer({}).survey({ text, entities: [], ...part })).toMatch(problem);
  });

  const unit = fc.constantFrom(..."中文かカ한a b#1-，😀𠀀\u0301\u3099\u00a0\u3000\t\u2028\u0085\ufeff\"O".match(/./gsu) ?? []);
  const word = fc.constantFrom(
    "# text = a", "-DOCSTART-", "O", "B-X", "# id = 1", "科0", "1", "2", "\\n", "{\"a\":1}", "[",
  );
  const texts = fc.array(fc.oneof({ arbitrary: unit, weight: 6 }, { arbitrary: word, weight: 1 }), { maxLength: 14 })
    .map((parts) => parts.join("")).filter((candidate) => candidate.trim() !== "");
  const types = fc.constantFrom("X", "Y", "PER.NOM", "-", "_a-b", "O", "B-X", "__proto__", "类型");
  const ids = fc.option(fc.oneof(
    fc.maxSafeInteger().map((id) => id + 0), fc.string({ unit: "binary" }),
    fc.constantFrom("7", "-7", "07", "-0", "", " a", "a ", "\"", "\"7\"", "a\nb", "\ud83d", "9007199254740993", "{}"),
  ), { nil: undefined });
  const samples = fc.tuple(ids, texts).chain(([id, text]) => {
    const position = fc.nat(text.length - 1);
    const entity = fc.tuple(position, position, types).map(([a, b, type]): Entity => (
      { start: Math.min(a, b), end: Math.max(a, b) + 1, type }
    )).filter(({ start, end }) => {
      const mention = text.slice(start, end);
      return mention.trim() === mention && !/\p{Cs}/u.test(mention);
    });
    const distinct = { maxLength: 6, selector: ({ start, end, type }: Entity) => `${start} ${end} ${type}` };
    return fc.uniqueArray(entity, distinct)
      .map((entities): Sample => ({ ...(id === undefined ? {} : { id }), text, entities }));
  });
  const order = (a: Entity, b: Entity): number => a.start - b.start || a.end - b.end || (a.type < b.type ? -1 : 1);

  test.each(["auto", "bio", "iob1", "bioes", "bmes"] as const)("what is written in %s is read back", async (scheme) => {
    await fc.assert(fc.asyncProperty(fc.array(samples, { minLength: 1, maxLength: 4 }), async (written) => {
      await write(written, { scheme });
      const back = await readBack();
      expect(back.map(({ sample, problem, notices }) => ({
        ...sample, entities: sample?.entities.sort(order), problem, notices,
      }))).toEqual(written.map((sample) => ({
        ...sample, entities: [...sample.entities].sort(order), labelled: true, problem: undefined, notices: undefined,
      })));
    }), { numRuns: 100 });
  });
});
