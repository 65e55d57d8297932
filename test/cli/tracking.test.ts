// What gp-train shows and sends: the console's lines, and Weights & Biases with a stand-in for its SDK.
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Tracking } from "../../lib/tracking/tracking.js";
import { WandbTracker } from "../../lib/tracking/wandb.js";
import { projectRoot, runCommand, startCommand, temporaryFolder, type Outcome } from "../support/commands.js";
import { writeTinyCorpus } from "../support/tiny-corpus.js";
import { epochRecord, stepRecord, trackedRun } from "../support/tracked.js";

/**
 * Has the parts of @wandb/sdk 0.5 that are used, and its habits: it ends the process on Ctrl-C and prints what fails.
 * Writes what it is asked into the file WANDB_STAND_IN.
 */
const STAND_IN = `
import { appendFileSync } from "node:fs";
const tell = (...what) => appendFileSync(process.env.WANDB_STAND_IN, JSON.stringify(what) + "\\n");
export default {
  async init(options) {
    process.once("SIGINT", () => process.exit(77));
    console.log("noise of the SDK");
    tell("init", options);
    return { url: () => "http://localhost/me/demo/runs/1" };
  },
  log(data, step) { tell("log", step, data); },
  async finish(code) { tell("finish", code); },
};
`;

let folder: ReturnType<typeof temporaryFolder>;
/** A copy of the package with the stand-in installed. */
let root: string;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeAll(() => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
  root = at("package");
  for (const name of ["dist", "package.json"]) cpSync(join(projectRoot, name), join(root, name), { recursive: true });
  symlinkSync(join(projectRoot, "build"), join(root, "build"));
  mkdirSync(join(root, "node_modules", "@wandb", "sdk"), { recursive: true });
  for (const name of readdirSync(join(projectRoot, "node_modules"))) {
    if (name !== "@wandb") symlinkSync(join(projectRoot, "node_modules", name), join(root, "node_modules", name));
  }
  const sdk = join(root, "node_modules", "@wandb", "sdk");
  const manifest = { name: "@wandb/sdk", type: "module", exports: "./index.js" };
  writeFileSync(join(sdk, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(sdk, "index.js"), STAND_IN);
});
afterAll(() => { folder.remove(); });

/** Bodies of an SDK's functions. */
interface Behaviour {
  init?: string;
  log?: string;
  finish?: string;
}

const wandb = ["--set", "tracking.wandb={\"project\":\"demo\",\"entity\":\"me\"}"];
function training(output: string, ...set: string[]): string[] {
  return ["--config", "config.json", "--output", output, ...set];
}

function gpTrain(output: string, ...set: string[]): Promise<Outcome> {
  return runCommand("gp-train", training(output, ...set), { cwd: folder.path });
}

function jsonLines(text: string): unknown[] {
  return text.trim().split("\n").map((line) => JSON.parse(line) as unknown);
}

describe("tracking.console", () => {
  const off = ["--set", "tracking.console=false"];

  test("off, there is no line an epoch, also of a run that goes on", async () => {
    const { status, stdout } = await gpTrain("quiet", ...off);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^run directory: /m);
    expect(stdout).not.toMatch(/^epoch \d/m);
    expect(stdout).toMatch(/^best model: epoch/m);
    expect((await gpTrain("told")).stdout).toMatch(/^epoch 2 /m);
  });

  test("off, --json writes its records all the same", async () => {
    const { stdout, stderr } = await gpTrain("json", ...off, "--json");
    expect(jsonLines(stdout)).toMatchObject([{ epoch: 1 }, { epoch: 2 }, { directory: "json" }]);
    expect(stderr).not.toMatch(/^epoch \d/m);
  });
});

