/**
 * What training takes of memory: the peak of a process that does some steps, by the length of its sequences and the
 * number of entity types, less that of the same process with sequences of two tokens.
 *
 *   node dist/bench/memory.js [--encoder tiny|mini|base] [--batch-size N]
 */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { formatTable } from "../lib/terminal/table.js";
import { runBenchmark } from "./run-benchmark.js";
import { Inputs } from "./speed/inputs.js";
import { SideProcess } from "./speed/side.js";
import { temporaryFolder } from "./speed/temporary-folder.js";
import { ENCODERS, type EncoderName } from "./speed/workloads.js";

const LENGTHS = [64, 128, 256, 512];
const TYPES = [1, 10, 100];
const MEBIBYTE = 2 ** 20;

const here = dirname(fileURLToPath(import.meta.url));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { "encoder": { type: "string", default: "mini" }, "batch-size": { type: "string", default: "8" } },
  });
  const encoder = (Object.keys(ENCODERS) as EncoderName[]).find((name) => name === values.encoder);
  const batchSize = Number(values["batch-size"]);
  if (encoder === undefined || !(Number.isInteger(batchSize) && batchSize > 0)) {
    throw new GlobalPointerError(
      "CONFIG", "Usage: node dist/bench/memory.js [--encoder tiny|mini|base] [--batch-size N]",
    );
  }
  const folder = temporaryFolder();
  try {
    const inputs = new Inputs(folder, { cluener: "", msra: "", vocab: "" });
    const peak = async (lengths: number, types: number): Promise<number> => {
      const { path } = await inputs.write({
        name: `${lengths}-${types}`, task: "train", encoder, types, lengths, batchSize, batches: 2, passes: 2,
      });
      const script = join(here, "speed", "project-side.js");
      const side = await SideProcess.start("globalpointer", process.execPath, [script, path]);
      await side.round();
      return side.end();
    };
    const rows: string[][] = [];
    for (const types of TYPES) {
      const without = await peak(2, types);
      const row = [`${types} types`, `${Math.round(without / MEBIBYTE)} MiB`];
      for (const length of LENGTHS) {
        const more = await peak(length, types) - without;
        row.push(`${Math.round(more / MEBIBYTE)} MiB (${(more / 1024 / (batchSize * length)).toFixed(0)} KiB a token)`);
      }
      rows.push(row);
    }
    const header = ["", "without", ...LENGTHS.map((length) => `+ ${length} tokens`)];
    process.stdout.write(`${formatTable([header, ...rows])}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
