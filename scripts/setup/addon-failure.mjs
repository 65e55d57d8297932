import { findOnPath } from "./run-command.mjs";

/** How to get a program, per package system. */
const PACKAGES = {
  cmake: "Debian and Ubuntu: apt-get install cmake; Fedora: dnf install cmake; macOS: brew install cmake",
  compiler: "Debian and Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++; macOS: xcode-select --install",
  make: "Debian and Ubuntu: apt-get install ninja-build; Fedora: dnf install ninja-build; macOS: brew install ninja",
};

/**
 * The first build tool that is not on the PATH, with its remedy, as one sentence.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function missingTool(env = process.env) {
  const has = (/** @type {string[]} */ names) => names.some((name) => findOnPath(name, env) !== undefined);
  if (!has(["cmake"])) {
    return `cmake is not on the PATH, and the native addon is built with it (${PACKAGES.cmake}); then run this again.`;
  }
  if ((env["CXX"] ?? "") === "" && !has(["g++", "clang++", "c++"])) {
    return `there is no C++ compiler on the PATH (${PACKAGES.compiler}); then run this again.`;
  }
  if (!has(["ninja", "make"])) {
    return `there is neither ninja nor make on the PATH (${PACKAGES.make}); then run this again.`;
  }
  return undefined;
}

/**
 * What a known symptom in the build's output calls for.
 * @type {[RegExp, string][]}
 */
const REMEDIES = [
  [/CMake .*or higher is required/, `This cmake is too old: install a newer one (${PACKAGES.cmake}).`],
  [/No CMAKE_CUDA_COMPILER|CMAKE_CUDA_COMPILER.*(broken|not able to compile)|Compiler.*CUDA.*failed/i,
    "nvcc is there and does not work: set CUDA_HOME to a toolkit that does, or GP_KERNELS=0 to go without it."],
  [/No CMAKE_CXX_COMPILER/, `There is no working C++ compiler (${PACKAGES.compiler}).`],
  [/Killed signal|signal terminated program|out of memory|std::bad_alloc/i,
    "The compiler ran out of memory: set CMAKE_BUILD_PARALLEL_LEVEL=1 and run this again."],
  [/No space left on device/, "The disk is full: make room and run this again."],
  [/unrecognized command.line option .*std=|unsupported.*c\+\+20|requires at least C\+\+20/i,
    `This compiler does not know C++20: install a newer one (${PACKAGES.compiler}).`],
  [/Could not find a package configuration file provided by "Torch"|TorchConfig\.cmake/,
    "CMake cannot use this LibTorch: point GP_LIBTORCH at another, or run gp-setup --force."],
];

/**
 * The message for a failed build: the compiler's own words from the first error on, then what to do.
 * @param {string[]} lines the build's output
 * @param {string} logFile where all of it lies
 */
export function compileFailure(lines, logFile) {
  const first = lines.findIndex((line) => /\berror\b|CMake Error|^FAILED:|undefined reference/i.test(line));
  const excerpt = first < 0 ? lines.slice(-20) : lines.slice(first, first + 20);
  const text = lines.join("\n");
  const remedy = REMEDIES.find(([symptom]) => symptom.test(text))?.[1]
    ?? "If the sources are unchanged, try gp-setup --native-only --force, and report the log if that fails too.";
  return [
    "the native addon could not be built:",
    ...excerpt.map((line) => `  ${line}`),
    `${remedy} The whole output is in ${logFile}.`,
  ].join("\n");
}
