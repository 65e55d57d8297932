// gp-predict from the outside: formats, streaming, and what it leaves behind when something fails.
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectRefusal, runCommand, startCommand, temporaryFolder, type Outcome } from "../support/commands.js";
import { tinySentences, writeTinyCorpus } from "../support/tiny-corpus.js";

interface Result {
  id?: string | number;
  text: string;
  entities: { start: number; end: number; type: string; text: string; score: number }[];
  cut?: { tokens: number; characters: number };
}

let folder: ReturnType<typeof temporaryFolder>;
let model: string;
const at = (...names: string[]): string => join(folder.path, ...names);

function predict(args: readonly string[], input?: string | Uint8Array): Promise<Outcome> {
  return runCommand("gp-predict", ["--model", model, ...args], input === undefined ? {} : { input });
}

function results({ stdout }: { stdout: string }): Result[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line) as Result);
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: 8 } });
  const { status } = await runCommand("gp-train", ["--config", at("config.json"), "--output", at("run")]);
  expect(status).toBe(0);
  model = at("run", "best");
});
afterAll(() => { folder.remove(); });

test("plain lines give one object a line, in order, with spans that cover their texts", async () => {
  const texts = tinySentences(70);
  const outcome = await predict([], lines(texts));
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  const found = results(outcome);
  expect(found.map(({ text }) => text)).toEqual(texts);
  expect(found.flatMap(({ entities }) => entities).length).toBeGreaterThan(70);
  for (const { text, entities, ...rest } of found) {
    expect(rest).toEqual({});
    for (const entity of entities) {
      expect(Object.keys(entity)).toEqual(["start", "end", "type", "text", "score"]);
      expect(text.slice(entity.start, entity.end)).toBe(entity.text);
      expect(entity.score).toBeGreaterThan(0);
    }
  }
});

test("JSON lines keep their ids, a file and standard input give the same, and so does any batch size", async () => {
  const [first = "", second = ""] = tinySentences(2);
  const content = lines([JSON.stringify({ id: "a", text: first }), JSON.stringify({ id: 7, text: second, more: 1 })]);
  writeFileSync(at("in.jsonl"), content);
  const fromFile = await predict(["--input", at("in.jsonl")]);
  expect(results(fromFile)).toMatchObject([{ id: "a", text: first }, { id: 7, text: second }]);
  expect(await predict(["--input", "-", "--output", "-"], content)).toEqual(fromFile);
  expect(results(await predict(["--batch-size", "1"], content)).map(({ entities }) => entities.length))
    .toEqual(results(fromFile).map(({ entities }) => entities.length));
});

test("--format cluener gives code points, end inclusive, and the text where there is no id", async () => {
  const text = "😀昨天张伟去了北京";
  const everything = ["--threshold", "-1e9"];
  const [plain] = results(await predict(everything, lines([text])));
  const expected: Record<string, Record<string, [number, number][]>> = {};
  for (const { start, end, type, text: mention } of plain?.entities ?? []) {
    const first = Array.from(text.slice(0, start)).length;
    const spans = ((expected[type] ??= {})[mention] ??= []);
    spans.push([first, first + Array.from(text.slice(start, end)).length - 1]);
  }
  expect(expected).toMatchObject({ person: { 张伟: [[3, 4]] } });
  const withId = await predict(["--format", "cluener", ...everything], lines([JSON.stringify({ id: 1, text })]));
  expect(JSON.parse(withId.stdout)).toEqual({ id: 1, label: expected });
  const withoutId = await predict(["--format", "cluener", ...everything], lines([text]));
  expect(JSON.parse(withoutId.stdout)).toEqual({ text, label: expected });
});

test("--threshold decides which spans count", async () => {
  const input = lines(tinySentences(5));
  expect(results(await predict(["--threshold", "1e9"], input)).flatMap(({ entities }) => entities)).toEqual([]);
  const all = results(await predict(["--threshold", "-1e9"], lines(["张伟"])));
  expect(all[0]?.entities).toHaveLength(3 * 3); // three types, three spans of two characters
});

