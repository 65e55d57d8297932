import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { isRunning } from "./lock.js";

// Files and directories are written under a name of their own first, so that they appear whole or not at all. The names
// that are in use are kept here, so that an interrupted program can clear up.

const unfinished = new Set<string>();

/**
 * The name to write `path` under until it is whole; `discardAside` has to follow, whatever happens. What processes that
 * were killed had written aside for the same path goes, so that it does not pile up beside it.
 */
export function openAside(path: string): string {
  try {
    discardAbandoned(dirname(path), basename(path));
  } catch {
    // The folder is not there yet or cannot be read: its old litter is no reason to write nothing.
  }
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

/** Whether something written aside by the process of this number is still being written. */
function inUse(path: string, pid: number): boolean {
  // A process that was killed may have had our own number: in a container, most have the same.
  return pid === process.pid ? [...unfinished].some((aside) => resolve(aside) === path) : isRunning(pid);
}

/**
 * Removes from a folder what processes that were killed had written aside.
 *
 * @param of the name that it was to get; default: any
 */
export function discardAbandoned(folder: string, of?: string): void {
  for (const name of readdirSync(folder)) {
    const [, target, pid] = /^(.*)\.partial-(\d+)$/s.exec(name) ?? [];
    if (target === undefined || (of !== undefined && target !== of)) continue;
    const path = resolve(folder, name);
    if (!inUse(path, Number(pid))) rmSync(path, { recursive: true, force: true });
  }
}
