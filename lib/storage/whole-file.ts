import { closeSync, fsyncSync, openSync, realpathSync, renameSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { discardAside, openAside } from "./aside.js";
import { outputError } from "./output-error.js";

/** Asks the system to bring a file, or the entries of a folder, to the disk. */
export function syncToDisk(path: string): void {
  const file = openSync(path, "r");
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file that appears under its name whole or not at all: bytes go to a file beside it, which is synced and
 * renamed. A device or a pipe, which must not be replaced, is written to as it is.
 */
export class WholeFile {
  /** Where the bytes go until they are whole, and the place they go to then; absent for a device or a pipe. */
  private readonly aside: { path: string; target: string } | undefined;
  private file: number | undefined;

  /** @throws GlobalPointerError `OUTPUT` when the place cannot be written to */
  constructor(private readonly path: string) {
    try {
      const existing = statSync(path, { throwIfNoEntry: false });
      if (existing === undefined || existing.isFile()) {
        const target = existing === undefined ? path : realpathSync(path); // a link stays a link
        this.aside = { path: openAside(target), target };
        this.file = openSync(this.aside.path, "w", (existing?.mode ?? 0o666) & 0o777);
      } else {
        this.file = openSync(path, "w");
      }
    } catch (error) {
      throw outputError(path, error);
    }
  }

  /** @throws GlobalPointerError `OUTPUT`, and the place is as it was */
  write(text: string): void {
    this.attempt((file) => {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    });
  }

  /** Puts the file in place; nothing can be written afterwards. @throws GlobalPointerError `OUTPUT` */
  commit(): void {
    this.attempt((file) => {
      if (this.aside !== undefined) fsyncSync(file);
      closeSync(file);
      this.file = undefined;
      if (this.aside === undefined) return;
      renameSync(this.aside.path, this.aside.target);
      syncToDisk(dirname(this.aside.target));
    });
  }

  /** Leaves the place as it was; nothing after a commit. */
  abandon(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    if (this.aside !== undefined) discardAside(this.aside.path);
  }

  private attempt(action: (file: number) => void): void {
    if (this.file === undefined) {
      throw new GlobalPointerError("INTERNAL", `${this.path} was closed before it was written.`);
    }
    try {
      action(this.file);
    } catch (error) {
      this.abandon();
      throw outputError(this.path, error);
    }
  }
}

/** Writes a whole text at once. @throws GlobalPointerError `OUTPUT` */
export function writeWholeFile(path: string, text: string): void {
  const file = new WholeFile(path);
  try {
    file.write(text);
    file.commit();
  } finally {
    file.abandon();
  }
}
