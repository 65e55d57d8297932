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
 * The CUDA toolkit: LibTorch's CMake files ask for nvcc as soon as LibTorch itself is a CUDA build.
 * @returns {Promise<{ nvcc: string, version: string } | undefined>} version as "13.0"
 */
export async function findToolkit() {
  const homes = [process.env["CUDA_HOME"], process.env["CUDA_PATH"], "/usr/local/cuda"];
  const nvcc = [
    ...homes.flatMap((home) => (home === undefined || home === "" ? [] : [path.join(home, "bin", "nvcc")])),
    findOnPath("nvcc"),
  ].find((candidate) => candidate !== undefined && existsSync(candidate));
  if (nvcc === undefined) {
    return undefined;
  }
  const { lines } = await runCommand(nvcc, ["--version"], { timeout: 10_000 });
  const version = /release (\d+\.\d+)/.exec(lines.join("\n"))?.[1];
  return version === undefined ? undefined : { nvcc, version };
}
