import { loadAddon } from "../../lib/model/native.js";

/** Whether this machine has a CUDA device and the addon can use it. */
export const hasCuda = loadAddon().deviceInfo().cudaDevices > 0;

/**
 * The same tests on each kind of device. Where there is no CUDA device those on it are skipped: jest counts them, and
 * the reason is printed.
 */
export function onEachDevice(tests: (device: "cpu" | "cuda") => void): void {
  describe("on cpu", () => { tests("cpu"); });
  if (!hasCuda) console.log("skipped: the tests on CUDA, for there is no CUDA device here");
  (hasCuda ? describe : describe.skip)("on cuda", () => { tests("cuda"); });
}
