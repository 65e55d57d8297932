import path from "node:path";
import { inspectLibtorch, isSupported, supportedRange } from "./libtorch-version.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";

/** @typedef {import("./libtorch-version.mjs").Libtorch} Libtorch */

/**
 * @typedef {object} FindContext
 * @property {NodeJS.ProcessEnv} env
 * @property {string} own the project's own folder for LibTorch
 * @property {"cpu" | "cuda" | undefined} variant only this one will do; undefined: either
 * @property {boolean} usesCuda a CUDA build is of use here: there is a GPU, or nvcc to compile for one
 * @property {() => Promise<string | undefined>} pythonTorch the folder of python3's torch package
 * @property {(line: string) => void} say
 */

/**
 * Looks for a usable LibTorch on this machine: GP_LIBTORCH, LIBTORCH, python3's torch, the project's own folder.
 * What was named by a variable must be usable; what merely lies about and is not usable is passed over with a line.
 * @param {FindContext} context
 * @returns {Promise<(Libtorch & { source: string }) | undefined>}
 * @throws {SetupError} when a variable names something unusable
 */
export async function findLibtorch(context) {
  const named = namedByEnvironment(context.env);
  if (named !== undefined) {
    // Whoever names a CUDA build wants it.
    const usable = judge(named.folder, { ...context, usesCuda: true });
    if ("problem" in usable) {
      throw new SetupError(
        `${named.variable} is set to "${named.folder}", which ${usable.problem}. Set it to the folder of a LibTorch `
        + `(${supportedRange()}) that has lib/, include/ and share/cmake/Torch in it, or unset it.`,
      );
    }
    return { ...usable.libtorch, source: named.variable };
  }
  for (const [source, folder] of [
    ["python3", await context.pythonTorch()],
    ["an earlier set-up", context.own],
  ]) {
    if (folder === undefined) {
      continue;
    }
    const usable = judge(folder, context);
    if ("libtorch" in usable) {
      return { ...usable.libtorch, source: /** @type {string} */ (source) };
    }
    if (!usable.absent) {
      context.say(`passing over the LibTorch in ${folder}: it ${usable.problem}`);
    }
  }
  return undefined;
}

/**
 * The first of the two variables that is set.
 * @param {NodeJS.ProcessEnv} env
 */
export function namedByEnvironment(env) {
  for (const variable of ["GP_LIBTORCH", "LIBTORCH"]) {
    const folder = env[variable];
    if (folder !== undefined && folder !== "") {
      return { variable, folder: path.resolve(folder) };
    }
  }
  return undefined;
}

/**
 * @param {string} folder
 * @param {FindContext} context
 * @returns {{ libtorch: Libtorch } | { problem: string, absent: boolean }} the problem is the end of a sentence
 */
function judge(folder, context) {
  const inspected = inspectLibtorch(folder);
  if ("missing" in inspected) {
    return { problem: inspected.missing, absent: inspected.missing === "does not exist" };
  }
  const { version, variant } = inspected.found;
  if (!isSupported(version)) {
    return { problem: `is version ${version}; supported is ${supportedRange()}`, absent: false };
  }
  if (context.variant !== undefined && variant !== context.variant) {
    const names = { cpu: "CPU", cuda: "CUDA" };
    return { problem: `is a ${names[variant]} build and ${names[context.variant]} was asked for`, absent: false };
  }
  if (variant === "cuda" && !context.usesCuda) {
    return { problem: "is a CUDA build, and there is neither a GPU nor nvcc here", absent: false };
  }
  return { libtorch: inspected.found };
}

/**
 * Where python3 on the PATH has its torch package; the package itself is not imported.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>}
 */
export async function pythonTorchFolder(env) {
  const program = "import importlib.util, os; s = importlib.util.find_spec('torch'); "
    + "print('torch at ' + os.path.dirname(s.origin) if s and s.origin else '')";
  const { status, lines } = await runCommand("python3", ["-c", program], { env, timeout: 20_000 });
  const line = lines.find((text) => text.startsWith("torch at "));
  return status === 0 ? line?.slice("torch at ".length) : undefined;
}
