#!/usr/bin/env node
// Packs all that a check on a GPU needs into one file, for a machine with neither Node nor a network:
//
//   node scripts/gpu-check/bundle.mjs [--output gpu-check.tar.xz] [--cluener FOLDER --vocab FILE]
//
// The sources, the built JavaScript (made first), the npm packages that tests and benchmark need, and this very Node;
// with --cluener (its train.json and dev.json) and --vocab also a corpus to measure and to train on. On the machine:
//
//   bash scripts/gpu-check/run.sh gpu-check.tar.xz
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { neededPackages } from "./needed-packages.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..", "..");
const LIMIT = 60e6; // bytes
const PACKAGES = [
  "yargs", "zod", "@huggingface/hub", "node-addon-api", "node-api-headers", "jest", "ts-jest", "typescript",
  "fast-check",
];

/**
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 */
function run(program, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root, encoding: "utf8", maxBuffer: 1 << 28, env: { ...process.env, ...env },
  });
  if (status !== 0) {
    throw new Error(`${program} ${args[0] ?? ""} failed: ${error?.message ?? stderr.trim().split("\n").at(-1) ?? ""}`);
  }
  return stdout;
}

function bundle() {
  const { values } = parseArgs({
    options: {
      output: { type: "string", default: "gpu-check.tar.xz" }, cluener: { type: "string" }, vocab: { type: "string" },
    },
  });
  if ((values.cluener === undefined) !== (values.vocab === undefined)) {
    throw new Error("--cluener and --vocab go together: give both or neither.");
  }
  run(process.execPath, [path.join("node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.build.json"]);
  const stage = mkdtempSync(path.join(os.tmpdir(), "gpu-check-"));
  try {
    const project = path.join(stage, "project");
    mkdirSync(path.join(project, "node_modules"), { recursive: true });
    for (const name of run("git", ["ls-files", "-z", "-co", "--exclude-standard"]).split("\0")) {
      if (name === "" || !existsSync(path.join(root, name))) {
        continue;
      }
      mkdirSync(path.dirname(path.join(project, name)), { recursive: true });
      symlinkSync(path.join(root, name), path.join(project, name));
    }
    symlinkSync(path.join(root, "dist"), path.join(project, "dist"));
    for (const folder of neededPackages(root, PACKAGES)) {
      const to = path.join(project, "node_modules", folder);
      mkdirSync(path.dirname(to), { recursive: true });
      if (!existsSync(to)) symlinkSync(path.join(root, "node_modules", folder), to);
    }
    mkdirSync(path.join(stage, "bin"));
    copyFileSync(process.execPath, path.join(stage, "bin", "node"));
    spawnSync("strip", [path.join(stage, "bin", "node")]); // symbols: where there is no strip they stay
    if (values.cluener !== undefined && values.vocab !== undefined) {
      mkdirSync(path.join(stage, "corpus"));
      for (const name of ["train.json", "dev.json"]) {
        copyFileSync(path.join(values.cluener, name), path.join(stage, "corpus", name));
      }
      copyFileSync(values.vocab, path.join(stage, "corpus", "vocab.txt"));
    }
    const output = path.resolve(values.output);
    const skipped = ["*.d.ts", "*.d.mts", "*.map"];
    run(
      "tar", ["-chJf", output, ...skipped.map((pattern) => `--exclude=${pattern}`), "-C", stage, "."],
      { XZ_OPT: "-T0 -6" },
    );
    const { size } = statSync(output);
    process.stdout.write(`${output}: ${(size / 1e6).toFixed(1)} MB\n`);
    if (size > LIMIT) {
      rmSync(output);
      throw new Error(`the bundle is larger than ${LIMIT / 1e6} MB, and was removed`);
    }
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

try {
  bundle();
} catch (error) {
  process.stderr.write(`gpu-check: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
