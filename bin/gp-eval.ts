#!/usr/bin/env node
import { formatAlignmentReport } from "../lib/data/alignment-report.js";
import { emptyReadReport, readSamples, sampleFormats } from "../lib/data/read-samples.js";
import { evaluate } from "../lib/evaluation/evaluate.js";
import { formatScoreTable, formatTable } from "../lib/evaluation/table.js";
import { GlobalPointer } from "../lib/model/global-pointer.js";
import { commandLine, runCommand } from "./command.js";

const SEED_BATCH_SIZE = 64; // that of GlobalPointer_pytorch, on which its scores depend

await runCommand("gp-eval", async (args) => {
  const options = await commandLine("gp-eval", args)
    .usage("$0 --model DIR --data FILE")
    .option("model", { type: "string", requiresArg: true, demandOption: true, describe: "A model directory, such as RUN/best" })
    .option("data", { type: "string", requiresArg: true, demandOption: true, describe: "Annotated sentences" })
    .option("format", { choices: sampleFormats, default: sampleFormats[0], describe: "How the data is written" })
    .option("compat", {
      choices: ["seed"] as const,
      describe: "seed: the mean of per-batch scores over aligned labels, as GlobalPointer_pytorch reports it",
    })
    .option("threshold", { type: "number", requiresArg: true, describe: "Score above which a span is an entity; default: the model's" })
    .option("batch-size", { type: "number", requiresArg: true, describe: "Texts at a time; default 32, with --compat seed 64" })
    .option("device", { type: "string", requiresArg: true, default: "auto", describe: "auto, cpu, cuda or cuda:N" })
    .option("threads", { type: "number", requiresArg: true, default: 0, describe: "Threads to compute with; 0: one a core" })
    .option("json", { type: "boolean", default: false, describe: "Write one JSON object" })
    .parseAsync();

  const model = await GlobalPointer.load(options.model, { device: options.device, threads: options.threads });
  try {
    const report = emptyReadReport();
    const samples = readSamples(options.data, options.format, {
      entityTypes: model.entityTypes, requireLabels: true, report,
    });
    const { metrics, batchMean, alignment } = await evaluate(model, samples, {
      batchSize: options.batchSize ?? (options.compat === "seed" ? SEED_BATCH_SIZE : 32),
      ...(options.threshold === undefined ? {} : { threshold: options.threshold }),
    });
    for (const line of formatAlignmentReport(alignment, options.data)) process.stderr.write(`${line}\n`);
    if (report.duplicates > 0) {
      process.stderr.write(`${options.data}: ${report.duplicates} entities stand twice on their line; each counts once\n`);
    }
    if (options.json) {
      process.stdout.write(`${JSON.stringify(options.compat === "seed" ? { ...batchMean, types: {} } : metrics)}\n`);
    } else if (options.compat === "seed") {
      const { precision, recall, f1, support, batches } = batchMean;
      process.stdout.write(`${formatTable([
        ["mean of batches", "precision", "recall", "f1", "support", "batches"],
        ["all", precision.toFixed(4), recall.toFixed(4), f1.toFixed(4), String(support), String(batches)],
      ])}\n`);
    } else {
      process.stdout.write(`${formatScoreTable(metrics)}\n`);
    }
  } finally {
    await model.dispose();
  }
  return 0;
});
