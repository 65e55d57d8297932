import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { runCommand } from "../setup/run-command.mjs";

/**
 * @typedef {object} StageContext
 * @property {string} root the project's folder
 * @property {string} output where logs go
 * @property {string} corpus a folder with train.json, dev.json and vocab.txt, if there is one
 * @property {number} seconds that the stage may take
 */

/**
 * @typedef {object} StageResult
 * @property {string} name
 * @property {boolean} ok
 * @property {number} seconds
 * @property {string} summary one line
 * @property {Record<string, unknown>} details
 */

/** @typedef {Omit<StageResult, "name" | "seconds">} Found */

/**
 * @typedef {object} Stage
 * @property {string} name
 * @property {number} limit seconds
 * @property {number} reserve seconds that the stages before it leave
 * @property {(context: StageContext) => Promise<Found>} run
 */

/**
 * Runs a program, its output into a log.
 * @param {StageContext} context
 * @param {string} name of the log
 * @param {string} program
 * @param {string[]} args
 */
async function logged({ root, output, seconds }, name, program, args) {
  const result = await runCommand(program, args, { cwd: root, timeout: seconds * 1000 });
  writeFileSync(path.join(output, `${name}.log`), `${result.lines.join("\n")}\n`);
  return result;
}

/** @param {string[]} lines */
function lastLine(lines) {
  return lines.findLast((line) => line.trim() !== "")?.slice(0, 200) ?? "no output";
}

/** What the machine is. @type {Stage} */
const machine = {
  name: "machine",
  limit: 30,
  reserve: 0,
  async run(context) {
    const facts = {
      gpu: await runCommand("nvidia-smi", ["--query-gpu=name,memory.total,driver_version,compute_cap",
        "--format=csv,noheader"], { timeout: 20_000 }),
      nvcc: await runCommand("nvcc", ["--version"], { timeout: 20_000 }),
      torch: await runCommand("python3", ["-c",
        "import os, torch; print(torch.__version__, torch.cuda.is_available(), os.path.dirname(torch.__file__))"],
      { timeout: 60_000 }),
    };
    const details = Object.fromEntries(Object.entries(facts).map(([name, { lines }]) => [name, lastLine(lines)]));
    writeFileSync(path.join(context.output, "machine.json"), JSON.stringify(details, null, 2));
    return {
      ok: facts.gpu.status === 0 && details["torch"]?.includes(" True ") === true, details,
      summary: [details["gpu"], details["nvcc"], `torch ${details["torch"]?.split(" ")[0]}`, `Node ${process.version}`]
        .join("; "),
    };
  },
};

/** The addon and the native checks, against python3's torch. @type {Stage} */
const build = {
  name: "build",
  limit: 200,
  reserve: 0,
  async run(context) {
    const { root } = context;
    const torch = await runCommand("python3", ["-c", "import importlib.util, os; "
      + "print(os.path.dirname(importlib.util.find_spec('torch').origin))"], { timeout: 60_000 });
    const modules = path.join(root, "node_modules");
    const headers = ["node-api-headers/include", "node-addon-api"].map((name) => path.join(modules, name)).join(";");
    const ninja = (await runCommand("ninja", ["--version"], { timeout: 10_000 })).status === 0;
    const folder = path.join(root, "build", "cmake");
    mkdirSync(folder, { recursive: true });
    const configured = await logged(context, "configure", "cmake", [
      "-S", root, "-B", folder, ...(ninja ? ["-G", "Ninja"] : []), "-DCMAKE_BUILD_TYPE=Release",
      `-DCMAKE_PREFIX_PATH=${lastLine(torch.lines)}`, `-DCMAKE_JS_INC=${headers}`,
    ]);
    if (configured.status !== 0) {
      const error = configured.lines.find((line) => line.includes("CMake Error")) ?? lastLine(configured.lines);
      return { ok: false, summary: `CMake: ${error.slice(0, 200)}`, details: {} };
    }
    const kernels = configured.lines.find((line) => line.includes("CUDA kernels")) ?? "no kernels";
    const jobs = String(os.availableParallelism());
    const built = await logged(context, "build", "cmake", ["--build", folder, "--parallel", jobs]);
    const addon = path.join(folder, "globalpointer.node");
    if (built.status !== 0 || !existsSync(addon)) {
      const error = built.lines.find((line) => /\berror:|CMake Error|^FAILED:/.test(line)) ?? lastLine(built.lines);
      return { ok: false, summary: `not built: ${error.slice(0, 200)}`, details: {} };
    }
    mkdirSync(path.join(root, "build", "Release"), { recursive: true });
    copyFileSync(addon, path.join(root, "build", "Release", "globalpointer.node"));
    return { ok: kernels !== "no kernels", summary: kernels.replace(/^-- /, ""), details: {} };
  },
};

