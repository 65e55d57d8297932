import { accessSync, constants, mkdirSync, rmSync } from "node:fs";
import path from "node:path";
import { takeLock } from "./lock.mjs";
import { sweepPartials } from "./libtorch-fetch.mjs";
import { endChildren } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { addonStep } from "./step-addon.mjs";
import { commandsStep } from "./step-commands.mjs";
import { libtorchStep } from "./step-libtorch.mjs";
import { npmStep } from "./step-npm.mjs";
import { typescriptStep } from "./step-typescript.mjs";

/** @typedef {import("./step.mjs").StepContext} StepContext */

const STEPS = [npmStep, libtorchStep, addonStep, typescriptStep, commandsStep];

/**
 * What a full disk or a forbidden folder is called, with the remedy.
 * @type {Record<string, string>}
 */
const SYSTEM_FAILURES = {
  ENOSPC: "the disk is full: make room and run this again",
  EDQUOT: "your disk quota is used up: make room and run this again",
  EACCES: "this account may not write there: run gp-setup as the owner of that folder",
  EPERM: "this account may not write there: run gp-setup as the owner of that folder",
  EROFS: "that file system is read-only: copy the package to a folder that can be written",
};

/**
 * Brings one copy of the package to where it can run: every step that applies and is not up to date, in order.
 * @param {StepContext} context
 * @throws {SetupError} with the place and the remedy
 */
export async function setUp(context) {
  const { paths, options, reporter } = context;
  const steps = STEPS.filter((step) => step.applies(context));
  if (!options.force && steps.every((step) => step.isUpToDate(context))) {
    reporter.note("everything is up to date");
    return;
  }
  requireWritable(paths);
  const release = await takeLock(paths.state, (owner) => {
    reporter.say(`another set-up (process ${owner}) is at work in this folder: waiting for it`);
  });
  const cleanUp = () => {
    rmSync(path.join(paths.state, `libtorch-partial-${process.pid}`), { recursive: true, force: true });
    rmSync(path.join(paths.state, `dist-${process.pid}`), { recursive: true, force: true });
    release();
  };
  const forgetSignals = onSignal((signal) => {
    endChildren();
    reporter.endProgress();
    cleanUp();
    process.stderr.write("gp-setup: interrupted; what was half done is removed, run it again to go on\n");
    process.exit(128 + signal);
  });
  try {
    sweepPartials(paths.state);
    for (const step of steps) {
      if (!options.force && step.isUpToDate(context)) {
        reporter.note(`${step.name}: up to date`);
      } else {
        await step.run(context);
      }
    }
  } catch (error) {
    const { code, path: place } = /** @type {NodeJS.ErrnoException} */ (error);
    const known = code === undefined ? undefined : SYSTEM_FAILURES[code];
    throw known === undefined ? error : new SetupError(`${place ?? paths.root}: ${known}.`);
  } finally {
    reporter.endProgress();
    forgetSignals();
    cleanUp();
  }
}

/** @param {import("./project-paths.mjs").ProjectPaths} paths */
function requireWritable(paths) {
  try {
    accessSync(paths.root, constants.W_OK);
    mkdirSync(paths.state, { recursive: true });
    accessSync(paths.state, constants.W_OK);
  } catch {
    throw new SetupError(
      `${paths.root} cannot be written, and LibTorch and the addon go there: run gp-setup as the owner of that folder, `
      + "or install the package where you may write.",
    );
  }
}

/**
 * @param {(signal: number) => void} act
 * @returns {() => void} stops listening
 */
function onSignal(act) {
  const numbers = /** @type {const} */ ({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 });
  const listeners = Object.entries(numbers).map(([name, number]) => {
    const listener = () => act(number);
    process.once(name, listener);
    return /** @type {const} */ ([name, listener]);
  });
  return () => listeners.forEach(([name, listener]) => process.removeListener(name, listener));
}
