// gp-data from the outside: what it says and where, its statuses, and that nothing is half-written when it fails.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync, writeSync,
} from "node:fs";
import { join } from "node:path";
import {
  expectRefusal, filesBelow, projectRoot, runCommand, startCommand, temporaryFolder, type Outcome,
} from "../support/commands.js";
import { tinySentences, tinyVocabulary, writeTinyCorpus } from "../support/tiny-corpus.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function data(line: string | readonly string[]): Promise<Outcome> {
  return runCommand("gp-data", typeof line === "string" ? line.split(" ") : line, { cwd: folder.path });
}

function put(name: string, content: string | Uint8Array): void {
  writeFileSync(at(name), content);
}

const jsonLines = (...values: unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join("");

/** All files below the folder; of big ones the size has to do. */
function snapshot(): Record<string, string> {
  return Object.fromEntries(filesBelow(folder.path).map((name) => {
    const { size } = statSync(at(name));
    return [name, size > 1 << 20 ? String(size) : readFileSync(at(name)).toString("base64")];
  }));
}

/** A refusal without a word on standard output. */
async function refused(line: string | readonly string[], message: RegExp, status = 1): Promise<void> {
  const outcome = await data(line);
  expectRefusal(outcome, message, status);
  expect(outcome.stdout).toBe("");
}

/** Refusals that leave everything as it was; side by side, since a process takes long to start. */
async function allRefused(cases: readonly [string | readonly string[], RegExp][], status = 1): Promise<void> {
  const before = snapshot();
  for (let first = 0; first < cases.length; first += 4) {
    await Promise.all(cases.slice(first, first + 4).map(([line, message]) => refused(line, message, status)));
  }
  expect(snapshot()).toEqual(before);
}

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
  mkdirSync(at("bare"));
});
afterAll(() => { folder.remove(); });

test("help", async () => {
  const cases: [string, string[]][] = [
    ["--help", ["check <files..>", "stats <file>", "convert", "split"]],
    ["check --help", ["--format", "--format-option", "--quiet", "Name every line that cannot be used"]],
    ["stats --help", ["--dev", "--vocab", "--model", "--lower-case", "--max-seq-len", "--json"]],
    ["convert --help", ["--input", "--output", "--to", "--to-option", "\"label-studio\""]],
    ["split --help", ["--train", "--dev", "--test", "--dev-share", "--test-share", "--seed", "[default: 2333]"]],
  ];
  await Promise.all(cases.map(async ([line, words]) => {
    const { status, stdout, stderr } = await data(line);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    for (const word of words) expect(stdout).toContain(word);
    for (const text of stdout.split("\n")) expect(text.length).toBeLessThanOrEqual(100);
  }));
});

test("a command line that cannot be understood", async () => {
  const split = "split --input a --train b --dev c";
  await allRefused([
    [[], /^gp-data: Say what to do: check, stats, convert or split \(see gp-data --help\)\n$/],
    ["chekc train.jsonl", /^gp-data: Did you mean check\? /],
    ["check", /^gp-data: Say which file to look at /],
    ["check -", /Say which file to look at/],
    ["stats", /Say which file to look at/],
    ["check train.jsonl --format tsv", /Argument: format, Given: "tsv", Choices: "auto", "cluener"/],
    ["check train.jsonl --format conll --format spans", /--format is given more than once/],
    ["check train.jsonl --format-option scheme", /--format-option takes KEY=VALUE, such as .* is "scheme"/],
    ["check train.jsonl --format-option schema=bio", /schema: there is no such option; there are endInclusive/],
    ["check train.jsonl --format-option tagColumns=2", /--format-option tagColumns takes a list of whole/],
    ["stats train.jsonl --max-seq-len 20", /--max-seq-len counts tokens: give --vocab or --model too/],
    ["stats train.jsonl --vocab v --model m", /--vocab cannot stand beside --model/],
    ["stats train.jsonl --no-lower-case", /--lower-case goes with --vocab only/],
    ["convert", /Missing required arguments: input, output, to/],
    ["convert --input a --output x --to conll --to-option scheme=x", /--to-option scheme takes one/],
    ["split", /Missing required arguments: input, train, dev/],
    [`${split} --dev-share 2`, /--dev-share takes one number above 0/],
    [`${split} --dev-share 0`, /--dev-share takes .*, such as 0\.1/],
    [`${split} --test-share 0.2`, /--test-share needs --test, the file/],
    [`${split} --test d --dev-share 0.9`, /leave nothing to train/],
    [`${split} --seed -1`, /--seed takes one whole number from 0 to 42/],
  ], 2);
});

