import { createHash, type Hash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import type { RemoteFile } from "./remote-model.js";

/** A hash of a file's content that is still to be fed, of the kind that the hub tells of the file. */
export function startHash({ size, hash: { algorithm } }: RemoteFile): Hash {
  return algorithm === "sha256" ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`);
}

/** Feeds a hash with a file, as far as the file goes. */
export async function feed(hash: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
}

/** Whether there is a file of the size and content that the hub tells. */
export async function isWhole(path: string, file: RemoteFile): Promise<boolean> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isFile() !== true || status.size !== file.size) return false;
  const hash = startHash(file);
  await feed(hash, path);
  return hash.digest("hex") === file.hash.digest;
}
