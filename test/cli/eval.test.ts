// gp-eval beyond its plain table, and what gp-train says about a training that does not work.
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectRefusal, runCommand, startCommand, temporaryFolder, type Outcome } from "../support/commands.js";
import { tinyConfig, writeTinyCorpus } from "../support/tiny-corpus.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function gpTrain(...args: string[]): Promise<Outcome> {
  return runCommand("gp-train", args, { cwd: folder.path });
}

function gpEval(...args: string[]): Promise<Outcome> {
  return runCommand("gp-eval", args, { cwd: folder.path });
}

function evaluate(...args: string[]): Promise<Outcome> {
  return gpEval("--model", "model", "--data", "dev.jsonl", ...args);
}

interface Shares {
  precision: number;
  recall: number;
  f1: number;
  support: number;
}

interface Part extends Shares {
  name: string;
  found: number;
  predicted: number;
  correct: number;
}

interface Report extends Shares {
  types: Record<string, Shares>;
  explanation?: {
    intervals: Record<string, { low: number; high: number } | undefined>;
    relaxed: Record<"overlap" | "boundary" | "type", Part>;
    nesting: Part[];
    mentionLength: Part[];
    documentLength: Part[];
    seen?: Part[];
    errorCounts: Record<string, number>;
    excerpts?: unknown;
  };
  comparison?: { model: string; against: string; difference: number; pValue: number; f1: number; againstF1: number };
}

async function asJson(outcome: Promise<Outcome>): Promise<Report> {
  const { status, stdout, stderr } = await outcome;
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

function sum(parts: readonly Part[] | undefined, name: "support" | "predicted" | "found" | "correct"): number {
  return (parts ?? []).reduce((total, part) => total + part[name], 0);
}

type Label = Record<string, Record<string, [number, number][]>>;

function writeLines(name: string, records: readonly { text: string; label: Label }[]): void {
  writeFileSync(at(name), records.map((record) => `${JSON.stringify(record)}\n`).join(""));
}

function recordsOf(name: string): { text: string; label: Label }[] {
  return readFileSync(at(name), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line) as { text: string; label: Label });
}

/** Thresholds in the description of a model directory. */
function storedThresholds(directory: string): number[] | undefined {
  const { globalPointer } = JSON.parse(readFileSync(at(directory, "config.json"), "utf8")) as
    { globalPointer: { thresholds?: number[] } };
  return globalPointer.thresholds;
}

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: 12 } });
  // One model that has learnt something, and one that has not.
  const trained = await Promise.all([
    gpTrain("--config", "config.json", "--output", "run"),
    gpTrain("--config", "config.json", "--output", "poor", "--set", "training.epochs=1",
      "--set", "training.learningRate=0.0001"),
  ]);
  for (const outcome of trained) expect(outcome).toMatchObject({ status: 0, stderr: "" });
  cpSync(at("run", "best"), at("model"), { recursive: true });
});
afterAll(() => { folder.remove(); });

/** What gp-eval prints without any flag, as a table and as JSON. */
let plain: { table: string; report: Report };
beforeAll(async () => {
  const [{ stdout }, report] = await Promise.all([evaluate(), asJson(evaluate("--json"))]);
  plain = { table: stdout, report };
});

describe("gp-eval --explain", () => {
  test("adds tables to that of the strict scores", async () => {
    const explained = await evaluate("--explain", "--train", "train.jsonl");
    expect({ status: explained.status, stderr: explained.stderr }).toEqual({ status: 0, stderr: "" });
    expect(explained.stdout.startsWith(plain.table.trimEnd())).toBe(true);
    const tables = explained.stdout.trim().split("\n\n").slice(1).map((table) => table.split(/ {2}/)[0]);
    expect(tables).toEqual(["strict", "relaxed", "nesting", "mention length", "text length", "mention", "errors"]);
    expect(explained.stdout).toMatch(/^f1 +\d\.\d{4} +\d\.\d{4} to \d\.\d{4}$/m);
    expect(explained.stdout).toMatch(/^seen in training .*\nnot seen |^seen in training /m);
    for (const kind of ["boundary", "type", "missed", "spurious"]) {
      expect(explained.stdout).toMatch(new RegExp(`^${kind} +\\d+$`, "m"));
    }
  });

  test("--json holds the same figures, which add up", async () => {
    const [report, unseen] = await Promise.all([
      asJson(evaluate("--explain", "--train", "train.jsonl", "--json")), asJson(evaluate("--explain", "--json")),
    ]);
    const { support, f1, recall, explanation } = report;
    expect(explanation).not.toHaveProperty("excerpts");
    for (const parts of [
      explanation?.nesting, explanation?.mentionLength, explanation?.documentLength, explanation?.seen,
    ]) {
      expect(sum(parts, "support")).toBe(support);
      expect(sum(parts, "found") / support).toBeCloseTo(recall, 12);
    }
    const { low = NaN, high = NaN } = explanation?.intervals["f1"] ?? {};
    expect(low <= f1 && f1 <= high).toBe(true);
    expect(plain.report).toEqual({ ...report, explanation: undefined });
    expect(unseen).toEqual({ ...report, explanation: { ...explanation, seen: undefined } });
  });
});

