#!/usr/bin/env node
// npm run crash-check: kills trainings at random moments, fills their disk up, and compares what becomes of them in the
// end with a training that nothing disturbed; docs/benchmarks.md tells more. Status 1 on any difference.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { trainDisturbed } from "./crash/disturbed-run.mjs";
import { durationsOf } from "./crash/moments.mjs";
import { randomNumbers } from "./crash/random.mjs";
import { differences } from "./crash/run-files.mjs";
import { SmallDisk } from "./crash/small-disk.mjs";
import { runTraining } from "./crash/training.mjs";

const DISK_MEGABYTES = 48;

const root = fileURLToPath(new URL("..", import.meta.url));
const options = readOptions();
const kills = wholeNumber("kills");
const seed = wholeNumber("seed");

const folder = mkdtempSync(path.join(tmpdir(), "gp-crash-"));
const disk = SmallDisk.mount(path.join(folder, "disk"), DISK_MEGABYTES);
process.on("SIGINT", () => process.exit(130));
process.on("exit", () => {
  disk?.unmount();
  rmSync(folder, { recursive: true, force: true });
});
try {
  process.exitCode = (await check()) ? 0 : 1;
} catch (error) {
  process.stderr.write(`crash-check: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        kills: { type: "string", default: "30" },
        seed: { type: "string", default: String(Date.now() % 100_000) },
        epochs: { type: "string", default: "8" },
        sentences: { type: "string", default: "1000" },
        set: { type: "string", multiple: true, default: [] },
      },
    }).values;
  } catch (error) {
    process.stderr.write(`crash-check: ${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(2);
  }
}

/**
 * @param {"kills" | "seed" | "epochs" | "sentences"} name
 * @returns {number}
 */
function wholeNumber(name) {
  const value = Number(options[name]);
  if (!Number.isSafeInteger(value) || value < 1) {
    process.stderr.write(`crash-check: --${name} takes a whole number from 1\n`);
    process.exit(2);
  }
  return value;
}

/** @returns {string[]} gp-train's arguments for a training that takes some seconds */
function writeConfig() {
  const [epochs, sentences] = [wholeNumber("epochs"), wholeNumber("sentences")];
  const data = path.join(root, "data");
  const lines = readFileSync(path.join(data, "train.jsonl"), "utf8").split("\n").slice(0, sentences);
  writeFileSync(path.join(folder, "train.jsonl"), `${lines.join("\n")}\n`);
  const config = path.join(folder, "config.json");
  writeFileSync(config, JSON.stringify({
    name: "crash",
    data: { train: "train.jsonl", dev: path.join(data, "dev.jsonl") },
    encoder: {
      vocab: path.join(data, "vocab.txt"),
      hiddenSize: 64, numHiddenLayers: 2, numAttentionHeads: 2, intermediateSize: 128,
    },
    training: {
      epochs, batchSize: 16, learningRate: 1e-3, maxSeqLen: 64, device: "cpu", threads: 1,
      schedule: { type: "cosine", warmupSteps: 20 },
      earlyStopping: { patience: epochs },
    },
  }));
  return ["--config", config, ...options.set.flatMap((one) => ["--set", one])];
}

/** @returns {Promise<boolean>} whether all came to the same end */
async function check() {
  const begin = writeConfig();
  const reference = path.join(folder, "undisturbed");
  const undisturbed = await runTraining([...begin, "--output", reference], reference, { limit: 3_600_000 });
  if (undisturbed.status !== 0) {
    throw new Error(`the undisturbed training failed: ${undisturbed.stderr}`);
  }
  const durations = durationsOf(reference, undisturbed);
  say(
    `undisturbed: ${(durations.whole / 1000).toFixed(1)} s, start-up ${(durations.startUp / 1000).toFixed(1)} s of it; `
    + `killing ${kills} times, --seed ${seed}`,
  );
  if (disk === undefined) {
    say("a small disk cannot be mounted here, so that none is filled up");
  }
  say(row("kill", "run", "aimed at", "after ms", "epochs", "disk", "what was left"));
  const directory = path.join(disk?.place ?? folder, "run");
  const random = randomNumbers(seed);
  let [killed, full, sound] = [0, 0, true];
  for (let run = 1; killed < kills; run++) {
    let number = killed;
    const counts = await trainDisturbed({
      directory, begin: [...begin, "--output", directory], random, durations, disk, kills: kills - killed,
      tell({ what, delay, epoch, left, full: filled }) {
        const kill = delay === undefined ? "-" : ++number;
        say(row(kill, run, what, delay ?? "", epoch ?? "-", filled ? "full" : "", left));
      },
    });
    killed += counts.killed;
    full += counts.full;
    const different = differences(directory, reference);
    sound = different.length === 0 && sound;
    const verdict = different.length === 0 ? "the same as undisturbed" : `DIFFERENT: ${different.join(", ")}`;
    say(`run ${run} finished: ${verdict}`);
    rmSync(directory, { recursive: true });
  }
  say(`${killed} kills, ${full} endings by a full disk: ${sound ? "no difference" : "NOT the same"}`);
  return sound;
}

/** @param {string} text */
function say(text) {
  process.stdout.write(`${text}\n`);
}

/** @param {(string | number)[]} cells */
function row(...cells) {
  const widths = [4, 3, 15, 8, 6, 4];
  return cells.map((cell, column) => String(cell).padEnd(widths[column] ?? 0)).join("  ").trimEnd();
}
