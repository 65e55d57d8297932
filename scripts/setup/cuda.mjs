import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { findOnPath, runCommand } from "./run-command.mjs";

/** Whether an NVIDIA GPU can be used from here. */
export async function hasGpu() {
  try {
    if (readdirSync("/proc/driver/nvidia/gpus").length > 0) {
      return true;
    }
  } catch {
    // no such folder: the driver may still answer through nvidia-smi (WSL, containers)
  }
  if (findOnPath("nvidia-smi") === undefined) {
    return false;
  }
  const { status, lines } = await runCommand("nvidia-smi", ["-L"], { timeout: 10_000 });
  return status === 0 && lines.some((line) => line.startsWith("GPU "));
}

/**
 * The newest CUDA that the driver can serve.
 * @returns {Promise<string | undefined>} such as "13.0"
 */
export async function driverVersion() {
  if (findOnPath("nvidia-smi") === undefined) {
    return undefined;
  }
  const { lines } = await runCommand("nvidia-smi", [], { timeout: 10_000 });
  return /CUDA Version: (\d+\.\d+)/.exec(lines.join("\n"))?.[1];
}

/**
 * Where nvcc is, which compiles the project's kernels.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string | undefined}
 */
export function findNvcc(env) {
  const homes = [env["CUDA_HOME"], env["CUDA_PATH"], "/usr/local/cuda"];
  return [
    ...homes.flatMap((home) => (home === undefined || home === "" ? [] : [path.join(home, "bin", "nvcc")])),
    findOnPath("nvcc"),
  ].find((candidate) => candidate !== undefined && existsSync(candidate));
}

/**
 * The CUDA toolkit.
 * @returns {Promise<{ nvcc: string, version: string } | undefined>} version as "13.0"
 */
export async function findToolkit() {
  const nvcc = findNvcc(process.env);
  if (nvcc === undefined) {
    return undefined;
  }
  const { lines } = await runCommand(nvcc, ["--version"], { timeout: 10_000 });
  const version = /release (\d+\.\d+)/.exec(lines.join("\n"))?.[1];
  return version === undefined ? undefined : { nvcc, version };
}