describe("gp-eval --report", () => {
  test("writes a whole page and says so; the table stays as it is", async () => {
    const { status, stdout, stderr } = await evaluate("--report", "page.html", "--train", "train.jsonl");
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: plain.table, stderr: "wrote page.html\n" });
    const page = readFileSync(at("page.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page.trimEnd()).toMatch(/<\/html>$/i);
    expect(page).toContain("organization");
    expect(readdirSync(folder.path).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("a folder that does not exist is refused before anything is loaded", async () => {
    const outcome = await gpEval("--model", "no-model", "--data", "no-data", "--report", at("nowhere", "page.html"));
    expectRefusal(outcome, /^gp-eval: .*nowhere.page\.html.* \[OUTPUT\]\n$/s);
    expect(outcome.stderr).not.toMatch(/no-model|no-data/);
  });

  test("a run that fails leaves an older page as it was, and nothing new", async () => {
    writeFileSync(at("old.html"), "older");
    writeFileSync(at("faulty.jsonl"), `${readFileSync(at("dev.jsonl"), "utf8")}{"text": 3}\n`);
    const failing = await Promise.all([
      gpEval("--model", "model", "--data", "faulty.jsonl", "--report", "old.html"),
      gpEval("--model", "model", "--data", "faulty.jsonl", "--report", "new.html"),
      evaluate("--report", "old.html", "--against", "no-model"),
      gpEval("--model", "no-model", "--data", "dev.jsonl", "--report", "new.html"),
      evaluate("--report", "new.html", "--train", "no-data.jsonl"),
    ]);
    for (const outcome of failing) expectRefusal(outcome, /faulty\.jsonl:10|no-model|no-data/);
    expect(readFileSync(at("old.html"), "utf8")).toBe("older");
    expect(readdirSync(folder.path).filter((name) => /new\.html|old\.html.|partial/.test(name))).toEqual([]);
  });
});

describe("gp-eval --against", () => {
  test("compares two models on the same texts, and mirrors when they are swapped", async () => {
    const [report, swapped, itself, { stdout }] = await Promise.all([
      asJson(evaluate("--against", at("poor", "best"), "--json")),
      asJson(gpEval("--model", at("poor", "best"), "--data", "dev.jsonl", "--against", "model", "--json")),
      asJson(evaluate("--against", "model", "--json")), evaluate("--against", at("poor", "best")),
    ]);
    expect(report).not.toHaveProperty("explanation");
    expect(report.comparison).toMatchObject({ model: "model", against: at("poor", "best"), f1: report.f1 });
    expect(report.comparison?.difference).toBeGreaterThan(0.2);
    expect(report.comparison?.pValue).toBeLessThan(0.05);
    expect(swapped.comparison?.difference).toBe(-(report.comparison?.difference ?? NaN));
    expect(swapped.comparison?.againstF1).toBe(report.f1);
    expect(itself.comparison).toMatchObject({ difference: 0, pValue: 1 });
    expect(stdout).toMatch(/^paired bootstrap +f1\n[^]*^difference +\+0\.\d{4} +95% interval [^]*^p-value/m);
    expect(stdout).toMatch(/\nmore than chance explains, at the 5% level\n$/);
  });

  test("texts with types that one of the two lacks are left out for both, or refused at once", async () => {
    cpSync(at("model"), at("renamed"), { recursive: true });
    const config = readFileSync(at("renamed", "config.json"), "utf8");
    writeFileSync(at("renamed", "config.json"), config.replace("\"place\"", "\"town\""));
    const known = recordsOf("dev.jsonl").map(({ text, label }) => ({
      text, label: Object.fromEntries(Object.entries(label).filter(([type]) => type !== "place")),
    }));
    const odd = (type: string): { text: string; label: Label } => ({
      text: "张伟", label: { person: { 张伟: [[0, 1]] }, [type]: { 张: [[0, 0]] } },
    });
    writeLines("mixed.jsonl", [odd("place"), ...known, odd("town")]);
    const flags = ["--model", "model", "--data", "mixed.jsonl", "--against", "renamed"];
    expectRefusal(await gpEval(...flags), /^gp-eval: mixed\.jsonl:1: unknown entity type "place"/);
    const { status, stdout, stderr } = await gpEval(...flags, "--skip-faulty", "--json");
    expect(status).toBe(0);
    expect(stderr).toMatch(/^mixed\.jsonl: 2 faulty texts were left out\n/);
    const { support, comparison } = JSON.parse(stdout) as Report;
    expect(support).toBe(known.reduce((count, { label }) => count + Object.keys(label).length, 0));
    expect(comparison?.f1).toBeGreaterThanOrEqual(comparison?.againstF1 ?? NaN);
  });
});

describe("gp-eval --tune-thresholds", () => {
  test("stores what it finds, which is used from then on; --threshold goes before it", async () => {
    cpSync(at("poor", "best"), at("tuned"), { recursive: true });
    const run = (...more: string[]): Promise<Outcome> => gpEval("--model", "tuned", "--data", "train.jsonl", ...more);
    const [before, untouched] = await Promise.all([
      asJson(run("--json")), asJson(run("--threshold", "0.25", "--json")),
    ]);
    expect(storedThresholds("tuned")).toBeUndefined();

    const { status, stdout, stderr } = await run("--tune-thresholds");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const rows = stdout.split("\n").map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
    expect(rows.slice(0, 5).map(([name]) => name)).toEqual(["type", "organization", "person", "place", "all"]);
    expect(stdout).toContain("stored in tuned");
    const stored = storedThresholds("tuned") ?? [];
    expect(stored).toHaveLength(3);
    stored.forEach((threshold, index) => {
      expect(rows[index + 1]?.slice(1, 3)).toEqual(["0.000", threshold.toFixed(3)]);
    });
    const [after, same, one] = await Promise.all([
      asJson(run("--json")), asJson(run("--threshold", "0.25", "--json")),
      asJson(run("--threshold", "person=1e9", "--json")),
    ]);
    expect(after.f1).toBeGreaterThanOrEqual(before.f1);
    expect(after.f1.toFixed(4)).toBe(/^all +\S+ +(\S+)/m.exec(stdout)?.[1]);
    expect(same).toEqual(untouched);
    expect(one.types["person"]).toMatchObject({ recall: 0 });
    expect(one.types["place"]).toEqual(after.types["place"]);

    const again = await run("--tune-thresholds");
    expect(storedThresholds("tuned")).toEqual(stored);
    expect(again.stdout).toMatch(new RegExp(`^organization +${stored[0]?.toFixed(3)} +${stored[0]?.toFixed(3)} `, "m"));
  });

  test("types whose names are numbers keep their thresholds beside their names", async () => {
    cpSync(at("poor", "best"), at("numbered"), { recursive: true });
    const names = { organization: "20", person: "x", place: "3" };
    let config = readFileSync(at("numbered", "config.json"), "utf8");
    for (const [old, name] of Object.entries(names)) config = config.replace(`"${old}"`, `"${name}"`);
    writeFileSync(at("numbered", "config.json"), config);
    writeLines("numbered.jsonl", recordsOf("train.jsonl").map(({ text, label }) => ({
      text,
      label: Object.fromEntries(Object.entries(label).map(([type, mentions]) => [
        names[type as keyof typeof names], mentions,
      ])),
    })));
    const { stdout } = await gpEval("--model", "numbered", "--data", "numbered.jsonl", "--tune-thresholds");
    const shown = new Map(stdout.split("\n").map((line) => line.split(/ +/)).map(([name, , tuned]) => [name, tuned]));
    const stored = storedThresholds("numbered") ?? [];
    expect(["20", "x", "3"].map((name) => shown.get(name))).toEqual(stored.map((threshold) => threshold.toFixed(3)));
    expect(new Set(stored).size).toBeGreaterThan(1);
  });

  test("--skip-faulty tells what it left out here too", async () => {
    cpSync(at("poor", "best"), at("skipping"), { recursive: true });
    writeFileSync(at("some.jsonl"), `{"text": 3}\n${readFileSync(at("dev.jsonl"), "utf8")}`);
    const flags = ["--model", "skipping", "--data", "some.jsonl", "--tune-thresholds"];
    expectRefusal(await gpEval(...flags), /^gp-eval: some\.jsonl:1: /);
    expect(storedThresholds("skipping")).toBeUndefined();
    const { status, stderr } = await gpEval(...flags, "--skip-faulty");
    expect(status).toBe(0);
    expect(stderr).toMatch(/^some\.jsonl: 1 faulty text was left out\n {4}some\.jsonl:1: /);
    expect(storedThresholds("skipping")).toHaveLength(3);
  });
});

describe("gp-eval: what counts and how texts are divided", () => {
  test("--flat leaves entities that do not overlap; --top-k and --max-span-tokens leave fewer", async () => {
    const low = ["--threshold", "-3", "--explain", "--json"];
    const [all, flat, top, short] = await Promise.all([
      asJson(evaluate(...low)), asJson(evaluate(...low, "--flat")), asJson(evaluate(...low, "--top-k", "2")),
      asJson(evaluate(...low, "--max-span-tokens", "2")),
    ]);
    const predicted = ({ explanation }: Report): number => sum(explanation?.nesting, "predicted");
    expect(flat.explanation?.nesting.filter((part) => part.predicted > 0).map(({ name }) => name)).toEqual(["flat"]);
    expect(predicted(flat)).toBeLessThan(predicted(all));
    expect(predicted(top)).toBe(2 * 9);
    expect(predicted(short)).toBeLessThan(predicted(all));
    for (const { name } of short.explanation?.mentionLength.filter((part) => part.predicted > 0) ?? []) {
      expect(["1", "2"]).toContain(name); // each character is a token
    }
    for (const other of [flat, top, short]) expect(other.support).toBe(all.support);
  });

  test("--max-seq-len and --stride divide long texts, of which is told; wrong ones are misuse", async () => {
    const records = recordsOf("dev.jsonl");
    const text = records.map((record) => record.text).join("。");
    const person = /张伟|王芳|李娜|刘洋|陈静/.exec(text);
    const mention = person?.[0] ?? "";
    const place = person?.index ?? 0;
    writeLines("long.jsonl", [{
      text, label: { person: { [mention]: [[place, place + 1]] }, place: { [text.slice(0, 30)]: [[0, 29]] } },
    }]);
    const { status, stdout, stderr } = await gpEval("--model", "model", "--data", "long.jsonl", "--json");
    expect(status).toBe(0);
    expect(stderr).toMatch(/1 of 2 entities have no token span[^]*1 are longer than a window/);
    expect(stderr).toContain("1 of 1 texts are longer than a window");
    expect(JSON.parse(stdout)).toMatchObject({ support: 2 });
    const windows = (written: string): number => Number(/(\d+) windows in all/.exec(written)?.[1]);
    const narrow = await gpEval("--model", "model", "--data", "long.jsonl", "--max-seq-len", "12", "--stride", "5");
    expect(windows(narrow.stderr)).toBeGreaterThan(2 * windows(stderr));
    const refused = await Promise.all([
      evaluate("--max-seq-len", "25"), evaluate("--max-seq-len", "10", "--stride", "9"),
      evaluate("--threshold", "city=1"), evaluate("--threshold", "high"),
      evaluate("--threshold", "1", "--threshold", "2"),
    ]);
    const messages = [/at most 24/, /from 1 to 8/, /"city"/, /"high"/, /given twice for all types/];
    refused.forEach((outcome, index) => { expectRefusal(outcome, messages[index] ?? /$^/, 2); });
  });

  test("--skip-faulty counts what it leaves out; without it the data is refused", async () => {
    writeFileSync(at("part.jsonl"), `${readFileSync(at("dev.jsonl"), "utf8")}not json\n{"text": "张伟"}\n`);
    expectRefusal(await gpEval("--model", "model", "--data", "part.jsonl"), /^gp-eval: part\.jsonl:10: /);
    const { status, stdout, stderr } = await gpEval("--model", "model", "--data", "part.jsonl", "--skip-faulty");
    expect({ status, stdout }).toEqual({ status: 0, stdout: plain.table });
    expect(stderr).toMatch(/^part\.jsonl: 2 faulty texts were left out\n(?: {4}part\.jsonl:1[01]: .*\n)+$/);
    expect(stderr.trimEnd().split("\n")).toHaveLength(3);
  });

  test("flags that contradict each other are misuse, in one sentence", async () => {
    const contradictions: [string[], RegExp][] = [
      [["--tune-thresholds", "--report", "x.html"], /--tune-thresholds cannot stand beside --report/],
      [["--tune-thresholds", "--json"], /--tune-thresholds cannot stand beside --json/],
      [["--compat", "seed", "--against", "model"], /--compat cannot stand beside --against/],
      [["--train", "train.jsonl"], /--train .* --explain and --report/],
      [["--json", "--train", "train.jsonl", "--against", "model"], /--train .* --explain and --report/],
    ];
    const outcomes = await Promise.all(contradictions.map(([flags]) => evaluate(...flags)));
    outcomes.forEach((outcome, index) => {
      expectRefusal(outcome, contradictions[index]?.[1] ?? /$^/, 2);
      expect(outcome.stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(outcome.stdout).toBe("");
    });
    expect(existsSync(at("x.html"))).toBe(false);
  });
});

describe("gp-train", () => {
  test("leaves a report of the run", () => {
    const page = readFileSync(at("run", "report.html"), "utf8");
    expect(page).toMatch(/^<!doctype html>/i);
    expect(page.trimEnd()).toMatch(/<\/html>$/i);
  });

  test("--overfit-batch learns a batch, writes nothing and ends with 0", async () => {
    const before = readdirSync(folder.path).sort();
    const flags = ["--config", "config.json", "--overfit-batch"];
    const [table, json] = await Promise.all([gpTrain(...flags), gpTrain(...flags, "--json")]);
    expect(table).toMatchObject({ status: 0, stderr: "" });
    expect(table.stdout).toMatch(/the batch was learnt in \d+ steps: data, labels and settings fit together\n$/);
    expect(json.status).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({ learnt: true, wrong: [], scores: { f1: 1 } });
    expect(json.stderr).toMatch(/F1 on the batch 1\.0000/);
    expect(readdirSync(folder.path).sort()).toEqual(before);
  });

  test("--overfit-batch of labels that contradict each other ends with 1 and says what may be wrong", async () => {
    const text = "张伟在北京";
    writeLines("contradiction.jsonl", [
      { text, label: { person: { 张伟: [[0, 1]] }, place: { 北京: [[3, 4]] } } },
      { text, label: { place: { 张伟: [[0, 1]] } } },
    ]);
    const flags = ["--config", "config.json", "--overfit-batch", ...["train", "dev"].flatMap((set) => [
      "--set", `data.${set}=contradiction.jsonl`,
    ])];
    const [table, json] = await Promise.all([gpTrain(...flags), gpTrain(...flags, "--json")]);
    expect(table.status).toBe(1);
    expect(table.stdout).toMatch(/was not learnt in 1000 steps: F1 0\.\d{4}; still wrong:\n {2}(missed|spurious) /);
    expect(table.stdout).toMatch(/: (张 伟|北 京)\nlikely causes: labels that contradict each other .*\n$/);
    expect(json.status).toBe(1);
    const result = JSON.parse(json.stdout) as { learnt: boolean; steps: number; scores: Shares; wrong: string[] };
    expect(result).toMatchObject({ learnt: false, steps: 1000, scores: { support: 3 } });
    expect(result.scores.f1).toBeLessThan(1);
    expect(result.wrong.length).toBeGreaterThan(0);
  });

  test("--overfit-batch that is stopped has not taken all its steps", async () => {
    const command = startCommand("gp-train", ["--config", "config.json", "--overfit-batch", "--set",
      "training.learningRate=1e-9", "--set", "training.batchSize=24"], { cwd: folder.path });
    await command.saying("step 100 ");
    command.child.kill("SIGINT");
    const { status, stdout } = await command.ended;
    expect(status).toBe(130);
    expect(stdout).not.toContain("1000 steps");
  });

  test("--overfit-batch refuses what does not go with it", async () => {
    const [output, resumed] = await Promise.all([
      gpTrain("--config", "config.json", "--overfit-batch", "--output", "written"),
      gpTrain("--resume", "run", "--overfit-batch"),
    ]);
    expectRefusal(output, /^gp-train: --overfit-batch writes nothing: leave --output out/, 2);
    expectRefusal(resumed, /leave --overfit-batch out/, 2);
    writeLines("bare.jsonl", [{ text: "张伟", label: {} }, { text: "北京", label: {} }]);
    expectRefusal(
      await gpTrain("--config", "config.json", "--overfit-batch", "--set", "data.train=bare.jsonl", "--set",
        "data.entityTypes=[\"person\"]", "--set", "data.dev=bare.jsonl"),
      /^gp-train: .*bare\.jsonl: not one of \d+ entities has a token span .*; .* \[DATA\]\n$/,
    );
  });

  test("warns when nothing is predicted, with likely causes", async () => {
    const { status, stdout } = await gpTrain("--config", "config.json", "--output", "silent", "--set",
      "training.epochs=2", "--set", "evaluation.threshold=1e9");
    expect(status).toBe(0);
    const warnings = stdout.match(/^warning: .*$/gm);
    expect(warnings).toEqual([1, 2].map((epoch) =>
      `warning: nothing was predicted on the dev set after epoch ${epoch}; likely causes:`));
    expect(stdout).toContain("evaluation.threshold (1000000000) is too high");
    expect(stdout).toContain("training.learningRate (0.01)");
    expect(stdout.match(/it is early/g)).toHaveLength(1); // not after the last epoch
  });

  test("warns after the last epoch of a type that is never predicted, and of a dev set without entities", async () => {
    const records = recordsOf("dev.jsonl");
    writeLines("rare.jsonl", [...records, { text: "张伟", label: { rare: { 伟: [[1, 1]] } } }]);
    writeLines("empty-dev.jsonl", records.map(({ text }) => ({ text, label: {} })));
    const types = "data.entityTypes=[\"organization\",\"person\",\"place\",\"rare\"]";
    const [rare, empty] = await Promise.all([
      gpTrain("--config", "config.json", "--output", "rare", "--set", types, "--set", "data.dev=rare.jsonl"),
      gpTrain("--config", "config.json", "--output", "empty-dev", "--set", "training.epochs=1", "--set",
        "data.dev=empty-dev.jsonl"),
    ]);
    expect(rare.status).toBe(0);
    expect(rare.stdout.match(/^warning: .* never predicted:$/gm)).toHaveLength(1);
    expect(rare.stdout).toMatch(/never predicted:\n(?:.*\n)*? {2}rare: 1 in dev, 0 in training: none to learn from\n/);
    expect(rare.stdout).toContain("gp-eval --tune-thresholds");
    expect(empty.status).toBe(0);
    expect(empty.stdout).toContain("warning: the dev set has no entity");
  });

  test("data.skipFaulty leaves faulty texts of either set out, with a count", async () => {
    for (const name of ["train", "dev"]) {
      writeFileSync(at(`${name}-faulty.jsonl`), `${readFileSync(at(`${name}.jsonl`), "utf8")}{"text": 3}\n`);
    }
    writeFileSync(at("faulty.json"), JSON.stringify({
      ...tinyConfig({ epochs: 1 }), data: { train: "train-faulty.jsonl", dev: "dev-faulty.jsonl" },
    }));
    const flags = ["--config", "faulty.json", "--output", "skipped"];
    expectRefusal(await gpTrain(...flags), /^gp-train: .*train-faulty\.jsonl:25: /);
    const { status, stdout } = await gpTrain(...flags, "--set", "data.skipFaulty=true");
    expect(status).toBe(0);
    expect(stdout).toMatch(/train-faulty\.jsonl: 1 faulty text was left out\n.*train-faulty\.jsonl:25: /);
    expect(stdout).toMatch(/dev-faulty\.jsonl: 1 faulty text was left out\n.*dev-faulty\.jsonl:10: /);
    expect(stdout).toContain("training on 24 texts");
  });
});
