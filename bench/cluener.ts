/**
 * An epoch of training on CLUENER from random weights (configs/cluener-scratch.json), the project and plain PyTorch in
 * turns on the same machine.
 *
 *   node dist/bench/cluener.js --train FILE --dev FILE --vocab FILE [--python PYTHON] [--pairs N]
 *
 * PYTHON needs the packages of test/parity/requirements.txt. Its glibc is kept from handing memory back between steps,
 * which makes it markedly faster. Prints the seconds of each pair, their ratio, and the medians.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { median } from "./median.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

interface Epoch {
  seconds: number;
  tokensPerSecond: number;
}

const { values } = parseArgs({
  options: {
    train: { type: "string" },
    dev: { type: "string" },
    vocab: { type: "string" },
    python: { type: "string", default: "python3" },
    pairs: { type: "string", default: "3" },
  },
});

function required(name: "train" | "dev" | "vocab"): string {
  const value = values[name];
  if (value === undefined) {
    throw new GlobalPointerError("CONFIG", `--${name} is missing: give --train, --dev and --vocab.`);
  }
  return value;
}

function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: "utf8", env: { ...process.env, ...env }, maxBuffer: 1 << 26,
  });
  if (status !== 0) throw new GlobalPointerError("INTERNAL", `${command} ${args.join(" ")} failed:\n${stderr}`);
  return stdout;
}

function projectEpoch(): Epoch {
  const folder = mkdtempSync(join(tmpdir(), "cluener-"));
  try {
    const output = run(process.execPath, [
      join(root, "dist", "bin", "gp-train.js"), "--config", join(root, "configs", "cluener-scratch.json"), "--json",
      "--output", join(folder, "run"), "--set", "training.epochs=1", "--set", `data.train=${required("train")}`,
      "--set", `data.dev=${required("dev")}`, "--set", `encoder.vocab=${required("vocab")}`,
    ]);
    return JSON.parse(output.split("\n")[0] ?? "") as Epoch;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function baselineEpoch(): Epoch {
  const output = run(values.python, [
    join(root, "test", "parity", "train_baseline.py"), "--train", required("train"), "--dev", required("dev"),
    "--vocab", required("vocab"), "--epochs", "1", "--threads", "2",
  ], { MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: "17179869184" });
  const { seconds, tokens_per_second: tokensPerSecond } = JSON.parse(output.trim().split("\n").at(-1) ?? "") as
    { seconds: number; tokens_per_second: number };
  return { seconds, tokensPerSecond };
}

const describe = ({ seconds, tokensPerSecond }: Epoch): string =>
  `${seconds.toFixed(1).padStart(7)} s ${Math.round(tokensPerSecond).toString().padStart(7)} tokens/s`;

const pairs: [Epoch, Epoch][] = [];
console.log("       project                    plain PyTorch              ratio");
for (let i = 0; i < Number(values.pairs); i++) {
  const pair: [Epoch, Epoch] = [projectEpoch(), baselineEpoch()];
  pairs.push(pair);
  console.log(`${describe(pair[0])}  ${describe(pair[1])}  ${(pair[1].seconds / pair[0].seconds).toFixed(2)}`);
}
const project = median(pairs.map(([epoch]) => epoch.seconds));
const baseline = median(pairs.map(([, epoch]) => epoch.seconds));
const ratio = median(pairs.map(([ours, theirs]) => theirs.seconds / ours.seconds));
console.log(`medians: ${project.toFixed(1)} s and ${baseline.toFixed(1)} s, ratio ${ratio.toFixed(2)}`);
