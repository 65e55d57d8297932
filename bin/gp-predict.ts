#!/usr/bin/env node
import { once } from "node:events";
import { formatCluener } from "../lib/data/cluener.js";
import { readTextLines, type TextLine } from "../lib/data/text-lines.js";
import { GlobalPointer, type Prediction } from "../lib/model/global-pointer.js";
import { WholeFile } from "../lib/storage/whole-file.js";
import { commandLine, endOnInterruption, runCommand } from "./command.js";
import { inGroups } from "./groups.js";
import { given, modelOptions } from "./model-options.js";

const BATCH_SIZE = 32;
const formats = ["jsonl", "cluener"] as const;

/** One line of output: the project's own format, or the benchmark's submission format. */
function formatLine({ id }: TextLine, { text, entities, cut }: Prediction, format: (typeof formats)[number]): string {
  const named = id === undefined ? {} : { id };
  // Without an id, only the text tells what a line of the submission format is about.
  if (format === "cluener") return formatCluener({ ...named, text, entities }, { withText: id === undefined });
  return JSON.stringify({
    ...named,
    text,
    entities: entities.map(({ start, end, type, score }) => (
      { start, end, type, text: text.slice(start, end), score }
    )),
    ...(cut === undefined ? {} : { cut }),
  });
}

/** Writes to standard output no faster than it is read. */
async function print(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, "drain");
}

await runCommand("gp-predict", async (args) => {
  const options = await commandLine("gp-predict", args)
    .usage("$0 --model DIR [--input FILE|-] [--output FILE|-]")
    .options(modelOptions)
    .option("input", {
      type: "string", requiresArg: true, default: "-",
      describe: "JSON lines with text (and id), or plain lines; -: standard input",
    })
    .option("output", { type: "string", requiresArg: true, default: "-", describe: "-: standard output" })
    .option("format", {
      choices: formats, requiresArg: true, default: formats[0],
      describe: "jsonl: characters as UTF-16 units, end exclusive; cluener: code points, end inclusive",
    })
    .parseAsync();
  const { input, batchSize = BATCH_SIZE, threshold, device, threads } = options;

  endOnInterruption();
  const file = options.output === "-" ? undefined : new WholeFile(options.output);
  let model: GlobalPointer | undefined;
  try {
    model = await GlobalPointer.load(options.model, given({ device, threads }));
    for await (const lines of inGroups(readTextLines(input), batchSize)) {
      const predictions = await model.predict(lines.map(({ text }) => text), { batchSize, ...given({ threshold }) });
      const results: string[] = [];
      predictions.forEach((prediction, index) => {
        const line = lines[index];
        if (line === undefined) return;
        if (prediction.cut !== undefined) {
          process.stderr.write(
            `gp-predict: ${input === "-" ? "standard input" : input}:${line.line}: the text is longer than the `
            + `${model?.maxTokens} tokens that the model takes: its last ${prediction.cut.characters} characters were `
            + "left out, so split it\n",
          );
        }
        results.push(`${formatLine(line, prediction, options.format)}\n`);
      });
      if (file === undefined) await print(results.join(""));
      else file.write(results.join(""));
    }
    file?.commit();
  } finally {
    file?.abandon();
    await model?.dispose();
  }
  return 0;
});
