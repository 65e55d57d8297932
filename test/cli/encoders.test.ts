// A pretrained directory of another type than BERT, from training to prediction.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectRefusal, projectRoot, runCommand, temporaryFolder } from "../support/commands.js";
import { tinyConfig, tinySentences, writeTinyCorpus } from "../support/tiny-corpus.js";

const CASES = join(projectRoot, "test", "fixtures", "encoders");

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { samples: 48 });
  writeFileSync(at("sentences.txt"), tinySentences(9, 200).join("\n"));
});
afterAll(() => { folder.remove(); });

/** A config that trains on the tiny corpus from the named fixture. */
function configFor(name: string, training: Record<string, unknown> = {}): string {
  const config = { ...tinyConfig(training), encoder: { pretrained: join(CASES, name) } };
  writeFileSync(at(`${name}.json`), JSON.stringify(config));
  return `${name}.json`;
}

describe.each(["roberta", "roformer", "electra", "ernie-tasks"])("%s", (name) => {
  test("trains, tags and is evaluated", async () => {
    const options = { cwd: folder.path };
    const best = join(name, "best");
    const config = configFor(name, { batchSize: 1, epochs: 5 });
    const trained = await runCommand("gp-train", ["--config", config, "--output", name], options);
    expect(trained).toMatchObject({ status: 0, stderr: "" });
    const model = JSON.parse(readFileSync(at(best, "config.json"), "utf8")) as { model_type: string };
    expect(model.model_type).toBe(name.split("-")[0]);
    const predicted = await runCommand("gp-predict", ["--model", best, "--input", "sentences.txt"], options);
    expect(predicted.status).toBe(0);
    const found = predicted.stdout.trim().split("\n")
      .map((line) => JSON.parse(line) as { text: string; entities: { start: number; end: number; type: string }[] });
    expect(found.map(({ text }) => text)).toEqual(tinySentences(9, 200));
    // "昨天张伟去了北京"
    expect(found[0]?.entities).toContainEqual(expect.objectContaining({ start: 2, end: 4, type: "person" }));
    const evaluated = await runCommand("gp-eval", ["--model", best, "--data", "dev.jsonl", "--json"], options);
    expect(evaluated.status).toBe(0);
    expect((JSON.parse(evaluated.stdout) as { f1: number }).f1).toBeGreaterThan(0.5);
  });
});

test("windows longer than the positions for tokens are refused, though the table has more rows", async () => {
  const long = configFor("roberta", { maxSeqLen: 25 });
  expectRefusal(
    await runCommand("gp-train", ["--config", long, "--output", "long"], { cwd: folder.path }),
    /^gp-train: training\.maxSeqLen is 25, but the encoder has 24 positions for tokens: lower training\.maxSeqLen/,
  );
});

test("R-Drop is refused where the directory itself has no dropout", async () => {
  cpSync(join(CASES, "bert"), at("still"), { recursive: true });
  const config = JSON.parse(readFileSync(at("still", "config.json"), "utf8")) as object;
  const still = { ...config, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  writeFileSync(at("still", "config.json"), JSON.stringify(still));
  writeFileSync(at("still.json"), JSON.stringify({ ...tinyConfig({ rDrop: 1 }), encoder: { pretrained: "still" } }));
  const started = (...flags: string[]) =>
    runCommand("gp-train", ["--config", "still.json", "--output", "drop", ...flags], { cwd: folder.path });
  expectRefusal(await started(), /^gp-train: training\.rDrop compares two passes .* encoder's own config\.json has none: give /);
  expect(await started("--set", "encoder.hiddenDropoutProb=0.1")).toMatchObject({ status: 0, stderr: "" });
});

test("run.json tells the files that settle a pretrained encoder", () => {
  const { files } = JSON.parse(readFileSync(at("roformer", "run.json"), "utf8")) as { files: Record<string, object> };
  expect(Object.keys(files).sort())
    .toEqual(["data.dev", "data.train", "encoder", "tokenizer", "vocabulary", "weights"]);
});

test("gp-convert from-seed refuses a directory that is no BERT", async () => {
  writeFileSync(at("ent2id.json"), "{\"a\":0}");
  const flags = { "state-dict": "none.pt", "encoder": join(CASES, "roberta"), "ent2id": "ent2id.json", "output": "fs" };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  expectRefusal(
    await runCommand("gp-convert", ["from-seed", ...args], { cwd: folder.path }),
    /roberta is of the type roberta, but GlobalPointer_pytorch builds a BertModel, which computes otherwise/,
  );
});

test("a directory that cannot be read is refused by name", async () => {
  cpSync(join(CASES, "roformer"), at("jieba"), { recursive: true });
  rmSync(at("jieba", "tokenizer_config.json"));
  writeFileSync(at("jieba.json"), JSON.stringify({ ...tinyConfig(), encoder: { pretrained: "jieba" } }));
  expectRefusal(
    await runCommand("gp-train", ["--config", "jieba.json", "--output", "refused"], { cwd: folder.path }),
    /jieba names no tokenizer_class, .* RoFormerTokenizer, .* \[TOKENIZER\]\n$/,
  );
});

test("gp-convert to-seed refuses an encoder that BertModel would compute otherwise", async () => {
  const outcome = await runCommand(
    "gp-convert", ["to-seed", "--model", join("roformer", "best"), "--output", "seed"], { cwd: folder.path },
  );
  expectRefusal(outcome, /roformer.best has an encoder of the type roformer, but GlobalPointer_pytorch builds a BertModel/);
});
