// gp-train and gp-eval from the outside: what they write, where, and how they end.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  expectRefusal, filesBelow, projectRoot, runCommand, startCommand, temporaryFolder, type Outcome,
} from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

const MODEL_FILES = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"];
const CHECKPOINT_FILES = ["config.json", "model.safetensors", "optimizer.safetensors", "tokenizer_config.json",
  "trainer.json", "vocab.txt"];
const RUN_FILES = [
  ...MODEL_FILES.map((name) => `best/${name}`), "config.json", ...CHECKPOINT_FILES.map((name) => `last/${name}`),
  "metrics.jsonl", "report.html", "run.json", "steps.jsonl",
];

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function gpTrain(...args: string[]): Promise<Outcome> {
  return runCommand("gp-train", args, { cwd: folder.path });
}

function bytes(...names: string[]): string {
  return readFileSync(at(...names)).toString("base64");
}

function jsonLines(text: string): unknown[] {
  return text.trim().split("\n").map((line) => JSON.parse(line) as unknown);
}

const scores = {
  precision: expect.any(Number) as number, recall: expect.any(Number) as number, f1: expect.any(Number) as number,
  support: expect.any(Number) as number,
};

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
  expect(await gpTrain("--config", "config.json", "--output", "run")).toMatchObject({ status: 0, stderr: "" });
});
afterAll(() => { folder.remove(); });

