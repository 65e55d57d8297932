import { statSync } from "node:fs";
import { findToolkit, hasGpu } from "./cuda.mjs";
import { readStamp, writeStamp } from "./fingerprint.mjs";
import { fetchLibtorch } from "./libtorch-fetch.mjs";
import { findLibtorch, namedByEnvironment, pythonTorchFolder } from "./libtorch-find.mjs";
import { configFile, inspectLibtorch } from "./libtorch-version.mjs";
import { SetupError } from "./setup-error.mjs";

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
    const variant = await chooseVariant(options.variant, toolkit !== undefined, reporter);
    const found = await findLibtorch({
      env,
      own: paths.libtorch,
      variant: options.variant,
      hasToolkit: toolkit !== undefined,
      pythonTorch: () => pythonTorchFolder(env),
      say: (line) => reporter.say(line),
    });
    const libtorch = found ?? {
      ...(await fetchLibtorch(paths, { variant, toolkit: toolkit?.version }, reporter)),
      source: "fetched",
    };
    const { directory, version, source } = libtorch;
    reporter.say(`LibTorch ${version} (${libtorch.variant === "cuda" ? "CUDA" : "CPU"}, ${source}): ${directory}`);
    writeStamp(paths.state, "libtorch", {
      directory, version, variant: libtorch.variant, source, identity: identity(directory) ?? "",
    });
  },
};

/**
 * Which LibTorch to fetch, should none be found: CUDA needs a GPU to be of use and nvcc to be built against.
 * @param {"cpu" | "cuda" | undefined} wish
 * @param {boolean} hasToolkit
 * @param {import("./reporter.mjs").Reporter} reporter
 * @returns {Promise<"cpu" | "cuda">}
 */
async function chooseVariant(wish, hasToolkit, reporter) {
  if (wish === "cuda" && !hasToolkit) {
    throw new SetupError(
      "CUDA was asked for, and there is no CUDA toolkit here: LibTorch's CUDA build needs nvcc. Install the toolkit "
      + "(Debian and Ubuntu: cuda-toolkit or nvidia-cuda-toolkit), set CUDA_HOME to it, and run gp-setup --cuda again.",
    );
  }
  if (wish !== undefined) {
    return wish;
  }
  if (!await hasGpu()) {
    return "cpu";
  }
  if (!hasToolkit) {
    reporter.say("there is a GPU here but no CUDA toolkit (nvcc), so a CPU build is made; "
      + "install the toolkit and run gp-setup --cuda to use the GPU");
    return "cpu";
  }
  return "cuda";
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
