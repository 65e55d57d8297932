/**
 * Speed and memory on a GPU, beside plain PyTorch: as it stands with TF32, and with bfloat16 autocast and
 * torch.compile.
 *
 *   node dist/bench/gpu.js [--only NAME,...] [--rounds N] [--json FILE] [--python PYTHON] [--cluener FILE]
 *                          [--vocab FILE] [--device cuda] [--seconds N]
 *
 * Sides are processes that do their rounds in turn (bench/speed/side.ts); a side that does not start is left out and
 * told of. No workload is begun after --seconds. The share of the matrix units is that of bfloat16 products of 8192 x
 * 8192, measured in the same minutes. With --device cpu everything is done but the GPU's part: to try the command.
 */
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { formatTable } from "../lib/terminal/table.js";
import { runBenchmark } from "./run-benchmark.js";
import { Inputs, missingFor, type Corpora } from "./speed/inputs.js";
import { measure, type Measurement, type Side } from "./speed/measure.js";
import { temporaryFolder } from "./speed/temporary-folder.js";
import { type WorkloadResult } from "./speed/table.js";
import { floatingPointOperations, GPU_WORKLOADS, type Workload } from "./speed/workloads.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
/** Compilers take their time. */
const PATIENCE = { start: 150, round: 60 };
const OWN = "globalpointer bf16";

const HEADER = [
  "workload", "side", "ms a pass", "tokens/s", "TFLOP/s", "of the matrix units", "peak MiB", `${OWN} is faster by`,
];

function sidesOf({ task }: Workload, input: string, python: string, device: string): Side[] {
  const project = join(root, "dist", "bench", "speed", "project-side.js");
  const plain = join(root, "bench", "baseline", "plain_pytorch.py");
  const own = (precision: string): Side => ({
    name: `globalpointer ${precision}`, command: process.execPath, args: [project, input, precision, device],
    optional: precision !== "bf16",
  });
  const recorded: Side = {
    name: "globalpointer bf16, CUDA graphs", command: process.execPath, optional: true,
    args: [project, input, "bf16", device, "graphs"],
  };
  const pytorch = (name: string, ...flags: string[]): Side => ({
    name: `PyTorch ${name}`, rival: OWN, command: python, args: [plain, input, "--device", device, ...flags],
    optional: true,
  });
  return [
    own("bf16"), ...(device === "cpu" ? [] : [own("tf32")]), own("fp32"),
    // Sizes are recorded when they come for the third time: the warm-up and the rounds before that are slower.
    ...(task === "train" ? [recorded] : []),
    pytorch("tf32", "--precision", "tf32"), pytorch("bf16 compiled", "--precision", "bf16", "--compile"),
  ];
}

function rowsOf({ workload, tokens, operations, gemmRate, sides }: WorkloadResult): string[][] {
  return sides.map(({ side, seconds, ratio, peakBytes }, index) => [
    index === 0 ? workload : "", side, (seconds * 1000).toFixed(1), Math.round(tokens / seconds).toString(),
    (operations / seconds / 1e12).toFixed(1), `${Math.round(operations / seconds / 1e7 / gemmRate)}%`,
    Math.round(peakBytes / 2 ** 20).toString(), ratio === undefined ? "" : `${ratio.toFixed(2)}×`,
  ]);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "5" },
      json: { type: "string" },
      python: { type: "string", default: "python3" },
      device: { type: "string", default: "cuda" },
      seconds: { type: "string", default: "3600" },
      cluener: { type: "string", default: join(root, "data", "cluener", "train.json") },
      vocab: { type: "string", default: join(root, "pretrained_models", "bert-base-chinese", "vocab.txt") },
    },
  });
  const rounds = Number(values.rounds), limit = Number(values.seconds);
  if (!(Number.isInteger(rounds) && rounds > 0 && limit > 0)) {
    throw new GlobalPointerError("CONFIG", "--rounds must be a whole number above 0, and --seconds a number above 0.");
  }
  const workloads = GPU_WORKLOADS.filter(({ name }) =>
    values.only === undefined || values.only.split(",").some((part) => name.includes(part)));
  if (workloads.length === 0) {
    const names = GPU_WORKLOADS.map(({ name }) => name).join(", ");
    throw new GlobalPointerError("CONFIG", `No workload has "${values.only}" in its name; there are ${names}.`);
  }
  const note = (text: string): void => { process.stderr.write(`${text}\n`); };
  const corpora: Corpora = { ...values, msra: "" };
  const matrix = join(root, "bench", "baseline", "matrix_rate.py");
  const gemm: Side = {
    name: "matrix units", command: values.python,
    args: [matrix, values.device, values.device === "cpu" ? "512" : "8192"],
  };
  const began = performance.now();
  const folder = temporaryFolder();
  const results: WorkloadResult[] = [];
  try {
    const inputs = new Inputs(folder, corpora);
    for (const workload of workloads) {
      const missing = missingFor(workload, corpora);
      const late = (performance.now() - began) / 1000 > limit;
      if (missing !== undefined || late) {
        note(`${workload.name} is left out: ${missing ?? `more than ${limit} seconds are over`}.`);
        continue;
      }
      const { path, lengths } = await inputs.write(workload);
      let measurement: Measurement;
      try {
        measurement = await measure(
          sidesOf(workload, path, values.python, values.device), gemm, rounds, workload.passes, PATIENCE,
          (side, reason) => { note(`${workload.name}: ${side} is left out: ${reason}`); },
        );
      } catch (error) {
        process.exitCode = 1;
        note(`${workload.name} is left out: ${error instanceof Error ? error.message : String(error)}`);
        continue;
      }
      const result: WorkloadResult = {
        workload: workload.name, task: workload.task, sequences: lengths.length,
        tokens: lengths.reduce((sum, length) => sum + length, 0),
        operations: floatingPointOperations(workload, lengths), rounds, date: new Date().toISOString().slice(0, 10),
        ...measurement,
      };
      results.push(result);
      process.stdout.write(`${formatTable([HEADER, ...rowsOf(result)])}\n\n`);
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