// ---------------------------------------------------------------------------------------------------------------------

const BOTH = { text: "张伟在北京", PER: "张伟" };
const good = {
  cluener: JSON.stringify({ text: BOTH.text, label: { PER: { 张伟: [[0, 1]] } } }),
  spans: JSON.stringify({ text: BOTH.text, entities: [{ start: 0, end: 2, type: "PER" }] }),
  doccano: JSON.stringify({ text: BOTH.text, label: [[0, 2, "PER"]] }),
};

/** 张伟在北京 in GBK, where the bytes of the text stand in UTF-8. */
function inGbk(line: string): Uint8Array {
  const bytes = Buffer.from(line);
  const from = bytes.indexOf(Buffer.from(BOTH.text));
  const gbk = Buffer.from("d5c5ceb0d4dab1b1bea9", "hex");
  return Buffer.concat([bytes.subarray(0, from), gbk, bytes.subarray(from + Buffer.byteLength(BOTH.text))]);
}

/** Lines of `check`: place, severity, message. */
async function findings(line: string | readonly string[], status = 1): Promise<string[]> {
  const outcome = await data(line);
  expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status, stderr: "" });
  return outcome.stdout.trim().split("\n");
}

describe("check", () => {
  test("a corpus in order: its size and nothing else, status 0", async () => {
    expect(await findings("check train.jsonl", 0)).toEqual(["24 texts, 64 entities: 0 errors, 0 warnings"]);
    expect(await findings("check train.jsonl dev.jsonl", 0)).toEqual(["33 texts, 88 entities: 0 errors, 0 warnings"]);
  });

  test("oddities are warnings, which --quiet leaves out, with status 0", async () => {
    put("odd.jsonl", jsonLines({ text: "张伟 ", entities: [[0, 3, "PER"]] }, { text: "无" }));
    expect(await findings("check odd.jsonl", 0)).toEqual([
      "odd.jsonl:1: warning: PER \"张伟 \" [0, 3) begins or ends with a blank, where no token can; narrow it",
      "odd.jsonl:2: warning: has no annotation: fine to predict on, but training and evaluation refuse it",
      "2 texts, 1 entity, 1 text without annotation: 0 errors, 2 warnings",
    ]);
    expect(await findings("check odd.jsonl --quiet", 0))
      .toEqual(["2 texts, 1 entity, 1 text without annotation: 0 errors, 2 warnings"]);
  });

  test("every file is looked at, though others cannot be read", async () => {
    expect(await findings("check none.jsonl train.jsonl bare train.jsonl/x")).toEqual([
      "none.jsonl: error: there is no such file; check the path",
      "bare: error: is a folder without .txt and .ann files, which only brat's format would be; give a file",
      "train.jsonl/x: error: part of the path is a file, not a folder; check the path",
      "24 texts, 64 entities: 3 errors, 0 warnings",
    ]);
    expect(await findings("check --format brat train.jsonl")).toEqual([
      "train.jsonl: error: is a file, but brat's are a folder of texts and annotations; give the folder",
      "0 texts, 0 entities: 1 error, 0 warnings",
    ]);
    expect(await findings("check --format conll train.jsonl")).toEqual([
      expect.stringMatching(/^train\.jsonl: error: its beginning shows no column of tags such as O and B-PER; set the/),
      "0 texts, 0 entities: 1 error, 0 warnings",
    ]);
  });

  /** Puts a file for each kind of input, checks them all at once, and compares what is told of each. */
  async function expectTold(cases: readonly [string, string | Uint8Array, string[]][], summary: string): Promise<void> {
    for (const [name, content] of cases) put(name, content);
    const expected = cases.flatMap(([name, , messages]) => messages.map((message) => `${name}${message}`));
    const faulty = expected.some((message) => message.includes(" error: "));
    expect(await findings(["check", ...cases.map(([name]) => name)], faulty ? 1 : 0)).toEqual([...expected, summary]);
  }

  const GBK = "seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)";

  test.each(Object.entries(good))("%s: input of every bad kind", async (format, line) => {
    const inLine = Buffer.concat([Buffer.from(`${line}\n`), inGbk(line), Buffer.from(`\n${line}\n`)]);
    const surrogate = Buffer.concat([Buffer.from(`${line}\n`), Uint8Array.of(0xed, 0xa0, 0xbd, 0x0a)]);
    await expectTold([
      ["gbk", inLine, [`:2: error: is not UTF-8 but ${GBK}`]],
      ["utf16", Buffer.from(`\ufeff${line}\n`, "utf16le"), [
        ":1: error: is not UTF-8 but UTF-16; save the file as UTF-8",
      ]],
      ["bom-crlf", `\ufeff${line}\r\n${line}\r\n`, []],
      ["nul", `${line}\n\0\0\0\n${line}\n`, [
        ":2: error: is not JSON but holds a NUL character; the file is damaged, or no text",
      ]],
      ["nul-in-text", `${line.replace("在", "\\u0000")}\n`, [
        ":1: warning: the text holds the control character U+0000 at 2, which no model sees; remove it",
      ]],
      ["surrogate", `${line.replace("在", "\\ud83d")}\n`, [
        ":1: warning: the text holds half a surrogate pair at 2, which no encoder knows; mend or remove it",
      ]],
      ["surrogate-bytes", surrogate, [":2: error: is not UTF-8; save the file as UTF-8"]],
      ["torn", `${line}\n${line.slice(0, 20)}`, [":2: error: is not JSON; write one complete JSON object on the line"]],
      ["nothing", "", [": error: holds no texts; give a file of annotated texts"]],
    ], "10 texts, 10 entities: 6 errors, 2 warnings");
    const named = ["gbk", "utf16", "nul", "surrogate-bytes", "torn"];
    const told = await findings(["check", "--format", format, "--quiet", ...named]);
    expect(told.map((message) => message.slice(0, message.indexOf(" "))))
      .toEqual(["gbk:2:", "utf16:1:", "utf16:2:", "nul:2:", "surrogate-bytes:2:", "torn:2:", "6"]);
  });

  test("what comes of bad input elsewhere: a refusal at the place, and nothing written", async () => {
    await allRefused([
      ["stats gbk", /^gp-data: gbk:2: is not UTF-8 but seems to be GBK; .* \[DATA\]\n$/],
      ["stats train.jsonl --dev torn", /^gp-data: torn:2: is not JSON; /],
      ["convert --input utf16 --output out --to brat", /^gp-data: utf16:1: is not UTF-8 but UTF-16/],
      ["convert --input nul --output out --to cluener", /^gp-data: nul:2: is not JSON but holds a NUL character/],
      ["convert --input nothing --output out --to conll", /^gp-data: nothing: holds no samples; give a file of annotated/],
      ["convert --input surrogate --output out --to conll", /cannot hold 1 text; .*\n {2}1: the text holds half a surrogate/],
      ["split --input surrogate-bytes --train a --dev b", /^gp-data: surrogate-bytes:2: is not UTF-8; /],
      ["split --input torn --train a --dev b", /^gp-data: torn:2: is not JSON; /],
    ]);
  });

  test("columns: bytes, and tags that do not fit the scheme", async () => {
    const gbk = Buffer.from("d5c5", "hex");
    await expectTold([
      ["gbk", Buffer.concat([Buffer.from("张 B-PER\n\n"), gbk, Buffer.from(" O\n\n在 O\n")]), [
        `:3: error: is not UTF-8 but ${GBK}`,
      ]],
      ["all-gbk", Buffer.concat([gbk, Buffer.from(" O\n"), gbk, Buffer.from(" O\n")]), [
        `:1: error: is not UTF-8 but ${GBK}`,
      ]],
      ["bom-crlf", "\ufeff张 B-PER\r\n伟 I-PER\r\n\r\n在 O\r\n", []],
      ["nul", "张 B-PER\n\0 I-PER\n\n在 O\n", [
        ":2: error: holds a NUL character; the file is damaged, or no text",
      ]],
      ["tags", "张 B-PER\n伟 I-LOC\n\n张 E-PER\n\n张 B-\n\n在 X\n\n在 O\n\n在\n\n在 I-PER\n", [
        ":2: error: the tag \"I-LOC\" follows \"B-PER\": the type changes inside an entity; write \"I-PER\", or begin "
        + "another entity",
        ":4: error: the tag \"E-PER\" continues no entity; begin one with \"B-PER\", or write \"S-PER\" for one of a "
        + "single token",
        ":6: error: the tag \"B-\" names no type; write \"B-PER\", or what the type is",
        ":8: error: \"X\" is no tag; write O, or a tag such as B-PER, or set the format option tagColumns if other "
        + "columns hold the tags",
        ":12: error: has 1 column, but 2 are needed: the token in column 0, tags in column 1 (from 0); complete the "
        + "line, or set the format options tokenColumn and tagColumns",
        ":14: error: the tag \"I-PER\" continues no entity; begin one with \"B-PER\", or write \"S-PER\" for one of a "
        + "single token",
      ]],
    ], "6 texts, 2 entities: 9 errors, 0 warnings");
  });

  test("a tag that is none of the scheme told", async () => {
    put("bad", "张 B-PER\n伟 E-PER\n");
    expect((await findings("check bad --format-option scheme=bio"))[0])
      .toMatch(/^bad:2: error: the tag "E-PER" is none of the scheme bio \(B- I- O\); mend it, or set the format option/);
    expect(await findings("check bad --format-option scheme=bioes", 0)).toHaveLength(1);
  });

  test("offsets that miss the mention", async () => {
    const unpaired = { start: 1, end: 3, type: "PER", text: "张伟" };
    const twoPlus = "\"张伟\" covers \"张伟在\"; it fits where ends are exclusive, characters are code points: mend it";
    await expectTold([
      ["off.cluener", jsonLines({ text: "张伟在", label: { PER: { 张伟: [[0, 2]] } } }), [
        `:1: error: the span [0, 2] of PER ${twoPlus} (ends are inclusive, characters are code points)`,
      ]],
      ["off.spans", jsonLines({ text: "😀张伟", entities: [unpaired] }), [
        ":1: error: the span [1, 3] of PER \"张伟\" covers \"\\ude00张\"; it fits where ends are exclusive, characters "
        + "are code points: mend it, or set the format options endInclusive=false offsets=codePoint if the whole file "
        + "counts so",
      ]],
      ["off.cmeee", jsonLines([
        { text: "张伟在", entities: [{ start_idx: 0, end_idx: 2, type: "PER", entity: "张伟" }] },
      ]), [
        `:1: error: the span [0, 2] of PER ${twoPlus}, or set the format options endInclusive=false offsets=codePoint `
        + "if the whole file counts so",
      ]],
      ["off.doccano", jsonLines({ text: "张伟", label: [[0, 3, "PER"]] }), [
        ":1: error: the span [0, 3] of PER is outside the text of 2 characters (ends are exclusive, characters are "
        + "UTF-16 units); mend it",
      ]],
      ["off.label-studio", jsonLines([{ data: { text: "张伟" }, annotations: [{ result: [
        { type: "labels", value: { start: 0, end: 1, text: "伟", labels: ["PER"] } },
      ] }] }]), [
        ":1: error: the span [0, 1] of PER \"伟\" covers \"张\"; mend it (ends are exclusive, characters are code "
        + "points)",
      ]],
    ], "0 texts, 0 entities: 5 errors, 0 warnings");
    await allRefused([
      ["convert --input off.cluener --output out --to spans", /^gp-data: off\.cluener:1: the span \[0, 2\] of PER/],
      ["split --input off.doccano --train a --dev b", /^gp-data: off\.doccano:1: the span \[0, 3\] of PER is outside/],
    ]);
  });

  test("brat: a folder with faults of every kind", async () => {
    mkdirSync(at("brat"));
    const files: [string, string | Uint8Array][] = [
      ["a.txt", "张伟在北京"], ["a.ann", "T1\tPER 0 3\t张伟\n"], ["b.ann", ""], ["d.txt", "\ufeff张\r\n"],
      ["c.txt", Uint8Array.of(0xd5, 0xc5, 0xce, 0xb0)], ["d.ann", "T1\tP 0 1\t张\r\n"], ["e.txt", "x\0y"],
      ["e.ann", "T1 P 0 1 x"], ["f.txt", "x\0y"], ["f.ann", ""], ["g.txt", ""],
    ];
    for (const [name, content] of files) put(`brat/${name}`, content);
    expect(await findings("check brat")).toEqual([
      "brat/a.ann:1: error: the span [0, 3] of PER \"张伟\" covers \"张伟在\"; mend it (ends are exclusive, characters "
      + "are code points)",
      "brat/b.ann: error: there is no b.txt beside it; add the text or remove the file",
      "brat/c.txt: error: is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)",
      "brat/e.ann:1: error: is no entity: \"T1 P 0 1 x\"; write T1, a tab, TYPE START END with single blanks, a tab, "
      + "and the text",
      "brat/f.txt: warning: the text holds the control character U+0000 at 1, which no model sees; remove it",
      "brat/g.txt: error: is empty; remove the file or give its text",
      "2 texts, 1 entity: 5 errors, 1 warning",
    ]);
    await refused("stats brat", /^gp-data: brat\/a\.ann:1: the span .*\n4 more places are bad:\n {2}brat\/b\.ann: /);
  });

  test("a line of 100 MB is told in little memory, and those around it are read", async () => {
    const before = `${good.spans}\n{"entities":[],"text":"`;
    const file = openSync(at("long.jsonl"), "w");
    writeSync(file, before);
    for (let megabyte = 0; megabyte < 100; megabyte++) writeSync(file, "文".repeat((1 << 20) / 3));
    writeSync(file, `"}\n${good.spans}\n`);
    closeSync(file);
    try {
      const run = (...args: string[]): Promise<Outcome> => runCommand(
        "gp-data", args, { cwd: folder.path, env: { NODE_OPTIONS: "--max-old-space-size=64" } },
      );
      const fault = "is 100 MiB long, more than the 64 MiB that a line may have; split the text, or save the file with "
        + "LF line ends";
      const outcome = await run("check", "long.jsonl");
      expect(outcome).toEqual({
        status: 1, stdout: `long.jsonl:2: error: ${fault}\n2 texts, 2 entities: 1 error, 0 warnings\n`, stderr: "",
      });
      expectRefusal(
        await run("convert", "--input", "long.jsonl", "--output", "out", "--to", "conll"),
        new RegExp(`^gp-data: long\\.jsonl:2: ${fault} \\[DATA\\]\\n$`),
      );
      const asColumns = await run("check", "long.jsonl", "--format", "conll");
      expect(asColumns.stdout).toMatch(/^long\.jsonl(:2)?: error: /);
      expect(asColumns.status).toBe(1);
    } finally {
      rmSync(at("long.jsonl"));
    }
    expect(readdirSync(folder.path).filter((name) => name.startsWith("out"))).toEqual([]);
  });

  test("a pipe, which is gone when it has been read once, is refused", async () => {
    expect(spawnSync("mkfifo", [at("pipe")]).status).toBe(0);
    try {
      expect((await findings("check pipe"))[0])
        .toMatch(/^pipe: error: is a pipe or a device, but has to be read more than once; save what comes from it to a/);
      expectRefusal(await data("convert --input pipe --output out --to spans"), /^gp-data: pipe: is a pipe or a device/);
    } finally {
      rmSync(at("pipe"));
    }
  });

  test("ends quietly when its reader has seen enough", async () => {
    put("many", "x\n".repeat(200_000));
    const command = startCommand("gp-data", ["check", at("many"), "--format", "cluener"]);
    await once(command.child.stdout, "data");
    command.child.stdout.destroy();
    expect(await command.ended).toMatchObject({ status: 0, stderr: "" });
    rmSync(at("many"));
  });
});

