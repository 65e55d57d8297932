import { existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { discardAside, openAside } from "./aside.js";
import { outputError } from "./output-error.js";
import { syncToDisk } from "./whole-file.js";

function previousOf(path: string): string {
  return `${resolve(path)}.previous`;
}

/**
 * Where the files of a directory are: under its name or, when its replacement was interrupted between its two renames,
 * under the name that the old one had meanwhile.
 */
export function wholeDirectory(path: string): string {
  return !existsSync(path) && existsSync(previousOf(path)) ? previousOf(path) : path;
}

/**
 * Brings back a directory whose replacement was interrupted between its two renames, or removes what is left of the old
 * one when it was interrupted after them. For the directory's owner, before it is written to again.
 */
export function settleInterrupted(path: string): void {
  if (!existsSync(previousOf(path))) return;
  if (existsSync(path)) rmSync(previousOf(path), { recursive: true });
  else renameSync(previousOf(path), path);
}

/** Makes a directory and those above it; says whether it was not there yet. */
export function makeDirectory(path: string): boolean {
  if (existsSync(path)) return false;
  // Not mkdir's own `recursive`: it never returns where the system refuses new entries with ENOENT, as /proc does.
  makeDirectory(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if (existsSync(path)) return false; // another process was quicker
    throw error;
  }
  return true;
}

function syncDirectory(path: string): void {
  for (const entry of readdirSync(path)) syncToDisk(join(path, entry));
  syncToDisk(path);
}

/** The place of a directory that is not there yet, or is empty and perhaps behind a link. */
function placeFor(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path); // without the slash that may be at its end
}

/** Moves a directory to where none, or an empty one, is. */
function moveTo(place: string, finished: string): void {
  renameSync(finished, place);
  syncToDisk(dirname(place));
}

/** Moves a directory to where there may be one, which gives way to it. */
function exchange(path: string, finished: string): void {
  settleInterrupted(path);
  if (existsSync(path)) renameSync(path, previousOf(path));
  try {
    renameSync(finished, path);
  } catch (error) {
    settleInterrupted(path);
    throw error;
  }
  syncToDisk(dirname(path)); // before the old one goes
  rmSync(previousOf(path), { recursive: true, force: true });
}

/**
 * Fills a directory that appears under its name whole or not at all: `fill` writes files into a directory beside it,
 * which is synced and renamed. With `replace`, a directory that was there gives way in the same moment.
 *
 * @throws GlobalPointerError `OUTPUT` when it cannot be written, or exists and is not to be replaced; what was there
 * is then as it was
 */
export async function writeWholeDirectory(
  path: string, fill: (directory: string) => Promise<void> | void, { replace = false } = {},
): Promise<void> {
  if (!replace) refuseExisting(path);
  const target = replace ? resolve(path) : placeFor(path);
  const aside = openAside(target);
  try {
    if (existsSync(aside)) rmSync(aside, { recursive: true }); // of a process with our number, long gone
    makeDirectory(aside);
    await fill(aside);
    syncDirectory(aside);
    if (replace) exchange(target, aside);
    else moveTo(target, aside);
  } catch (error) {
    const told = outputError(path, error);
    // The place where it was written for the time being means nothing to the reader.
    throw new GlobalPointerError(told.code, told.message.replaceAll(aside, path), { cause: error });
  } finally {
    discardAside(aside);
  }
}

/**
 * Gives a directory that has become complete, perhaps over several runs of a program, the name it is for.
 *
 * @param finished beside `path`, on the same file system
 * @throws GlobalPointerError `OUTPUT` when there is anything but an empty directory at the path, or it cannot be
 * written
 */
export function putDirectoryInPlace(finished: string, path: string): void {
  refuseExisting(path);
  try {
    syncDirectory(finished);
    moveTo(placeFor(path), finished);
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * @param expected entries that may be there
 * @throws GlobalPointerError `OUTPUT` when there is anything but an empty directory at the path
 */
export function refuseExisting(path: string, expected: readonly string[] = []): void {
  if (!existsSync(path)) return;
  let entries: string[];
  try {
    entries = readdirSync(path).filter((entry) => !expected.includes(entry));
  } catch (error) {
    throw outputError(path, error);
  }
  if (entries.length > 0) {
    throw new GlobalPointerError(
      "OUTPUT", `${path} exists already and is not empty: choose another --output, or remove it.`,
    );
  }
}
