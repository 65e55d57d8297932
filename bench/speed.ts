/**
 * Speed and memory of training and prediction, beside plain PyTorch and ONNX Runtime on the same machine.
 *
 *   npm run bench -- [--only NAME,...] [--rounds N] [--json FILE] [--docs FILE]
 *                    [--python PYTHON] [--cluener FILE] [--msra FILE] [--vocab FILE] [--list]
 *
 * For each workload (bench/speed/workloads.ts) every side is a process of its own with the environment as it is; they
 * do their rounds in turn, and the middle round counts. A side whose Python packages (bench/baseline/requirements.txt)
 * are not there is left out, as is a workload whose corpus is not there. --json writes what was measured, --docs puts
 * the table into a document, between its marks.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GlobalPointerError } from "../lib/errors.js";
import { loadAddon } from "../lib/model/native.js";
import { formatTable } from "../lib/terminal/table.js";
import { runBenchmark } from "./run-benchmark.js";
import { Inputs, inputFolder, missingFor, type Corpora } from "./speed/inputs.js";
import { measure, type Side } from "./speed/measure.js";
import { HEADER, markdownTable, rowsOf, type WorkloadResult } from "./speed/table.js";
import { floatingPointOperations, WORKLOADS, type Workload } from "./speed/workloads.js";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const MARKS = ["<!-- speed: begin -->", "<!-- speed: end -->"] as const;

const note = (text: string): void => { process.stderr.write(`${text}\n`); };

function hasPackages(python: string, packages: readonly string[]): boolean {
  return spawnSync(python, ["-c", `import ${packages.join(", ")}`], { stdio: "ignore" }).status === 0;
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
    if (task !== "train") {
      for (const precision of this.narrow) {
        sides.push({ name: `globalpointer ${precision}`, command: process.execPath, args: [own, input, precision] });
      }
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

function chosen(only: string | undefined): readonly Workload[] {
  if (only === undefined) return WORKLOADS;
  return only.split(",").flatMap((name) => {
    const found = WORKLOADS.filter((workload) => workload.name.includes(name));
    if (found.length > 0) return found;
    throw new GlobalPointerError("CONFIG", `No workload has "${name}" in its name: --list prints them.`);
  });
}

function replaceBetweenMarks(path: string, table: string): void {
  const text = readFileSync(path, "utf8");
  const [begin, end] = MARKS.map((mark) => text.indexOf(mark)) as [number, number];
  if (begin < 0 || end < begin) {
    throw new GlobalPointerError("OUTPUT", `${path} does not have the marks ${MARKS.join(" and ")} in this order.`);
  }
  writeFileSync(path, `${text.slice(0, begin + MARKS[0].length)}\n${table}\n${text.slice(end)}`);
}

function document(results: readonly WorkloadResult[], rounds: number): string {
  const [processor] = cpus();
  return [
    `${cpus().length} cores (${processor?.model.trim() ?? "unknown"}), Node ${process.versions.node}, medians of `
    + `${rounds} rounds, ${new Date().toISOString().slice(0, 10)}.`, "",
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
  const folder = mkdtempSync(join(tmpdir(), "globalpointer-bench-"));
  try {
    const inputs = new Inputs(inputFolder(folder), corpora);
    const sides = new Sides(values.python);
    const gemm: Side = { name: "sgemm", command: join(root, "build", "cmake", "globalpointer_gemm_rate"), args: [] };
    const results: WorkloadResult[] = [];
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
        operations: floatingPointOperations(workload, lengths), ...measurement,
      };
      results.push(result);
      process.stdout.write(`${formatTable([HEADER, ...rowsOf(result)])}\n\n`);
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
    }
    if (values.docs !== undefined) replaceBetweenMarks(values.docs, document(results, rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runBenchmark(main);
