#!/usr/bin/env node
import { refuseOverwriting } from "../lib/corpus/write-together.js";
import { formatAlignmentReport } from "../lib/data/alignment-report.js";
import { emptyReadReport, formatReadReport, readSamples, type ReadOptions } from "../lib/data/read-samples.js";
import { comparePaired } from "../lib/evaluation/bootstrap.js";
import type { BatchMeanMetrics } from "../lib/evaluation/compat-seed.js";
import { evaluate, type Evaluation, type EvaluationOptions } from "../lib/evaluation/evaluate.js";
import { formatComparison, formatExplanation } from "../lib/evaluation/explanation-tables.js";
import type { Comparison } from "../lib/evaluation/explanation.js";
import { macroScores, type Scores } from "../lib/evaluation/metrics.js";
import { SeenMentions } from "../lib/evaluation/seen-mentions.js";
import { formatScoreTable } from "../lib/evaluation/score-table.js";
import { tuneThresholds, type TunedThresholds } from "../lib/evaluation/tune-thresholds.js";
import { rewriteDescription } from "../lib/model/directory.js";
import { GlobalPointer } from "../lib/model/global-pointer.js";
import { renderEvaluationReport } from "../lib/report/evaluation-report.js";
import { WholeFile } from "../lib/storage/whole-file.js";
import { formatTable } from "../lib/terminal/table.js";
import { isCheckpoint } from "../lib/training/run-directory.js";
import { commandLine, CommandLineError, endOnInterruption, runCommand } from "./command.js";
import { dataFlags, formatOptionsFrom, skipFlag } from "./data-flags.js";
import { asMisuse, decodeFlags, thresholdsFrom } from "./decode-flags.js";
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
function asJson({ metrics, batchMean, explanation }: Evaluation, comparison: Comparison | undefined): string {
  if (batchMean !== undefined) return JSON.stringify({ ...figures(batchMean), types: {} });
  const types = Object.entries(metrics.types).map(([type, scores]) => [type, figures(scores)] as const);
  return JSON.stringify({
    ...figures(metrics), macro: macroScores(metrics), types: Object.fromEntries(types),
    ...(explanation === undefined ? {} : { explanation: { ...explanation, excerpts: undefined } }),
    ...(comparison === undefined ? {} : { comparison }),
  });
}

function asTables({ metrics, batchMean, explanation }: Evaluation, comparison: Comparison | undefined): string {
  if (batchMean !== undefined) return seedTable(batchMean);
  return [
    formatScoreTable(metrics),
    ...(explanation === undefined ? [] : [formatExplanation(metrics, explanation)]),
    ...(comparison === undefined ? [] : [formatComparison(comparison)]),
  ].join("\n\n");
}

function tunedTable(
  { thresholds, before, after }: TunedThresholds, old: readonly number[], entityTypes: readonly string[],
): string {
  const rows = entityTypes.map((type, index) => [
    type, (old[index] ?? 0).toFixed(3), (thresholds[index] ?? 0).toFixed(3),
    ...[before, after].map(({ types }) => (types[type]?.f1 ?? 0).toFixed(4)), String(after.types[type]?.support ?? 0),
  ]);
  return formatTable([
    ["type", "threshold", "tuned", "f1", "f1 tuned", "support"], ...rows,
    ["all", "", "", before.f1.toFixed(4), after.f1.toFixed(4), String(after.support)],
  ]);
}

/** Keeps tuned thresholds in the model directory, and tells what they are. */
function store(directory: string, model: GlobalPointer, tuned: TunedThresholds, old: readonly number[]): void {
  const { description, entityTypes, tokenizer: { vocabulary } } = model;
  rewriteDescription(directory, { ...description, thresholds: tuned.thresholds }, vocabulary);
  process.stdout.write(
    `${tunedTable(tuned, old, entityTypes)}\n`
    + `stored in ${directory}; judge them on other data than they were tuned on\n`,
  );
}

/** A paired comparison, where there is another model and both were explained. */
function compared(
  model: string, own: Evaluation, against: string | undefined, other: Evaluation | undefined,
): Comparison | undefined {
  if (against === undefined || own.counts === undefined || other?.counts === undefined) return undefined;
  return comparePaired({ name: model, counts: own.counts }, { name: against, counts: other.counts });
}

/** What cannot be asked for together. */
function refuseContradictions(options: Record<string, unknown>): void {
  const asked = (flag: string): boolean => options[flag] !== undefined && options[flag] !== false;
  const contradictions = [
    ["tune-thresholds", ["flat", "top-k", "compat", "against", "report", "explain", "train", "json"]],
    ["compat", ["flat", "top-k", "max-span-tokens", "against", "report", "explain", "train"]],
  ] as const;
  for (const [flag, others] of contradictions) {
    const other = others.find((name) => asked(name));
    if (asked(flag) && other !== undefined) {
      throw new CommandLineError(`--${flag} cannot stand beside --${other}: leave one of them out`);
    }
  }
  if (asked("train") && !asked("explain") && !asked("report")) {
    throw new CommandLineError("--train is told of by --explain and --report alone: give one of them, or leave it out");
  }
}

