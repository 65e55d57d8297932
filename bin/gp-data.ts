#!/usr/bin/env node
import type { Argv } from "yargs";
import { checkFile, emptyCheckSummary } from "../lib/corpus/check.js";
import { convert, annotatedSamples } from "../lib/corpus/convert.js";
import { counted } from "../lib/corpus/counted.js";
import { split, type SplitPart } from "../lib/corpus/split.js";
import { formatStatistics } from "../lib/corpus/statistics-table.js";
import { StatisticsCollector, type StatisticsOptions } from "../lib/corpus/statistics.js";
import { formatNames } from "../lib/data/formats/registry.js";
import {
  emptyReadReport, formatReadReport, resolveFormat, type ReadReport,
} from "../lib/data/read-samples.js";
import { defaultStride } from "../lib/data/windows.js";
import { readModelDirectory } from "../lib/model/directory.js";
import { BertTokenizer } from "../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../lib/tokenizer/vocabulary.js";
import { commandLine, CommandLineError, endOnInterruption, runCommand, severalTexts, wholeNumber } from "./command.js";
import { dataFlags, formatOptionsFrom, skipFlag } from "./data-flags.js";
import { print } from "./print.js";

const needed = { type: "string", requiresArg: true, demandOption: true } as const;
const NO_FILE = "Say which file to look at";
const LISTS = ["format-option", "to-option", "files"];

/** Prints every finding; 1 when there are errors. */
async function check(files: readonly string[], { format, formatOption, quiet }: {
  format: Parameters<typeof resolveFormat>[1]; formatOption: string[] | undefined; quiet: boolean;
}): Promise<number> {
  const formatOptions = formatOptionsFrom(formatOption);
  const summary = emptyCheckSummary();
  for (const file of files) {
    for await (const { place, severity, message } of checkFile(file, format, formatOptions, summary)) {
      if (severity === "error" || !quiet) await print(`${place}: ${severity}: ${message}\n`);
    }
  }
  const { texts, entities, unlabelled, errors, warnings } = summary;
  await print(
    `${counted(texts, "text")}, ${counted(entities, "entity", "entities")}`
    + `${unlabelled > 0 ? `, ${counted(unlabelled, "text")} without annotation` : ""}: `
    + `${counted(errors, "error")}, ${counted(warnings, "warning")}\n`,
  );
  return errors > 0 ? 1 : 0;
}

/** The tokenizer that was asked for, and the windows that a model would see. */
function tokenizing(options: {
  vocab: string | undefined; model: string | undefined; lowerCase: boolean | undefined; maxSeqLen: number | undefined;
}): StatisticsOptions {
  const { vocab, model, lowerCase, maxSeqLen } = options;
  if (vocab !== undefined && model !== undefined) {
    throw new CommandLineError("--vocab cannot stand beside --model, which has its own: leave one out");
  }
  if (vocab === undefined && lowerCase !== undefined) {
    throw new CommandLineError("--lower-case goes with --vocab only: a model knows how it treats case");
  }
  const window = maxSeqLen === undefined ? {} : { window: { maxSeqLen, stride: defaultStride(maxSeqLen) } };
  if (vocab !== undefined) {
    return { tokenizer: new BertTokenizer(Vocabulary.fromFile(vocab), { lowerCase: lowerCase ?? true }), ...window };
  }
  if (model === undefined) {
    if (maxSeqLen !== undefined) throw new CommandLineError("--max-seq-len counts tokens: give --vocab or --model too");
    return {};
  }
  const { description, vocabulary } = readModelDirectory(model);
  return {
    tokenizer: new BertTokenizer(vocabulary, description.tokenizer), window: description.window, ...window,
  };
}

function share(flag: string): (value: unknown) => number | undefined {
  return (value) => {
    if (value === undefined || (typeof value === "number" && value > 0 && value < 1)) return value;
    throw new CommandLineError(`--${flag} takes one number above 0 and below 1, such as 0.1`);
  };
}

const data = (builder: Argv) => builder.options(dataFlags);
const usable = (builder: Argv) => data(builder).options(skipFlag);

/** Says on stderr what was left out or dropped. */
function tell(report: ReadReport, path: string): void {
  for (const line of formatReadReport(report, path)) process.stderr.write(`${line}\n`);
}

