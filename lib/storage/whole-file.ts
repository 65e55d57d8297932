import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { GlobalPointerError } from "../errors.js";

/** Turns a failure of the file system into one sentence with the place and the remedy. */
export function outputError(path: string, cause: unknown): GlobalPointerError {
  if (cause instanceof GlobalPointerError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const reasons: Record<string, string> = {
    ENOSPC: "the disk is full; make room and try again",
    EDQUOT: "the disk quota is used up; make room and try again",
    EACCES: "permission is denied; choose a folder that you may write to",
    EPERM: "permission is denied; choose a folder that you may write to",
    EROFS: "the file system is read-only; choose another place",
    ENOENT: "its folder does not exist; create it first",
    ENOTDIR: "part of the path is a file, not a folder; choose another place",
    EISDIR: "it is a folder; give the name of a file",
    EEXIST: "it exists already; choose another place",
  };
  const reason = (typeof code === "string" ? reasons[code] : undefined)
    ?? `${cause instanceof Error ? cause.message : String(cause)}; check the disk and the path`;
  return new GlobalPointerError("OUTPUT", `Cannot write ${path}: ${reason}.`, { cause });
}

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
 * renamed.
 */
export class WholeFile {
  private readonly aside: string;
  private file: number | undefined;

  /** @throws GlobalPointerError `OUTPUT` when the place cannot be written to */
  constructor(private readonly path: string) {
    this.aside = `${path}.partial-${process.pid}`;
    try {
      this.file = openSync(this.aside, "w");
    } catch (error) {
      throw outputError(path, error);
    }
  }

  write(text: string): void {
    this.attempt((file) => {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
    });
  }

  /** Puts the file in place; nothing can be written afterwards. */
  commit(): void {
    this.attempt((file) => {
      fsyncSync(file);
      closeSync(file);
      this.file = undefined;
      renameSync(this.aside, this.path);
      syncToDisk(dirname(this.path));
    });
  }

  /** Leaves the place as it was. */
  abandon(): void {
    if (this.file !== undefined) closeSync(this.file);
    this.file = undefined;
    rmSync(this.aside, { force: true });
  }

  private attempt(action: (file: number) => void): void {
    if (this.file === undefined) throw new GlobalPointerError("INTERNAL", `${this.path} was closed before it was written.`);
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
  file.write(text);
  file.commit();
}
