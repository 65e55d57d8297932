#!/usr/bin/env node
// Writes the built-in corpus: node scripts/generate-corpus.mjs [--seed N] [--out DIR] [--check]

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { toCluenerLine } from "./corpus/cluener.mjs";
import * as inventory from "./corpus/inventory.mjs";
import { readme } from "./corpus/readme.mjs";
import { createSentences } from "./corpus/sentences.mjs";
import { showcase } from "./corpus/showcase.mjs";
import { mentionsOf, statistics } from "./corpus/statistics.mjs";
import { createVocabulary } from "./corpus/vocabulary.mjs";

const DEFAULT_SEED = 2333;
const USAGE = `Usage: node scripts/generate-corpus.mjs [--seed N] [--out DIR] [--check]

  --seed N    an integer from 0 to 4294967295 (default ${DEFAULT_SEED})
  --out DIR   the folder to write (default: data/ of the project)
  --check     write nothing; exit with 1 if the folder differs from what would be written
`;

const lines = (items) => items.map((item) => `${item}\n`).join("");

/** @returns {Record<string, string>} the content of every file of the corpus, by name */
function createFiles(seed) {
  const sets = createSentences(seed);
  const texts = Object.values(sets).flat().map(({ text }) => text);
  const vocabulary = createVocabulary([JSON.stringify(inventory), ...texts, ...showcase]);
  const trainMentions = mentionsOf(sets.train);
  const counts = {
    train: statistics(sets.train),
    dev: statistics(sets.dev, trainMentions),
    test: statistics(sets.test, trainMentions),
  };
  return {
    "train.jsonl": lines(sets.train.map(toCluenerLine)),
    "dev.jsonl": lines(sets.dev.map(toCluenerLine)),
    "test.jsonl": lines(sets.test.map(toCluenerLine)),
    "sentences.txt": lines(showcase),
    "vocab.txt": lines(vocabulary),
    "README.md": readme({ seed, vocabularySize: vocabulary.length, showcaseSize: showcase.length, counts }),
  };
}

/** Writes aside, syncs and renames, so that the file is whole or not there. */
function writeWhole(path, content) {
  const aside = `${path}.${process.pid}.partial`;
  try {
    const file = openSync(aside, "w");
    try {
      const bytes = Buffer.from(content, "utf8");
      for (let written = 0; written < bytes.length;) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

function sameAsOnDisk(path, content) {
  try {
    return readFileSync(path, "utf8") === content;
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

function readArguments() {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: String(DEFAULT_SEED) },
      out: { type: "string", default: join(dirname(fileURLToPath(import.meta.url)), "..", "data") },
      check: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const seed = Number(values.seed);
  if (!/^\d+$/u.test(values.seed) || seed > 0xffffffff) {
    throw new Error(`--seed ${values.seed}: give an integer from 0 to 4294967295.`);
  }
  return { ...values, seed };
}

function main() {
  const { seed, out, check, help } = readArguments();
  if (help) {
    process.stdout.write(USAGE);
    return;
  }
  const files = Object.entries(createFiles(seed));
  if (check) {
    const different = files.filter(([name, content]) => !sameAsOnDisk(join(out, name), content)).map(([name]) => name);
    if (different.length > 0) {
      const remedy = "run node scripts/generate-corpus.mjs with the same --seed and --out to write it again";
      throw new Error(`${out} differs from the generator's output in ${different.join(", ")}: ${remedy}.`);
    }
    return;
  }
  mkdirSync(out, { recursive: true });
  for (const [name, content] of files) writeWhole(join(out, name), content);
}

try {
  main();
} catch (error) {
  process.stderr.write(`generate-corpus: ${error.message.split("\n").join(" ")}\n`);
  process.exitCode = 1;
}