test.each(["jsonl", "cluener"])("%s: a threshold that everything is above takes little memory", async (format) => {
  // 600 texts with 3 * 22 * 23 / 2 = 759 entities each: held all at once they and their lines are far more than 40 MB.
  const input = lines(Array.from({ length: 600 }, () => "张伟".repeat(11)));
  const { status, stdout, stderr } = await runCommand(
    "gp-predict", ["--model", model, "--threshold", "-1e9", "--batch-size", "600", "--format", format],
    { input, env: { NODE_OPTIONS: "--max-old-space-size=40" } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const found = stdout.trim().split("\n");
  expect(found).toHaveLength(600);
  expect(new Set(found).size).toBe(1);
  if (format === "jsonl") expect(results({ stdout: found[0] ?? "" })[0]?.entities).toHaveLength(759);
});

test("a text longer than a window is tagged as a whole, with its own positions", async () => {
  const sentence = "昨天张伟去了北京。";
  const text = sentence.repeat(9); // the model takes 24 tokens, two of them special
  const outcome = await predict([], lines(["王芳", "", text]));
  expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status: 0, stderr: "" });
  const [, long] = results(outcome);
  expect(long?.text).toBe(text);
  const found = long?.entities.filter(({ type }) => type === "person") ?? [];
  for (const { start, end, text: mention } of long?.entities ?? []) expect(text.slice(start, end)).toBe(mention);
  // The model knows names from the beginnings of sentences; most repetitions have to be found wherever they are.
  expect(found.length).toBeGreaterThan(0);
  expect(new Set(found.map(({ start, end }) => `${start} ${end}`)).size).toBe(found.length);
  const narrow = await predict(["--max-seq-len", "12", "--stride", "9"], lines([text]));
  expect(narrow.status).toBe(0);
});

test("--threshold by type, --max-span-tokens, --top-k and --flat choose among the spans", async () => {
  const input = lines(["昨天张伟去了北京"]);
  const everything = ["--threshold", "-1e9"];
  const entitiesWith = async (...args: string[]) => results(await predict(args, input))[0]?.entities ?? [];
  const all = await entitiesWith(...everything);
  expect(all).toHaveLength(3 * 36);
  const people = await entitiesWith("--threshold", "1e9", "--threshold", "person=-1e9");
  expect(people).toEqual(all.filter(({ type }) => type === "person"));
  const short = await entitiesWith(...everything, "--max-span-tokens", "2");
  expect(short).toEqual(all.filter(({ start, end }) => end - start <= 2));
  const best = await entitiesWith(...everything, "--top-k", "3");
  const scores = all.map(({ score }) => score).sort((a, b) => b - a).slice(0, 3);
  expect(best.map(({ score }) => score).sort((a, b) => b - a)).toEqual(scores);
  const flat = await entitiesWith(...everything, "--flat");
  flat.slice(1).forEach(({ start }, index) => { expect(start).toBeGreaterThanOrEqual(flat[index]?.end ?? Infinity); });
  expect(flat.length).toBeGreaterThan(0);
});

test.each<[string[], RegExp]>([
  [["--threshold", "nobody=1"], /there is a threshold for "nobody", but the model has /],
  [["--threshold", "1", "--threshold", "2"], /--threshold is given twice for all types/],
  [["--threshold", "person="], /--threshold takes a number, or TYPE=NUMBER, but is ""/],
  [["--top-k", "0"], /--top-k takes one whole number from 1/],
  [["--max-seq-len", "25"], /maxSeqLen must be at most 24/],
  [["--max-seq-len", "10", "--stride", "9"], /stride must be a whole number from 1 to 8/],
])("refuses %j", async (args, message) => {
  expectRefusal(await predict(args, lines(["王芳"])), message, 2);
});

test("--input-format takes the texts of an annotated file, ids included", async () => {
  writeFileSync(at("columns.txt"), "# sent_id = 7\n昨\tO\n天\tO\n张\tB-x\n伟\tI-x\n\n王\tB-x\n芳\tI-x\n");
  const outcome = await predict(["--input", at("columns.txt"), "--input-format", "conll"]);
  expect(results(outcome).map(({ id, text }) => ({ id, text }))).toEqual([
    { id: 7, text: "昨天张伟" }, { id: undefined, text: "王芳" },
  ]);
  expect(await predict(["--input", at("columns.txt"), "--input-format", "auto"])).toEqual(outcome);
  const columns = ["--input", at("columns.txt"), "--input-format", "conll", "--format-option", "tagColumns=[3]"];
  expectRefusal(await predict(columns), /columns\.txt:\d+: /);
  expectRefusal(await predict(["--input-format", "conll"]), /--input-format needs a file/, 2);
  expectRefusal(await predict(["--format-option", "join="]), /--format-option needs --input-format/, 2);
});

