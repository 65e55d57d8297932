// gp-train --seeds from the outside, and what a kill leaves.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  expectRefusal, filesBelow, runCommand, startCommand, temporaryFolder, type Outcome,
} from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

function gpTrain(...args: string[]): Promise<Outcome> {
  return runCommand("gp-train", args, { cwd: folder.path });
}

const begin = (...args: string[]): Promise<Outcome> => gpTrain("--config", "config.json", ...args);

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
});
afterAll(() => { folder.remove(); });

test("prints a line a seed with means and deviations, and the means by type", async () => {
  const { status, stdout, stderr } = await begin("--seeds", "2,1, 30", "--output", "three");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  const report = stdout.slice(stdout.indexOf("dev scores of each seed")).trimEnd().split("\n");
  expect(report.map((line) => line.split(/\s+/)[0])).toEqual([
    "dev", "seed", "2", "1", "30", "mean", "deviation", "",
    "dev", "type", "organization", "person", "place", "all", "", "the",
  ]);
  expect(report[13]).toMatch(/^all( +\d\.\d{4} ± \d\.\d{4}){6}$/);
  expect(report.at(-1)).toBe("the runs and seeds.json are in three");
  expect(existsSync(at("three", "seed-30", "best", "model.safetensors"))).toBe(true);
});

test("--json writes an object an epoch, each with its seed, and one at the end", async () => {
  const { stdout, stderr } = await begin("--seeds", "5", "--output", "one", "--json");
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toMatchObject([
    { seed: 5, epoch: 1 }, { seed: 5, epoch: 2 },
    { directory: "one", stopped: false, seeds: [5], runs: [{ seed: 5, directory: "seed-5" }] },
  ]);
  const { summary } = lines[2] as { summary: { best: Record<string, unknown> } };
  expect(Object.keys(summary.best["f1"] as object)).toEqual(["mean"]);
  expect(stderr).toContain("seed 5, 1 of 1");
});

test("without --output it makes a folder of its own", async () => {
  const { stdout } = await begin("--seeds", "1", "--set", "training.epochs=1", "output=made");
  expect(stdout).toMatch(/the runs and seeds\.json are in .*made.tiny-seeds-\d{8}-\d{6}\n$/);
});

test("Ctrl-C stops cleanly, and --resume goes on with what is missing", async () => {
  const command = startCommand(
    "gp-train", ["--config", "config.json", "--seeds", "1,2", "--output", "stopped", "--set", "training.epochs=30"],
    { cwd: folder.path },
  );
  await command.saying(/seed 2, 2 of 2[^]*epoch 2 /);
  command.child.kill("SIGINT");
  const outcome = await command.ended;
  expect(outcome).toMatchObject({ status: 130, stderr: "" });
  expect(outcome.stdout).toContain("stopped with 1 of 2 seeds finished; go on with: gp-train --resume stopped\n");
  expect(filesBelow(at("stopped")).filter((name) => /lock|partial/.test(name))).toEqual([]);
  const { status, stdout, stderr } = await gpTrain("--resume", "stopped");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).not.toContain("seed 1, 1 of 2");
  expect(stdout).toMatch(/seed 2, 2 of 2[^]*epoch 30 [^]*\nmean /);
});

test("killed before the first checkpoint of a seed, the folder is gone on with all the same", async () => {
  const command = startCommand(
    "gp-train", ["--config", "config.json", "--seeds", "1", "--output", "killed", "--set", "training.batchSize=1",
      "data.train=many.jsonl"], { cwd: folder.path },
  );
  writeFileSync(at("many.jsonl"), readFileSync(at("train.jsonl"), "utf8").repeat(40));
  await command.saying("run directory");
  command.child.kill("SIGKILL");
  await command.ended;
  expect(existsSync(at("killed", "seed-1", "last"))).toBe(false);
  const { status, stdout } = await gpTrain("--resume", "killed");
  expect(status).toBe(0);
  expect(stdout).toMatch(/epoch 1 [^]*epoch 2 [^]*the runs and seeds\.json are in killed/);
});

