import { statSync } from "node:fs";
import { driverVersion, findToolkit, hasGpu } from "./cuda.mjs";
import { readStamp, writeStamp } from "./fingerprint.mjs";
import { fetchLibtorch } from "./libtorch-fetch.mjs";
import { findLibtorch, namedByEnvironment, pythonTorchFolder } from "./libtorch-find.mjs";
import { configFile, inspectLibtorch } from "./libtorch-version.mjs";

/** @typedef {import("./step.mjs").Step} Step */
/** @typedef {import("./step.mjs").StepContext} StepContext */

/** LibTorch: found on this machine, or fetched. @type {Step} */
export const libtorchStep = {
  name: "LibTorch",

  applies() {
    return true;
  },

  isUpToDate({ paths, options, env }) {
    const stamp = readStamp(paths.state, "libtorch");
    if (stamp === undefined || stamp["identity"] !== identity(stamp["directory"] ?? "")) {
      return false;
    }
    if (options.variant !== undefined && options.variant !== stamp["variant"]) {
      return false;
    }
    // A variable that is no longer set does not send us looking again: what was found then still serves.
    const named = namedByEnvironment(env);
    if (named === undefined) {
      return true;
    }
    const inspected = inspectLibtorch(named.folder);
    return "found" in inspected && inspected.found.directory === stamp["directory"];
  },

  async run({ paths, options, reporter, env }) {
    const toolkit = await findToolkit();
    const gpu = await hasGpu();
    const variant = options.variant ?? (gpu ? "cuda" : "cpu");
    const found = await findLibtorch({
      env,
      own: paths.libtorch,
      variant: options.variant,
      usesCuda: options.variant === "cuda" || gpu || toolkit !== undefined,
      pythonTorch: () => pythonTorchFolder(env),
      say: (line) => reporter.say(line),
    });
    const libtorch = found ?? {
      ...(await fetchLibtorch(paths, { variant, toolkit: older(toolkit?.version, await driverVersion()) }, reporter)),
      source: "fetched",
    };
    const { directory, version, source } = libtorch;
    reporter.say(`LibTorch ${version} (${libtorch.variant === "cuda" ? "CUDA" : "CPU"}, ${source}): ${directory}`);
    if (libtorch.variant === "cuda" && toolkit === undefined) {
      reporter.say("there is no nvcc here, so on the GPU plain operations of LibTorch take the place of the project's "
        + "kernels, in more time and memory: install the CUDA toolkit, or set CUDA_HOME, and run this again");
    }
    writeStamp(paths.state, "libtorch", {
      directory, version, variant: libtorch.variant, source, identity: identity(directory) ?? "",
    });
  },
};

/**
 * The older of two versions of CUDA: what is built with the one has to run with the other.
 * @param {string | undefined} toolkit such as "13.0"
 * @param {string | undefined} driver
 */
function older(toolkit, driver) {
  return toolkit !== undefined && driver !== undefined && parseFloat(driver) < parseFloat(toolkit)
    ? driver : toolkit ?? driver;
}

/**
 * Changes when another LibTorch is put in the same place.
 * @param {string} directory
 * @returns {string | undefined} undefined when there is no LibTorch any more
 */
function identity(directory) {
  const stat = directory === "" ? undefined : statSync(configFile(directory), { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
}
