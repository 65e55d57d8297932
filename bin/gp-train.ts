#!/usr/bin/env node
import { loadConfig } from "../lib/config/load.js";
import { formatScoreTable } from "../lib/evaluation/score-table.js";
import { overfitBatch, type OverfitResult } from "../lib/training/overfit.js";
import { resume, train, type TrainResult } from "../lib/training/train.js";
import { commandLine, CommandLineError, runCommand, stopOnInterruption, type Stop } from "./command.js";
import { deviceOptions, given } from "./model-options.js";
import { trainingDisplay } from "./training-display.js";

await runCommand("gp-train", async (args) => {
  const options = await commandLine("gp-train", args, ["set"])
    .usage("$0 --config FILE [--output DIR] [--set key=value ...]\n$0 --resume DIR")
    .option("config", { type: "string", requiresArg: true, describe: "The config file; see docs/configuration.md" })
    .option("output", {
      type: "string", requiresArg: true,
      describe: "The run directory, new or empty; default: one named after the config and the time",
    })
    .option("resume", { type: "string", requiresArg: true, describe: "Go on with the run in this directory" })
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
  const { config, output, resume: directory, set, device, threads, overfitBatch: overfit } = options;

  const observer = trainingDisplay(options);
  const stop = stopOnInterruption(() => {
    observer.message?.("stopping after this step; press Ctrl-C again to end at once");
  });
  const { signal } = stop;
  let result: TrainResult;
  if (directory !== undefined) {
    const beside = { config, output, "set": set[0], "overfit-batch": overfit || undefined };
    const extra = Object.entries(beside).find(([, value]) => value !== undefined);
    if (extra !== undefined) {
      throw new CommandLineError(`--resume goes on with the run as it was begun: leave --${extra[0]} out`);
    }
    result = await resume({ directory, observer, signal, ...given({ device, threads }) });
  } else {
    if (config === undefined) throw new CommandLineError("say what to train: give --config FILE, or --resume DIR");
    const overrides = Object.entries(given({ device, threads })).map(([key, value]) => `training.${key}=${value}`);
    const loaded = loadConfig(config, [...set, ...overrides]);
    if (overfit) {
      if (output !== undefined) throw new CommandLineError("--overfit-batch writes nothing: leave --output out");
      return tellOverfit(await overfitBatch({ config: loaded, observer, signal }), options.json, stop);
    }
    result = await train({ config: loaded, observer, signal, ...given({ output }) });
  }

  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
  return result.stopped ? stop.status() : 0;
}, { outlivesReader: true });

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
