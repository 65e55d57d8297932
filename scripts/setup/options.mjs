import { parseArgs } from "node:util";
import { SetupError } from "./setup-error.mjs";
import { supportedRange, TESTED_VERSION } from "./libtorch-version.mjs";

/**
 * @typedef {object} SetupOptions
 * @property {boolean} quiet say only what is really done
 * @property {boolean} dev the tools that tests and lint need must be there too
 * @property {boolean} nativeOnly LibTorch and the addon only
 * @property {boolean} force do every step again
 * @property {boolean} help
 * @property {"cpu" | "cuda" | undefined} variant which LibTorch is asked for; undefined leaves the choice to us
 */

/**
 * @param {string[]} argv the arguments after the script's name
 * @param {NodeJS.ProcessEnv} env
 * @returns {SetupOptions}
 */
export function parseOptions(argv, env) {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        "quiet": flag,
        "dev": flag,
        "native-only": flag,
        "cuda": flag,
        "cpu": flag,
        "force": flag,
        "help": { ...flag, short: "h" },
      },
    }));
  } catch (error) {
    throw new SetupError(`${/** @type {Error} */ (error).message.split(". ")[0]}; gp-setup --help lists the flags.`);
  }
  if (values.cuda && values.cpu) {
    throw new SetupError("--cuda and --cpu contradict each other: give one of them.");
  }
  const fromEnvironment = { "1": /** @type {const} */ ("cuda"), "0": /** @type {const} */ ("cpu") };
  const wish = env["GP_CUDA"] ?? "";
  if (wish !== "" && wish !== "1" && wish !== "0") {
    throw new SetupError(`GP_CUDA is "${wish}": set it to 1 (CUDA) or 0 (CPU), or unset it.`);
  }
  return {
    quiet: values.quiet,
    dev: values.dev,
    nativeOnly: values["native-only"],
    force: values.force,
    help: values.help,
    variant: values.cuda ? "cuda" : values.cpu ? "cpu" : wish === "" ? undefined : fromEnvironment[wish],
  };
}

export const HELP = `gp-setup: makes this package ready to run, and does nothing where it already is.

  1. npm dependencies   (in a source checkout)
  2. LibTorch           found, or fetched into .libtorch/
  3. the native addon   built with cmake-js into build/Release/
  4. TypeScript         compiled into dist/ (in a source checkout)

Flags
  --quiet         say only what is really done
  --dev           make sure that the tools for tests and lint are there too
  --native-only   steps 2 and 3 only
  --cuda, --cpu   which LibTorch to use (default: CUDA where there is a GPU, else CPU)
  --force         do every step again
  --help          this text

LibTorch is looked for in this order; versions ${supportedRange()} are supported (tested with ${TESTED_VERSION})
  GP_LIBTORCH, LIBTORCH   folder of an unpacked LibTorch archive, or of a Python "torch" package
  python3                 the torch of the python3 on the PATH
  .libtorch/              fetched by an earlier run
  the official archive    or the one named by GP_LIBTORCH_URL (an address or a local .zip file)
  the torch wheel         through pip, unpacked without being installed

Environment
  GP_CUDA=1 or 0                like --cuda or --cpu
  GP_KERNELS=0                  with a CUDA build: do not compile the project's CUDA kernels, even where nvcc is
  CMAKE_BUILD_PARALLEL_LEVEL    how many files are compiled at once
`;
