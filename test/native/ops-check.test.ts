import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

// The checks themselves are C++ (test/native/ops_check/): each prints a line, and each line becomes a test.

const EXECUTABLE = join(import.meta.dirname, "..", "..", "build", "cmake", "globalpointer_ops_check");
const SUBJECTS = [
  "simd", "gemm", "random mask", "random stream", "dropout", "rope", "attention", "gold spans", "span loss",
  "span divergence", "span decode", "dispatch", "job queue", "block allocator", "activations far from zero",
  "transposes of blocks", "shares of panels", "adamw update", "gradient norm", "labelled batches",
];
/** What needs a processor with AVX-512, in parts that later ones have only. */
const TILED = ["linear", "feed-forward", "residual and norm", "int8 linear", "bfloat16 linear",
  "linear in bfloat16", "feed-forward in bfloat16"];

/** On the processor, but with a CUDA build of LibTorch and nvcc: then on a GPU alone. */
const ON_CUDA = ["kernels"];

interface Check {
  name: string;
  ok: boolean;
  detail: string;
}

interface Outcome {
  checks: Check[];
  /** The exit code, or the signal that ended the program. */
  end: number | string;
  errors: string;
}

function runChecks(): Outcome {
  if (!existsSync(EXECUTABLE)) {
    const errors = "The native checks are not built: run `npx gp-setup --dev`, then try again.";
    return { checks: [], end: "missing", errors };
  }
  const { stdout, stderr, status, signal, error } = spawnSync(EXECUTABLE, { encoding: "utf8", maxBuffer: 1 << 26 });
  const checks = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Check);
  return { checks, end: status ?? signal ?? "not started", errors: error?.message ?? stderr };
}

const { checks, end, errors } = runChecks();

test("the native checks ran to their end", () => {
  expect({ end, errors }).toEqual({ end: checks.every(({ ok }) => ok) ? 0 : 1, errors: "" });
  const subjects = new Set(checks.map(({ name }) => name.split(":")[0] ?? ""));
  const absent = TILED.filter((name) => !subjects.has(name));
  if (absent.length > 0) console.log(`not checked, for this processor does not have it: ${absent.join(", ")}`);
  if (!ON_CUDA.every((name) => subjects.has(name))) {
    console.log("not checked, for there is no CUDA device: the kernels");
  }
  expect([...subjects].filter((name) => !TILED.includes(name) && !ON_CUDA.includes(name)).sort())
    .toEqual([...SUBJECTS].sort());
});

if (checks.length > 0) {
  test.each(checks)("$name", ({ ok, detail }) => {
    expect(ok ? "" : detail).toBe("");
  });
}
