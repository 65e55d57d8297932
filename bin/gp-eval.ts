#!/usr/bin/env node
import { formatAlignmentReport } from "../lib/data/alignment-report.js";
import { emptyReadReport, readSamples, sampleFormats } from "../lib/data/read-samples.js";
import type { BatchMeanMetrics } from "../lib/evaluation/compat-seed.js";
import { evaluate, type Evaluation } from "../lib/evaluation/evaluate.js";
import type { Scores } from "../lib/evaluation/metrics.js";
import { formatScoreTable, formatTable } from "../lib/evaluation/table.js";
import { GlobalPointer } from "../lib/model/global-pointer.js";
import { commandLine, runCommand } from "./command.js";
import { given, modelOptions } from "./model-options.js";

const BATCH_SIZE = 32;
const SEED_BATCH_SIZE = 64; // that of GlobalPointer_pytorch, on which its scores depend

function seedTable({ precision, recall, f1, support, batches }: BatchMeanMetrics): string {
  return formatTable([
    ["mean of batches", "precision", "recall", "f1", "support", "batches"],
    ["all", ...[precision, recall, f1].map((share) => share.toFixed(4)), String(support), String(batches)],
  ]);
}

type Figures = Pick<Scores, "precision" | "recall" | "f1" | "support">;

function figures({ precision, recall, f1, support }: Figures): Figures {
  return { precision, recall, f1, support };
}

/** The mean over batches, where it was asked for, knows no types. */
function asJson({ metrics, batchMean }: Evaluation): string {
  if (batchMean !== undefined) return JSON.stringify({ ...figures(batchMean), types: {} });
  const types = Object.entries(metrics.types).map(([type, scores]) => [type, figures(scores)] as const);
  return JSON.stringify({ ...figures(metrics), types: Object.fromEntries(types) });
}

function asTable({ metrics, batchMean }: Evaluation): string {
  return batchMean === undefined ? formatScoreTable(metrics) : seedTable(batchMean);
}

await runCommand("gp-eval", async (args) => {
  const options = await commandLine("gp-eval", args)
    .usage("$0 --model DIR --data FILE")
    .options(modelOptions)
    .option("data", { type: "string", requiresArg: true, demandOption: true, describe: "Annotated sentences" })
    .option("format", {
      choices: sampleFormats, requiresArg: true, default: sampleFormats[0], describe: "How the data is written",
    })
    .option("compat", {
      choices: ["seed"] as const, requiresArg: true,
      describe: "seed: the mean of per-batch scores over aligned labels, as GlobalPointer_pytorch reports it; "
        + "batches of 64 unless --batch-size says otherwise",
    })
    .option("json", { type: "boolean", default: false, describe: "Write one JSON object" })
    .parseAsync();
  const { data, format, compat, threshold, device, threads } = options;

  const model = await GlobalPointer.load(options.model, given({ device, threads }));
  try {
    const report = emptyReadReport();
    const samples = readSamples(data, { format, entityTypes: model.entityTypes, requireLabels: true, report });
    const evaluation = await evaluate(model, samples, {
      batchSize: options.batchSize ?? (compat === "seed" ? SEED_BATCH_SIZE : BATCH_SIZE),
      ...given({ threshold, compat }),
    });
    for (const line of formatAlignmentReport(evaluation.alignment, data)) process.stderr.write(`${line}\n`);
    if (report.duplicates > 0) {
      process.stderr.write(`${data}: ${report.duplicates} entities stand twice on their line; each counts once\n`);
    }
    process.stdout.write(`${options.json ? asJson(evaluation) : asTable(evaluation)}\n`);
  } finally {
    await model.dispose();
  }
  return 0;
});
