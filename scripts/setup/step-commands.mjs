import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import path from "node:path";

/** @typedef {import("./step.mjs").Step} Step */
/** @typedef {import("./project-paths.mjs").ProjectPaths} ProjectPaths */

/**
 * The package's commands by name, with the file of each.
 * @param {ProjectPaths} paths
 * @returns {{ link: string, file: string }[]}
 */
function commands({ root }) {
  /** @type {{ bin: Record<string, string> }} */
  const { bin } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
  return Object.entries(bin).map(([name, file]) => ({
    link: path.join(root, "node_modules", ".bin", name),
    file: path.join(root, file),
  }));
}

/** @param {string} file */
function isExecutable(file) {
  return existsSync(file) && (statSync(file).mode & 0o111) === 0o111;
}

/**
 * npm links the commands of the packages that one installs, not those of the clone one stands in: with this step
 * `npx gp-train` means the same in both. @type {Step}
 */
export const commandsStep = {
  name: "commands",

  applies({ paths, options }) {
    return paths.isClone && !options.nativeOnly;
  },

  isUpToDate({ paths }) {
    // existsSync follows a link, so that one whose file is gone does not count.
    return commands(paths).every(({ link, file }) => existsSync(link) && isExecutable(file));
  },

  async run({ paths }) {
    for (const { link, file } of commands(paths)) {
      chmodSync(file, 0o755);
      mkdirSync(path.dirname(link), { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(path.relative(path.dirname(link), file), link);
    }
  },
};
