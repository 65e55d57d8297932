#!/usr/bin/env node
import { loadConfig } from "../lib/config/load.js";
import { GlobalPointerError } from "../lib/errors.js";
import { formatScoreTable } from "../lib/evaluation/table.js";
import { resume, train, type TrainResult } from "../lib/training/train.js";
import { commandLine, runCommand, stopSignal } from "./command.js";
import { trainingDisplay } from "./training-display.js";

const STOPPED = 130; // as a shell reports an interrupted program

await runCommand("gp-train", async (args) => {
  const options = await commandLine("gp-train", args)
    .usage("$0 --config FILE [--output DIR] [--set key=value ...]\n$0 --resume DIR")
    .option("config", { type: "string", requiresArg: true, describe: "The config file; see docs/configuration.md" })
    .option("output", {
      type: "string", requiresArg: true,
      describe: "The run directory, new or empty; default: one named after the config and the time",
    })
    .option("resume", { type: "string", requiresArg: true, describe: "Go on with the run in this directory" })
    .option("set", {
      type: "string", array: true, default: [], describe: "Override keys of the config, such as training.epochs=3",
    })
    .option("device", { type: "string", requiresArg: true, describe: "auto, cpu, cuda or cuda:N" })
    .option("threads", { type: "number", requiresArg: true, describe: "Threads to compute with; 0: one a core" })
    .option("json", { type: "boolean", default: false, describe: "Write epochs and result to stdout as JSON lines" })
    .parseAsync();

  const observer = trainingDisplay(options);
  const signal = stopSignal(() => observer.message?.("stopping after this step; press Ctrl-C again to end at once"));
  let result: TrainResult;
  if (options.resume !== undefined) {
    for (const other of ["config", "output"] as const) {
      if (options[other] !== undefined) {
        throw new GlobalPointerError("CONFIG", `--resume goes on with the run as it was begun: leave --${other} out.`);
      }
    }
    if (options.set.length > 0) {
      throw new GlobalPointerError("CONFIG", "--resume goes on with the run as it was begun: leave --set out.");
    }
    result = await resume({
      directory: options.resume, observer, signal,
      ...(options.device === undefined ? {} : { device: options.device }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    });
  } else {
    if (options.config === undefined) {
      throw new GlobalPointerError("CONFIG", "Say what to train: give --config FILE, or --resume DIR.");
    }
    const config = loadConfig(options.config, [
      ...options.set,
      ...(options.device === undefined ? [] : [`training.device=${options.device}`]),
      ...(options.threads === undefined ? [] : [`training.threads=${options.threads}`]),
    ]);
    result = await train({ config, observer, signal, ...(options.output === undefined ? {} : { output: options.output }) });
  }

  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else describe(result);
  return result.stopped ? STOPPED : 0;
});

function describe({ directory, best, dev, stopped }: TrainResult): void {
  if (stopped) {
    process.stdout.write(`stopped; go on with: gp-train --resume ${directory}\n`);
    return;
  }
  if (dev !== undefined) process.stdout.write(`\ndev scores after the last epoch\n${formatScoreTable(dev)}\n\n`);
  if (best !== undefined) {
    process.stdout.write(
      `best model: epoch ${best.epoch}, dev F1 ${best.f1.toFixed(4)}, in ${best.directory}\n`
      + `tag sentences with: gp-predict --model ${best.directory} --input FILE\n`,
    );
  }
}