// ---------------------------------------------------------------------------------------------------------------------

describe("stats", () => {
  interface Statistics {
    files: Record<string, {
      texts: number; entities: number; types: { type: string; count: number; share: number }[]; duplicates: number;
      nesting: Record<string, number>; characters: object; mentions: object; empty: number;
      tokens?: { lengths: object; tokens: number; unknown: number; alignment: Record<string, unknown> };
    }>;
    sharedTexts?: number;
  }

  async function statistics(line: string): Promise<Statistics> {
    const { status, stdout, stderr } = await data(`stats ${line} --json`);
    expect({ status, stderr, lines: stdout.split("\n").length }).toEqual({ status: 0, stderr: "", lines: 2 });
    return JSON.parse(stdout) as Statistics;
  }

  beforeAll(() => {
    const text = "张伟在北京。张伟在北京。";
    const entities = [[0, 2, "PER"], [0, 5, "ORG"], [3, 5, "LOC"], [3, 5, "GPE"], [4, 8, "X"]];
    put("set.jsonl", jsonLines({ text, entities }, { text: "好𠮷a", entities: [] }, { text, entities: [] }));
    put("other.jsonl", jsonLines({ text: "好𠮷a", entities: [] }, { text: "新", entities: [[0, 1, "X"]] }));
  });

  test("without a vocabulary: sizes, types, nesting, lengths, repetitions", async () => {
    expect(await statistics("set.jsonl")).toEqual({ files: { "set.jsonl": {
      texts: 3, entities: 5, empty: 2, duplicates: 1,
      types: ["GPE", "LOC", "ORG", "PER", "X"].map((type) => ({ type, count: 1, share: 0.2 })),
      nesting: { "flat": 0, "outer": 1, "inner": 1, "same span": 2, "crossing": 1 },
      characters: { min: 4, median: 12, p90: 12, p99: 12, max: 12, mean: 28 / 3 },
      mentions: { min: 2, median: 2, p90: 5, p99: 5, max: 5, mean: 3 },
    } } });
  });

  test("with one: tokens, [UNK], what is lost and why, what is divided", async () => {
    const { files: { "set.jsonl": whole } } = await statistics("set.jsonl --vocab vocab.txt");
    const unknown = Array.from("张伟在北京。张伟在北京。好𠮷a张伟在北京。张伟在北京。")
      .filter((character) => !tinyVocabulary().includes(character)).length;
    expect(whole?.tokens).toMatchObject({
      lengths: { min: 5, median: 14, max: 14 }, tokens: 27, unknown,
      alignment: { samples: 3, windows: 3, divided: 0, entities: 5, aligned: 5, lost: {} },
    });
    const { files: { "set.jsonl": cut } } = await statistics("set.jsonl --vocab vocab.txt --max-seq-len 6");
    expect(cut?.tokens).toMatchObject({ tokens: 27, unknown });
    expect(cut?.tokens?.alignment).toMatchObject({ divided: 2, lost: { "longer-than-window": 2 } });
    const asText = await data("stats set.jsonl --vocab vocab.txt --max-seq-len 6");
    expect(asText.stdout).toMatch(/\n {2}2 are longer than a window .*, such as\n {4}ORG: \[张伟在北京\]。张伟在/);
  });

  test("--lower-case settles how texts meet the vocabulary", async () => {
    put("cased.jsonl", jsonLines({ text: "A", entities: [] }));
    put("cased.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
    const unknown = async (line: string) => (await statistics(line)).files["cased.jsonl"]?.tokens?.unknown;
    expect(await unknown("cased.jsonl --vocab cased.txt")).toBe(0);
    expect(await unknown("cased.jsonl --vocab cased.txt --no-lower-case")).toBe(1);
  });

  test("--dev counts the texts in both, and prints both for a person on standard output", async () => {
    expect((await statistics("set.jsonl --dev other.jsonl")).sharedTexts).toBe(1);
    expect(Object.keys((await statistics("set.jsonl --dev other.jsonl")).files)).toEqual(["set.jsonl", "other.jsonl"]);
    const { status, stdout, stderr } = await data("stats set.jsonl --dev other.jsonl");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^set\.jsonl: 3 texts, 5 entities of 5 types\n {2}2 texts \(66\.7%\) without an entity; 1 /);
    expect(stdout).toMatch(/\n\nother\.jsonl: 2 texts, 1 entity of 1 type\n[^]*\n\ntexts that are in both: 1\n$/);
    expect(stdout).not.toMatch(/\n\n\n/);
  });

  test("refuses", async () => {
    const cases: [string, RegExp][] = [
      ["none.jsonl", /^gp-data: none\.jsonl: there is no such file; check the path/],
      ["set.jsonl --dev none.jsonl", /^gp-data: none\.jsonl: there is no such file/],
      ["set.jsonl --vocab set.jsonl", /set\.jsonl has no line "\[UNK\]"/],
      ["set.jsonl --model bare", /^gp-data: bare\/config\.json does not exist: /],
      ["bare", /^gp-data: bare: is a folder without \.txt and \.ann files/],
    ];
    await allRefused(cases.map(([line, message]) => [`stats ${line}`, message]));
  });

  test("of the built-in corpus are what its README says", async () => {
    const corpus = join(projectRoot, "data");
    const found = await statistics([join(corpus, "train.jsonl"), "--dev", join(corpus, "dev.jsonl")].join(" "));
    expect(found.sharedTexts).toBe(0);
    const readme = readFileSync(join(corpus, "README.md"), "utf8");
    for (const { texts, duplicates } of Object.values(found.files)) {
      expect(readme).toContain(`${texts} labelled sentences`);
      expect(duplicates).toBe(0);
    }
  });
});

