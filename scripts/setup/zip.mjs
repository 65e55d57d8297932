import {
  closeSync, createReadStream, createWriteStream, fchmodSync, fstatSync, mkdirSync, openSync, readSync, writeSync,
} from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import * as zlib from "node:zlib";
import { SetupError } from "./setup-error.mjs";

/**
 * Reads zip archives (wheels are zip archives): stored and deflated entries, zip64, checksums verified.
 * Field offsets are those of PKWARE's APPNOTE.TXT 6.3.
 */

/**
 * @typedef {object} ZipEntry
 * @property {string} name with "/" between folders
 * @property {number} method 0 stored, 8 deflated
 * @property {number} crc
 * @property {number} compressedSize bytes
 * @property {number} size bytes
 * @property {number} headerOffset where the local header begins
 * @property {number} mode Unix permission bits and type, 0 when the archive does not tell
 */

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const FILE_TYPE = 0o170000;
const SYMBOLIC_LINK = 0o120000;

/** Entries up to this size are inflated in memory, larger ones as a stream; bytes. */
const IN_MEMORY = 8 << 20;

/**
 * Unpacks the chosen entries of an archive.
 * @param {string} archive
 * @param {string} target an existing folder
 * @param {(name: string) => boolean} wanted
 * @param {(done: number, total: number) => void} onProgress in unpacked bytes
 * @returns {Promise<number>} how many files were written
 * @throws {SetupError} when the archive is damaged
 */
export async function unzip(archive, target, wanted, onProgress) {
  const file = openSync(archive, "r");
  try {
    const entries = readDirectory(file, archive).filter((entry) => !entry.name.endsWith("/") && wanted(entry.name));
    const total = entries.reduce((sum, entry) => sum + entry.size, 0);
    let done = 0;
    for (const entry of entries) {
      await writeEntry(file, archive, entry, target);
      done += entry.size;
      onProgress(done, total);
    }
    return entries.length;
  } finally {
    closeSync(file);
  }
}

/**
 * The names in an archive.
 * @param {string} archive
 * @returns {string[]}
 */
export function listZip(archive) {
  const file = openSync(archive, "r");
  try {
    return readDirectory(file, archive).map((entry) => entry.name);
  } finally {
    closeSync(file);
  }
}

/**
 * @param {string} archive
 * @param {string} what
 */
function damaged(archive, what) {
  return new SetupError(`${path.basename(archive)} is not a whole zip archive: ${what}.`);
}

/**
 * @param {number} file
 * @param {number} position
 * @param {number} length
 * @param {string} archive
 */
function readAt(file, position, length, archive) {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(file, buffer, filled, length - filled, position + filled);
    if (count === 0) {
      throw damaged(archive, "it ends too early");
    }
    filled += count;
  }
  return buffer;
}

/**
 * @param {number} file
 * @param {string} archive
 * @returns {ZipEntry[]}
 */
function readDirectory(file, archive) {
  const { offset, size, count } = findDirectory(file, archive);
  const directory = readAt(file, offset, size, archive);
  /** @type {ZipEntry[]} */
  const entries = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + 46 > size || directory.readUInt32LE(at) !== CENTRAL) {
      throw damaged(archive, "its table of contents is broken");
    }
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const extra = directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength);
    const entry = {
      name: directory.toString("utf8", at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
      mode: directory.readUInt32LE(at + 38) >>> 16,
    };
    applyZip64(entry, extra);
    entries.push(entry);
    at += 46 + nameLength + extraLength + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * @param {number} file
 * @param {string} archive
 */
function findDirectory(file, archive) {
  const fileSize = fstatSync(file).size;
  // The end record is 22 bytes, followed by a comment of at most 65,535.
  const tailSize = Math.min(fileSize, 22 + 0xffff);
  const tail = readAt(file, fileSize - tailSize, tailSize, archive);
  let at = tailSize - 22;
  while (at >= 0 && tail.readUInt32LE(at) !== END) {
    at--;
  }
  if (at < 0) {
    throw damaged(archive, "it has no table of contents");
  }
  let count = tail.readUInt16LE(at + 10);
  let size = tail.readUInt32LE(at + 12);
  let offset = tail.readUInt32LE(at + 16);
  if (at >= 20 && tail.readUInt32LE(at - 20) === END64_LOCATOR) {
    const end64 = readAt(file, Number(tail.readBigUInt64LE(at - 12)), 56, archive);
    if (end64.readUInt32LE(0) !== END64) {
      throw damaged(archive, "its table of contents is broken");
    }
    count = Number(end64.readBigUInt64LE(32));
    size = Number(end64.readBigUInt64LE(40));
    offset = Number(end64.readBigUInt64LE(48));
  }
  if (offset + size > fileSize) {
    throw damaged(archive, "it ends too early");
  }
  return { offset, size, count };
}

/**
 * Sizes of 4 GiB and more stand in an extra field; only those that overflowed are there, in this order.
 * @param {ZipEntry} entry
 * @param {Buffer} extra
 */
function applyZip64(entry, extra) {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) {
      let field = at + 4;
      for (const key of /** @type {const} */ (["size", "compressedSize", "headerOffset"])) {
        if (entry[key] === 0xffffffff) {
          entry[key] = Number(extra.readBigUInt64LE(field));
          field += 8;
        }
      }
    }
  }
}