test("empty input gives empty output; an empty text has no entities", async () => {
  expect(await predict([], "")).toEqual({ status: 0, stdout: "", stderr: "" });
  expect(results(await predict([], "{\"text\":\"\"}\n"))).toEqual([{ text: "", entities: [] }]);
});

test("answers what has come when the input pauses, long before it ends", async () => {
  const command = startCommand("gp-predict", ["--model", model]);
  command.child.stdin.write(lines(["张伟去了北京", "王芳"]));
  await command.saying("王芳"); // the input is still open
  command.child.stdin.write(lines(["李娜"]));
  await command.saying("李娜");
  command.child.stdin.end();
  expect(results(await command.ended)).toHaveLength(3);
});

test("ends quietly when its reader has seen enough", async () => {
  const command = startCommand("gp-predict", ["--model", model]);
  command.child.stdin.end(lines(tinySentences(20_000)));
  await once(command.child.stdout, "data");
  command.child.stdout.destroy();
  expect(await command.ended).toMatchObject({ status: 0, stderr: "" });
});

describe("--output FILE", () => {
  test("appears whole, and replaces what was there", async () => {
    writeFileSync(at("out.jsonl"), "old\n");
    expect(await predict(["--output", at("out.jsonl")], lines(["张伟"]))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(results({ stdout: readFileSync(at("out.jsonl"), "utf8") })).toMatchObject([{ text: "张伟" }]);
  });

  test("a line that fails leaves no new file and the old one", async () => {
    const input = `${lines(Array.from({ length: 40 }, () => "{\"text\":\"张伟\"}"))}{"text":1}\n`;
    writeFileSync(at("kept.jsonl"), "old\n");
    const before = readdirSync(folder.path);
    for (const name of ["kept.jsonl", "fresh.jsonl"]) {
      expectRefusal(
        await predict(["--output", at(name)], input), /^gp-predict: standard input:41: has no "text" that is a string/,
      );
    }
    expect(readFileSync(at("kept.jsonl"), "utf8")).toBe("old\n");
    expect(readdirSync(folder.path)).toEqual(before);
  });

  test("an interruption leaves no half-written file", async () => {
    const command = startCommand("gp-predict", ["--model", model, "--output", at("never.jsonl")]);
    command.child.stdin.write(lines(["张伟"]));
    while (!readdirSync(folder.path).some((name) => name.startsWith("never.jsonl."))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    command.child.kill("SIGINT");
    expect(await command.ended).toMatchObject({ status: 130, stdout: "", stderr: "" });
    expect(readdirSync(folder.path).filter((name) => name.startsWith("never"))).toEqual([]);
  });

  test("- is standard output, and a device is not replaced", async () => {
    expect(existsSync("/dev/null")).toBe(true);
    expect(await predict(["--output", "/dev/null"], lines(["张伟"]))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync("/dev/null", "utf8")).toBe("");
  });
});

test.each([
  ["an output that cannot be written", ["--output", "/dev/full"], "张伟", /cannot write \/dev\/full|\/dev\/full/],
  ["a bad line", [], "{\"text\":1}", /standard input:1: has no "text"/],
] as const)("ends after %s though its input stays open", async (_, args, line, message) => {
  const command = startCommand("gp-predict", ["--model", model, ...args]);
  command.child.stdin.write(lines([line]));
  expectRefusal(await command.ended, message);
  command.child.stdin.destroy();
});

test("what can be answered before a bad line is answered, and then the line is told", async () => {
  const outcome = await predict([], lines(["{\"text\":\"张伟\"}", "{\"text\":"]));
  expectRefusal(outcome, /^gp-predict: standard input:2: is not JSON.*write one complete JSON object.* \[DATA\]\n$/);
  expect(results(outcome)).toMatchObject([{ text: "张伟" }]);
  expectRefusal(await predict([], Uint8Array.from([0xff, 0x0a])), /standard input:1: is not UTF-8; save the file as UTF-8/);
});
