// The check itself, in the unpacked bundle: run.sh starts it.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
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
mkdirSync(output, { recursive: true });
const began = performance.now();
/** Limits are made for this many seconds in all; with more, each stage may take longer. */
const USUAL = 520;
const patience = Math.max(1, Number(values.seconds) / USUAL);
const secondsLeft = () => Number(values.seconds) - (performance.now() - began) / 1000;

/** @type {StageResult[]} */
const results = [];
for (const { name, limit, run } of STAGES) {
  if (values.only !== undefined && !values.only.split(",").includes(name)) {
    continue;
  }
  const seconds = Math.min(limit * patience, secondsLeft());
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
