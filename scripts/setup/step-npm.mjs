import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { dropStamp, readStamp, writeStamp } from "./fingerprint.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {import("./step.mjs").Step} Step */
/** @typedef {import("./step.mjs").StepContext} StepContext */

/** npm's dependencies, as package-lock.json has them. @type {Step} */
export const npmStep = {
  name: "npm dependencies",

  applies({ paths, options }) {
    return paths.isClone && !options.nativeOnly && existsSync(path.join(paths.root, "package-lock.json"));
  },

  isUpToDate({ paths, options }) {
    const stamp = readStamp(paths.state, "npm");
    return stamp?.["lock"] === lockHash(paths.root)
      && (stamp["dev"] === "yes" || !options.dev)
      && existsSync(path.join(paths.root, "node_modules", ".package-lock.json"));
  },

  async run({ paths, options, reporter }) {
    const lock = lockHash(paths.root);
    if (!options.force && isInstalled(paths.root, true)) {
      writeStamp(paths.state, "npm", { lock, dev: "yes" }); // someone ran npm install: fine as it is
      return;
    }
    dropStamp(paths.state, "npm");
    reporter.begin("installing npm dependencies (npm ci)");
    const npm = process.env["npm_execpath"];
    const [program, prefix] = npm !== undefined && /npm-cli\.c?js$/.test(npm) ? [process.execPath, [npm]] : ["npm", []];
    const flags = ["--include=dev", "--no-audit", "--no-fund"];
    const npmRun = (/** @type {string[]} */ ...words) =>
      reporter.whileWaiting("npm", () => runCommand(program, [...prefix, ...words, ...flags], { cwd: paths.root }));
    let { status, lines } = await npmRun("ci");
    if (lines.some((line) => /npm (error|ERR!) code EUSAGE/.test(line))) {
      // A lock file written where a registry lacked other platforms' optional packages: npm ci refuses it, npm install
      // keeps to the versions it has.
      reporter.say("package-lock.json is not complete, so npm ci refuses it: npm install --no-save instead");
      ({ status, lines } = await npmRun("install", "--no-save"));
    }
    if (status === 127) {
      throw new SetupError("npm is not on the PATH: install it (it comes with Node.js), then run this again.");
    }
    if (status !== 0) {
      throw new SetupError(
        `npm could not install the dependencies in ${paths.root}:\n${npmErrors(lines)}\n`
        + "Check the connection to the npm registry (npm ping), then run this again.",
      );
    }
    writeStamp(paths.state, "npm", { lock, dev: "yes" });
  },
};

/**
 * npm's first words about what is wrong; its last ones are about versions and logs.
 * @param {string[]} lines
 * @returns {string}
 */
function npmErrors(lines) {
  const errors = lines.filter((line) => /^npm (error|ERR!)/.test(line));
  const shown = errors.length > 0 ? errors.slice(0, 12) : lines.slice(-12);
  return shown.map((line) => `  ${line}`).join("\n");
}

/** @param {string} root */
function lockHash(root) {
  return createHash("sha256").update(readFileSync(path.join(root, "package-lock.json"))).digest("hex");
}

/**
 * Whether node_modules holds what the lock file asks for, by npm's own record in node_modules.
 * @param {string} root
 * @param {boolean} dev
 */
export function isInstalled(root, dev) {
  try {
    const wanted = packagesOf(path.join(root, "package-lock.json"));
    const installed = packagesOf(path.join(root, "node_modules", ".package-lock.json"));
    return Object.entries(wanted).every(([folder, { version, optional, peer, dev: onlyDev }]) =>
      folder === "" || optional === true || peer === true || (onlyDev === true && !dev)
      || (installed[folder]?.version === version && existsSync(path.join(root, folder, "package.json"))));
  } catch {
    return false; // no node_modules, or not npm's
  }
}

/**
 * @param {string} lockFile
 * @returns {Record<string, { version?: string, optional?: boolean, peer?: boolean, dev?: boolean }>}
 */
function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, "utf8")).packages;
}
