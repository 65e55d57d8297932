/**
 * What heads, RoPE and the craft of training are worth: one config trained once for each variant, everything else
 * being equal, each in a process of its own.
 *
 *   node dist/bench/variants.js --config FILE --output FOLDER [--set key=value ...] [--only NAME,NAME] [--threads N]
 *
 * A variant of the head gives the whole section `head` anew, so that what the config and --set say of it counts for
 * the others only. The runs lie in FOLDER, named after their variants. A variant whose run is there already is not
 * trained again, so that a series can be broken off and gone on with (with the same flags); one that was stopped
 * midway is resumed. Prints a Markdown table: dev F1 of the best and of the last epoch, the median seconds of an epoch
 * and their ratio to the first variant's, and the parameters of the head.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { GlobalPointer } from "../lib/index.js";
import { median } from "./median.js";
import { runBenchmark } from "./run-benchmark.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** What each variant changes in the config. */
const VARIANTS: Record<string, string[]> = {
  "global-pointer": [],
  "global-pointer-no-rope": ["head.rope=false"],
  "efficient": ["head={\"type\":\"efficient-global-pointer\"}"],
  "efficient-no-rope": ["head={\"type\":\"efficient-global-pointer\",\"rope\":false}"],
  "efficient-hidden": ["head={\"type\":\"efficient-global-pointer\",\"biasInput\":\"hidden\"}"],
  "tplinker": ["head={\"type\":\"tplinker\"}"],
  "ema": ["training.ema={\"decay\":0.999}"],
  "fgm": ["training.adversarial={\"type\":\"fgm\",\"epsilon\":1}"],
  "pgd": ["training.adversarial={\"type\":\"pgd\",\"epsilon\":1,\"alpha\":0.3,\"steps\":3}"],
  "r-drop": ["training.rDrop=1"],
  "label-smoothing": ["training.labelSmoothing=0.1"],
};

interface EpochLine {
  epoch: number;
  seconds: number;
  dev: { f1: number };
}

interface Result {
  name: string;
  best: EpochLine;
  last: EpochLine;
  seconds: number;
  headParameters: number;
}

function gpTrain(args: readonly string[]): void {
  const { status } = spawnSync(process.execPath, [join(root, "dist", "bin", "gp-train.js"), ...args], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new GlobalPointerError("TRAINING", `gp-train ${args.join(" ")} ended with status ${status}.`);
}

async function resultOf(name: string, run: string): Promise<Result> {
  const epochs = readFileSync(join(run, "metrics.jsonl"), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line) as EpochLine);
  const [first] = epochs;
  const last = epochs.at(-1);
  if (first === undefined || last === undefined) {
    throw new GlobalPointerError("DATA", `${run} has no finished epoch: remove it and try again.`);
  }
  const model = await GlobalPointer.load(join(run, "best"), { device: "cpu" });
  const headParameters = model.headParameterCount;
  await model.dispose();
  return {
    name, last, headParameters,
    best: epochs.reduce((best, epoch) => epoch.dev.f1 > best.dev.f1 ? epoch : best, first),
    seconds: median(epochs.map(({ seconds }) => seconds)),
  };
}

function row({ name, best, last, seconds, headParameters }: Result, baseline: number): string {
  return `| \`${name}\` | ${best.dev.f1.toFixed(4)} (${best.epoch}) | ${last.dev.f1.toFixed(4)} `
    + `| ${seconds.toFixed(1)} | ${(seconds / baseline).toFixed(2)} | ${headParameters.toLocaleString("en")} |`;
}

await runBenchmark(async () => {
  const { values: { config, output, set, only, threads } } = parseArgs({
    options: {
      config: { type: "string" }, output: { type: "string" }, set: { type: "string", multiple: true, default: [] },
      only: { type: "string" }, threads: { type: "string", default: "0" },
    },
  });
  if (config === undefined || output === undefined) {
    throw new GlobalPointerError("CONFIG", "Say what to train and where to: give --config FILE and --output FOLDER.");
  }
  const names = only === undefined ? Object.keys(VARIANTS) : only.split(",");
  const unknown = names.find((name) => !Object.hasOwn(VARIANTS, name));
  if (unknown !== undefined) {
    throw new GlobalPointerError(
      "CONFIG", `There is no variant ${unknown}: --only takes some of ${Object.keys(VARIANTS).join(", ")}.`,
    );
  }
  console.log("| variant | best dev F1 (epoch) | last dev F1 | epoch, s | ratio | head parameters |");
  console.log("|---|---|---|---|---|---|");
  let baseline: number | undefined;
  for (const name of names) {
    const run = join(output, name);
    const sets = [...set, ...VARIANTS[name] ?? [], `training.threads=${threads}`].flatMap((one) => ["--set", one]);
    gpTrain(existsSync(join(run, "last")) ? ["--resume", run] : ["--config", config, "--output", run, ...sets]);
    const result = await resultOf(name, run);
    baseline ??= result.seconds;
    console.log(row(result, baseline));
  }
});
