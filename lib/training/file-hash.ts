import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readChunks } from "../data/lines.js";

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of readChunks(path)) hash.update(chunk);
  return hash.digest("hex");
}

/**
 * SHA-256, in hexadecimal, of a file's bytes; for a folder, of the lines `HASH  NAME` of the files in it, sorted by
 * name as `LC_ALL=C sha256sum *` prints them. Names with a dot in front and folders in the folder are left out.
 *
 * @throws GlobalPointerError `DATA` when a file cannot be read
 */
export async function hashOf(path: string): Promise<string> {
  if (!statSync(path).isDirectory()) return hashFile(path);
  const hash = createHash("sha256");
  const names = readdirSync(path).filter((name) => !name.startsWith(".") && statSync(join(path, name)).isFile());
  for (const name of names.sort(byBytes)) hash.update(`${await hashFile(join(path, name))}  ${name}\n`);
  return hash.digest("hex");
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
