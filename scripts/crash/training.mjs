import { spawn } from "node:child_process";
import { existsSync, watch } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const COMMAND = fileURLToPath(new URL("../../dist/bin/gp-train.js", import.meta.url));

/**
 * When to kill a training.
 * @typedef {object} Moment
 * @property {string} aim for the table
 * @property {"spawned" | "running" | RegExp} after from when the delay counts: the start of the process, its message
 * that training begins, or the appearance of an entry in the run directory whose name matches
 * @property {number} delay ms
 */

/**
 * @typedef {object} Ending
 * @property {number | null} status
 * @property {boolean} killed
 * @property {string} stdout
 * @property {string} stderr
 * @property {number} toRunning ms from the start of the process until training began
 * @property {number} ms in all
 */

/**
 * Runs gp-train to its end, or kills it at a moment.
 * @param {string[]} args
 * @param {string} run its run directory
 * @param {{ moment?: Moment, onRunning?: () => void, limit: number }} options `limit`: ms after which it hangs
 * @returns {Promise<Ending>}
 */
export function runTraining(args, run, { moment, onRunning, limit }) {
  const began = performance.now();
  const child = spawn(process.execPath, [COMMAND, ...args]);
  let [stdout, stderr] = ["", ""];
  let [running, killed] = [Infinity, false];
  /** @type {NodeJS.Timeout[]} */
  const timers = [];
  /** @type {import("node:fs").FSWatcher[]} */
  const watchers = [];
  const kill = () => {
    killed = child.kill("SIGKILL") || killed;
  };
  const killSoon = () => {
    if (moment === undefined) {
      return;
    }
    if (moment.delay === 0) {
      kill();
    } else {
      timers.push(setTimeout(kill, moment.delay));
    }
  };
  /** @param {RegExp} name */
  const killAtEntry = (name) => {
    if (!existsSync(run)) {
      timers.push(setTimeout(killAtEntry, 2, name)); // gp-train makes it
      return;
    }
    const watcher = watch(run, (_, entry) => {
      if (entry !== null && name.test(path.basename(entry))) {
        watcher.close();
        killSoon();
      }
    });
    watcher.on("error", () => undefined);
    watchers.push(watcher);
  };
  if (moment?.after === "spawned") {
    killSoon();
  } else if (moment?.after instanceof RegExp) {
    killAtEntry(moment.after);
  }
  timers.push(setTimeout(() => child.kill("SIGKILL"), limit));
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    if (running === Infinity && stdout.includes("run directory:")) {
      running = performance.now() - began;
      onRunning?.();
      if (moment?.after === "running") {
        killSoon();
      }
    }
  });
  return new Promise((resolve) => {
    child.once("close", (status, signal) => {
      timers.forEach((timer) => clearTimeout(timer));
      watchers.forEach((watcher) => watcher.close());
      const ms = performance.now() - began;
      resolve({ status, killed: killed && signal === "SIGKILL", stdout, stderr, toRunning: running, ms });
    });
  });
}
