import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isRunning } from "./lock.js";

// Files and directories are written under a name of their own first, so that they appear whole or not at all. The names
// that are in use are kept here, so that an interrupted program can clear up.

const unfinished = new Set<string>();

/** The name to write `path` under until it is whole; `discardAside` has to follow, whatever happens. */
export function openAside(path: string): string {
  const aside = `${path}.partial-${process.pid}`;
  unfinished.add(aside);
  return aside;
}

/** Removes what was written aside; nothing when it has been renamed to its place. */
export function discardAside(aside: string): void {
  // `force` does not forgive a path that leads through a file.
  if (existsSync(aside)) rmSync(aside, { recursive: true });
  unfinished.delete(aside);
}

/** For a process that has to end at once: leaves no half-written file behind. Never throws. */
export function discardUnfinished(): void {
  for (const aside of unfinished) {
    try {
      discardAside(aside);
    } catch {
      // The engine's thread may still be making files in there. One that stays is cleared away by discardAbandoned.
    }
  }
}

/** Removes from a folder what processes that were killed had written aside. */
export function discardAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /\.partial-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(folder, name), { recursive: true, force: true });
  }
}