await runCommand("gp-data", async (args) => {
  let status = 0;
  endOnInterruption();
  await commandLine("gp-data", args, LISTS)
    .command(
      "check <files..>", "Name every line that cannot be used and every oddity; ends with 1 if there are errors",
      (builder) => data(builder)
        .positional("files", {
          type: "string", array: true, demandOption: true, describe: "Annotated files (folders for brat)",
        })
        .option("quiet", { type: "boolean", default: false, describe: "Leave warnings out" }),
      async ({ files, format, formatOption, quiet }) => {
        if (files.length === 0) throw new CommandLineError(NO_FILE); // a lone "-" is nothing to yargs
        status = await check(files, { format, formatOption, quiet });
      },
    )
    .command(
      "stats <file>", "Count texts, types, nesting, lengths, repetitions, and with a vocabulary tokens and losses",
      (builder) => usable(builder)
        .positional("file", { type: "string", demandOption: true, describe: "Annotated file (a folder for brat)" })
        .option("dev", { type: "string", requiresArg: true, describe: "Another set, to count texts that are in both" })
        .option("vocab", { type: "string", requiresArg: true, describe: "A vocab.txt, to count tokens" })
        .option("lower-case", { type: "boolean", describe: "With --vocab: lower-case the texts; default: true" })
        .option("model", { type: "string", requiresArg: true, describe: "A model directory, to count its tokens" })
        .option("max-seq-len", {
          type: "number", requiresArg: true, coerce: wholeNumber("max-seq-len", 3, 2 ** 24),
          describe: "Tokens of a window: tells which texts are divided, and which entities no window holds",
        })
        .option("json", { type: "boolean", default: false, describe: "Write one JSON object in place of tables" }),
      async ({ file, dev, format, formatOption, skipFaulty, vocab, model, lowerCase, maxSeqLen, json }) => {
        if (file === "") throw new CommandLineError(NO_FILE);
        const options = formatOptionsFrom(formatOption);
        const sets = [];
        for (const path of dev === undefined ? [file] : [file, dev]) {
          const collector = new StatisticsCollector(tokenizing({ vocab, model, lowerCase, maxSeqLen }));
          const report = emptyReadReport();
          const samples = annotatedSamples({ path, format, options, skipFaulty }, report);
          for await (const sample of samples) collector.add(sample);
          tell(report, path);
          sets.push({ path, collector });
        }
        const [first, second] = sets;
        const shared = first === undefined || second === undefined ? undefined
          : [...second.collector.digests].filter((digest) => first.collector.digests.has(digest)).length;
        if (json) {
          const files = Object.fromEntries(sets.map(({ path, collector }) => [path, jsonOf(collector)]));
          await print(`${JSON.stringify({ files, sharedTexts: shared })}\n`);
          return;
        }
        const sections = sets.map(({ path, collector }) => formatStatistics(collector.result(), path).join("\n"));
        if (shared !== undefined) sections.push(`texts that are in both: ${shared}`);
        await print(`${sections.join("\n\n")}\n`);
      },
    )
    .command(
      "convert", "Write annotated texts in another format, if it can hold all of them",
      (builder) => usable(builder)
        .option("input", { ...needed, describe: "Annotated file (a folder for brat)" })
        .option("output", { ...needed, describe: "Where to write (a new folder for brat)" })
        .option("to", { ...needed, choices: formatNames, describe: "The format to write" })
        .option("to-option", {
          type: "string", requiresArg: true, coerce: severalTexts,
          describe: "KEY=VALUE, for the format to write: conll has scheme=bio, iob1, bioes or bmes",
        }),
      async ({ input, output, to, toOption, format, formatOption, skipFaulty }) => {
        const report = emptyReadReport();
        const count = await convert(
          { path: input, format, options: formatOptionsFrom(formatOption), skipFaulty, report },
          { path: output, format: to, options: formatOptionsFrom(toOption, "to-option") },
        );
        tell(report, input);
        await print(`wrote ${counted(count, "text")} to ${output}\n`);
      },
    )
    .command(
      "split", "Divide annotated texts at random; equal texts come to the same side",
      (builder) => usable(builder)
        .option("input", { ...needed, describe: "Annotated file (a folder for brat)" })
        .option("train", { ...needed, describe: "Where to write the training set" })
        .option("dev", { ...needed, describe: "Where to write the dev set" })
        .option("test", { type: "string", requiresArg: true, describe: "Where to write a test set" })
        .option("dev-share", {
          type: "number", requiresArg: true, default: 0.1, coerce: share("dev-share"),
          describe: "Share of the texts for --dev",
        })
        .option("test-share", {
          type: "number", requiresArg: true, coerce: share("test-share"),
          describe: "Share of the texts for --test; default: 0.1",
        })
        .option("seed", {
          type: "number", requiresArg: true, default: 2333, coerce: wholeNumber("seed", 0, 2 ** 32 - 1),
          describe: "The same one gives the same split, another one another",
        })
        .option("to", {
          choices: formatNames, requiresArg: true, describe: "The format to write; default: the input's",
        }),
      async ({ input, train, dev, test, devShare, testShare, seed, to, format, formatOption, skipFaulty }) => {
        if (test === undefined && testShare !== undefined) {
          throw new CommandLineError("--test-share needs --test, the file to write to");
        }
        const rest = test === undefined ? 0 : testShare ?? 0.1;
        const ofDev = devShare ?? 0.1;
        if (ofDev + rest >= 1) throw new CommandLineError("--dev-share and --test-share leave nothing to train on");
        const written = to ?? await resolveFormat(input, format);
        const part = (path: string, size: number): SplitPart => ({ target: { path, format: written }, share: size });
        const parts = [part(train, 1 - ofDev - rest), part(dev, ofDev)];
        if (test !== undefined) parts.push(part(test, rest));
        const report = emptyReadReport();
        const source = { path: input, format, options: formatOptionsFrom(formatOption), skipFaulty, report };
        const counts = await split(source, parts, seed ?? 2333);
        tell(report, input);
        for (const [index, { target }] of parts.entries()) {
          await print(`wrote ${counted(counts[index] ?? 0, "text")} to ${target.path}\n`);
        }
        if (formatOption !== undefined) await print(`they are plain ${written}: read them without --format-option\n`);
      },
    )
    .demandCommand(1, "Say what to do: check, stats, convert or split")
    .recommendCommands()
    .fail((message: string) => {
      // yargs counts in place of saying what is missing; other messages go on to the handler before this one.
      if (message.startsWith("Not enough non-option")) throw new CommandLineError(NO_FILE);
    })
    .parseAsync();
  return status;
});

/** A Map has no JSON of its own. */
function jsonOf(collector: StatisticsCollector): unknown {
  const { tokens, ...statistics } = collector.result();
  if (tokens === undefined) return statistics;
  const { alignment, ...counts } = tokens;
  const { samples, windows, divided, entities, aligned } = alignment;
  const lost = Object.fromEntries([...alignment.lost].map(([reason, { count }]) => [reason, count]));
  return { ...statistics, tokens: { ...counts, alignment: { samples, windows, divided, entities, aligned, lost } } };
}
