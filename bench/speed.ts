/**
 * Speed and memory of training and prediction, beside plain PyTorch and ONNX Runtime on the same machine.
 *
 *   npm run bench -- [--only NAME,...] [--rounds N] [--json FILE] [--docs FILE]
 *                    [--python PYTHON] [--cluener FILE] [--msra FILE] [--vocab FILE] [--list] [--prepare FOLDER]
 *
 * For each workload (bench/speed/workloads.ts) every side is a process of its own with the environment as it is; they
 * do their rounds in turn, and the middle round counts. A side whose Python packages (bench/baseline/requirements.txt)
 * are not there is left out, as is a workload whose corpus is not there. --json writes what was measured into a file,
 * in which other workloads stay; --docs puts the table of all of them into a document, between its marks. --prepare
 * measures nothing, but leaves models and inputs in a folder: for a profiler, say.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { loadAddon, trainingPrecisions, type Precision } from "../lib/model/native.js";
import { formatTable } from "../lib/terminal/table.js";
import { runBenchmark } from "./run-benchmark.js";
import { Inputs, missingFor, type Corpora } from "./speed/inputs.js";
import { measure, type Side } from "./speed/measure.js";
import { temporaryFolder } from "./speed/temporary-folder.js";
import { HEADER, markdownTable, rowsOf, type WorkloadResult } from "./speed/table.js";
import { floatingPointOperations, WORKLOADS, type Workload } from "./speed/workloads.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const MARKS = ["<!-- speed: begin -->", "<!-- speed: end -->"] as const;

const note = (text: string): void => { process.stderr.write(`${text}\n`); };

function hasPackages(python: string, packages: readonly string[]): boolean {
  return spawnSync(python, ["-c", `import ${packages.join(", ")}`], { stdio: "ignore" }).status === 0;
}

function isTrainingPrecision(precision: Precision): boolean {
  return trainingPrecisions.some((name) => name === precision);
}

/** The sides that can take part in a workload, the project first. */
class Sides {
  /** Those beside fp32. */
  private readonly narrow = loadAddon().deviceInfo().precisions.filter((name) => name !== "fp32");
  private readonly torch: boolean;
  private readonly onnx: boolean;

  constructor(private readonly python: string) {
    this.torch = hasPackages(python, ["torch", "transformers", "safetensors"]);
    this.onnx = this.torch && hasPackages(python, ["onnxruntime", "onnx", "onnxscript"]);
    if (!this.torch) note(`${python} has no torch, transformers and safetensors: plain PyTorch is left out.`);
    if (!this.onnx) note(`${python} has no onnxruntime, onnx and onnxscript beside them: ONNX Runtime is left out.`);
  }

  of({ task }: Workload, input: string): Side[] {
    const script = (name: string): string => join(root, "bench", "baseline", name);
    const own = join(root, "dist", "bench", "speed", "project-side.js");
    const sides: Side[] = [{ name: "globalpointer", command: process.execPath, args: [own, input] }];
    for (const precision of this.narrow) {
      if (task === "train" && !isTrainingPrecision(precision)) continue;
      sides.push({ name: `globalpointer ${precision}`, command: process.execPath, args: [own, input, precision] });
    }
    const add = (name: string, rival: string, args: string[]): void => {
      sides.push({ name, ...(sides.some((side) => side.name === rival) ? { rival } : {}), command: this.python, args });
    };
    if (this.torch) add("PyTorch", "globalpointer", [script("plain_pytorch.py"), input]);
    if (this.onnx && task !== "train") {
      for (const [name, rival, flags] of [
        ["ONNX Runtime", "globalpointer", []], ["ONNX Runtime int8", "globalpointer int8", ["--int8"]],
      ] as const) {
        const args = [script("onnx_runtime.py"), input, ...flags];
        this.export(args);
        add(name, rival, args);
      }
    }
    return sides;
  }

  /** In a process of its own, whose memory is not counted. */
  private export(args: readonly string[]): void {
    const { status, stderr } = spawnSync(this.python, [...args, "--export"], { encoding: "utf8" });
    if (status !== 0) throw new GlobalPointerError("INTERNAL", `The export to ONNX failed:\n${stderr}`);
  }
}

/** The workloads that have one of the parts in their names. */
function chosen(only: string | undefined): readonly Workload[] {
  if (only === undefined) return WORKLOADS;
  const parts = only.split(",").map((part) => part.trim());
  const unknown = parts.find((part) => part === "" || !WORKLOADS.some(({ name }) => name.includes(part)));
  if (unknown !== undefined) {
    throw new GlobalPointerError("CONFIG", `No workload has "${unknown}" in its name: --list prints them.`);
  }
  return WORKLOADS.filter(({ name }) => parts.some((part) => name.includes(part)));
}

/** What the results are written to is looked at before they are measured. */
function requireWritable(json: string | undefined, docs: string | undefined): void {
  if (docs !== undefined) replaceBetweenMarks(docs, undefined);
  if (json === undefined || existsSync(dirname(resolve(json)))) return;
  throw new GlobalPointerError("OUTPUT", `The folder of --json ${json} does not exist: make it first.`);
}

