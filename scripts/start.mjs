#!/usr/bin/env node
// npm start: trains on the built-in corpus, then tags a few sentences with what was learnt.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { painter, renderSentence } from "./render-entities.mjs";

const SHOWN_SENTENCES = 6;
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const run = path.join("runs", `start-${nextNumber(path.join(root, "runs"))}`);

// Ctrl-C goes to the training, which saves its state before it ends; this process only waits for it.
process.on("SIGINT", () => undefined);

process.stdout.write(`Training on the built-in corpus; the run is kept in ${run}\n`);
const trained = await runTool("gp-train", ["--config", "config.json", "--output", run, ...process.argv.slice(2)]);
if (trained.status !== 0) {
  process.exit(trained.status);
}
const sentences = readFileSync(path.join(root, "data", "sentences.txt"), "utf8")
  .split(/\r?\n/)
  .filter((line) => line.trim() !== "")
  .slice(0, SHOWN_SENTENCES);
const model = path.join(run, "best");
process.stdout.write(`\nSentences tagged by ${model}:\n`);
const predicted = await runTool("gp-predict", ["--model", model], `${sentences.join("\n")}\n`);
if (predicted.status !== 0) {
  process.exit(predicted.status);
}
const paint = painter(process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined);
for (const line of predicted.output.split("\n").filter((text) => text !== "")) {
  process.stdout.write(`\n${renderSentence(JSON.parse(line), paint)}\n`);
}
process.stdout.write(`\nTag your own: echo 一句话 | npx gp-predict --model ${model}\n`);

/**
 * The first number that no earlier run has.
 * @param {string} runs
 */
function nextNumber(runs) {
  const taken = (existsSync(runs) ? readdirSync(runs) : []).map((name) => Number(/^start-(\d+)$/.exec(name)?.[1] ?? 0));
  return 1 + Math.max(0, ...taken);
}

/**
 * Runs one of the package's commands with its output shown as it comes, or collected when it is given an input.
 * @param {string} name
 * @param {string[]} args
 * @param {string} [input]
 * @returns {Promise<{ status: number, output: string }>}
 */
function runTool(name, args, input) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, "dist", "bin", `${name}.js`), ...args], {
      cwd: root,
      stdio: input === undefined ? "inherit" : ["pipe", "pipe", "inherit"],
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    // A command that fails at once closes its input before all is written: its status tells, not this.
    child.stdin?.on("error", () => undefined).end(input);
    child.once("error", reject);
    child.once("close", (status, signal) => resolve({ status: status ?? (signal === "SIGINT" ? 130 : 1), output }));
  });
}
