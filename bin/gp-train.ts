#!/usr/bin/env node
import { loadConfig } from "../lib/config/load.js";
import { formatScoreTable } from "../lib/evaluation/score-table.js";
import { resume, train, type TrainResult } from "../lib/training/train.js";
import { commandLine, CommandLineError, runCommand, stopOnInterruption } from "./command.js";
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
    .options(deviceOptions)
    .option("json", { type: "boolean", default: false, describe: "Write epochs and result to stdout as JSON lines" })
    .parseAsync();
  const { config, output, resume: directory, set, device, threads } = options;

  const observer = trainingDisplay(options);
  const stop = stopOnInterruption(() => {
    observer.message?.("stopping after this step; press Ctrl-C again to end at once");
  });
  const { signal } = stop;
  let result: TrainResult;
  if (directory !== undefined) {
    const extra = Object.entries({ config, output, set: set[0] }).find(([, value]) => value !== undefined);
    if (extra !== undefined) {
      throw new CommandLineError(`--resume goes on with the run as it was begun: leave --${extra[0]} out`);
    }
    result = await resume({ directory, observer, signal, ...given({ device, threads }) });
  } else {
    if (config === undefined) throw new CommandLineError("say what to train: give --config FILE, or --resume DIR");
    const overrides = Object.entries(given({ device, threads })).map(([key, value]) => `training.${key}=${value}`);
    result = await train({
      config: loadConfig(config, [...set, ...overrides]), observer, signal, ...given({ output }),
    });
  }

  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
  return result.stopped ? stop.status() : 0;
}, { outlivesReader: true });

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
