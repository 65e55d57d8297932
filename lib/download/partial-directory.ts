import { readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { readEncoderDirectory } from "../model/pretrained.js";
import { LockHeldError, takeLock } from "../storage/lock.js";
import { outputError } from "../storage/output-error.js";
import { KNOWN_FILES } from "./choose-files.js";
import type { RemoteFile, RemoteModel } from "./remote-model.js";
import { partName } from "./transfer.js";

/** The folder beside a directory that keeps what has come of it until all is there. */
export function partialDirectory(directory: string): string {
  return `${resolve(directory)}.partial`;
}

/** Removes from the folder of a download what is of another one; never what no download made. */
export function clearOthers(partial: string, files: readonly RemoteFile[]): void {
  const wanted = new Set(files.flatMap((file) => [file.path, partName(file)]));
  for (const entry of readdirSync(partial)) {
    if (wanted.has(entry)) continue;
    if (!KNOWN_FILES.includes(entry.replace(/\.[0-9a-f]{40,64}\.part$/, ""))) {
      throw new GlobalPointerError(
        "OUTPUT", `${partial} is where the download would be kept, but holds something else `
        + `(${JSON.stringify(entry)}): move that away, or choose another --output.`,
      );
    }
    rmSync(join(partial, entry));
  }
}

/** Checks all but the weights. @throws GlobalPointerError `DOWNLOAD`, and what has come is removed */
export function requireUsable(partial: string, { name }: RemoteModel): void {
  try {
    readEncoderDirectory(partial);
  } catch (error) {
    if (!(error instanceof GlobalPointerError)) throw error;
    rmSync(partial, { recursive: true });
    const reason = error.message.replaceAll(join(partial, "/"), "").replaceAll(partial, "the model");
    throw new GlobalPointerError("DOWNLOAD", `${name} cannot be used, its weights were not fetched: ${reason}`, {
      cause: error,
    });
  }
}

/** Keeps a second process out; gives back what lets it in again. */
export function lockDownload(directory: string): () => void {
  const path = `${resolve(directory)}.lock`;
  try {
    return takeLock(path);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw outputError(directory, error);
    throw new GlobalPointerError(
      "DOWNLOAD", `${directory} is being fetched already (${path} is ${error.message}): wait for it to end.`,
    );
  }
}
