#!/usr/bin/env node
import { refuseOverwriting } from "../lib/corpus/write-together.js";
import { cluenerPieces } from "../lib/data/formats/cluener.js";
import { inGroups } from "../lib/data/groups.js";
import { readSamples, sampleFormats } from "../lib/data/read-samples.js";
import type { Sample } from "../lib/data/sample.js";
import { readTextLines } from "../lib/data/text-lines.js";
import { GlobalPointer, type Prediction } from "../lib/model/global-pointer.js";
import { WholeFile } from "../lib/storage/whole-file.js";
import { commandLine, CommandLineError, endOnInterruption, runCommand } from "./command.js";
import { dataFlags, formatOptionsFrom } from "./data-flags.js";
import { asMisuse, decodeFlags, thresholdsFrom } from "./decode-flags.js";
import { given, modelOptions } from "./model-options.js";
import { print } from "./print.js";

const BATCH_SIZE = 32;
/** Batches of a group: within one, texts are read and tokenized while the engine works. */
const GROUP_BATCHES = 8;
const CHUNK_LENGTH = 1 << 16;
const formats = ["jsonl", "cluener"] as const;
const inputFormats = ["lines", ...sampleFormats] as const;

type Format = (typeof formats)[number];
type InputFormat = (typeof inputFormats)[number];

/** One line of output in pieces: the project's own format, or the benchmark's submission format. */
function* linePieces({ id }: Pick<Sample, "id">, { text, entities }: Prediction, format: Format): Generator<string> {
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
    yield "]}";
  }
  yield "\n";
}

/** The texts to predict on, with their ids. */
function sourceOf(
  input: string, format: InputFormat, written: readonly string[] | undefined,
): AsyncIterable<Pick<Sample, "id" | "text">> {
  if (format !== "lines") {
    if (input === "-") throw new CommandLineError("--input-format needs a file: give --input FILE");
    return readSamples(input, { format, formatOptions: formatOptionsFrom(written) });
  }
  if (written !== undefined) throw new CommandLineError("--format-option needs --input-format, the format it is of");
  return readTextLines(input);
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

await runCommand("gp-predict", async (args) => {
  const options = await commandLine("gp-predict", args, ["threshold", "format-option"])
    .usage("$0 --model DIR [--input FILE|-] [--output FILE|-]")
    .options(modelOptions)
    .options(decodeFlags)
    .option("input", {
      type: "string", requiresArg: true, default: "-",
      describe: "JSON lines with text (and id), or plain lines; -: standard input",
    })
    .option("input-format", {
      choices: inputFormats, requiresArg: true, default: inputFormats[0],
      describe: "lines: a text a line, as above; the others take the texts of an annotated file",
    })
    .option("format-option", dataFlags["format-option"])
    .option("output", { type: "string", requiresArg: true, default: "-", describe: "-: standard output" })
    .option("format", {
      choices: formats, requiresArg: true, default: formats[0],
      describe: "jsonl: characters as UTF-16 units, end exclusive; cluener: code points, end inclusive",
    })
    .parseAsync();
  const { input, batchSize = BATCH_SIZE, maxSpanTokens, topK, flat, maxSeqLen, stride } = options;
  const loadOptions = given({ device: options.device, threads: options.threads, precision: options.precision });
  const predictOptions = {
    batchSize, flat, ...thresholdsFrom(options.threshold), ...given({ maxSpanTokens, topK, maxSeqLen, stride }),
  };

  if (input !== "-" && options.output !== "-") refuseOverwriting(input, [options.output]);
  const source = sourceOf(input, options.inputFormat, options.formatOption);

  endOnInterruption();
  const file = options.output === "-" ? undefined : new WholeFile(options.output);
  let model: GlobalPointer | undefined;
  try {
    model = await GlobalPointer.load(options.model, loadOptions);
    const loaded = model;
    asMisuse(() => { loaded.checkOptions(predictOptions); });
    for await (const lines of inGroups(source, GROUP_BATCHES * batchSize)) {
      const texts = lines.map(({ text }) => text);
      const predictions = loaded.predictEach(texts, predictOptions);
      const waiting = lines.values();
      for await (const prediction of predictions) {
        const { value: line } = waiting.next();
        if (line === undefined) break;
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