test.each<[string[], RegExp]>([
  [["--seeds", ""], /--seeds takes whole numbers with commas between them, such as 1,2,3: "" is none/],
  [["--seeds", "1,,2"], /: "" is none/],
  [["--seeds", "1,x"], /: "x" is none/],
  [["--seeds", "1.5"], /: "1\.5" is none/],
  [["--seeds=-1"], /: "-1" is none/],
  [["--seeds", "1", "--set", "training.seed=4"], /--seeds settles training\.seed: leave --set training\.seed=4 out/],
  [["--seeds", "1", "--set", "training={\"epochs\":1,\"seed\":4}"], /--seeds settles training\.seed: leave --set training=/],
  [["--seeds", "1", "--overfit-batch"], /--overfit-batch trains one seed: leave --seeds out/],
  [["--seeds", "1", "--seeds", "2"], /--seeds is given more than once/],
])("%j is refused", async (args, message) => {
  expectRefusal(await begin(...args, ...(args.includes("--overfit-batch") ? [] : ["--output", "refused"])), message, 2);
  expect(existsSync(at("refused"))).toBe(false);
});

test.each<[string, RegExp]>([
  ["3,3", /^gp-train: The seeds hold 3 twice: give different whole numbers .* \[CONFIG\]\n$/],
  ["4294967296", /^gp-train: The seeds hold 4294967296: .* \[CONFIG\]\n$/],
])("--seeds %s is refused", async (seeds, message) => {
  expectRefusal(await begin("--seeds", seeds, "--output", "refused"), message);
  expect(existsSync(at("refused"))).toBe(false);
});

test("--resume takes no --seeds; a folder that holds seeds takes no others", async () => {
  expectRefusal(await gpTrain("--resume", "three", "--seeds", "1"), /leave --seeds out/, 2);
  expectRefusal(
    await begin("--seeds", "1", "--output", "one"),
    /^gp-train: one holds seeds already: choose another --output, or go on with them by --resume one\. \[OUTPUT\]\n$/,
  );
});

describe("a run that was killed before its first checkpoint", () => {
  // Whether a step was recorded before the kill depends on the machine.
  const files = (): string[] => filesBelow(at("early")).filter((name) => name !== "steps.jsonl");

  test("is no run to resume, which is said; the same command begins it anew", async () => {
    writeFileSync(at("many.jsonl"), readFileSync(at("train.jsonl"), "utf8").repeat(40));
    const args = [
      "--config", "config.json", "--output", "early", "--set", "data.train=many.jsonl", "training.batchSize=1",
    ];
    const command = startCommand("gp-train", args, { cwd: folder.path });
    await command.saying("run directory");
    command.child.kill("SIGKILL");
    await command.ended;
    expect(files()).toEqual(["config.json", "lock", "run.json"]);
    expectRefusal(
      await gpTrain("--resume", "early"),
      /^gp-train: early ended abruptly before its first checkpoint, .*: begin it anew with the command that .* \[CHECKPOINT\]\n$/,
    );
    expect(files()).toEqual(["config.json", "lock", "run.json"]);
    expect(await gpTrain(...args)).toMatchObject({ status: 0, stderr: "" });
    expect(files()).not.toContain("lock");
  });

  test("but a folder with anything else in it is never taken for one", async () => {
    mkdirSync(at("own"));
    writeFileSync(at("own", "config.json"), readFileSync(at("config.json"), "utf8"));
    const refusal = /own exists already and is not empty: choose another --output, or remove it/;
    expectRefusal(await begin("--output", "own"), refusal);
    writeFileSync(at("own", "lock"), "999999999\n"); // as a process that is gone leaves it
    writeFileSync(at("own", "notes.txt"), "mine");
    expectRefusal(await begin("--output", "own"), refusal);
    expectRefusal(await begin("--seeds", "1", "--output", "own"), refusal);
    expect(readFileSync(at("own", "notes.txt"), "utf8")).toBe("mine");
    expect(readFileSync(at("own", "config.json"), "utf8")).toBe(readFileSync(at("config.json"), "utf8"));
  });
});
