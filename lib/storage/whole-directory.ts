import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { outputError, syncToDisk } from "./whole-file.js";

function previousOf(path: string): string {
  return `${path}.previous`;
}

/**
 * Brings back a directory whose replacement was interrupted between its two renames. Harmless otherwise; to be called
 * before such a directory is read.
 */
export function restoreInterrupted(path: string): void {
  if (!existsSync(path) && existsSync(previousOf(path))) renameSync(previousOf(path), path);
}

/**
 * Fills a directory that appears under its name whole or not at all: `fill` writes into a directory beside it, which is
 * synced and renamed. With `replace` a directory that was there gives way in the same moment, else it is an error.
 *
 * @throws GlobalPointerError `OUTPUT` when it cannot be written, or exists and is not to be replaced
 */
export async function writeWholeDirectory(
  path: string, fill: (directory: string) => Promise<void> | void, { replace = false } = {},
): Promise<void> {
  if (!replace) refuseExisting(path);
  const aside = `${path}.partial-${process.pid}`;
  try {
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync(aside);
    await fill(aside);
    for (const entry of readdirSync(aside)) syncToDisk(join(aside, entry));
    syncToDisk(aside);
    restoreInterrupted(path);
    const replaced = existsSync(path);
    if (replaced) {
      rmSync(previousOf(path), { recursive: true, force: true });
      renameSync(path, previousOf(path));
    }
    renameSync(aside, path);
    syncToDisk(dirname(path));
    if (replaced) rmSync(previousOf(path), { recursive: true, force: true });
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw outputError(path, error);
  }
}

/** @throws GlobalPointerError `OUTPUT` when there is anything but an empty directory at the path */
export function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  let entries: string[];
  try {
    entries = readdirSync(path);
  } catch (error) {
    throw outputError(path, error);
  }
  if (entries.length > 0) {
    throw new GlobalPointerError("OUTPUT", `${path} exists already and is not empty: choose another output, or remove it.`);
  }
  rmSync(path, { recursive: true });
}
