import { existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { contentHash, dropStamp, listingHash, presenceHash, readStamp, sourcesUnchanged, writeStamp }
  from "./fingerprint.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {import("./step.mjs").Step} Step */

const SOURCES = ["bench", "bin", "lib", "tsconfig.build.json", "tsconfig.json"];

/** TypeScript, compiled into dist/. @type {Step} */
export const typescriptStep = {
  name: "TypeScript",

  applies({ paths, options }) {
    return paths.isClone && !options.nativeOnly;
  },

  isUpToDate({ paths }) {
    return readStamp(paths.state, "typescript")?.["output"] === presenceHash(paths.root, ["dist"])
      && sourcesUnchanged(paths.root, paths.state, "typescript", SOURCES);
  },

  async run({ paths, reporter }) {
    const compiler = path.join(paths.root, "node_modules", "typescript", "bin", "tsc");
    if (!existsSync(compiler)) {
      throw new SetupError(`TypeScript is not installed in ${paths.root}: run npm ci --include=dev there.`);
    }
    const stamp = {
      listing: listingHash(paths.root, SOURCES),
      content: contentHash(paths.root, SOURCES),
    };
    dropStamp(paths.state, "typescript");
    reporter.begin("compiling TypeScript into dist/");
    // Compiled aside and swapped in: no half of an output is ever seen, and none of a removed source stays.
    const aside = path.join(paths.state, `dist-${process.pid}`);
    try {
      const { status, lines } = await runCommand(
        process.execPath,
        [compiler, "-p", "tsconfig.build.json", "--outDir", aside, "--noEmitOnError", "--pretty", "false"],
        { cwd: paths.root },
      );
      if (status !== 0) {
        const shown = lines.slice(0, 20).map((line) => `  ${line}`).join("\n");
        throw new SetupError(`TypeScript does not compile; dist/ is left as it was:\n${shown}`);
      }
      rmSync(paths.dist, { recursive: true, force: true });
      renameSync(aside, paths.dist);
    } finally {
      rmSync(aside, { recursive: true, force: true });
    }
    writeStamp(paths.state, "typescript", { ...stamp, output: presenceHash(paths.root, ["dist"]) });
  },
};