/** Where two sides in single precision found other numbers of spans, something is compared that is not the same. */
function warnOfDifferences({ workload, task, sides }: WorkloadResult): void {
  if (task === "train") return;
  const [own, ...others] = sides.filter(({ side }) => !/int8|bf16/.test(side));
  for (const { side, result } of others) {
    if (own === undefined || Math.abs(result - own.result) <= 0.01 * own.result + 2) continue;
    note(`${workload}: ${side} found ${result} spans, ${own.side} ${own.result}.`);
  }
}

/** @param table undefined to look for the marks only */
function replaceBetweenMarks(path: string, table: string | undefined): void {
  const text = readFileSync(path, "utf8");
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) {
    throw new GlobalPointerError("OUTPUT", `${path} does not have the marks ${MARKS.join(" and ")} in this order.`);
  }
  if (table === undefined) return;
  writeFileSync(path, `${text.slice(0, begin + MARKS[0].length)}\n${table}\n${text.slice(end)}`);
}

/** The results of a file that is there: measuring some workloads anew leaves the others in it. */
function measuredBefore(json: string | undefined): WorkloadResult[] {
  return json === undefined || !existsSync(json) ? [] : JSON.parse(readFileSync(json, "utf8")) as WorkloadResult[];
}

function inOrder(results: readonly WorkloadResult[]): WorkloadResult[] {
  const place = ({ workload }: WorkloadResult): number => WORKLOADS.findIndex(({ name }) => name === workload);
  return [...results].sort((a, b) => place(a) - place(b));
}

/** The range of figures, of which each is a workload's. */
function between(values: readonly number[]): string {
  return `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))}`;
}

function document(results: readonly WorkloadResult[]): string {
  const [processor] = cpus();
  const listed = (values: readonly (string | number)[]): string => [...new Set(values)].sort().join(", ");
  return [
    `${cpus().length} cores (${processor?.model.trim() ?? "unknown"}), Node ${process.versions.node}; medians of `
    + `${listed(results.map(({ rounds }) => rounds))} rounds; ${listed(results.map(({ date }) => date))}.`,
    `sgemm: ${between(results.map(({ gemmRate }) => gemmRate))} GFLOP/s; the micro-kernels on tiles in the cache: `
    + `${between(results.map(({ tileRate }) => tileRate))}.`, "",
    markdownTable(HEADER, results.flatMap(rowsOf)),
  ].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: "string" },
      rounds: { type: "string", default: "5" },
      json: { type: "string" },
      docs: { type: "string" },
      list: { type: "boolean", default: false },
      prepare: { type: "string" },
      python: { type: "string", default: "python3" },
      cluener: { type: "string", default: join(root, "data", "cluener", "train.json") },
      msra: { type: "string", default: join(root, "data", "msra", "msra_train_bio") },
      vocab: { type: "string", default: join(root, "pretrained_models", "bert-base-chinese", "vocab.txt") },
    },
  });
  const workloads = chosen(values.only);
  if (values.list) {
    for (const { name } of workloads) process.stdout.write(`${name}\n`);
    return;
  }
  const rounds = Number(values.rounds);
  if (!(Number.isInteger(rounds) && rounds > 0)) {
    throw new GlobalPointerError("CONFIG", `--rounds must be a whole number above 0, but is ${values.rounds}.`);
  }
  const corpora: Corpora = values;
  if (values.prepare !== undefined) {
    mkdirSync(values.prepare, { recursive: true });
    const inputs = new Inputs(values.prepare, corpora);
    for (const workload of workloads) process.stdout.write(`${(await inputs.write(workload)).path}\n`);
    return;
  }
  requireWritable(values.json, values.docs);
  const gemm: Side = { name: "sgemm", command: join(root, "build", "cmake", "globalpointer_gemm_rate"), args: [] };
  if (!existsSync(gemm.command)) {
    throw new GlobalPointerError("SETUP", "What measures matrix products is not built: run `npx gp-setup --dev`.");
  }
  const folder = temporaryFolder();
  try {
    const inputs = new Inputs(folder, corpora);
    const sides = new Sides(values.python);
    let results = measuredBefore(values.json);
    for (const workload of workloads) {
      const missing = missingFor(workload, corpora);
      if (missing !== undefined) {
        note(`${workload.name} is left out: ${missing}.`);
        continue;
      }
      const { path, lengths } = await inputs.write(workload);
      const measurement = await measure(sides.of(workload, path), gemm, rounds, workload.passes);
      const result: WorkloadResult = {
        workload: workload.name, task: workload.task, sequences: lengths.length,
        tokens: lengths.reduce((sum, length) => sum + length, 0),
        operations: floatingPointOperations(workload, lengths), rounds, date: new Date().toISOString().slice(0, 10),
        ...measurement,
      };
      results = inOrder([...results.filter((other) => other.workload !== workload.name), result]);
      warnOfDifferences(result);
      process.stdout.write(`${formatTable([HEADER, ...rowsOf(result)])}\n\n`);
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
    }
    if (values.docs !== undefined) replaceBetweenMarks(values.docs, document(results));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
