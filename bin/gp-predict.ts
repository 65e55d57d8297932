#!/usr/bin/env node
import { once } from "node:events";
import { cluenerPieces } from "../lib/data/formats/cluener.js";
import { inGroups } from "../lib/data/groups.js";
import { readTextLines, type TextLine } from "../lib/data/text-lines.js";
import { GlobalPointer, type Prediction } from "../lib/model/global-pointer.js";
import { WholeFile } from "../lib/storage/whole-file.js";
import { commandLine, endOnInterruption, runCommand } from "./command.js";
import { given, modelOptions } from "./model-options.js";

const BATCH_SIZE = 32;
const CHUNK_LENGTH = 1 << 16;
const formats = ["jsonl", "cluener"] as const;

type Format = (typeof formats)[number];

/** One line of output in pieces: the project's own format, or the benchmark's submission format. */
function* linePieces({ id }: TextLine, { text, entities, cut }: Prediction, format: Format): Generator<string> {
  const named = id === undefined ? {} : { id };
  if (format === "cluener") {
    // Without an id, only the text tells what a line of the submission format is about.
    yield* cluenerPieces({ ...named, text, entities }, { withText: id === undefined });
  } else {
    yield JSON.stringify({ ...named, text, entities: [] }).slice(0, -"]}".length);
    let comma = "";
    for (const { start, end, type, score } of entities) {
      yield `${comma}${JSON.stringify({ start, end, type, text: text.slice(start, end), score })}`;
      comma = ",";
    }
    yield cut === undefined ? "]}" : `],"cut":${JSON.stringify(cut)}}`;
  }
  yield "\n";
}

/** Joins short pieces: a write for each would be slow. */
function* inChunks(pieces: Iterable<string>): Generator<string> {
  let chunk = "";
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
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
      const texts = lines.map(({ text }) => text);
      const predictions = model.predictEach(texts, { batchSize, ...given({ threshold }) });
      const waiting = lines.values();
      for await (const prediction of predictions) {
        const { value: line } = waiting.next();
        if (line === undefined) break;
        if (prediction.cut !== undefined) {
          process.stderr.write(
            `gp-predict: ${input === "-" ? "standard input" : input}:${line.line}: the text is longer than the `
            + `${model.maxTokens} tokens that the model takes: its last ${prediction.cut.characters} characters were `
            + "left out, so split it\n",
          );
        }
        for (const chunk of inChunks(linePieces(line, prediction, options.format))) {
          if (file === undefined) await print(chunk);
          else file.write(chunk);
        }
      }
    }
    file?.commit();
  } finally {
    // After a failure, whoever writes to us may keep the pipe open for ever.
    if (input === "-") process.stdin.destroy();
    file?.abandon();
    await model?.dispose();
  }
  return 0;
});
