/**
 * Predicts on one long document: how long it takes, and how much memory. The document is the texts of a file, end to
 * end, repeated until it has the size asked for. Run it with two sizes to see what grows.
 *
 *   node dist/bench/document.js MODEL TEXTS [--megabytes N]
 *
 * TEXTS holds one text a line, or one JSON object with a "text" a line.
 */
import { parseArgs } from "node:util";

import { readTextLines } from "../lib/data/text-lines.js";
import { GlobalPointerError } from "../lib/errors.js";
import { GlobalPointer } from "../lib/model/global-pointer.js";
import { runBenchmark } from "./run-benchmark.js";

const MEGABYTE = 1_000_000;

async function documentFrom(path: string, bytes: number): Promise<string> {
  const texts: string[] = [];
  for await (const { text } of readTextLines(path)) texts.push(text);
  if (texts.length === 0) throw new GlobalPointerError("DATA", `${path} holds no text.`);
  const parts: string[] = [];
  for (let size = 0, at = 0; size < bytes; at = (at + 1) % texts.length) {
    const part = `${texts[at] ?? ""} `;
    parts.push(part);
    size += Buffer.byteLength(part);
  }
  return parts.join("");
}

function peakMegabytes(): number {
  return Math.round(process.resourceUsage().maxRSS * 1024 / MEGABYTE); // maxRSS is in KiB
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true, options: { megabytes: { type: "string", default: "20" } },
  });
  const [modelPath, textsPath] = positionals;
  const megabytes = Number(values.megabytes);
  if (modelPath === undefined || textsPath === undefined || !(megabytes > 0)) {
    throw new GlobalPointerError("CONFIG", "Usage: node dist/bench/document.js MODEL TEXTS [--megabytes N]");
  }
  const model = await GlobalPointer.load(modelPath);
  try {
    await model.predict(["x"]); // whatever is set up with the first call
    const text = await documentFrom(textsPath, megabytes * MEGABYTE);
    const before = peakMegabytes();
    const began = performance.now();
    const [prediction] = await model.predict([text]);
    const seconds = (performance.now() - began) / 1000;
    process.stdout.write(
      `${megabytes} MB, ${text.length} characters: ${prediction?.entities.length ?? 0} entities in `
      + `${seconds.toFixed(1)} s (${Math.round(text.length / seconds)} characters/s)\n`
      + `peak resident memory ${peakMegabytes()} MB; ${before} MB before the prediction\n`,
    );
  } finally {
    await model.dispose();
  }
}

await runBenchmark(main);