/** @param {string[]} lines of the native checks */
function counted(lines) {
  const checks = lines.filter((line) => line.startsWith("{") && line.endsWith("}")).map((line) => JSON.parse(line));
  const failed = checks.filter(({ ok }) => !ok);
  return {
    passed: checks.length - failed.length,
    failed: failed.map(({ name, detail }) => `${name}: ${detail}`.slice(0, 400)),
  };
}

/** The native checks of the kernels, each against its plain twin. @type {Stage} */
const kernels = {
  name: "kernels",
  limit: 60,
  reserve: 20,
  async run(context) {
    const program = path.join(context.root, "build", "cmake", "globalpointer_ops_check");
    const { status, lines } = await logged(context, "kernels", program, ["kernels:"]);
    const { passed, failed } = counted(lines);
    return {
      ok: status === 0 && passed > 0, details: { passed, failed },
      summary: `${passed} passed, ${failed.length} failed`
        + (status === 0 ? "" : `, status ${status}: ${failed[0] ?? lastLine(lines)}`),
    };
  },
};

/** One check of each kernel, at odd sizes. */
const ODD_SIZES = [
  "lengths 5, 1, 70, 2", "65 tokens of 100", "33 tokens of 16 by 130", "dropout of 5000", "side by side",
];

/** The same under compute-sanitizer: reads and writes out of bounds, and races in shared memory. @type {Stage} */
const sanitizer = {
  name: "sanitizer",
  limit: 70,
  reserve: 40,
  async run(context) {
    const program = path.join(context.root, "build", "cmake", "globalpointer_ops_check");
    /** @type {Record<string, unknown>} */
    const details = {};
    let ok = true;
    for (const tool of ["memcheck", "racecheck"]) {
      const { status, lines } = await logged(
        { ...context, seconds: context.seconds / 2 }, `sanitizer-${tool}`, "compute-sanitizer",
        ["--tool", tool, "--error-exitcode", "9", program, ...ODD_SIZES],
      );
      const { passed } = counted(lines);
      const summary = lines.findLast((line) => line.includes("SUMMARY")) ?? lastLine(lines);
      details[tool] = `${passed} checks, status ${status}, ${summary.replace(/^=+ */, "")}`;
      ok &&= status === 0 && passed > 0;
    }
    return { ok, details, summary: Object.entries(details).map(([tool, found]) => `${tool}: ${found}`).join("; ") };
  },
};

