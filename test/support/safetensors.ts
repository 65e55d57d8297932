import { readFileSync, writeFileSync } from "node:fs";

export interface StoredTensor {
  shape: number[];
  data: Float32Array | Float64Array;
}

/** Reads a small safetensors file of F32 and F64 tensors: an implementation apart from the one under test. */
export function readSafetensors(path: string): Map<string, StoredTensor> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength)) as
    Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [begin, end] = entry.data_offsets;
    const copy = Uint8Array.from(bytes.subarray(8 + headerLength + begin, 8 + headerLength + end)).buffer;
    if (entry.dtype !== "F32" && entry.dtype !== "F64") throw new Error(`${path}: ${name} is ${entry.dtype}`);
    const data = entry.dtype === "F32" ? new Float32Array(copy) : new Float64Array(copy);
    tensors.set(name, { shape: entry.shape, data });
  }
  return tensors;
}

/** Gives the tensors of a safetensors file other names; their values stay. */
export function renameTensors(path: string, rename: (name: string) => string): void {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerLength)) as Record<string, unknown>;
  const renamed = Object.fromEntries(Object.entries(header).map(([name, entry]) =>
    [name === "__metadata__" ? name : rename(name), entry]));
  const text = Buffer.from(JSON.stringify(renamed));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([length, text, bytes.subarray(8 + headerLength)]));
}
