import { chmodSync, readdirSync, realpathSync, renameSync, statSync, type Stats } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { discardAside, openAside } from "../storage/aside.js";
import { outputError } from "../storage/output-error.js";
import { syncToDisk } from "../storage/whole-file.js";

/** Something to be written to a path, a file or a directory. */
export interface Output {
  path: string;
  write: (path: string) => Promise<void>;
}

function statOutput(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw outputError(path, error);
  }
}

/** The path that everything at a place has in common, whichever way leads there and whether it is there or not. */
function placeOf(path: string): string {
  const absolute = resolve(path);
  for (const existing of [absolute, dirname(absolute)]) {
    try {
      const real = realpathSync(existing);
      return existing === absolute ? real : join(real, basename(absolute));
    } catch {
      // not there: the folder that it would be in may be
    }
  }
  return absolute;
}

/** @throws GlobalPointerError `OUTPUT` when two outputs are one place, or one is an input, which would be lost */
export function refuseOverwriting(inputs: string | readonly string[], outputs: readonly string[]): void {
  const read = typeof inputs === "string" ? [inputs] : inputs;
  const taken = new Map(read.map((input) => [placeOf(input), read.length === 1 ? "the input" : "an input"]));
  for (const path of outputs) {
    const place = placeOf(path);
    const holder = taken.get(place);
    if (holder !== undefined) {
      throw new GlobalPointerError("OUTPUT", `Cannot write ${path}: it is ${holder} too; choose another place.`);
    }
    taken.set(place, "another output");
  }
}

/** A place with what will be there when all is whole. */
class Waiting {
  readonly aside: string;
  private readonly target: string;

  constructor(private readonly path: string, private readonly existing: Stats | undefined) {
    this.target = existing === undefined ? resolve(path) : realpathSync(path); // a link stays a link
    this.aside = openAside(this.target);
  }

  async fill(write: Output["write"]): Promise<void> {
    if (this.existing?.isDirectory() === true && readdirSync(this.path).length > 0) {
      throw new GlobalPointerError(
        "OUTPUT", `Cannot write ${this.path}: it is a folder that is not empty; choose another place, or remove it.`,
      );
    }
    try {
      await write(this.aside);
    } catch (error) {
      if (!(error instanceof GlobalPointerError)) throw error;
      // The place where it was written for the time being means nothing to the reader.
      throw new GlobalPointerError(error.code, error.message.replaceAll(this.aside, this.path), { cause: error });
    }
    if (this.existing === undefined) return;
    const folder = statSync(this.aside).isDirectory();
    if (folder !== this.existing.isDirectory()) {
      throw outputError(this.path, Object.assign(new Error(), { code: folder ? "EEXIST" : "EISDIR" }));
    }
    chmodSync(this.aside, this.existing.mode & 0o777);
  }

  putInPlace(): void {
    try {
      renameSync(this.aside, this.target);
      syncToDisk(dirname(this.target));
    } catch (error) {
      throw outputError(this.path, error);
    }
  }
}

/**
 * Writes several outputs that belong together: none appears before all are whole. What is neither a file nor a
 * directory is written to as it is.
 *
 * @throws GlobalPointerError `OUTPUT`, and the places are as they were
 */
export async function writeTogether(outputs: readonly Output[]): Promise<void> {
  const waiting: Waiting[] = [];
  try {
    for (const { path, write } of outputs) {
      const existing = statOutput(path);
      if (existing !== undefined && !existing.isFile() && !existing.isDirectory()) {
        await write(path);
        continue;
      }
      const output = new Waiting(path, existing);
      waiting.push(output);
      await output.fill(write);
    }
    for (const output of waiting) output.putInPlace();
  } finally {
    for (const { aside } of waiting) discardAside(aside);
  }
}
