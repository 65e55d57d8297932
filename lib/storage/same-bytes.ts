import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

const CHUNK = 1 << 20;

/** Fills the buffer as far as the file goes; returns how far. */
function fill(file: number, buffer: Buffer): number {
  let filled = 0;
  for (let read = -1; read !== 0 && filled < buffer.length; filled += read) {
    read = readSync(file, buffer, filled, buffer.length - filled, null);
  }
  return filled;
}

/** Whether two files are there and hold the same. */
export function sameBytes(path: string, other: string): boolean {
  if (!existsSync(path) || !existsSync(other)) return false;
  const files: number[] = [];
  try {
    const open = (name: string): number => files[files.push(openSync(name, "r")) - 1] ?? -1;
    const [a, b] = [open(path), open(other)];
    if (fstatSync(a).size !== fstatSync(b).size) return false;
    const [ofA, ofB] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
    for (;;) {
      const count = fill(a, ofA);
      if (count !== fill(b, ofB) || !ofA.subarray(0, count).equals(ofB.subarray(0, count))) return false;
      if (count === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}
