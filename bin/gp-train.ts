#!/usr/bin/env node
import { loadConfig } from "../lib/config/load.js";
import { formatScoreTable } from "../lib/evaluation/score-table.js";
import { overfitBatch, type OverfitResult } from "../lib/training/overfit.js";
import { isSeedsDirectory } from "../lib/training/seeds-directory.js";
import { resumeSeeds, trainSeeds, type SeedsResult } from "../lib/training/seeds.js";
import { resume, train, type TrainResult } from "../lib/training/train.js";
import { commandLine, CommandLineError, runCommand, stopOnInterruption, type Stop } from "./command.js";
import { deviceOptions, given } from "./model-options.js";
import { formatSeedsTables } from "./seeds-table.js";
import { trainingDisplay } from "./training-display.js";

await runCommand("gp-train", async (args) => {
  const options = await commandLine("gp-train", args, ["set"])
    .usage(
      "$0 --config FILE [--output DIR] [--set key=value ...]\n$0 --config FILE --seeds 1,2,3 [--output DIR]\n"
      + "$0 --resume DIR",
    )
    .option("config", { type: "string", requiresArg: true, describe: "The config file; see docs/configuration.md" })
    .option("output", {
      type: "string", requiresArg: true,
      describe: "The run directory, new or empty; default: one named after the config and the time",
    })
    .option("resume", { type: "string", requiresArg: true, describe: "Go on with the run or the seeds in this folder" })
    .option("seeds", {
      type: "string", requiresArg: true,
      describe: "Train once with each of these seeds, such as 1,2,3, and compare the runs",
    })
    .option("set", {
      type: "string", array: true, requiresArg: true, default: [],
      describe: "Override keys of the config, such as training.epochs=3",
    })
    .option("overfit-batch", {
      type: "boolean", default: false,
      describe: "Check data and settings: learn one batch by heart, write nothing; status 1 when it cannot be learnt",
    })
    .options(deviceOptions)
    .option("json", { type: "boolean", default: false, describe: "Write epochs and result to stdout as JSON lines" })
    .parseAsync();
  const { config, output, resume: directory, set, seeds: list, device, threads } = options;

  const observer = trainingDisplay(options);
  const stop = stopOnInterruption(() => {
    observer.message?.("stopping after this step; press Ctrl-C again to end at once");
  });
  const context = { observer, signal: stop.signal, command: asTyped(["gp-train", ...args]) };
  if (directory !== undefined) {
    const beside = { config, output, "set": set[0], "seeds": list, "overfit-batch": options.overfitBatch || undefined };
    const extra = Object.entries(beside).find(([, value]) => value !== undefined);
    if (extra !== undefined) {
      throw new CommandLineError(`--resume goes on with the run as it was begun: leave --${extra[0]} out`);
    }
    const stopped = { directory, ...context, ...given({ device, threads }) };
    return isSeedsDirectory(directory) ? tellSeeds(await resumeSeeds(stopped), options.json, stop)
      : tell(await resume(stopped), options.json, stop);
  }
  if (config === undefined) throw new CommandLineError("say what to train: give --config FILE, or --resume DIR");
  const seeds = list === undefined ? undefined : parseSeeds(list);
  const overridden = seeds === undefined ? undefined : set.find(settlesSeed);
  if (overridden !== undefined) {
    throw new CommandLineError(`--seeds settles training.seed: leave --set ${overridden} out`);
  }
  const overrides = Object.entries(given({ device, threads })).map(([key, value]) => `training.${key}=${value}`);
  const loaded = loadConfig(config, [...set, ...overrides]);
  if (options.overfitBatch) {
    if (output !== undefined) throw new CommandLineError("--overfit-batch writes nothing: leave --output out");
    if (seeds !== undefined) throw new CommandLineError("--overfit-batch trains one seed: leave --seeds out");
    return tellOverfit(await overfitBatch({ config: loaded, ...context }), options.json, stop);
  }
  const begun = { config: loaded, ...context, ...given({ output }) };
  return seeds === undefined ? tell(await train(begun), options.json, stop)
    : tellSeeds(await trainSeeds({ ...begun, seeds }), options.json, stop);
}, { outlivesReader: true });

/** `1,2,3` as numbers. */
/** Whether a --set gives the seed, by itself or within the section. */
function settlesSeed(override: string): boolean {
  return /^\s*training\.seed\s*=/.test(override) || /^\s*training\s*=.*"seed"\s*:/s.test(override);
}

function parseSeeds(list: string): number[] {
  const seeds = list.split(",").map((item) => item.trim());
  const wrong = seeds.find((item) => !/^\d+$/.test(item));
  if (wrong !== undefined) {
    throw new CommandLineError(
      `--seeds takes whole numbers with commas between them, such as 1,2,3: ${JSON.stringify(wrong)} is none`,
    );
  }
  return seeds.map(Number);
}

/** A command line as it could be typed into a shell again. */
function asTyped(words: readonly string[]): string {
  return words.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

/** @returns the exit status */
function tell(result: TrainResult, json: boolean, stop: Stop): number {
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : describe(result));
  return result.stopped ? stop.status() : 0;
}

/** @returns the exit status */
function tellSeeds(result: SeedsResult, json: boolean, stop: Stop): number {
  const { directory, runs, seeds, stopped } = result;
  const lines = stopped
    ? [`stopped with ${runs.length} of ${seeds.length} seeds finished; go on with: gp-train --resume ${directory}`]
    : ["", formatSeedsTables(result), "", `the runs and seeds.json are in ${directory}`];
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : lines.map((line) => `${line}\n`).join(""));
  return stopped ? stop.status() : 0;
}

/** @returns the exit status */
function tellOverfit({ wrong, ...result }: OverfitResult, json: boolean, stop: Stop): number {
  const { learnt, steps, scores: { f1 } } = result;
  if (stop.signal.aborted && !learnt) {
    process.stdout.write(`stopped after ${steps} steps, F1 on the batch ${f1.toFixed(4)}\n`);
    return stop.status();
  }
  const lines = json ? [JSON.stringify({ ...result, wrong })] : learnt
    ? [`the batch was learnt in ${steps} steps: data, labels and settings fit together`]
    : [
      `the batch was not learnt in ${steps} steps: F1 ${f1.toFixed(4)}; still wrong:`,
      ...wrong.map((line) => `  ${line}`),
      "likely causes: labels that contradict each other (the same text annotated in different ways), or a "
      + "training.learningRate that is too low or too high; gp-data check and gp-data stats look at the data",
    ];
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  return learnt ? 0 : 1;
}

function describe({ directory, best, dev, stopped }: TrainResult): string {
  if (stopped) return `stopped; go on with: gp-train --resume ${directory}\n`;
  const lines: string[] = [];
  if (dev !== undefined) lines.push("", "dev scores after the last epoch", formatScoreTable(dev), "");
  if (best !== undefined) {
    lines.push(
      `best model: epoch ${best.epoch}, dev F1 ${best.f1.toFixed(4)}, in ${best.directory}`,
      `tag sentences with: gp-predict --model ${best.directory} --input FILE`,
    );
  }
  return lines.map((line) => `${line}\n`).join("");
}
