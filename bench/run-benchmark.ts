import { GlobalPointerError } from "../lib/errors.js";

/** Runs a benchmark to its end; a mistake in its arguments or files becomes one line and status 1. */
export async function runBenchmark(main: () => Promise<void> | void): Promise<void> {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const known = error instanceof GlobalPointerError || "code" in error;
    process.stderr.write(`${known ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