// ---------------------------------------------------------------------------------------------------------------------

describe("convert", () => {
  test("from format to format, through all of them, and back to the same lines", async () => {
    const way = ["cluener", "spans", "cmeee", "conll", "doccano", "label-studio", "brat", "cluener"];
    let input = "train.jsonl";
    const places = way.map((format, step) => `way-${step}-${format}`);
    for (const [step, format] of way.entries()) {
      const output = places[step] ?? "";
      expect(await data(`convert --input ${input} --output ${output} --to ${format}`))
        .toEqual({ status: 0, stdout: `wrote 24 texts to ${output}\n`, stderr: "" });
      input = output;
    }
    expect((await data(["check", ...places])).stdout).toBe("192 texts, 512 entities: 0 errors, 0 warnings\n");
    const lines = (path: string): unknown[] => readFileSync(at(path), "utf8").trim().split("\n").map((line) => {
      const { text, label } = JSON.parse(line) as { text: string; label: object };
      return { text, label };
    });
    expect(lines(input)).toEqual(lines("train.jsonl"));
    expect(readdirSync(at("way-6-brat"))).toHaveLength(2 * 24 + 1);
    for (const place of places) rmSync(at(place), { recursive: true });
  });

  test("takes options for reading and for writing", async () => {
    const entity = { start_idx: 0, end_idx: 2, type: "PER", entity: "张伟" };
    put("v2.json", JSON.stringify([{ text: "张伟在", entities: [entity] }]));
    const read = ["convert", "--input", "v2.json", "--format-option", "endInclusive=false"];
    const columns = ["--output", "bmes.txt", "--to", "conll", "--to-option", "scheme=bmes"];
    expect(await data([...read, ...columns])).toMatchObject({ status: 0, stdout: "wrote 1 text to bmes.txt\n" });
    expect(readFileSync(at("bmes.txt"), "utf8")).toMatch(/^# columns = token tag; scheme = bmes\n/);
    await refused([...read, "--output", "x", "--to", "cmeee", "--to-option", "endInclusive=false"],
      /^gp-data: the format cmeee has no option endInclusive for writing; it has none \[CONFIG\]\n$/);
  });

  test("refuses", async () => {
    const cases: [string, RegExp][] = [
      ["--input train.jsonl --output none/out --to spans", /^gp-data: Cannot write none\/out: there is no folder that it/],
      ["--input train.jsonl --output bare --to spans", /^gp-data: Cannot write bare: it is a folder; give the name of a file/],
      ["--input train.jsonl --output dev.jsonl --to brat", /Cannot write dev\.jsonl: part of the path is a file/],
      ["--input train.jsonl --output train.jsonl --to spans", /Cannot write train\.jsonl: it is the input too; choose another/],
      ["--input train.jsonl --output bare/../train.jsonl --to conll", /it is the input too/],
      ["--input train.jsonl --output out --to spans --format-option scheme=bio", /the format cluener .* has no option scheme/],
    ];
    await allRefused(cases.map(([line, message]) => [`convert ${line}`, message]));
  });

  test("what the target cannot hold is refused with a count, and the old file stays", async () => {
    put("lines.jsonl", jsonLines(
      { text: "一\n二", entities: [] }, { text: "三", entities: [] }, { text: "四\n", entities: [] },
      { text: "五", entities: [[0, 1, "A B"]] },
    ));
    put("old.txt", "old\n");
    await allRefused([["convert --input lines.jsonl --output old.txt --to conll", new RegExp([
      "^gp-data: lines\\.jsonl: the format conll cannot hold 3 texts; mend them or choose another format:",
      "  2: the text holds a line break \\(lines\\.jsonl:1, lines\\.jsonl:3\\)",
      "  1: an entity type is empty, or holds a blank or another character that no column can \\(lines\\.jsonl:4\\) ",
    ].join("\n"))]]);
  });

  test("a folder that is full stays as it is", async () => {
    mkdirSync(at("full"));
    put("full/a", "a");
    await allRefused([["convert --input train.jsonl --output full --to brat", /^gp-data: full exists already and is not/]]);
  });

  test("an interruption leaves nothing half-written", async () => {
    put("big.jsonl", `${good.spans}\n`.repeat(100_000));
    const command = startCommand("gp-data", ["convert", "--input", "big.jsonl", "--output", "never", "--to", "doccano"],
      { cwd: folder.path });
    while (!readdirSync(folder.path).some((name) => name.startsWith("never."))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    command.child.kill("SIGINT");
    expect(await command.ended).toEqual({ status: 130, stdout: "", stderr: "" });
    expect(readdirSync(folder.path).filter((name) => name.startsWith("never"))).toEqual([]);
    rmSync(at("big.jsonl"));
  });
});

// ---------------------------------------------------------------------------------------------------------------------

describe("split", () => {
  const texts = (name: string): string[] => readFileSync(at(name), "utf8").trim().split("\n")
    .map((line) => (JSON.parse(line) as { text: string }).text);

  beforeAll(() => {
    const sentences = tinySentences(200); // of which many are the same
    put("all.jsonl", jsonLines(...sentences.map((text, id) => ({ id, text, entities: [] }))));
  });

  test("is seeded, gives each text to one side, keeps repetitions together, and says how many went where", async () => {
    const run = (seed: number, name: string): Promise<Outcome> => data(
      `split --input all.jsonl --train ${name}-train --dev ${name}-dev --test ${name}-test --dev-share 0.2 `
      + `--seed ${seed}`,
    );
    const [first] = await Promise.all([run(1, "a"), run(1, "b"), run(2, "c")]);
    expect(first).toMatchObject({ status: 0, stderr: "" });
    for (const part of ["train", "dev", "test"]) {
      expect(readFileSync(at(`b-${part}`))).toEqual(readFileSync(at(`a-${part}`)));
    }
    expect(readFileSync(at("c-dev"))).not.toEqual(readFileSync(at("a-dev")));
    const parts = ["train", "dev", "test"].map((part) => texts(`a-${part}`));
    expect(parts.flat().sort()).toEqual(texts("all.jsonl").sort());
    const sets = parts.map((part) => new Set(part));
    expect(new Set(parts.flat()).size).toBe(sets.reduce((sum, { size }) => sum + size, 0));
    const counts = parts.map(({ length }) => length);
    expect(first.stdout).toBe(
      ["train", "dev", "test"].map((part, index) => `wrote ${counts[index] ?? 0} texts to a-${part}\n`).join(""),
    );
    expect(JSON.parse((await data("stats a-train --dev a-dev --json")).stdout)).toMatchObject({ sharedTexts: 0 });
  });

  test("writes the format of the input, or another", async () => {
    await data("split --input train.jsonl --train t --dev d --dev-share 0.25");
    const [line = ""] = readFileSync(at("t"), "utf8").split("\n");
    expect(Object.keys(JSON.parse(line) as object)).toEqual(["text", "label"]);
    put("v2.json", JSON.stringify(["张伟在", "张伟好"].map((text) => (
      { text, entities: [{ start_idx: 0, end_idx: 2, type: "PER", entity: "张伟" }] }
    ))));
    expect(await data(["split", "--input", "v2.json", "--format-option", "endInclusive=false", "--to", "brat",
      "--train", "train-folder", "--dev", "dev-folder", "--dev-share", "0.5"])).toEqual({
      status: 0, stderr: "",
      stdout: "wrote 1 text to train-folder\nwrote 1 text to dev-folder\n"
        + "they are plain brat: read them without --format-option\n",
    });
    expect((await data("check train-folder dev-folder")).stdout).toBe("2 texts, 2 entities: 0 errors, 0 warnings\n");
  });

  test("refuses", async () => {
    const cases: [string, RegExp][] = [
      ["--input set.jsonl --train t --dev d --dev-share 0.01", /^gp-data: set\.jsonl: has 3 texts, 2 of them different, /],
      ["--input all.jsonl --train t --dev ./t", /Cannot write \.\/t: it is another output too; choose another place/],
      ["--input all.jsonl --train all.jsonl --dev d", /Cannot write all\.jsonl: it is the input too/],
      ["--input all.jsonl --train t --dev none/d", /^gp-data: Cannot write none\/d: there is no folder that it could be/],
      ["--input all.jsonl --train t --dev full", /^gp-data: Cannot write full: it is a folder that is not empty/],
      ["--input lines.jsonl --train t --dev d --dev-share 0.5 --to conll", /conll cannot hold [12] texts?; mend them/],
    ];
    await allRefused(cases.map(([line, message]) => [`split ${line}`, message]));
  });
});

describe("a file that may grow no further", () => {
  /** 4 KiB a file. */
  function limited(line: string): Outcome {
    const script = join(projectRoot, "dist", "bin", "gp-data.js");
    const shell = ["-c", "ulimit -f 8; exec \"$@\"", "sh", process.execPath, script, ...line.split(" ")];
    const { status, stdout, stderr } = spawnSync("sh", shell, { cwd: folder.path, encoding: "utf8" });
    return { status, stdout, stderr };
  }

  test.each([
    "convert --input all.jsonl --output old.txt --to cmeee",
    "split --input all.jsonl --train old.txt --dev fresh --dev-share 0.9",
    "convert --input long-text.jsonl --output fresh --to brat",
  ])("%s", (line) => {
    put("old.txt", "old\n");
    put("long-text.jsonl", jsonLines({ text: "short", entities: [] }, { text: "文".repeat(3000), entities: [] }));
    const before = snapshot();
    const outcome = limited(line);
    expectRefusal(outcome, /^gp-data: Cannot write \S+: the file is larger than the system allows; .* \[OUTPUT\]\n$/);
    expect(outcome.stdout).toBe("");
    expect(snapshot()).toEqual(before);
  });

  test("standard output on a full disk", () => {
    const script = join(projectRoot, "dist", "bin", "gp-data.js");
    const shell = ["-c", "exec \"$@\" > /dev/full", "sh", process.execPath, script, "stats", at("train.jsonl")];
    const { status, stderr } = spawnSync("sh", shell, { encoding: "utf8" });
    expectRefusal({ status, stdout: "", stderr }, /^gp-data: Cannot write to standard output: the disk is full; make /);
  });
});
