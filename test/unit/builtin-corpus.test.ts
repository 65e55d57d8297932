import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const data = join(root, "data");
const generator = join(root, "scripts", "generate-corpus.mjs");

interface Line {
  text: string;
  label: Record<string, Record<string, [number, number][]>>;
}

/** A labelled span over characters, end exclusive. */
interface Span {
  type: string;
  mention: string;
  start: number;
  end: number;
}

const linesOf = (file: string): string[] => readFileSync(join(data, file), "utf8").split("\n").slice(0, -1);
const read = (set: string): Line[] => linesOf(`${set}.jsonl`).map((line) => JSON.parse(line) as Line);
const spansOf = ({ label }: Line): Span[] =>
  Object.entries(label).flatMap(([type, mentions]) =>
    Object.entries(mentions).flatMap(([mention, positions]) =>
      positions.map(([start, last]) => ({ type, mention, start, end: last + 1 }))));
const encloses = (outer: Span, inner: Span): boolean =>
  outer.start <= inner.start && inner.end <= outer.end && outer.end - outer.start > inner.end - inner.start;
const somePair = (line: Line, test: (outer: Span, inner: Span) => boolean): boolean => {
  const spans = spansOf(line);
  return spans.some((outer) => spans.some((inner) => outer !== inner && test(outer, inner)));
};

const train = read("train");
const dev = read("dev");
const test_ = read("test");
const sets: [string, Line[]][] = [["train", train], ["dev", dev], ["test", test_]];
const sentences = linesOf("sentences.txt");

describe("the generator", () => {
  let scratch: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), "builtin-corpus-"));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const run = (...args: string[]) => spawnSync(process.execPath, [generator, ...args], { encoding: "utf8" });

  it("writes what lies in data/, and nothing else", () => {
    execFileSync(process.execPath, [generator, "--out", scratch]);
    expect(readdirSync(scratch).sort()).toEqual(readdirSync(data).sort());
    for (const file of readdirSync(scratch)) {
      expect(readFileSync(join(scratch, file)).equals(readFileSync(join(data, file)))).toBe(true);
    }
  });

  it("accepts data/ under --check and names a file that differs", () => {
    expect(run("--check").status).toBe(0);
    cpSync(data, scratch, { recursive: true });
    writeFileSync(join(scratch, "dev.jsonl"), "{}\n");
    const checked = run("--check", "--out", scratch);
    expect(checked.status).toBe(1);
    expect(checked.stderr).toContain("dev.jsonl");
    expect(checked.stderr).not.toContain("train.jsonl");
    expect(readFileSync(join(scratch, "dev.jsonl"), "utf8")).toBe("{}\n");
  });

  it("gives other sentences for another seed", () => {
    execFileSync(process.execPath, [generator, "--seed", "7", "--out", scratch]);
    const others = new Set(readFileSync(join(scratch, "dev.jsonl"), "utf8").split("\n"));
    const shared = linesOf("dev.jsonl").filter((line) => others.has(line));
    expect(shared.length).toBeLessThan(dev.length / 10);
  });

  it.each(["--seed=-1", "--seed=x", "--seed=4294967296", "--nonsense"])("refuses %s", (argument) => {
    const refused = run(argument, "--out", scratch);
    expect(refused.status).toBe(1);
    expect(refused.stderr.trim().split("\n")).toHaveLength(1);
    expect(readdirSync(scratch)).toEqual([]);
  });
});