describe("gp-train", () => {
  test("leaves a run directory with the resolved config, the metrics, best/ and last/", () => {
    expect(filesBelow(at("run"))).toEqual(RUN_FILES);
    const config = JSON.parse(readFileSync(at("run", "config.json"), "utf8")) as object;
    expect(config).toMatchObject({
      data: { train: at("train.jsonl") }, training: { epochs: 2, weightDecay: 0.01, schedule: { type: "linear" } },
    });
    const metrics = jsonLines(readFileSync(at("run", "metrics.jsonl"), "utf8"));
    expect(metrics).toMatchObject([{ epoch: 1, step: 6, dev: scores }, { epoch: 2, step: 12, dev: scores }]);
    const model = JSON.parse(readFileSync(at("run", "best", "config.json"), "utf8")) as object;
    expect(model).toMatchObject({
      model_type: "bert", hidden_size: 16, globalPointer: { entityTypes: ["organization", "person", "place"] },
    });
  });

  test("--json writes an object an epoch and one at the end, the rest goes to stderr; --set overrides", async () => {
    const { status, stdout, stderr } = await gpTrain(
      "--config", "config.json", "--output", "json", "--json", "--set", "training.epochs=3", "training.batchSize=8",
      "--set", "training.schedule={\"type\":\"constant\"}",
    );
    expect(status).toBe(0);
    expect(jsonLines(stdout)).toMatchObject([
      { epoch: 1, step: 3, learningRate: 0.01, dev: scores }, { epoch: 2 }, { epoch: 3, step: 9 },
      { directory: "json", stopped: false, best: { directory: join("json", "best") }, dev: scores },
    ]);
    expect(stderr).toContain("epoch 3");
  });

  test("without --output it makes a new directory each time", async () => {
    const made = new Set<string>();
    while (made.size < 2) {
      const { stdout } = await gpTrain("--config", "config.json", "--set", "training.epochs=1", "--set", "output=runs");
      const directory = /^run directory: (.*)$/m.exec(stdout)?.[1] ?? "";
      expect(directory).toMatch(/runs.tiny-\d{8}-\d{6}(-\d+)?$/);
      expect(existsSync(join(directory, "best", "model.safetensors"))).toBe(true);
      expect(made.has(directory)).toBe(false);
      made.add(directory);
    }
  });

  test("a second run into the same directory is refused, and the first stays as it was", async () => {
    const before = filesBelow(at("run")).map((name) => bytes("run", name));
    expectRefusal(
      await gpTrain("--config", "config.json", "--output", "run"),
      /^gp-train: run holds a run already: choose another --output, or go on with it by --resume run\. \[OUTPUT\]\n$/,
    );
    expect(filesBelow(at("run")).map((name) => bytes("run", name))).toEqual(before);
  });

  test("--resume of a finished run ends at once and says so", async () => {
    const { status, stdout } = await gpTrain("--resume", "run");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^run has finished its 2 epochs: there is nothing left to do\nbest model: epoch \d/);
  });

  test.each([["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const)(
    "%s leaves last/, ends with %i, and --resume comes to the same end",
    async (signal, status) => {
      const long = ["--set", "training.epochs=40"];
      const [stopped, whole] = [`stopped-${signal}`, `whole-${signal}`];
      const command = startCommand("gp-train", ["--config", "config.json", "--output", stopped, ...long], {
        cwd: folder.path,
      });
      await command.saying("epoch 2 ");
      command.child.kill(signal);
      command.child.kill(signal); // npm passes on what the terminal has sent already: not a second wish
      const outcome = await command.ended;
      expect(outcome).toMatchObject({ status, stderr: "" });
      expect(outcome.stdout).toContain(`stopped; go on with: gp-train --resume ${stopped}`);
      expect(filesBelow(at(stopped))).toEqual(RUN_FILES);
      expect(await gpTrain("--resume", stopped)).toMatchObject({ status: 0, stderr: "" });
      await gpTrain("--config", "config.json", "--output", whole, ...long);
      for (const file of ["best/model.safetensors", "last/model.safetensors", "last/optimizer.safetensors"]) {
        expect({ file, same: bytes(stopped, file) === bytes(whole, file) }).toEqual({ file, same: true });
      }
      expect(jsonLines(readFileSync(at(stopped, "metrics.jsonl"), "utf8"))).toHaveLength(40);
    });

  test("a run is trained by one process at a time, and one that was killed leaves no lock that holds", async () => {
    const long = ["--config", "config.json", "--output", "locked", "--set", "training.epochs=2000"];
    const command = startCommand("gp-train", long, { cwd: folder.path });
    await command.saying("epoch 1 ");
    const held = new RegExp(
      `^gp-train: locked is being trained by process ${command.child.pid}: wait for it, or stop it first\\. `
      + "\\[OUTPUT\\]\n$",
    );
    expectRefusal(await gpTrain("--resume", "locked"), held);
    expectRefusal(await gpTrain(...long), held);
    command.child.kill("SIGKILL");
    await command.ended;
    expect(existsSync(at("locked", "lock"))).toBe(true);
    const epochs = jsonLines(readFileSync(at("locked", "metrics.jsonl"), "utf8")).length;

    const again = startCommand("gp-train", ["--resume", "locked"], { cwd: folder.path });
    await again.saying(`epoch ${epochs + 2} `);
    again.child.kill("SIGTERM");
    expect(await again.ended).toMatchObject({ status: 143, stderr: "" });
    expect(filesBelow(at("locked"))).toEqual(RUN_FILES);
  });

  test("of two that begin the same run at once, one trains it", async () => {
    const outcomes = await Promise.all([1, 2].map(() => gpTrain("--config", "config.json", "--output", "contested")));
    const winners = outcomes.filter(({ status }) => status === 0);
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status !== 0) expectRefusal(outcome, /contested (is being trained by|holds a run already)/);
    }
    expect(filesBelow(at("contested"))).toEqual(RUN_FILES);
    const unnamed = await Promise.all([1, 2, 3].map(() => gpTrain("--config", "config.json", "--set", "output=many")));
    expect(unnamed.map(({ status }) => status)).toEqual([0, 0, 0]);
    expect(readdirSync(at("many"))).toHaveLength(3);
  });

  test("tells which tensors of a pretrained directory were taken, which are new and which not used", async () => {
    const { stdout } = await gpTrain("--config", "config.json", "--output", "from-pretrained", "--set",
      "training.epochs=1", "--set", `encoder={"pretrained":${JSON.stringify(at("run", "best"))}}`);
    expect(stdout).toMatch(/loaded \d+ tensors from .*; new: dense\.weight, dense\.bias; not used: dense\./);
  });

  test("goes on when the reader of its output is gone", async () => {
    const command = startCommand("gp-train", ["--config", "config.json", "--output", "unread", "--set",
      "training.epochs=20"], { cwd: folder.path });
    await command.saying("run directory");
    command.child.stdout.destroy();
    expect(await command.ended).toMatchObject({ status: 0, stderr: "" });
    expect(jsonLines(readFileSync(at("unread", "metrics.jsonl"), "utf8"))).toHaveLength(20);
  });
});

