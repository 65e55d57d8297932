import { createHash } from "node:crypto";
import {
  closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync,
} from "node:fs";
import path from "node:path";

/**
 * Every file at or below the given paths, sorted; paths that do not exist are left out.
 * @param {string} root
 * @param {string[]} entries files and folders, relative to root
 * @returns {string[]} relative to root
 */
export function listFiles(root, entries) {
  /** @type {string[]} */
  const files = [];
  /** @param {string} relative */
  const visit = (relative) => {
    const stat = statSync(path.join(root, relative), { throwIfNoEntry: false });
    if (stat?.isDirectory()) {
      for (const name of readdirSync(path.join(root, relative))) {
        visit(path.join(relative, name));
      }
    } else if (stat?.isFile()) {
      files.push(relative);
    }
  };
  entries.forEach(visit);
  return files.sort();
}

/**
 * A cheap fingerprint: names, sizes and modification times. Equal listings mean unchanged files; unequal ones may
 * still hold the same bytes (a fresh checkout), which contentHash() tells.
 * @param {string} root
 * @param {string[]} entries
 */
export function listingHash(root, entries) {
  const hash = createHash("sha256");
  for (const file of listFiles(root, entries)) {
    const stat = statSync(path.join(root, file));
    hash.update(`${file}\0${stat.size}\0${stat.mtimeMs}\n`);
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @param {string[]} entries
 */
export function contentHash(root, entries) {
  const hash = createHash("sha256");
  for (const file of listFiles(root, entries)) {
    const bytes = readFileSync(path.join(root, file));
    hash.update(`${file}\0${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex");
}

/**
 * Names and sizes only: enough to see that an output was removed or cut.
 * @param {string} root
 * @param {string[]} entries
 */
export function presenceHash(root, entries) {
  const hash = createHash("sha256");
  for (const file of listFiles(root, entries)) {
    hash.update(`${file}\0${statSync(path.join(root, file)).size}\n`);
  }
  return hash.digest("hex");
}

/**
 * What a step noted when it last succeeded; undefined when it never did or the note is damaged.
 * @param {string} state the folder for stamps
 * @param {string} name
 * @returns {Record<string, string> | undefined}
 */
export function readStamp(state, name) {
  try {
    const stamp = JSON.parse(readFileSync(path.join(state, `${name}.json`), "utf8"));
    return typeof stamp === "object" && stamp !== null ? stamp : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} state
 * @param {string} name
 * @param {Record<string, string>} stamp
 */
export function writeStamp(state, name, stamp) {
  mkdirSync(state, { recursive: true });
  const target = path.join(state, `${name}.json`);
  const aside = `${target}.${process.pid}`;
  const file = openSync(aside, "w");
  try {
    writeSync(file, `${JSON.stringify(stamp, null, 2)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(aside, target);
}

/**
 * Forgets a step's success before the step begins again, so that an interrupted one is not taken for done.
 * @param {string} state
 * @param {string} name
 */
export function dropStamp(state, name) {
  rmSync(path.join(state, `${name}.json`), { force: true });
}

/**
 * Whether sources are the ones a stamp was written for. A changed listing over equal bytes renews the stamp.
 * @param {string} root
 * @param {string} state
 * @param {string} name
 * @param {string[]} entries
 */
export function sourcesUnchanged(root, state, name, entries) {
  const stamp = readStamp(state, name);
  if (stamp === undefined) {
    return false;
  }
  const listing = listingHash(root, entries);
  if (listing === stamp["listing"]) {
    return true;
  }
  if (contentHash(root, entries) !== stamp["content"]) {
    return false;
  }
  writeStamp(state, name, { ...stamp, listing });
  return true;
}
