import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";

/**
 * @typedef {object} CommandResult
 * @property {number} status exit status; 127 when the program is not there, 128 + n when signal n ended it
 * @property {string[]} lines what it wrote on stdout and stderr, in the order in which it came
 */

/**
 * Children still at work: an interrupted set-up must not leave compilers or downloads running.
 * @type {Set<import("node:child_process").ChildProcess>}
 */
const running = new Set();

/** Ends every child that is still running, with the children it started itself. */
export function endChildren() {
  for (const child of running) {
    endGroup(child, "SIGTERM");
  }
}

/**
 * @param {import("node:child_process").ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function endGroup(child, signal) {
  try {
    process.kill(-(/** @type {number} */ (child.pid)), signal);
  } catch {
    child.kill(signal);
  }
}

/**
 * Runs a program to its end; never throws because of it.
 * @param {string} program
 * @param {string[]} args
 * @param {object} [options]
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {number} [options.timeout] milliseconds
 * @param {(line: string) => void} [options.onLine]
 * @returns {Promise<CommandResult>}
 */
export function runCommand(program, args, options = {}) {
  return new Promise((resolve) => {
    /** @type {string[]} */
    const lines = [];
    // A process group of its own, so that grandchildren (ninja, cc1plus) can be ended with it.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: process.platform !== "win32",
    });
    running.add(child);
    const timer = options.timeout === undefined
      ? undefined
      : setTimeout(() => {
        lines.push(`no answer within ${Math.round(/** @type {number} */ (options.timeout) / 1000)} s`);
        endGroup(child, "SIGKILL");
      }, options.timeout);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        options.onLine?.(line);
      });
    }
    child.once("error", (error) => {
      clearTimeout(timer);
      running.delete(child);
      lines.push(error.message);
      resolve({ status: 127, lines });
    });
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ status: status ?? (signal === "SIGKILL" ? 137 : 143), lines });
    });
  });
}

/**
 * The file that a command name stands for on the PATH, or undefined.
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findOnPath(name, env = process.env) {
  for (const folder of (env["PATH"] ?? "").split(path.delimiter)) {
    const candidate = path.join(folder, process.platform === "win32" ? `${name}.exe` : name);
    try {
      accessSync(candidate, constants.X_OK);
      if (folder !== "" && statSync(candidate).isFile()) {
        return candidate;
      }
    } catch {
      // not here: look in the next folder
    }
  }
  return undefined;
}
