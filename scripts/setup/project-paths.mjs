import { existsSync } from "node:fs";
import path from "node:path";

/**
 * Where things lie in one copy of this package.
 * @typedef {object} ProjectPaths
 * @property {string} root the folder that holds package.json
 * @property {boolean} isClone a source checkout (it has TypeScript to compile), not an installed package
 * @property {string} state our own notes: stamps, the lock, logs, half-made things
 * @property {string} libtorch where a fetched LibTorch goes
 * @property {string} cmakeBuild CMake's build tree
 * @property {string} addon the finished addon, as the library loads it
 * @property {string} dist compiled TypeScript
 */

/**
 * @param {string} root
 * @returns {ProjectPaths}
 */
export function projectPaths(root) {
  return {
    root,
    isClone: existsSync(path.join(root, "tsconfig.build.json")) && !insideNodeModules(root),
    state: path.join(root, ".setup"),
    libtorch: path.join(root, ".libtorch"),
    // A folder below build/: node-gyp keeps its own files in build/ itself.
    cmakeBuild: path.join(root, "build", "cmake"),
    addon: path.join(root, "build", "Release", "globalpointer.node"),
    dist: path.join(root, "dist"),
  };
}

/** @param {string} root */
function insideNodeModules(root) {
  return root.split(path.sep).includes("node_modules");
}
