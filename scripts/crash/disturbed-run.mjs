import { existsSync } from "node:fs";
import { chooseMoment } from "./moments.mjs";
import { checkpointEpoch, leftovers } from "./run-files.mjs";
import { runTraining } from "./training.mjs";

/** Of the rounds, so many have their disk filled up. */
const FULL_DISK_SHARE = 0.25;
/** Filled up, it has less room than this: more than a checkpoint takes. */
const MOST_FREE_BYTES = 8e6;

/** One sentence with its code, as a user is told a mistake or a trouble of the machine. */
const ONE_SENTENCE = /^gp-train: [^\n]* \[(OUTPUT|CHECKPOINT)\]\n$/;

/**
 * @typedef {object} Plan
 * @property {string} directory of the run, which is not there yet
 * @property {string[]} begin gp-train's arguments that begin it
 * @property {() => number} random
 * @property {import("./moments.mjs").Durations} durations
 * @property {import("./small-disk.mjs").SmallDisk | undefined} disk what the directory is on
 * @property {number} kills how many are still to be done
 * @property {(round: Round) => void} tell after each round
 */

/**
 * @typedef {object} Round
 * @property {string} what it aimed at, or how else it ended
 * @property {number} [delay] ms; absent where nothing was killed
 * @property {boolean} full whether the disk was filled up
 * @property {number | undefined} epoch that the checkpoint is of
 * @property {string} left half-written
 */

/**
 * Trains a run to its end as a user would whose machine fails again and again.
 * @param {Plan} plan
 * @returns {Promise<{ killed: number, full: number }>} how often it was killed, and ended by a full disk
 * @throws Error when gp-train ends in any other way
 */
export async function trainDisturbed({ directory, begin, random, durations, disk, kills, tell }) {
  let [killed, full] = [0, 0];
  const limit = 20 * durations.whole + 60_000;
  for (;;) {
    const resumable = checkpointEpoch(directory) !== undefined;
    if (!resumable && existsSync(directory)) {
      await requireRefusal(directory, limit);
    }
    const moment = killed < kills ? chooseMoment(random, durations) : undefined;
    const filled = moment !== undefined && disk !== undefined && random() < FULL_DISK_SHARE;
    const [fillAfter, free] = [random() * durations.epoch, random() * MOST_FREE_BYTES];
    /** @type {NodeJS.Timeout | undefined} */
    let filling;
    const ending = await runTraining(resumable ? ["--resume", directory] : begin, directory, {
      ...(moment === undefined ? {} : { moment }),
      onRunning: () => {
        filling = filled ? setTimeout(() => disk.fill(free), fillAfter) : undefined;
      },
      limit,
    });
    clearTimeout(filling);
    const now = { full: filled, epoch: checkpointEpoch(directory), left: leftovers(directory) };
    disk?.free();
    if (ending.killed && moment !== undefined) {
      killed++;
      tell({ what: moment.aim, delay: moment.delay, ...now });
    } else if (filled && ending.status === 1 && ONE_SENTENCE.test(ending.stderr)) {
      full++;
      tell({ what: "ended by itself", ...now });
    } else if (ending.status === 0) {
      return { killed, full };
    } else {
      throw new Error(`gp-train ended with ${ending.status}: ${ending.stderr}`);
    }
  }
}

/**
 * A run without a checkpoint cannot be resumed, and gp-train has to say so.
 * @param {string} directory
 * @param {number} limit
 */
async function requireRefusal(directory, limit) {
  const { status, stderr } = await runTraining(["--resume", directory], directory, { limit });
  if (status !== 1 || !ONE_SENTENCE.test(stderr) || !/begin it anew|does not exist/.test(stderr)) {
    throw new Error(`--resume without a checkpoint ended with ${status}: ${stderr}`);
  }
}
