import {
  copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { compileFailure, missingTool } from "./addon-failure.mjs";
import { findNvcc } from "./cuda.mjs";
import { contentHash, dropStamp, listFiles, listingHash, readStamp, sourcesUnchanged, writeStamp }
  from "./fingerprint.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {import("./step.mjs").Step} Step */
/** @typedef {import("./step.mjs").StepContext} StepContext */

/**
 * What the addon and the native checks are compiled from. The checks lie in a clone only.
 * @param {string} root
 */
function sources(root) {
  const checks = listFiles(root, [path.join("test", "native")]).filter((file) => /\.(cc|h|cu|cuh)$/.test(file));
  return ["CMakeLists.txt", "native", ...checks];
}

/** Memory that one compiler process may take on LibTorch's headers, in bytes. */
const COMPILER_MEMORY = 1.5e9;

/** The native addon, built with cmake-js. @type {Step} */
export const addonStep = {
  name: "native addon",

  applies() {
    return true;
  },

  isUpToDate({ paths, options, env }) {
    const stamp = readStamp(paths.state, "addon");
    return stamp !== undefined
      && existsSync(paths.addon)
      && (stamp["targets"] === "all" || !options.dev)
      && stamp["configuration"] === configuration(paths, env)
      && sourcesUnchanged(paths.root, paths.state, "addon", sources(paths.root));
  },

  async run({ paths, options, reporter, env }) {
    const libtorch = readStamp(paths.state, "libtorch");
    if (libtorch === undefined) {
      throw new SetupError("LibTorch is not set up: run gp-setup without interrupting it.");
    }
    if (!existsSync(path.join(paths.root, "CMakeLists.txt"))) {
      throw new SetupError(`${paths.root} has no CMakeLists.txt: this copy of the package is incomplete.`);
    }
    const missing = missingTool();
    if (missing !== undefined) {
      throw new SetupError(missing);
    }
    // Noted before the build: a source that is edited meanwhile must count as changed.
    const stamp = {
      configuration: configuration(paths, env),
      listing: listingHash(paths.root, sources(paths.root)),
      content: contentHash(paths.root, sources(paths.root)),
      targets: options.dev ? "all" : "addon",
    };
    if (options.force || configuredFor(paths) !== stamp.configuration) {
      rmSync(paths.cmakeBuild, { recursive: true, force: true }); // CMake's cache outlives changed options
    }
    dropStamp(paths.state, "addon");
    reporter.begin("building the native addon (cmake-js)");
    const common = [
      cmakeJs(paths.root), "--directory", paths.root, "--out", paths.cmakeBuild, "--config", "Release",
      `--CDTorch_DIR=${path.join(libtorch["directory"] ?? "", "share", "cmake", "Torch")}`,
      `--CDCMAKE_PREFIX_PATH=${libtorch["directory"]}`, `--CDGP_WITH_KERNELS=${wantsKernels(env) ? "ON" : "OFF"}`,
    ];
    /** @type {string[]} */
    const log = [];
    const jobs = String(parallelJobs(env));
    const target = options.dev ? [] : ["--target", "globalpointer"];
    for (const command of [["configure"], ["build", "--parallel", jobs, ...target]]) {
      const { status, lines } = await runCommand(process.execPath, [...common, ...command], {
        cwd: paths.root,
        onLine: (line) => showProgress(line, reporter),
      });
      log.push(...lines);
      if (status !== 0) {
        const logFile = path.join(paths.state, "addon.log");
        writeFileSync(logFile, `${log.join("\n")}\n`);
        throw new SetupError(compileFailure(lines, logFile));
      }
      if (command[0] === "configure") {
        writeFileSync(configuredFile(paths), stamp.configuration);
      }
    }
    placeAddon(paths);
    writeStamp(paths.state, "addon", stamp);
    reporter.say(`built ${path.relative(paths.root, paths.addon)}`);
  },
};

/**
 * What the compiled addon depends on besides its sources.
 * @param {import("./project-paths.mjs").ProjectPaths} paths
 * @param {NodeJS.ProcessEnv} env
 */
function configuration(paths, env) {
  const libtorch = readStamp(paths.state, "libtorch");
  return [
    libtorch?.["directory"], libtorch?.["version"], libtorch?.["identity"],
    `node ${process.versions.node.split(".")[0]} ${process.platform}-${process.arch}`,
    // With nvcc there are kernels, without it a CUDA build goes without them.
    `nvcc ${libtorch?.["variant"] === "cuda" && wantsKernels(env) ? findNvcc(env) : "unused"}`,
    `CC=${env["CC"] ?? ""} CXX=${env["CXX"] ?? ""} CXXFLAGS=${env["CXXFLAGS"] ?? ""}`,
  ].join("\n");
}

/** @param {NodeJS.ProcessEnv} env */
function wantsKernels(env) {
  return env["GP_KERNELS"] !== "0";
}

/** @param {import("./project-paths.mjs").ProjectPaths} paths */
function configuredFile(paths) {
  return path.join(paths.cmakeBuild, "configured-for.txt");
}

/** @param {import("./project-paths.mjs").ProjectPaths} paths */
function configuredFor(paths) {
  try {
    return readFileSync(configuredFile(paths), "utf8");
  } catch {
    return undefined;
  }
}

/** @param {string} root */
function cmakeJs(root) {
  const require = createRequire(path.join(root, "package.json"));
  try {
    const manifest = require.resolve("cmake-js/package.json");
    return path.join(path.dirname(manifest), require(manifest).bin["cmake-js"]);
  } catch {
    throw new SetupError(`cmake-js is not installed for ${root}: run npm install there first.`);
  }
}

/** @param {NodeJS.ProcessEnv} env */
function parallelJobs(env) {
  const wish = Number(env["CMAKE_BUILD_PARALLEL_LEVEL"]);
  if (Number.isInteger(wish) && wish > 0) {
    return wish;
  }
  const memory = Math.min(os.totalmem(), process.constrainedMemory?.() || Infinity);
  return Math.max(1, Math.min(os.availableParallelism(), Math.floor(memory / COMPILER_MEMORY)));
}

/**
 * @param {string} line of Ninja ("[3/20] Building CXX object …") or Make ("[ 15%] Building CXX object …")
 * @param {import("./reporter.mjs").Reporter} reporter
 */
function showProgress(line, reporter) {
  const match = /^\[\s*(\d+\/\d+|\d+%)\] (.*)$/.exec(line);
  if (match !== null) {
    const what = (match[2] ?? "").replace(/^Building \w+ object .*\.dir\//, "compiling ").replace(/\.o(bj)?$/, "");
    reporter.progress(`${match[1]} ${what}`);
  }
}

/**
 * Puts the finished addon in its place in one move: a process that has the old one loaded keeps it.
 * @param {import("./project-paths.mjs").ProjectPaths} paths
 */
function placeAddon(paths) {
  const built = path.join(paths.cmakeBuild, "Release", path.basename(paths.addon));
  if (!existsSync(built)) {
    throw new SetupError(`the build ended well but left no ${built}: run gp-setup --native-only --force.`);
  }
  mkdirSync(path.dirname(paths.addon), { recursive: true });
  const aside = `${paths.addon}.${process.pid}`;
  copyFileSync(built, aside);
  renameSync(aside, paths.addon);
}
