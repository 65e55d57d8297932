import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** The LibTorch versions this package builds against: from (included) to below (excluded), as [major, minor]. */
export const SUPPORTED = /** @type {const} */ ({ from: [2, 11], below: [2, 15] });

/** The version that the tests run with, and the one that is fetched. */
export const TESTED_VERSION = "2.13.0";

/** The supported range as text for people. */
export function supportedRange() {
  return `>= ${SUPPORTED.from.join(".")} and < ${SUPPORTED.below.join(".")}`;
}

/** @param {string} version such as "2.13.0+cpu" */
export function isSupported(version) {
  const match = /^(\d+)\.(\d+)/.exec(version);
  if (match === null) {
    return false;
  }
  const minor = Number(match[1]) * 1000 + Number(match[2]);
  const [from, below] = [SUPPORTED.from, SUPPORTED.below].map(([major, rest]) => major * 1000 + rest);
  return minor >= /** @type {number} */ (from) && minor < /** @type {number} */ (below);
}

/**
 * @typedef {object} Libtorch
 * @property {string} directory holds lib/, include/ and share/cmake/Torch
 * @property {string} version such as "2.13.0+cpu"
 * @property {"cpu" | "cuda"} variant
 */

/**
 * Looks at a folder: an unpacked LibTorch, a Python torch package, or the folder that holds one of these.
 * @param {string} folder
 * @returns {{ found: Libtorch } | { missing: string }} what is missing is told as the end of a sentence
 */
export function inspectLibtorch(folder) {
  if (!existsSync(folder)) {
    return { missing: "does not exist" };
  }
  const candidates = [folder, path.join(folder, "torch"), path.join(folder, "libtorch")];
  const directory = candidates.find((candidate) => existsSync(configFile(candidate)));
  if (directory === undefined) {
    return { missing: "holds no share/cmake/Torch/TorchConfig.cmake" };
  }
  for (const part of ["include/ATen", `lib/${libraryName("torch_cpu")}`, `lib/${libraryName("c10")}`]) {
    if (!existsSync(path.join(directory, part))) {
      return { missing: `is incomplete: there is no ${part} in it` };
    }
  }
  const version = readVersion(directory);
  if (version === undefined) {
    return { missing: "does not say its version (no build-version, version.py or torch/version.h)" };
  }
  const variant = existsSync(path.join(directory, "lib", libraryName("torch_cuda"))) ? "cuda" : "cpu";
  return { found: { directory, version, variant } };
}

/** @param {string} directory */
export function configFile(directory) {
  return path.join(directory, "share", "cmake", "Torch", "TorchConfig.cmake");
}

/** @param {string} name */
export function libraryName(name) {
  return process.platform === "win32" ? `${name}.lib` : `lib${name}.${process.platform === "darwin" ? "dylib" : "so"}`;
}

/**
 * The version as the folder itself tells it: the archive's build-version, the package's version.py, or the header.
 * @param {string} directory
 * @returns {string | undefined}
 */
export function readVersion(directory) {
  const fromArchive = readText(path.join(directory, "build-version"))?.trim();
  if (fromArchive !== undefined && /^\d+\.\d+/.test(fromArchive)) {
    return fromArchive;
  }
  const fromPackage = /__version__\s*=\s*['"]([^'"]+)['"]/.exec(readText(path.join(directory, "version.py")) ?? "");
  if (fromPackage !== null) {
    return fromPackage[1];
  }
  for (const header of ["include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"]) {
    const text = readText(path.join(directory, header)) ?? "";
    const numbers = ["MAJOR", "MINOR", "PATCH"].map(
      (part) => new RegExp(`#define TORCH_VERSION_${part} (\\d+)`).exec(text)?.[1],
    );
    if (numbers.every((number) => number !== undefined)) {
      return numbers.join(".");
    }
  }
  return undefined;
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}
