import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { painter, renderSentence, type TaggedEntity } from "../../scripts/render-entities.mjs";

const plain = painter(false);

test("nested entities are bracketed within one another and listed", () => {
  const text = "他去了北京大学。";
  const entities = [{ start: 3, end: 5, type: "LOC", score: 3.25 }, { start: 3, end: 7, type: "ORG" }];
  expect(renderSentence({ text, entities }, plain).split("\n")).toEqual([
    "  他去了[[北京 LOC]大学 ORG]。",
    "    ORG  北京大学",
    "    LOC  北京  (score 3.3)",
  ]);
});

test("of two that cross, the first is bracketed and both are listed", () => {
  const entities = [{ start: 0, end: 3, type: "A" }, { start: 2, end: 5, type: "B" }];
  expect(renderSentence({ text: "abcdef", entities }, plain).split("\n")).toEqual([
    "  [abc A]def", "    A  abc", "    B  cde",
  ]);
});

test("whatever the entities, the text stays whole and every one is listed", () => {
  const span = fc.tuple(fc.nat(20), fc.nat(20), fc.constantFrom("A", "B")).map(([a, b, type]): TaggedEntity => (
    { start: Math.min(a, b), end: Math.max(a, b) + 1, type }
  ));
  fc.assert(fc.property(fc.array(span), (entities) => {
    const text = "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子";
    const [sentence, ...listed] = renderSentence({ text, entities }, plain).split("\n");
    expect(sentence?.replace(/\[| [AB]\]/g, "")).toBe(`  ${text}`);
    expect(sentence?.split("[").length).toBe(sentence?.split("]").length);
    expect(listed).toHaveLength(entities.length);
  }));
});

describe("npm start", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(path.join(tmpdir(), "gp-start-"));
    cpSync(fileURLToPath(new URL("../../scripts/", import.meta.url)), path.join(root, "scripts"), { recursive: true });
    for (const folder of ["dist/bin", "data", "runs/start-7"]) {
      mkdirSync(path.join(root, folder), { recursive: true });
    }
    writeFileSync(path.join(root, "package.json"), "{}");
    writeFileSync(path.join(root, "data/sentences.txt"), "\n甲\r\n乙\n");
  });
  afterEach(() => {
    rmSync(root, { recursive: true, force: true });
  });

  function start(train: string, predict: string, args: string[] = []) {
    writeFileSync(path.join(root, "dist/bin/gp-train.js"), train);
    writeFileSync(path.join(root, "dist/bin/gp-predict.js"), predict);
    return spawnSync(process.execPath, [path.join(root, "scripts/start.mjs"), ...args], { encoding: "utf8" });
  }

  const showArguments = "console.log(process.argv.slice(2).join(' '));";
  const tagAll = `require("node:readline").createInterface({ input: process.stdin }).on("line", (text) =>
    console.log(JSON.stringify({ text, entities: [{ start: 0, end: 1, type: "T", text, score: 1 }] })));`;

  test("trains into a new run, then shows tagged sentences", () => {
    const { status, stdout } = start(showArguments, tagAll, ["--set", "training.epochs=1"]);
    expect(status).toBe(0);
    const run = path.join("runs", "start-8");
    expect(stdout).toContain(`--config config.json --output ${run} --set training.epochs=1\n`);
    expect(stdout).toContain("\n  [甲 T]\n    T  甲  (score 1.0)\n\n  [乙 T]\n");
  });

  test("a failed training ends it with the same status", () => {
    const { status, stdout } = start("process.exit(3);", tagAll);
    expect(status).toBe(3);
    expect(stdout).not.toContain("[甲");
  });

  test("a failed prediction ends it with the same status", () => {
    expect(start(showArguments, "process.exit(4);").status).toBe(4);
  });
});