describe("tracking.wandb", () => {
  test("without the package, one line says what to install, and training goes on", async () => {
    const { status, stdout, stderr } = await gpTrain("absent", ...wandb);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout.split("\n").filter((line) => line.includes("wandb"))).toEqual([
      "warning: Weights & Biases: the package @wandb/sdk is not installed: npm install @wandb/sdk, or remove "
      + "tracking.wandb; left out from here on",
    ]);
  });

  test("with it, the run is there with its config, a record a step and its end", async () => {
    const options = { cwd: folder.path, root, env: { WANDB_STAND_IN: at("asked.jsonl") } };
    const every = ["--set", "tracking.everySteps=5"];
    const { status, stdout, stderr } = await runCommand("gp-train", training("sent", ...wandb, ...every), options);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^Weights & Biases: http:\/\/localhost\/me\/demo\/runs\/1$/m);
    expect(stdout).not.toContain("noise");
    const config = JSON.parse(readFileSync(at("sent", "config.json"), "utf8")) as unknown;
    const number = expect.any(Number) as number;
    expect(jsonLines(readFileSync(at("asked.jsonl"), "utf8"))).toEqual([
      ["init", { project: "demo", entity: "me", name: "sent", config, settings: { silent: true } }],
      ["log", 5, expect.objectContaining({ "train/loss": number, "train/epoch": 1, "memory/peak": number })],
      ["log", 6, expect.objectContaining({ "epoch/number": 1, "dev/f1": number, "types/person/f1": number })],
      ["log", 10, expect.objectContaining({ "train/gradientNorm": number, "train/headLearningRate": number })],
      ["log", 12, expect.objectContaining({ "epoch/number": 2 })],
      ["finish", 0],
    ]);
  });

  test("the SDK's way with Ctrl-C does not keep the training from its last checkpoint", async () => {
    const options = { cwd: folder.path, root, env: { WANDB_STAND_IN: at("stopped.jsonl") } };
    const command = startCommand("gp-train", training("stopped", ...wandb, "--set", "training.epochs=2000"), options);
    await command.saying("Weights & Biases: http");
    command.child.kill("SIGINT");
    expect(await command.ended).toMatchObject({ status: 130, stderr: "" });
    expect(command.output()).toContain("stopped; go on with: gp-train --resume stopped");
    expect(jsonLines(readFileSync(at("stopped.jsonl"), "utf8")).at(-1)).toEqual(["finish", 0]);
  });

  /** What is told of an SDK that behaves as given. */
  async function told({ init = "", log = "", finish = "" }: Behaviour, longestEnd = 60_000): Promise<string[]> {
    const file = at("behaving.mjs");
    writeFileSync(file, `export default {
      async init() { ${init}; return {}; }, log() { ${log} }, async finish() { ${finish} },
    };`);
    const run = trackedRun(folder.path);
    const modules = {
      worker: pathToFileURL(join(projectRoot, "dist", "lib", "tracking", "wandb-worker.js")),
      sdk: `${pathToFileURL(file).href}?${String(Math.random())}`,
    };
    const tracking = new Tracking(run, [new WandbTracker({ project: "demo" }, modules)], longestEnd);
    tracking.step(stepRecord(1));
    tracking.epoch(epochRecord(1, 2));
    await tracking.end({ status: "finished" });
    return run.messages;
  }

  const never = "await new Promise(() => setInterval(() => {}, 1000))";

  test.each<[string, Behaviour, RegExp]>([
    ["rejects", { init: "throw new Error('no\\nkey')" }, /: no key;/],
    ["throws while it logs", { log: "throw new Error('log')" }, /: log;/],
    ["rejects at the end", { finish: "throw new Error('late')" }, /: late;/],
    ["prints what it could not send", { log: "console.error('Fatal error: ', new Error('no network'))" }, /: Fatal error: no network;/],
    ["prints a whole request", { init: "console.error(new Error('refused: {\"response\":{}}'))" }, /: refused;/],
    ["throws where nobody catches it", { init: `setTimeout(() => { throw new Error('far') }); ${never}` }, /: far;/],
    ["leaves a rejection alone", { init: `Promise.reject(new Error('alone')); ${never}` }, /: alone;/],
    ["ends its thread", { init: `process.exit(3); ${never}` }, /: the SDK has ended the thread it ran in;/],
  ])("an SDK that %s is left out with one line", async (_, behaviour, reason) => {
    const messages = await told(behaviour);
    expect(messages).toEqual([expect.stringMatching(/^warning: Weights & Biases: .*; left out from here on$/)]);
    expect(messages[0]).toMatch(reason);
  });

  test.each<[string, Behaviour]>([
    ["to begin", { init: never }], ["to end", { finish: never }], ["to log", { log: "for (;;);" }],
  ])("an SDK that never comes %s holds the end up no longer than is allowed", async (_, behaviour) => {
    expect(await told(behaviour, 500)).toEqual([
      "warning: Weights & Biases: has not ended within 0.5 s; left out from here on",
    ]);
  });

  test("an SDK that does as it should is not told of", async () => {
    expect(await told({})).toEqual([]);
  });
});