/**
 * @param {number} file
 * @param {string} archive
 * @param {ZipEntry} entry
 * @param {string} target
 */
async function writeEntry(file, archive, entry, target) {
  const output = path.join(target, entry.name);
  if (path.relative(target, output).startsWith("..") || path.isAbsolute(entry.name)) {
    throw damaged(archive, `the entry "${entry.name}" points outside the archive`);
  }
  if ((entry.mode & FILE_TYPE) === SYMBOLIC_LINK) {
    throw damaged(archive, `the entry "${entry.name}" is a link, which a LibTorch archive does not have`);
  }
  if (entry.method !== 0 && entry.method !== 8) {
    throw damaged(archive, `the entry "${entry.name}" is compressed in an unknown way (method ${entry.method})`);
  }
  const header = readAt(file, entry.headerOffset, 30, archive);
  if (header.readUInt32LE(0) !== LOCAL) {
    throw damaged(archive, `the entry "${entry.name}" is not where the table of contents says`);
  }
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  mkdirSync(path.dirname(output), { recursive: true });
  const { size, crc } = entry.size <= IN_MEMORY
    ? writeSmall(readAt(file, start, entry.compressedSize, archive), entry, output, archive)
    : await writeLarge(archive, start, entry, output);
  if (size !== entry.size || crc !== entry.crc) {
    throw damaged(archive, `the entry "${entry.name}" does not fit its checksum`);
  }
}

/**
 * @param {Buffer} packed
 * @param {ZipEntry} entry
 * @param {string} output
 * @param {string} archive
 */
function writeSmall(packed, entry, output, archive) {
  let bytes;
  try {
    bytes = entry.method === 0 ? packed : zlib.inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
  } catch (error) {
    throw damaged(archive, `the entry "${entry.name}" cannot be unpacked (${/** @type {Error} */ (error).message})`);
  }
  const target = openSync(output, "w");
  try {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(target, bytes, written);
    }
    setMode(target, entry);
  } finally {
    closeSync(target);
  }
  return { size: bytes.length, crc: crc32(bytes, 0) };
}

/**
 * @param {string} archive
 * @param {number} start
 * @param {ZipEntry} entry
 * @param {string} output
 */
async function writeLarge(archive, start, entry, output) {
  let size = 0;
  let crc = 0;
  /** @param {AsyncIterable<Buffer>} chunks */
  async function* measured(chunks) {
    for await (const chunk of chunks) {
      size += chunk.length;
      crc = crc32(chunk, crc);
      yield chunk;
    }
  }
  const packed = createReadStream(archive, { start, end: start + entry.compressedSize - 1, highWaterMark: 1 << 20 });
  const target = createWriteStream(output);
  try {
    if (entry.method === 0) {
      await pipeline(packed, measured, target);
    } else {
      await pipeline(packed, zlib.createInflateRaw({ chunkSize: 1 << 20 }), measured, target);
    }
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOSPC" || code === "EACCES" || code === "EDQUOT") {
      throw error;
    }
    throw damaged(archive, `the entry "${entry.name}" cannot be unpacked (${message})`);
  }
  const file = openSync(output, "r+");
  try {
    setMode(file, entry);
  } finally {
    closeSync(file);
  }
  return { size, crc };
}

/**
 * @param {number} file
 * @param {ZipEntry} entry
 */
function setMode(file, entry) {
  if ((entry.mode & 0o100) !== 0) {
    fchmodSync(file, 0o755);
  }
}

/** CRC-32 (IEEE 802.3), reflected, polynomial 0xedb88320; the table serves Node versions without zlib.crc32. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) {
    value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  }
  return value;
});

/**
 * @param {Uint8Array} bytes
 * @param {number} previous
 * @returns {number}
 */
export function crc32ByTable(bytes, previous) {
  let crc = ~previous;
  for (let index = 0; index < bytes.length; index++) {
    crc = /** @type {number} */ (CRC_TABLE[(crc ^ /** @type {number} */ (bytes[index])) & 0xff]) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

/** @type {(bytes: Uint8Array, previous: number) => number} */
const crc32 = "crc32" in zlib ? /** @type {any} */ (zlib).crc32 : crc32ByTable;
