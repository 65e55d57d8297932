import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder for models and inputs; who makes it removes it, and a signal that ends the benchmark does. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "globalpointer-bench-"));
  for (const [signal, number] of [["SIGINT", 2], ["SIGTERM", 15]] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(128 + number);
    });
  }
  return folder;
}