/** The project's own tests, those that are parametrised by device on CUDA, too. @type {Stage} */
const tests = {
  name: "tests",
  limit: 90,
  reserve: 30,
  async run(context) {
    const report = path.join(context.output, "jest.json");
    const { status, lines } = await logged(context, "tests", process.execPath, [
      "--experimental-vm-modules", path.join("node_modules", "jest", "bin", "jest.js"), "--json",
      `--outputFile=${report}`, "--maxWorkers=50%",
      "test/native/(parity|steps|heads|training-state|engine|encoders|precision)",
    ]);
    if (!existsSync(report)) {
      return { ok: false, summary: `jest did not end: ${lastLine(lines)}`, details: {} };
    }
    const result = JSON.parse(readFileSync(report, "utf8"));
    /** @type {{ status: string, fullName: string, failureMessages: string[] }[]} */
    const found = result.testResults.flatMap((/** @type {{ assertionResults: unknown[] }} */ file) =>
      file.assertionResults);
    const onCuda = found.filter((test) => test.fullName.includes("on cuda"));
    const passed = onCuda.filter((test) => test.status === "passed").length;
    const failed = found.filter((test) => test.status === "failed")
      .map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]?.split("\n")[0] ?? ""}`);
    return {
      ok: status === 0 && result.numRuntimeErrorTestSuites === 0 && passed > 0, details: { failed },
      summary: `on CUDA ${passed} of ${onCuda.length} passed; in all ${result.numPassedTests} passed, `
        + `${result.numFailedTests} failed, ${result.numPendingTests} skipped`,
    };
  },
};

/** Speed and memory beside plain PyTorch: bench/gpu.ts. @type {Stage} */
const speed = {
  name: "speed",
  limit: 300,
  reserve: 120,
  async run(context) {
    const { output, corpus, seconds } = context;
    const { status, lines } = await logged(context, "speed", process.execPath, [
      path.join("dist", "bench", "gpu.js"), "--json", path.join(output, "speed.json"), "--rounds", "5",
      "--seconds", String(Math.max(1, seconds - 90)),
      ...(corpus === ""
        ? [] : ["--cluener", path.join(corpus, "train.json"), "--vocab", path.join(corpus, "vocab.txt")]),
    ]);
    const file = path.join(output, "speed.json");
    const leftOut = lines.filter((line) => line.includes("is left out"));
    const summary = status !== 0 ? lines.find((line) => line.trim() !== "") ?? "no output"
      : leftOut.length > 0 ? `see below; ${leftOut.join("; ")}` : "see below";
    return {
      ok: status === 0, summary: summary.slice(0, 400),
      details: {
        tables: lines.join("\n"), workloads: existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [],
      },
    };
  },
};

/** A BERT-base from random weights learns CLUENER, in bfloat16 and in single precision. @type {Stage} */
const training = {
  name: "training",
  limit: 100,
  reserve: 50,
  async run(context) {
    const { root, output, corpus, seconds } = context;
    if (corpus === "" || !existsSync(corpus)) {
      return { ok: true, summary: "left out: the bundle has no corpus", details: {} };
    }
    /** @type {Record<string, unknown>} */
    const details = {};
    const found = [];
    let ok = true;
    for (const precision of ["bf16", "fp32"]) {
      const run = path.join(root, "runs", precision);
      const { status, lines } = await logged({ ...context, seconds: seconds / 2 }, `training-${precision}`,
        process.execPath, [
          path.join("dist", "bin", "gp-train.js"), "--config", path.join("configs", "cluener-scratch.json"),
          "--output", run,
          ...[
            `data.train=${path.join(corpus, "train.json")}`, `data.dev=${path.join(corpus, "dev.json")}`,
            `encoder.vocab=${path.join(corpus, "vocab.txt")}`, "encoder.hiddenSize=768", "encoder.numHiddenLayers=12",
            "encoder.numAttentionHeads=12", "encoder.intermediateSize=3072", "training.learningRate=0.00005",
            "training.epochs=6", "training.device=cuda", `training.precision=${precision}`,
          ].flatMap((override) => ["--set", override]),
        ]);
      const metrics = path.join(run, "metrics.jsonl");
      const epochs = existsSync(metrics)
        ? readFileSync(metrics, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];
      details[precision] = epochs.map(({ epoch, loss, seconds: taken, tokensPerSecond, dev }) =>
        ({ epoch, loss, seconds: taken, tokensPerSecond, f1: dev.f1 }));
      const last = epochs.at(-1);
      ok &&= status === 0;
      found.push(status === 0 && last !== undefined
        ? `${precision}: loss ${last.loss.toFixed(4)}, dev F1 ${last.dev.f1.toFixed(4)}, `
          + `${last.seconds.toFixed(1)} s an epoch`
        : `${precision}: ${epochs.length} epochs; ${lastLine(lines)}`);
    }
    writeFileSync(path.join(output, "training.json"), `${JSON.stringify(details, null, 2)}\n`);
    return { ok, summary: found.join("; "), details };
  },
};

/** In the order in which they are worth most. @type {readonly Stage[]} */
export const STAGES = [machine, build, kernels, tests, sanitizer, speed, training];