await runCommand("gp-eval", async (args) => {
  const options = await commandLine("gp-eval", args, ["threshold", "format-option"])
    .usage("$0 --model DIR --data FILE")
    .options(modelOptions)
    .option("data", { type: "string", requiresArg: true, demandOption: true, describe: "Annotated sentences" })
    .options(dataFlags)
    .options(skipFlag)
    .options(decodeFlags)
    .option("explain", {
      type: "boolean", default: false,
      describe: "Relaxed scores, breakdowns by nesting and length, 95% intervals, kinds of errors",
    })
    .option("report", {
      type: "string", requiresArg: true, describe: "Write all of that, with the errors shown, as an HTML page",
    })
    .option("train", {
      type: "string", requiresArg: true,
      describe: "The training set, to tell mentions that were seen in it from others; with --explain or --report",
    })
    .option("against", {
      type: "string", requiresArg: true, describe: "Another model directory to compare with, by a paired bootstrap",
    })
    .option("tune-thresholds", {
      type: "boolean", default: false,
      describe: "Find the thresholds by type that score best on the data, and store them in the model directory",
    })
    .option("compat", {
      choices: ["seed"] as const, requiresArg: true,
      describe: "seed: the mean of per-batch scores over aligned labels, as GlobalPointer_pytorch reports it; "
        + "batches of 64 unless --batch-size says otherwise",
    })
    .option("json", { type: "boolean", default: false, describe: "Write one JSON object" })
    .parseAsync();
  const { data, format, compat, maxSpanTokens, topK, flat, maxSeqLen, stride, train } = options;
  const loadOptions = given({ device: options.device, threads: options.threads, precision: options.precision });
  refuseContradictions(options);
  endOnInterruption();
  const explain = options.explain || options.report !== undefined || options.against !== undefined;
  const evaluationOptions: EvaluationOptions = {
    batchSize: options.batchSize ?? (compat === "seed" ? SEED_BATCH_SIZE : BATCH_SIZE),
    flat, explain, ...thresholdsFrom(options.threshold), ...given({ compat, maxSpanTokens, topK, maxSeqLen, stride }),
  };
  const reading: ReadOptions = {
    format, formatOptions: formatOptionsFrom(options.formatOption), requireLabels: true, skipFaulty: options.skipFaulty,
  };

  /** Loads a model, and checks the options with it before anything takes time. */
  const load = async (directory: string): Promise<GlobalPointer> => {
    const model = await GlobalPointer.load(directory, loadOptions);
    asMisuse(() => { model.checkOptions(evaluationOptions); });
    return model;
  };
  const samplesFor = (entityTypes: readonly string[], report = emptyReadReport()) =>
    readSamples(data, { ...reading, entityTypes, report });

  if (options.report !== undefined) {
    refuseOverwriting([data, ...(train === undefined ? [] : [train])], [options.report]);
  }
  if (options.tuneThresholds && isCheckpoint(options.model)) {
    throw new CommandLineError(
      `${options.model} is the checkpoint of a run, which would go on with other thresholds: tune its best/, or a copy`,
    );
  }
  const page = options.report === undefined ? undefined : new WholeFile(options.report);
  const model = await load(options.model).catch((error: unknown) => {
    page?.abandon();
    throw error;
  });
  let other: GlobalPointer | undefined;
  try {
    if (options.tuneThresholds) {
      const report = emptyReadReport();
      const tuned = await tuneThresholds(model, samplesFor(model.entityTypes, report), evaluationOptions);
      for (const line of formatReadReport(report, data)) process.stderr.write(`${line}\n`);
      store(options.model, model, tuned, [...model.thresholds(evaluationOptions)]);
      return 0;
    }
    if (options.against !== undefined) other = await load(options.against);
    const seen = explain && train !== undefined ? await SeenMentions.of(readSamples(train, reading)) : undefined;
    const report = emptyReadReport();
    // Both models have to see the same texts, whichever are left out as faulty.
    const types = model.entityTypes.filter((type) => other?.entityTypes.includes(type) ?? true);
    if (types.length === 0) {
      throw new CommandLineError(`${options.model} and ${options.against ?? ""} have no entity type in common`);
    }
    const evaluation = await evaluate(model, samplesFor(types, report), { ...evaluationOptions, ...given({ seen }) });
    const notes = formatAlignmentReport(evaluation.alignment, data);
    notes.push(...formatReadReport(report, data));
    for (const line of notes) process.stderr.write(`${line}\n`);
    const against = other === undefined ? undefined : await evaluate(other, samplesFor(types), evaluationOptions);
    const comparison = compared(options.model, evaluation, options.against, against);
    if (page !== undefined && evaluation.explanation !== undefined) {
      const { metrics, explanation } = evaluation;
      page.write(renderEvaluationReport({
        model: options.model, data, metrics, explanation, notes, ...given({ comparison }),
      }));
      page.commit();
    }
    // The report holds what is too much for a terminal; without it, the tables are asked for by --explain.
    const { explanation, ...strict } = evaluation;
    const shown: Evaluation = options.explain && explanation !== undefined ? { ...strict, explanation } : strict;
    process.stdout.write(`${options.json ? asJson(shown, comparison) : asTables(shown, comparison)}\n`);
    if (options.report !== undefined) process.stderr.write(`wrote ${options.report}\n`);
  } finally {
    page?.abandon();
    await other?.dispose();
    await model.dispose();
  }
  return 0;
});