describe.each(sets)("%s.jsonl", (_name, lines) => {
  it("labels spans that read as their mentions, each once", () => {
    for (const line of lines) {
      const spans = spansOf(line);
      for (const { mention, start, end } of spans) expect(line.text.slice(start, end)).toBe(mention);
      expect(new Set(spans.map(({ type, start, end }) => `${type} ${start} ${end}`)).size).toBe(spans.length);
    }
  });

  it("keeps to the Basic Multilingual Plane and to 48 characters", () => {
    for (const { text } of lines) {
      expect(text).not.toMatch(/[\ud800-\udfff]/);
      expect(text.length).toBeGreaterThan(0);
      expect(text.length).toBeLessThanOrEqual(48);
    }
  });

  it("never cuts a Latin word or number at the edge of a span", () => {
    const inside = (text: string, at: number) => /^[a-z0-9]{2}$/iu.test(text.slice(at - 1, at + 1));
    const cut = lines.filter((line) =>
      spansOf(line).some(({ start, end }) => inside(line.text, start) || inside(line.text, end)));
    expect(cut).toEqual([]);
  });

  it("has nesting of every kind in a good share of sentences, and sentences without entity", () => {
    const share = (test: (line: Line) => boolean) => lines.filter(test).length / lines.length;
    const nested = share((line) => somePair(line, encloses));
    expect(nested).toBeGreaterThan(0.3);
    expect(nested).toBeLessThan(0.45);
    const some = [
      share((line) => somePair(line, (outer, inner) => encloses(outer, inner) && outer.start === inner.start)),
      share((line) => somePair(line, (outer, inner) => encloses(outer, inner) && outer.end === inner.end)),
      share((line) => somePair(line, (one, other) => one.start === other.start && one.end === other.end)),
      share((line) => somePair(line, (outer, middle) =>
        encloses(outer, middle) && spansOf(line).some((inner) => encloses(middle, inner)))),
      share((line) => somePair(line, (one, other) => one.type === other.type && one.mention === other.mention)),
      share((line) => Object.keys(line.label).length === 0),
    ];
    for (const value of some) expect(value).toBeGreaterThan(0.01);
  });
});

describe("the sets together", () => {
  it("share no text, and none comes twice", () => {
    const texts = [...sets.flatMap(([, lines]) => lines.map(({ text }) => text)), ...sentences];
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("use the same seven types", () => {
    for (const [, lines] of sets) {
      const types = new Set(lines.flatMap(({ label }) => Object.keys(label)));
      expect([...types].sort()).toEqual(
        ["address", "date", "organization", "person", "position", "product", "work"]);
    }
  });

  it.each([["dev", dev], ["test", test_]])("have at least a third of %s's entities unseen in train", (_name, lines) => {
    const key = ({ type, mention }: Span) => `${type} ${mention}`;
    const seen = new Set(train.flatMap(spansOf).map(key));
    const spans = lines.flatMap(spansOf);
    expect(spans.filter((span) => !seen.has(key(span))).length).toBeGreaterThan(spans.length / 3);
  });

  it("state their sizes in the README", () => {
    const text = readFileSync(join(data, "README.md"), "utf8");
    for (const [name, lines] of sets) {
      expect(text).toContain(`| \`${name}.jsonl\` | ${lines.length} labelled sentences |`);
    }
    const entities = sets.map(([, lines]) => lines.flatMap(spansOf).length);
    expect(text).toContain(`| entities | ${entities.join(" | ")} |`);
  });
});

describe("vocab.txt", () => {
  const tokens = linesOf("vocab.txt");
  const vocabulary = new Set(tokens);

  it("starts with the special tokens and has no token twice", () => {
    expect(tokens.slice(0, 5)).toEqual(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
    expect(vocabulary.size).toBe(tokens.length);
    expect(tokens.filter((token) => token.trim() !== token || token === "")).toEqual([]);
  });

  it("covers every character of the corpus, lower-cased", () => {
    const texts = [...sets.flatMap(([, lines]) => lines.map(({ text }) => text)), ...sentences];
    const characters = new Set(texts.join("").toLowerCase().replaceAll(" ", ""));
    expect([...characters].filter((character) => !vocabulary.has(character))).toEqual([]);
  });

  it("can spell any Latin word or number", () => {
    for (const character of "abcdefghijklmnopqrstuvwxyz0123456789") {
      expect(vocabulary.has(character)).toBe(true);
      expect(vocabulary.has(`##${character}`)).toBe(true);
    }
  });

  it("holds common characters that the corpus does not use", () => {
    const unused = Array.from("我觉得猪肉粉条非常好吃，昨夜梦见蝴蝶与鲤鱼吵架");
    expect(unused.filter((character) => !vocabulary.has(character))).toEqual([]);
  });
});
