#!/usr/bin/env node
import { formatCluener } from "../lib/data/cluener.js";
import { readTextLines, type TextLine } from "../lib/data/text-lines.js";
import { GlobalPointer, type Prediction } from "../lib/model/global-pointer.js";
import { WholeFile } from "../lib/storage/whole-file.js";
import { commandLine, runCommand } from "./command.js";

const formats = ["jsonl", "cluener"] as const;

/** One line of output: the project's own format, or the benchmark's submission format. */
function formatLine(line: TextLine, { text, entities }: Prediction, format: (typeof formats)[number]): string {
  const id = line.id === undefined ? {} : { id: line.id };
  if (format === "cluener") return formatCluener({ ...id, text, entities });
  return JSON.stringify({
    ...id,
    text,
    entities: entities.map(({ start, end, type, score }) => ({ start, end, type, text: text.slice(start, end), score })),
  });
}

/** Groups a stream so that the engine gets full batches and memory stays bounded. */
async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}

await runCommand("gp-predict", async (args) => {
  const options = await commandLine("gp-predict", args)
    .usage("$0 --model DIR [--input FILE|-] [--output FILE|-]")
    .option("model", { type: "string", requiresArg: true, demandOption: true, describe: "A model directory, such as RUN/best" })
    .option("input", {
      type: "string", requiresArg: true, default: "-", describe: "JSON lines with text (and id), or plain lines; -: standard input",
    })
    .option("output", { type: "string", requiresArg: true, default: "-", describe: "-: standard output" })
    .option("format", {
      choices: formats, default: formats[0],
      describe: "jsonl: characters as UTF-16 units, end exclusive; cluener: code points, end inclusive",
    })
    .option("threshold", { type: "number", requiresArg: true, describe: "Score above which a span is an entity; default: the model's" })
    .option("batch-size", { type: "number", requiresArg: true, default: 32, describe: "Texts at a time" })
    .option("device", { type: "string", requiresArg: true, default: "auto", describe: "auto, cpu, cuda or cuda:N" })
    .option("threads", { type: "number", requiresArg: true, default: 0, describe: "Threads to compute with; 0: one a core" })
    .parseAsync();

  const model = await GlobalPointer.load(options.model, { device: options.device, threads: options.threads });
  const file = options.output === "-" ? undefined : new WholeFile(options.output);
  try {
    for await (const lines of inGroups(readTextLines(options.input), options.batchSize)) {
      const predictions = await model.predict(lines.map(({ text }) => text), {
        batchSize: options.batchSize,
        ...(options.threshold === undefined ? {} : { threshold: options.threshold }),
      });
      for (const [index, line] of lines.entries()) {
        const prediction = predictions[index];
        if (prediction === undefined) continue;
        if (prediction.cut !== undefined) {
          process.stderr.write(
            `gp-predict: ${options.input}:${line.line}: the text is longer than the model's ${model.maxTokens} tokens; its `
            + `last ${prediction.cut.characters} characters were not looked at, so split it\n`,
          );
        }
        const text = `${formatLine(line, prediction, options.format)}\n`;
        if (file !== undefined) file.write(text);
        else if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once("drain", resolve));
      }
    }
    file?.commit();
  } finally {
    file?.abandon();
    await model.dispose();
  }
  return 0;
});