describe("gp-eval", () => {
  const evaluate = (...args: string[]): Promise<Outcome> =>
    runCommand("gp-eval", ["--model", at("run", "best"), "--data", "dev.jsonl", ...args], { cwd: folder.path });

  test("prints a table with a line a type and one for all", async () => {
    const { status, stdout, stderr } = await evaluate();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n").map((line) => line.split(/\s+/)[0])).toEqual(
      ["type", "organization", "person", "place", "all", "macro", ""],
    );
  });

  test("--json prints one object with precision, recall, f1, support and types", async () => {
    const { stdout } = await evaluate("--json");
    const types = { organization: scores, person: scores, place: scores };
    const { precision, recall, f1 } = scores;
    const macro = { precision, recall, f1 };
    expect(JSON.parse(stdout)).toEqual({ ...scores, macro, types });
    const recorded = jsonLines(readFileSync(at("run", "metrics.jsonl"), "utf8")) as { dev: { f1: number } }[];
    const best = Math.max(...recorded.map(({ dev }) => dev.f1));
    expect((JSON.parse(stdout) as { f1: number }).f1).toBe(best);
  });

  test("--compat seed gives the mean over batches", async () => {
    const { stdout } = await evaluate("--compat", "seed", "--json");
    expect(JSON.parse(stdout)).toEqual({ ...scores, types: {} });
    // Nine samples are a single batch, and every entity has its tokens: recall and support are those of the whole.
    const { recall, support } = JSON.parse((await evaluate("--json")).stdout) as { recall: number; support: number };
    expect(JSON.parse(stdout)).toMatchObject({ recall, support });
    const table = await evaluate("--compat", "seed", "--batch-size", "2");
    expect(table.stdout).toMatch(/^mean of batches .*\nall .* 5\n$/);
  });

  test("a threshold above every score finds nothing, and divides by nothing", async () => {
    const { status, stdout } = await evaluate("--threshold", "1e9", "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ precision: 0, recall: 0, f1: 0 });
  });

  test("reports entities that no token span expresses and counts them as missed", async () => {
    const text = "Xyz张伟";
    writeFileSync(at("odd.jsonl"), `${JSON.stringify({ text, label: { person: { yz: [[1, 2]] } } })}\n`);
    const { stdout, stderr } = await runCommand(
      "gp-eval", ["--model", at("run", "best"), "--data", at("odd.jsonl"), "--json"],
    );
    expect(stderr).toMatch(/1 of 1 entities have no token span; they count as missed[^]*person: X\[yz\]张伟/);
    expect(JSON.parse(stdout)).toMatchObject({ support: 1, recall: 0 });
  });
});

test("without the addon, each command says that gp-setup builds it", async () => {
  const root = at("package");
  for (const name of ["dist", "package.json"]) cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  symlinkSync(join(projectRoot, "node_modules"), join(root, "node_modules"));
  const commands = [
    runCommand("gp-train", ["--config", at("config.json"), "--output", at("unbuilt")], { root }),
    runCommand("gp-eval", ["--model", at("run", "best"), "--data", at("dev.jsonl")], { root }),
    runCommand("gp-predict", ["--model", at("run", "best"), "--output", at("unbuilt.jsonl")], { root, input: "a\n" }),
    runCommand("gp-convert", ["to-seed", "--model", at("run", "best"), "--output", at("unbuilt-seed")], { root }),
  ];
  for (const outcome of await Promise.all(commands)) {
    expectRefusal(outcome, /^gp-\w+: The native addon is not built yet: run `npx gp-setup` once, .* \[SETUP\]\n$/);
  }
  expect(["unbuilt", "unbuilt.jsonl", "unbuilt-seed"].filter((name) => existsSync(at(name)))).toEqual([]);
  // One that is damaged, or was built for another machine.
  mkdirSync(join(root, "build", "Release"), { recursive: true });
  writeFileSync(join(root, "build", "Release", "globalpointer.node"), "not an addon");
  expectRefusal(
    await runCommand("gp-predict", ["--model", at("run", "best")], { root }),
    /^gp-predict: The native addon does not load \(.*\): .* `npx gp-setup --force` .* \[SETUP\]\n$/,
  );
});
