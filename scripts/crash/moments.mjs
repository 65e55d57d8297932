import { readFileSync } from "node:fs";
import path from "node:path";
import { pick } from "./random.mjs";

/** Entries of a run directory whose appearance tells that an epoch is being saved. */
const SAVED = [/^metrics\.jsonl$/, /^last\.partial/, /^last\.previous$/, /^best\.partial/, /^best$/, /^report\.html/];

/**
 * How long the parts of an undisturbed training took, in ms.
 * @typedef {object} Durations
 * @property {number} startUp until training begins
 * @property {number} epoch
 * @property {number} steps of an epoch, without evaluation and saving
 * @property {number} whole
 */

/**
 * @param {string} run a finished run
 * @param {import("./training.mjs").Ending} ending of the process that trained it
 * @returns {Durations}
 */
export function durationsOf(run, { toRunning, ms }) {
  const records = readFileSync(path.join(run, "metrics.jsonl"), "utf8").trim().split("\n")
    .map((line) => JSON.parse(line));
  const seconds = records.reduce((sum, record) => sum + record.seconds, 0);
  return {
    startUp: toRunning,
    epoch: (ms - toRunning) / records.length,
    steps: (1000 * seconds) / records.length,
    whole: ms,
  };
}

/**
 * Any moment of a training: at its start, between steps, during an evaluation, or while an epoch is saved.
 * @param {() => number} random
 * @param {Durations} durations
 * @returns {import("./training.mjs").Moment}
 */
export function chooseMoment(random, { startUp, epoch, steps }) {
  const aim = pick(["start-up", "steps", "evaluation", "saving", "saving"], random);
  if (aim === "start-up") {
    return { aim, after: "spawned", delay: Math.round(random() * startUp) };
  }
  if (aim === "steps") {
    return { aim, after: "running", delay: Math.round(random() * 2 * epoch) };
  }
  if (aim === "evaluation") {
    const before = Math.floor(random() * 2) * epoch + steps;
    return { aim, after: "running", delay: Math.round(before + random() * (epoch - steps)) };
  }
  const entry = pick(SAVED, random);
  return { aim: entry.source.replace(/[\\^$]/g, ""), after: entry, delay: Math.floor(random() * 12) };
}
