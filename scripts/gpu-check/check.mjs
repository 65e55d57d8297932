// The check itself, in the unpacked bundle: run.sh starts it.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findNvcc } from "../setup/cuda.mjs";
import { endChildren } from "../setup/run-command.mjs";
import { STAGES } from "./stages.mjs";
import { tableOf } from "./table.mjs";

/** @typedef {import("./stages.mjs").StageResult} StageResult */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const { values } = parseArgs({
  options: {
    output: { type: "string", default: "gpu-check-results" },
    seconds: { type: "string", default: "520" },
    corpus: { type: "string", default: "" },
    only: { type: "string" },
  },
});
const output = path.resolve(values.output);
const wanted = values.only?.split(",");
const unknown = wanted?.find((name) => !STAGES.some((stage) => stage.name === name));
if (unknown !== undefined || !(Number(values.seconds) > 0)) {
  process.stderr.write(unknown === undefined
    ? `gpu-check: --seconds must be a number above 0, but is ${values.seconds}\n`
    : `gpu-check: there is no stage ${unknown}; there are ${STAGES.map(({ name }) => name).join(", ")}\n`);
  process.exit(1);
}
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => {
    endChildren();
    process.exit(1);
  });
}
// What an earlier check left must not be taken for this one's.
rmSync(output, { recursive: true, force: true });
mkdirSync(output, { recursive: true });
const nvcc = findNvcc(process.env);
if (nvcc !== undefined) {
  process.env["PATH"] += `${path.delimiter}${path.dirname(nvcc)}`; // compute-sanitizer lies beside it
}
const began = performance.now();
/** Limits are made for this many seconds in all; with more, each stage may take longer. */
const USUAL = 520;
const patience = Math.max(1, Number(values.seconds) / USUAL);
const secondsLeft = () => Number(values.seconds) - (performance.now() - began) / 1000;

/** @type {StageResult[]} */
const results = [];
const stages = STAGES.filter(({ name }) => wanted === undefined || wanted.includes(name));
for (const [index, { name, limit, run }] of stages.entries()) {
  const reserved = stages.slice(index + 1).reduce((sum, { reserve }) => sum + reserve, 0);
  const seconds = Math.min(limit * patience, secondsLeft() - reserved);
  const start = performance.now();
  /** @type {Omit<StageResult, "name" | "seconds">} */
  let result;
  if (seconds < 5) {
    result = { ok: false, summary: "not begun: the time was over", details: {} };
  } else {
    try {
      result = await run({ root, output, corpus: values.corpus, seconds });
    } catch (error) {
      result = { ok: false, summary: error instanceof Error ? error.message : String(error), details: {} };
    }
  }
  results.push({ name, seconds: (performance.now() - start) / 1000, ...result });
  process.stdout.write(`${result.ok ? "ok    " : "FAILED"} ${name}: ${result.summary}\n`);
  writeFileSync(path.join(output, "gpu-check.json"), `${JSON.stringify(results, null, 2)}\n`);
  writeFileSync(path.join(output, "gpu-check.md"), tableOf(results));
}
endChildren();
process.stdout.write(`\n${tableOf(results)}`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
