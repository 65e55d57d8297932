// TensorBoard's event files read back, by code that shares nothing with their writer.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface DecodedEvent {
  time: number;
  step: number;
  version?: string;
  /** Of the session log; 1 is START. */
  status?: number;
  /** Tag -> value. */
  scalars: Record<string, number>;
}

/** CRC-32C bit by bit. */
export function slowCrc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function expectMasked(stored: number, bytes: Uint8Array): void {
  const rotated = (stored - 0xa282ead8) >>> 0;
  const crc = ((rotated << 15) | (rotated >>> 17)) >>> 0;
  if (crc !== slowCrc32c(bytes)) throw new Error(`the CRC is ${crc}, that of the bytes ${slowCrc32c(bytes)}`);
}

type Field = { number: number; integer: number } | { number: number; bytes: Buffer };

function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = varint();
    const number = key >>> 3;
    if ((key & 7) === 0) {
      fields.push({ number, integer: varint() });
      continue;
    }
    const length = { 1: 8, 2: undefined, 5: 4 }[key & 7] ?? varint();
    fields.push({ number, bytes: message.subarray(at, at += length) });
    if (at > message.length) throw new Error("a field goes beyond its message");
  }
  return fields;
}

function bytesOf(fields: readonly Field[], number: number): Buffer[] {
  return fields.flatMap((field) => field.number === number && "bytes" in field ? [field.bytes] : []);
}

function integerOf(fields: readonly Field[], number: number): number | undefined {
  return fields.flatMap((field) => field.number === number && "integer" in field ? [field.integer] : [])[0];
}

function decodeEvent(message: Buffer): DecodedEvent {
  const fields = fieldsOf(message);
  const values = bytesOf(fields, 5).flatMap((summary) => bytesOf(fieldsOf(summary), 1)).map(fieldsOf);
  const version = bytesOf(fields, 3)[0]?.toString();
  const session = bytesOf(fields, 7)[0];
  const status = session === undefined ? undefined : integerOf(fieldsOf(session), 1);
  return {
    time: bytesOf(fields, 1)[0]?.readDoubleLE() ?? NaN,
    step: integerOf(fields, 2) ?? 0,
    ...(version === undefined ? {} : { version }),
    ...(status === undefined ? {} : { status }),
    scalars: Object.fromEntries(values.map((value) =>
      [bytesOf(value, 1)[0]?.toString(), bytesOf(value, 2)[0]?.readFloatLE()] as [string, number])),
  };
}

/** Throws when a length or a CRC is wrong. */
export function decodeEvents(file: Buffer): DecodedEvent[] {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    expectMasked(file.readUInt32LE(at + 8), file.subarray(at, at + 8));
    const data = file.subarray(at + 12, at + 12 + length);
    expectMasked(file.readUInt32LE(at + 12 + length), data);
    events.push(decodeEvent(data));
    at += 16 + length;
  }
  return events;
}

/** The series that TensorBoard shows of a folder: a START discards what was said of its step and of later ones. */
export function shownSeries(folder: string): Record<string, [step: number, value: number][]> {
  const series: Record<string, [number, number][]> = {};
  for (const name of readdirSync(folder).sort()) {
    for (const { step, status, scalars } of decodeEvents(readFileSync(join(folder, name)))) {
      if (status === 1) {
        for (const [tag, points] of Object.entries(series)) series[tag] = points.filter(([at]) => at < step);
      }
      for (const [tag, value] of Object.entries(scalars)) (series[tag] ??= []).push([step, value]);
    }
  }
  return series;
}
